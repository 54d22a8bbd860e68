//! The secret of a signing key, and its text encodings.
//!
//! A secret can only be used: it has no accessor, no `PartialEq`, no `Serialize`, and its
//! `Debug` shows nothing.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use zeroize::Zeroizing;

use super::KeyError;
use crate::hex;
use crate::mac::Mac;

/// How the text of a secret encodes its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretEncoding {
    /// The key is the bytes of the text itself, even if they look encoded: the text `deadbeef`
    /// is a key of eight bytes. The default.
    #[default]
    Utf8,
    /// The text is the key in hexadecimal digits, of either case.
    Hex,
    /// The text is the key in Base64 of the standard alphabet, with or without padding.
    Base64,
}

impl SecretEncoding {
    pub(crate) const ALL: [Self; 3] = [Self::Utf8, Self::Hex, Self::Base64];

    /// Returns the name in configuration: `utf8`, `hex` or `base64`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }
}

impl fmt::Display for SecretEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SecretEncoding {
    type Err = KeyError;

    /// Parses the name in configuration.
    ///
    /// # Errors
    ///
    /// - [`KeyError::UnknownEncoding`] for any other text
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.name() == name)
            .ok_or(KeyError::UnknownEncoding)
    }
}

/// The secret of a signing key.
///
/// It is kept as the keyed state of the MAC. That state and the decoded bytes are wiped on
/// drop. The caller must wipe the original text.
#[derive(Clone)]
pub struct Secret {
    mac: Mac,
}

impl Secret {
    /// Decodes the text of a secret.
    ///
    /// # Errors
    ///
    /// - [`KeyError::EmptySecret`]
    /// - [`KeyError::SurroundingWhitespace`]: a space or line feed at either end is nearly
    ///   always an accident of copying, and would make every verification fail;
    ///   [`from_bytes`](Self::from_bytes) accepts such a secret
    /// - [`KeyError::ControlCharacter`], [`KeyError::QuotationMark`]: anywhere in the text, for
    ///   the same reason
    /// - [`KeyError::NotHex`], [`KeyError::NotBase64`]
    pub fn new(text: &str, encoding: SecretEncoding) -> Result<Self, KeyError> {
        if text.trim() != text {
            return Err(KeyError::SurroundingWhitespace);
        }
        if text.chars().any(char::is_control) {
            return Err(KeyError::ControlCharacter);
        }
        if text.contains(['"', '\'', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) {
            return Err(KeyError::QuotationMark);
        }
        match encoding {
            SecretEncoding::Utf8 => Self::from_bytes(text.as_bytes()),
            SecretEncoding::Hex => {
                let mut bytes = Zeroizing::new(vec![0; text.len() / 2]);
                hex::decode(text.as_bytes(), true, &mut bytes).ok_or(KeyError::NotHex)?;
                Self::from_bytes(&bytes)
            }
            SecretEncoding::Base64 => {
                let mut buffer = Zeroizing::new(vec![0; text.len()]);
                let length = match Base64::decode(text, &mut buffer) {
                    Ok(bytes) => bytes.len(),
                    Err(_) => Base64Unpadded::decode(text, &mut buffer)
                        .map_err(|_| KeyError::NotBase64)?
                        .len(),
                };
                // Dropping wipes the whole capacity of the vector, not only its length.
                buffer.truncate(length);
                Self::from_bytes(&buffer)
            }
        }
    }

    /// Creates a secret from the bytes of the key.
    ///
    /// # Errors
    ///
    /// - [`KeyError::EmptySecret`]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.is_empty() {
            return Err(KeyError::EmptySecret);
        }
        Ok(Self { mac: Mac::new(bytes) })
    }

    pub(crate) fn mac(&self) -> Mac {
        self.mac.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str, encoding: SecretEncoding) -> Result<[u8; 32], KeyError> {
        Secret::new(text, encoding).map(|secret| secret.mac().finish())
    }

    fn error(text: &str, encoding: SecretEncoding) -> Option<KeyError> {
        tag(text, encoding).err()
    }

    #[test]
    fn all_encodings_of_the_same_bytes_are_the_same_key() {
        let utf8 = tag("s3cr3t-key", SecretEncoding::Utf8);
        assert!(utf8.is_ok());
        assert_eq!(
            tag("733363723374-6b6579".replace('-', "2d").as_str(), SecretEncoding::Hex),
            utf8
        );
        assert_eq!(tag("7333637233742D6B6579", SecretEncoding::Hex), utf8);
        assert_eq!(tag("czNjcjN0LWtleQ==", SecretEncoding::Base64), utf8);
        assert_eq!(tag("czNjcjN0LWtleQ", SecretEncoding::Base64), utf8);
    }

    #[test]
    fn a_utf8_secret_that_looks_encoded_is_taken_literally() {
        assert_ne!(tag("6b6579", SecretEncoding::Utf8), tag("6b6579", SecretEncoding::Hex));
        assert_ne!(tag("hex:6b6579", SecretEncoding::Utf8), tag("6b6579", SecretEncoding::Hex));
    }

    #[test]
    fn an_empty_secret_cannot_be_built_in_any_encoding() {
        for encoding in SecretEncoding::ALL {
            assert_eq!(error("", encoding), Some(KeyError::EmptySecret));
        }
        assert_eq!(Secret::from_bytes(b"").err(), Some(KeyError::EmptySecret));
    }

    #[test]
    fn refuses_white_space_around_a_secret() {
        for text in [" key", "key\n", "\tkey", " "] {
            assert_eq!(error(text, SecretEncoding::Utf8), Some(KeyError::SurroundingWhitespace));
        }
        assert_eq!(error("two words", SecretEncoding::Utf8), None);
    }

    #[test]
    fn refuses_what_a_shell_an_editor_or_a_paste_has_left_in_a_secret() {
        for encoding in SecretEncoding::ALL {
            for text in ["6b65\n79", "6b65\r\n79", "6b\u{0}65", "6b\t65"] {
                assert_eq!(error(text, encoding), Some(KeyError::ControlCharacter), "{text:?}");
            }
            for text in ["\"6b65\"", "'6b65'", "6b65\"", "6b'65", "\u{201c}6b65\u{201d}"] {
                assert_eq!(error(text, encoding), Some(KeyError::QuotationMark), "{text:?}");
            }
        }
        assert!(Secret::from_bytes(b"\"line\nline\"").is_ok());
    }

    #[test]
    fn refuses_text_that_is_not_in_the_named_encoding() {
        for text in ["6b657", "6b65zz", "0x6b"] {
            assert_eq!(error(text, SecretEncoding::Hex), Some(KeyError::NotHex));
        }
        for text in ["a", "czNjcjN0LWtleQ=", "cz-_", "====", "czNj cjN0"] {
            assert_eq!(error(text, SecretEncoding::Base64), Some(KeyError::NotBase64));
        }
    }

    #[test]
    fn encodings_are_read_by_the_names_they_are_written_with() {
        for encoding in SecretEncoding::ALL {
            assert_eq!(encoding.to_string().parse(), Ok(encoding));
        }
        assert_eq!("HEX".parse::<SecretEncoding>(), Err(KeyError::UnknownEncoding));
    }
}
