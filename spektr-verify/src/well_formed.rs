//! The forms of well-formed signature headers.
//!
//! Every header has a limited length and one spelling per meaning, so that no two components
//! read the same request differently.

use std::fmt;
use std::str::FromStr;

use crate::error::VerifyError;
use crate::headers::SignatureHeader;
use crate::hex;
use crate::keys::KeyId;
use crate::mac::SIGNATURE_LENGTH;
use crate::occurrences::Occurrences;
use crate::time::UnixSeconds;

/// The format of the MAC in `x-signature`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureFormat {
    /// 64 lowercase hexadecimal digits, as the vendor documents. The default.
    #[default]
    Hex,
    /// `sha256=` and 64 lowercase hexadecimal digits, as many senders write it.
    PrefixedHex,
}

impl SignatureFormat {
    pub(crate) const ALL: [Self; 2] = [Self::Hex, Self::PrefixedHex];

    /// Returns the name in configuration: `hex` or `sha256=hex`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::PrefixedHex => "sha256=hex",
        }
    }

    /// Returns the text before the digits.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Hex => "",
            Self::PrefixedHex => "sha256=",
        }
    }

    #[inline]
    pub(crate) fn decode(self, value: &[u8]) -> Option<[u8; SIGNATURE_LENGTH]> {
        let mut signature = [0; SIGNATURE_LENGTH];
        let digits = match self {
            // No comparison with an empty prefix: it would take longer than decoding the digits,
            // because a masked load of no bytes at a dangling address is slow.
            Self::Hex => value,
            Self::PrefixedHex => value.strip_prefix(self.prefix().as_bytes())?,
        };
        hex::decode(digits, false, &mut signature)?;
        Some(signature)
    }
}

impl fmt::Display for SignatureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SignatureFormat {
    type Err = UnknownSignatureFormat;

    /// Parses the name in configuration.
    ///
    /// # Errors
    ///
    /// - [`UnknownSignatureFormat`] for any other text
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or(UnknownSignatureFormat)
    }
}

/// The text is not the name of a [`SignatureFormat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownSignatureFormat;

impl fmt::Display for UnknownSignatureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature format is none of hex, sha256=hex")
    }
}

impl std::error::Error for UnknownSignatureFormat {}

/// The headers of one delivery: each is well-formed, but none is proven authentic yet.
pub(crate) struct WellFormed<'h> {
    /// The timestamp as it was sent: the MAC covers the text, not the number.
    pub(crate) timestamp: &'h [u8],
    pub(crate) signed_at: UnixSeconds,
    pub(crate) key_id: &'h [u8],
    pub(crate) signature: [u8; SIGNATURE_LENGTH],
}

impl<'h> WellFormed<'h> {
    #[inline]
    pub(crate) fn read(
        headers: &Occurrences<'h>,
        format: SignatureFormat,
    ) -> Result<Self, VerifyError> {
        let algorithm = headers.once(SignatureHeader::Algorithm, algorithm)?;
        let (timestamp, signed_at) = headers.once(SignatureHeader::Timestamp, timestamp)?;
        let key_id = headers.once(SignatureHeader::KeyId, key_id)?;
        let signature = headers.once(SignatureHeader::Signature, |value| format.decode(value))?;
        // An allow-list with one entry. The value itself selects nothing.
        if algorithm != ALGORITHM.as_bytes() {
            return Err(VerifyError::UnsupportedAlgorithm);
        }
        Ok(Self { timestamp, signed_at, key_id, signature })
    }
}

pub(crate) const ALGORITHM: &str = "sha256";

fn algorithm(value: &[u8]) -> Option<&[u8]> {
    const MAX_LENGTH: usize = 32;
    let well_formed =
        (1..=MAX_LENGTH).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    well_formed.then_some(value)
}

pub(crate) fn key_id(value: &[u8]) -> Option<&[u8]> {
    KeyId::is_well_formed(value).then_some(value)
}

/// Parses canonical decimal digits up to the largest `i64`: one spelling per number, so that no
/// two components read the same header differently.
#[inline]
pub(crate) fn timestamp(value: &[u8]) -> Option<(&[u8], UnixSeconds)> {
    const MAX_DIGITS: usize = 19;
    let leading_zero = value.first() == Some(&b'0') && value.len() > 1;
    if value.is_empty() || value.len() > MAX_DIGITS || leading_zero {
        return None;
    }
    // Nineteen nines fit into a `u64`.
    let mut seconds = 0;
    for digit in value {
        if !digit.is_ascii_digit() {
            return None;
        }
        seconds = seconds * 10 + u64::from(digit - b'0');
    }
    (seconds <= i64::MAX.unsigned_abs()).then_some((value, UnixSeconds::new(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(value: &[u8]) -> Option<u64> {
        timestamp(value).map(|(_, time)| time.as_secs())
    }

    #[test]
    fn timestamps_have_one_spelling() {
        assert_eq!(seconds(b"0"), Some(0));
        assert_eq!(seconds(b"1731057600"), Some(1_731_057_600));
        assert_eq!(seconds(b"9223372036854775807"), Some(i64::MAX.unsigned_abs()));
        let malformed: [&[u8]; 14] = [
            b"",
            b"+1",
            b"-1",
            b" 1",
            b"1 ",
            b"01",
            b"00",
            b"1.0",
            b"1e3",
            b"0x1",
            b"1_0",
            b"9223372036854775808",
            b"10000000000000000000",
            b"\xd9\xa1",
        ];
        for value in malformed {
            assert_eq!(seconds(value), None, "{value:?}");
        }
    }

    #[test]
    fn signature_formats_do_not_accept_each_other() {
        let digits = "0f".repeat(SIGNATURE_LENGTH);
        let prefixed = format!("sha256={digits}");
        let expected = Some([0x0f; SIGNATURE_LENGTH]);
        assert_eq!(SignatureFormat::Hex.decode(digits.as_bytes()), expected);
        assert_eq!(SignatureFormat::Hex.decode(prefixed.as_bytes()), None);
        assert_eq!(SignatureFormat::PrefixedHex.decode(prefixed.as_bytes()), expected);
        assert_eq!(SignatureFormat::PrefixedHex.decode(digits.as_bytes()), None);
    }

    #[test]
    fn signature_formats_are_read_by_the_names_they_are_written_with() {
        for format in SignatureFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("base64".parse::<SignatureFormat>(), Err(UnknownSignatureFormat));
    }
}
