//! The four signature headers and their sources.
//!
//! All of this code runs on untrusted input.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// One of the headers that carry a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureHeader {
    /// `x-signature-alg`: the algorithm, `sha256`.
    Algorithm,
    /// `x-signature-timestamp`: the time of signing, in seconds since the epoch.
    Timestamp,
    /// `x-signature-key-id`: the id of the signing secret.
    KeyId,
    /// `x-signature`: the MAC in lowercase hexadecimal digits.
    Signature,
}

impl SignatureHeader {
    /// Returns the header's name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Algorithm => ALGORITHM,
            Self::Timestamp => TIMESTAMP,
            Self::KeyId => KEY_ID,
            Self::Signature => SIGNATURE,
        }
    }

    /// Finds a header by its name in any case.
    #[inline]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        // Most servers pass names in lower case: compare those first.
        match name {
            ALGORITHM => Some(Self::Algorithm),
            TIMESTAMP => Some(Self::Timestamp),
            KEY_ID => Some(Self::KeyId),
            SIGNATURE => Some(Self::Signature),
            _ => [Self::Algorithm, Self::Timestamp, Self::KeyId, Self::Signature]
                .into_iter()
                .find(|header| name.eq_ignore_ascii_case(header.name())),
        }
    }
}

const ALGORITHM: &str = "x-signature-alg";
const TIMESTAMP: &str = "x-signature-timestamp";
const KEY_ID: &str = "x-signature-key-id";
const SIGNATURE: &str = "x-signature";

impl fmt::Display for SignatureHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The headers of a request, in any form that a server uses.
///
/// The trait is implemented for slices, arrays and vectors of pairs of name and value, for
/// `HashMap` and `BTreeMap` from name to value, and with the feature `http` for
/// `http::HeaderMap`. Names are texts in any case; values are texts or bytes.
///
/// ```
/// use std::collections::HashMap;
/// use spektr_verify::{KeyRing, SignedContent, Verifier, VerifyError};
/// # use spektr_verify::{Secret, SignatureHeader, Signer, SigningKey, UnixSeconds};
/// # let key = SigningKey::new("2026-a", Secret::from_bytes(b"a secret")?)?;
/// # let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
/// # let signed = signer.sign_at(b"{}", UnixSeconds::new(1_731_057_600));
/// # let now = UnixSeconds::new(1_731_057_600);
///
/// let verifier = Verifier::new(KeyRing::parse("2026-a=a secret")?, SignedContent::TIMESTAMP_DOT_BODY);
/// # let headers = signed.pairs().map(|(name, value)| (name.to_owned(), value.to_owned()));
/// // As a function behind a gateway gets them.
/// let mut headers: HashMap<String, String> = headers.into();
/// assert!(verifier.verify_at(&headers, "{}", now).is_ok());
///
/// // The same header in another case is a second header, even with the same value.
/// headers.insert("X-Signature-Key-Id".to_owned(), "2026-a".to_owned());
/// let header = SignatureHeader::KeyId;
/// let refused = verifier.verify_at(&headers, "{}", now);
/// assert_eq!(refused.err(), Some(VerifyError::RepeatedHeader { header }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Repeated headers
///
/// An implementation must yield *every* header, including each occurrence of a repeated one. If
/// an implementation hid the second occurrence, another component might use the hidden value,
/// and a forged request could pass. The verifier refuses a repeated signature header
/// ([`RepeatedHeader`](crate::VerifyError::RepeatedHeader)).
///
/// A map has one value for each spelling of a name, so the code that filled it has already
/// decided about repeated headers. Values joined with a comma are refused as malformed, as an
/// unknown key or as an unsupported algorithm. Dropped values cannot be detected. If the server
/// has a list of headers, pass the list.
///
/// # A source of your own
///
/// ```
/// use spektr_verify::HeaderSource;
///
/// struct Request(Vec<String>);
///
/// impl HeaderSource for Request {
///     fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
///         let lines = self.0.iter().filter_map(|line| line.split_once(": "));
///         lines.map(|(name, value)| (name, value.as_bytes()))
///     }
/// }
/// ```
pub trait HeaderSource {
    /// Returns all headers as pairs of name, in any case, and value.
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])>;
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for [(N, V)] {
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const LENGTH: usize> HeaderSource for [(N, V); LENGTH] {
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.as_slice().headers()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for Vec<(N, V)> {
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.as_slice().headers()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, S> HeaderSource for HashMap<N, V, S> {
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for BTreeMap<N, V> {
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

#[cfg(feature = "http")]
impl HeaderSource for http::HeaderMap {
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_is_found_by_its_name() {
        for header in [
            SignatureHeader::Algorithm,
            SignatureHeader::Timestamp,
            SignatureHeader::KeyId,
            SignatureHeader::Signature,
        ] {
            assert_eq!(SignatureHeader::from_name(header.name()), Some(header));
            assert_eq!(SignatureHeader::from_name(&header.name().to_uppercase()), Some(header));
            assert_eq!(SignatureHeader::from_name(&header.name().replace('x', "y")), None);
        }
    }
}
