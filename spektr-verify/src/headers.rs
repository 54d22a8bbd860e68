//! The four signature headers: where they come from, and what a well-formed
//! one looks like.
//!
//! Everything here runs on input that nobody has vouched for: every header is
//! bounded in length, must occur exactly once, and has one spelling.

use std::fmt;
use std::str::{self, FromStr};

use crate::error::VerifyError;
use crate::hex;
use crate::keys::KeyId;
use crate::mac::SIGNATURE_LENGTH;
use crate::time::UnixSeconds;

/// One of the headers that carry a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureHeader {
    /// `x-signature-alg`: the algorithm, `sha256`.
    Algorithm,
    /// `x-signature-timestamp`: when it was signed, in seconds since the epoch.
    Timestamp,
    /// `x-signature-key-id`: the id of the secret that signed it.
    KeyId,
    /// `x-signature`: the MAC in lowercase hexadecimal digits.
    Signature,
}

impl SignatureHeader {
    /// The header's name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "x-signature-alg",
            Self::Timestamp => "x-signature-timestamp",
            Self::KeyId => "x-signature-key-id",
            Self::Signature => "x-signature",
        }
    }
}

impl fmt::Display for SignatureHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the value of `x-signature` spells the MAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureFormat {
    /// 64 lowercase hexadecimal digits, as the vendor documents it. The default.
    #[default]
    Hex,
    /// `sha256=` and 64 lowercase hexadecimal digits, as many senders do it.
    PrefixedHex,
}

impl SignatureFormat {
    pub(crate) const ALL: [Self; 2] = [Self::Hex, Self::PrefixedHex];

    /// The name in configuration: `hex` or `sha256=hex`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::PrefixedHex => "sha256=hex",
        }
    }

    /// What stands before the digits.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Hex => "",
            Self::PrefixedHex => "sha256=",
        }
    }

    pub(crate) fn decode(self, value: &[u8]) -> Option<[u8; SIGNATURE_LENGTH]> {
        let mut signature = [0; SIGNATURE_LENGTH];
        let digits = value.strip_prefix(self.prefix().as_bytes())?;
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

    /// Reads the name in configuration.
    ///
    /// # Errors
    ///
    /// - [`UnknownSignatureFormat`] for any other text
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or(UnknownSignatureFormat)
    }
}

/// The text names no [`SignatureFormat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature format is none of hex, sha256=hex")]
#[non_exhaustive]
pub struct UnknownSignatureFormat;

/// Headers of a request, in whichever form the server holds them.
///
/// Implemented for lists of name and value, where names are compared without
/// regard to case, and with the feature `http` for `http::HeaderMap`.
///
/// An implementation must yield *every* value of a header. One that shows only
/// the first hides a header that was sent twice, and two components that read
/// different ones of the two are how forged requests get through.
///
/// ```
/// use spektr_verify::HeaderSource;
///
/// let headers = [("X-Signature-Alg", "sha256"), ("Content-Type", "application/json")];
/// assert_eq!(headers.values("x-signature-alg").collect::<Vec<_>>(), [b"sha256"]);
/// ```
pub trait HeaderSource {
    /// The values of all headers with a name, which is given in lower case.
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]>;
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for [(N, V)] {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.iter()
            .filter(move |(candidate, _)| candidate.as_ref().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const LENGTH: usize> HeaderSource for [(N, V); LENGTH] {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.as_slice().values(name)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for Vec<(N, V)> {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.as_slice().values(name)
    }
}

#[cfg(feature = "http")]
impl HeaderSource for http::HeaderMap {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.get_all(name).into_iter().map(http::HeaderValue::as_bytes)
    }
}

/// The headers of one delivery, each well-formed, none of them authentic yet.
pub(crate) struct WellFormed<'h> {
    /// The timestamp as it was sent: the MAC covers the text, not the number.
    pub(crate) timestamp: &'h str,
    pub(crate) signed_at: UnixSeconds,
    pub(crate) key_id: &'h str,
    pub(crate) signature: [u8; SIGNATURE_LENGTH],
}

impl<'h> WellFormed<'h> {
    pub(crate) fn read<H: HeaderSource + ?Sized>(
        headers: &'h H,
        format: SignatureFormat,
    ) -> Result<Self, VerifyError> {
        let algorithm = once(headers, SignatureHeader::Algorithm, algorithm)?;
        let (timestamp, signed_at) = once(headers, SignatureHeader::Timestamp, timestamp)?;
        let key_id = once(headers, SignatureHeader::KeyId, key_id)?;
        let signature = once(headers, SignatureHeader::Signature, |value| format.decode(value))?;
        // An allow-list with one entry. The value selects nothing.
        if algorithm != ALGORITHM.as_bytes() {
            return Err(VerifyError::UnsupportedAlgorithm);
        }
        Ok(Self { timestamp, signed_at, key_id, signature })
    }
}

/// Reads a header that must occur exactly once.
pub(crate) fn once<'h, H: HeaderSource + ?Sized, T>(
    headers: &'h H,
    header: SignatureHeader,
    parse: impl FnOnce(&'h [u8]) -> Option<T>,
) -> Result<T, VerifyError> {
    let mut values = headers.values(header.name());
    let value = values.next().ok_or(VerifyError::MissingHeader { header })?;
    if values.next().is_some() {
        return Err(VerifyError::RepeatedHeader { header });
    }
    parse(value).ok_or(VerifyError::MalformedHeader { header })
}

pub(crate) const ALGORITHM: &str = "sha256";

fn algorithm(value: &[u8]) -> Option<&[u8]> {
    const MAX_LENGTH: usize = 32;
    let well_formed =
        (1..=MAX_LENGTH).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    well_formed.then_some(value)
}

pub(crate) fn key_id(value: &[u8]) -> Option<&str> {
    if KeyId::is_well_formed(value) { str::from_utf8(value).ok() } else { None }
}

/// Reads canonical decimal digits up to the largest `i64`: one spelling per
/// number, so that no two components read the same header differently.
pub(crate) fn timestamp(value: &[u8]) -> Option<(&str, UnixSeconds)> {
    const MAX_DIGITS: usize = 19;
    let canonical = (1..=MAX_DIGITS).contains(&value.len())
        && value.iter().all(u8::is_ascii_digit)
        && (value[0] != b'0' || value.len() == 1);
    let text = if canonical {
        str::from_utf8(value).ok()?
    } else {
        return None;
    };
    let seconds = u64::try_from(text.parse::<i64>().ok()?).ok()?;
    Some((text, UnixSeconds::new(seconds)))
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

    #[test]
    fn lists_find_every_value_whatever_the_case_of_the_name() {
        let headers = vec![("X-Signature", "a"), ("x-signature", "b"), ("x-signature-alg", "c")];
        assert_eq!(headers.values("x-signature").collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(headers.values("x-signature-key-id").count(), 0);
    }
}
