//! A verified delivery: the ordinary way to its entries.

use std::fmt;

use spektr_types::{BodyError, Entries};

use crate::keys::KeyId;
use crate::time::UnixSeconds;

/// The body of a delivery, with its provenance.
///
/// `B` is the type of the body: `Verified<&[u8]>` borrows the body, `Verified<Bytes>` owns it.
/// Only a [`Verifier`](crate::Verifier), or a function of [`danger`](crate::danger), creates a
/// value.
#[derive(Clone)]
pub struct Verified<B> {
    body: B,
    provenance: Provenance,
}

/// The evidence about the sender of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provenance {
    /// A key of the ring signed the delivery.
    Signed {
        /// The id of the key.
        key_id: KeyId,
        /// The time of signing; it is proven only if the signed content covers the timestamp.
        signed_at: UnixSeconds,
    },
    /// No evidence: the verifier accepts unsigned deliveries.
    Unsigned,
    /// No evidence: the program itself declared the body as verified.
    Assumed,
}

impl<B: AsRef<[u8]>> Verified<B> {
    pub(crate) fn new(body: B, provenance: Provenance) -> Self {
        Self { body, provenance }
    }

    /// Returns the raw body, exactly as it arrived.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body.as_ref()
    }

    /// Returns the body itself, for example to store it whole.
    #[must_use]
    pub fn into_body(self) -> B {
        self.body
    }

    /// Returns the evidence about the sender.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Returns the id of the key that signed the delivery, if it is signed.
    #[must_use]
    pub fn key_id(&self) -> Option<&KeyId> {
        match &self.provenance {
            Provenance::Signed { key_id, .. } => Some(key_id),
            Provenance::Unsigned | Provenance::Assumed => None,
        }
    }

    /// Splits the body into its entries, in one pass over the bytes and without decoding
    /// payloads. A body that is a single event has one entry.
    ///
    /// An entry that cannot be decoded reports its error when it is decoded, and does not
    /// affect the others.
    ///
    /// # Errors
    ///
    /// A [`BodyError`] if the body as a whole cannot be split. The delivery is authentic all
    /// the same: keep it, and acknowledge it, because the sender would only repeat the same
    /// bytes and then drop them.
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
