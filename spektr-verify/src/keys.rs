//! Signing keys: several at a time, each selected by its exact id, and replaceable while the
//! receiver runs.
//!
//! No key of this module can be printed, serialized or compared. No key can be empty, and no id
//! can be used twice.

mod ring;
mod secret;
mod text;
#[cfg(feature = "toml")]
mod toml;

use std::fmt;
use std::sync::Arc;

use crate::mac::Mac;
use crate::time::UnixSeconds;

pub use ring::{KeyRing, KeyRingError, SharedKeys};
pub use secret::{Secret, SecretEncoding};

/// The id of a secret, which the sender puts into `x-signature-key-id`.
///
/// Ids are compared byte for byte. They are not secret: the vendor shows them
/// next to the button that rotates the key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// The longest accepted id, in bytes.
    pub const MAX_LENGTH: usize = 256;

    /// Checks an id: 1 to 256 characters of visible ASCII, which a header can carry without
    /// ambiguity.
    ///
    /// # Errors
    ///
    /// - [`KeyError::MalformedKeyId`] for anything else
    pub fn new(id: &str) -> Result<Self, KeyError> {
        if Self::is_well_formed(id.as_bytes()) {
            Ok(Self(id.into()))
        } else {
            Err(KeyError::MalformedKeyId)
        }
    }

    /// Makes a key id of bytes that [`is_well_formed`](Self::is_well_formed) has accepted.
    pub(crate) fn from_well_formed(id: &[u8]) -> Self {
        Self(String::from_utf8_lossy(id).into())
    }

    /// Returns the id for a log line: its first 64 characters, and `…` if there are more.
    pub fn shown(&self) -> impl fmt::Display {
        const LONGEST: usize = 64;
        // An id is ASCII, so each byte is a character.
        let (start, mark) = match self.0.get(..LONGEST) {
            Some(start) if self.0.len() > LONGEST => (start, "…"),
            _ => (&*self.0, ""),
        };
        format!("{start}{mark}")
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_well_formed(id: &[u8]) -> bool {
        (1..=Self::MAX_LENGTH).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({:?})", self.0)
    }
}

/// A secret, the id that selects it, and its period of validity.
///
/// # Examples
///
/// ```
/// use spektr_verify::{Secret, SecretEncoding, SigningKey, UnixSeconds};
///
/// let secret = Secret::new("correct horse battery staple", SecretEncoding::Utf8)?;
/// let key = SigningKey::new("2026-a", secret)?
///     .with_validity(None, Some(UnixSeconds::new(1_798_761_600)))?;
/// assert_eq!(format!("{:?}", key.id()), r#"KeyId("2026-a")"#);
/// # Ok::<(), spektr_verify::KeyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SigningKey {
    id: KeyId,
    secret: Secret,
    not_before: Option<UnixSeconds>,
    not_after: Option<UnixSeconds>,
}

/// The position of a point in time relative to a key's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    NotYet,
    Valid,
    Expired,
}

impl SigningKey {
    /// Creates a key from an id and a secret, valid at any time.
    ///
    /// # Errors
    ///
    /// - [`KeyError::MalformedKeyId`]
    pub fn new(id: &str, secret: Secret) -> Result<Self, KeyError> {
        Ok(Self { id: KeyId::new(id)?, secret, not_before: None, not_after: None })
    }

    /// Restricts the time in which the key is accepted; both ends are inclusive.
    ///
    /// # Errors
    ///
    /// - [`KeyError::AfterYear9999`] for times that are probably milliseconds
    /// - [`KeyError::EmptyValidity`] if the end comes before the beginning
    pub fn with_validity(
        mut self,
        not_before: Option<UnixSeconds>,
        not_after: Option<UnixSeconds>,
    ) -> Result<Self, KeyError> {
        if not_before.max(not_after).is_some_and(|latest| latest > UnixSeconds::END_OF_9999) {
            return Err(KeyError::AfterYear9999);
        }
        if let (Some(first), Some(last)) = (not_before, not_after) {
            if last < first {
                return Err(KeyError::EmptyValidity);
            }
        }
        (self.not_before, self.not_after) = (not_before, not_after);
        Ok(self)
    }

    /// Returns the id that selects the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// Returns the first second in which the key is accepted; `None` if there is no such limit.
    #[must_use]
    pub fn not_before(&self) -> Option<UnixSeconds> {
        self.not_before
    }

    /// Returns the last second in which the key is accepted; `None` if there is no such limit.
    #[must_use]
    pub fn not_after(&self) -> Option<UnixSeconds> {
        self.not_after
    }

    /// Returns whether the key is accepted at a point in time.
    #[must_use]
    pub fn is_valid_at(&self, time: UnixSeconds) -> bool {
        self.validity_at(time) == Validity::Valid
    }

