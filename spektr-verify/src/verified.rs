//! A delivery that has been verified: the one ordinary way to its entries.

use std::fmt;

use spektr_types::{BodyError, Entries};

use crate::keys::KeyId;
use crate::time::UnixSeconds;

/// The body of a delivery, with the proof of where it came from.
///
/// `B` is whatever the body was handed in as: `Verified<&[u8]>` borrows it,
/// `Verified<Bytes>` owns it. Only a [`Verifier`](crate::Verifier) makes one,
/// apart from the loudly named functions of [`danger`](crate::danger).
#[derive(Clone)]
pub struct Verified<B> {
    body: B,
    provenance: Provenance,
}

/// What is known about where a delivery came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provenance {
    /// A key of the ring signed it.
    Signed {
        /// The id of the key.
        key_id: KeyId,
        /// When it was signed, as far as the signed content covers the timestamp.
        signed_at: UnixSeconds,
    },
    /// Nothing: it came through a verifier that accepts unsigned deliveries.
    Unsigned,
    /// Nothing: the program itself vouched for it.
    Assumed,
}

impl<B: AsRef<[u8]>> Verified<B> {
    pub(crate) fn new(body: B, provenance: Provenance) -> Self {
        Self { body, provenance }
    }

    /// The raw body, exactly as it arrived.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body.as_ref()
    }

    /// Gives the body back, for example to store it whole.
    #[must_use]
    pub fn into_body(self) -> B {
        self.body
    }

    /// Where the delivery came from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The id of the key that signed the delivery, if one did.
    #[must_use]
    pub fn key_id(&self) -> Option<&KeyId> {
        match &self.provenance {
            Provenance::Signed { key_id, .. } => Some(key_id),
            Provenance::Unsigned | Provenance::Assumed => None,
        }
    }

    /// Splits the body into its entries, in one pass over the bytes and without
    /// decoding any payload. A body that is one event and not a batch is one
    /// entry.
    ///
    /// An entry that cannot be decoded says so when it is asked, and costs none
    /// of the others.
    ///
    /// # Errors
    ///
    /// The [`BodyError`] says why the body as a whole cannot be split. The
    /// delivery is authentic all the same: keep it, and acknowledge it, since
    /// the sender would only repeat the same bytes and then drop them.
    pub fn entries(&self) -> Result<Entries<'_>, BodyError> {
        Entries::parse(self.body())
    }
}

impl<B: AsRef<[u8]>> fmt::Debug for Verified<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("provenance", &self.provenance)
            .field("body", &format_args!("{} bytes", self.body().len()))
            .finish()
    }
}