    pub(crate) fn validity_at(&self, time: UnixSeconds) -> Validity {
        if self.not_before.is_some_and(|first| time < first) {
            Validity::NotYet
        } else if self.not_after.is_some_and(|last| last < time) {
            Validity::Expired
        } else {
            Validity::Valid
        }
    }

    pub(crate) fn mac(&self) -> Mac {
        self.secret.mac()
    }
}

/// The reason why a signing key cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The secret has no bytes: anybody could sign with it.
    EmptySecret,
    /// The text of the secret begins or ends with white space.
    SurroundingWhitespace,
    /// The text of the secret contains a line break or another control character. Perhaps two
    /// lines were pasted, or a whole file was read.
    ControlCharacter,
    /// The text of the secret contains a quotation mark, perhaps from a shell, a `.env` file or
    /// an editor.
    QuotationMark,
    /// The secret is declared as hexadecimal but is not.
    NotHex,
    /// The secret is declared as Base64 but is not.
    NotBase64,
    /// This crate does not know the encoding of the secret.
    UnknownEncoding,
    /// The key id is empty, too long, or not visible ASCII.
    MalformedKeyId,
    /// The key would expire before it becomes valid.
    EmptyValidity,
    /// The key would become valid or expire after the year 9999. Most likely, milliseconds were
    /// taken for seconds; a key that does not expire has no end at all.
    AfterYear9999,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptySecret => f.write_str("the secret is empty"),
            Self::SurroundingWhitespace => f.write_str("the secret has white space around it"),
            Self::ControlCharacter => {
                f.write_str("the secret has a line break or another control character in it")
            }
            Self::QuotationMark => f.write_str(
                "the secret has a quotation mark in it: write the secret without quotation \
                 marks, because the sender's secrets have none",
            ),
            Self::NotHex => f.write_str("the secret is not an even number of hexadecimal digits"),
            Self::NotBase64 => f.write_str("the secret is not base64"),
            Self::UnknownEncoding => {
                f.write_str("the secret's encoding is none of utf8, hex, base64")
            }
            Self::MalformedKeyId => write!(
                f,
                "the key id is not 1 to {max} characters of visible ASCII",
                max = KeyId::MAX_LENGTH
            ),
            Self::EmptyValidity => f.write_str("the key expires before it becomes valid"),
            Self::AfterYear9999 => f.write_str(
                "the validity has a time after the year 9999: give seconds, not milliseconds",
            ),
        }
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        let secret = Secret::from_bytes(b"marker-secret").expect("it has bytes");
        SigningKey::new("k1", secret).expect("the id is well-formed")
    }

    #[test]
    fn both_ends_of_the_validity_are_inclusive() {
        let at = UnixSeconds::new;
        let key = key().with_validity(Some(at(100)), Some(at(200))).expect("100 is before 200");
        assert_eq!(key.validity_at(at(99)), Validity::NotYet);
        assert_eq!(key.validity_at(at(100)), Validity::Valid);
        assert_eq!(key.validity_at(at(200)), Validity::Valid);
        assert_eq!(key.validity_at(at(201)), Validity::Expired);
    }

    #[test]
    fn refuses_a_validity_that_ends_before_it_begins() {
        let (first, last) = (UnixSeconds::new(200), UnixSeconds::new(199));
        assert_eq!(
            key().with_validity(Some(first), Some(last)).err(),
            Some(KeyError::EmptyValidity),
        );
    }

    #[test]
    fn refuses_a_time_after_the_year_9999() {
        let (last, later) = (UnixSeconds::END_OF_9999, UnixSeconds::new(253_402_300_800));
        assert!(key().with_validity(Some(last), Some(last)).is_ok());
        for (first, last) in [(Some(later), None), (None, Some(later)), (Some(last), Some(later))] {
            assert_eq!(key().with_validity(first, last).err(), Some(KeyError::AfterYear9999));
        }
    }

    #[test]
    fn a_long_key_id_is_cut_for_a_log() {
        let shown = |length: usize| {
            KeyId::new(&"k".repeat(length)).expect("is well-formed").shown().to_string()
        };
        assert_eq!(shown(64), "k".repeat(64));
        assert_eq!(shown(KeyId::MAX_LENGTH), format!("{}…", "k".repeat(64)));
    }

    #[test]
    fn refuses_key_ids_that_a_header_cannot_carry() {
        let too_long = "k".repeat(KeyId::MAX_LENGTH + 1);
        for id in ["", "a b", "a\n", "é", too_long.as_str()] {
            assert_eq!(KeyId::new(id), Err(KeyError::MalformedKeyId));
        }
        assert!(KeyId::new(&"k".repeat(KeyId::MAX_LENGTH)).is_ok());
    }

    #[test]
    fn debug_prints_the_id_and_not_the_secret() {
        let printed = format!("{:?}", key());
        assert!(printed.contains("k1"));
        assert!(!printed.contains("marker"));
    }
}
