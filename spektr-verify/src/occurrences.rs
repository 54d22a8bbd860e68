//! Counts how often each signature header occurs, in one pass over all headers, so that a
//! repeated header is never taken for a single one.

use crate::error::VerifyError;
use crate::headers::{HeaderSource, SignatureHeader};

/// The number of occurrences of each signature header, and its value.
#[derive(Default)]
pub(crate) struct Occurrences<'h> {
    algorithm: Occurrence<'h>,
    timestamp: Occurrence<'h>,
    key_id: Occurrence<'h>,
    signature: Occurrence<'h>,
}

#[derive(Clone, Copy, Default)]
enum Occurrence<'h> {
    #[default]
    Never,
    Once(&'h [u8]),
    Repeatedly,
}

impl<'h> Occurrences<'h> {
    pub(crate) fn of<H: HeaderSource + ?Sized>(headers: &'h H) -> Self {
        let mut occurrences = Self::default();
        for (name, value) in headers.headers() {
            let Some(header) = SignatureHeader::from_name(name) else { continue };
            let occurrence = match header {
                SignatureHeader::Algorithm => &mut occurrences.algorithm,
                SignatureHeader::Timestamp => &mut occurrences.timestamp,
                SignatureHeader::KeyId => &mut occurrences.key_id,
                SignatureHeader::Signature => &mut occurrences.signature,
            };
            *occurrence = match occurrence {
                Occurrence::Never => Occurrence::Once(value),
                Occurrence::Once(_) | Occurrence::Repeatedly => Occurrence::Repeatedly,
            };
        }
        occurrences
    }

    /// Parses a header that must occur exactly once.
    #[inline]
    pub(crate) fn once<T>(
        &self,
        header: SignatureHeader,
        parse: impl FnOnce(&'h [u8]) -> Option<T>,
    ) -> Result<T, VerifyError> {
        let occurrence = match header {
            SignatureHeader::Algorithm => self.algorithm,
            SignatureHeader::Timestamp => self.timestamp,
            SignatureHeader::KeyId => self.key_id,
            SignatureHeader::Signature => self.signature,
        };
        match occurrence {
            Occurrence::Never => Err(VerifyError::MissingHeader { header }),
            Occurrence::Once(value) => parse(value).ok_or(VerifyError::MalformedHeader { header }),
            Occurrence::Repeatedly => Err(VerifyError::RepeatedHeader { header }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_by_their_whole_length() {
        let headers = vec![("X-Signature", "a"), ("x-SIGNATURE-alg", "b"), ("x-signature-al", "c")];
        let occurrences = Occurrences::of(&headers);
        let find = |header| occurrences.once(header, Some);
        assert_eq!(find(SignatureHeader::Signature), Ok(&b"a"[..]));
        assert_eq!(find(SignatureHeader::Algorithm), Ok(&b"b"[..]));
        let header = SignatureHeader::KeyId;
        assert_eq!(find(header), Err(VerifyError::MissingHeader { header }));
    }

    #[test]
    fn the_number_of_occurrences_is_counted_past_two() {
        let header = SignatureHeader::Timestamp;
        for count in 2..5 {
            let headers = vec![("x-signature-timestamp", "1"); count];
            let found = Occurrences::of(&headers).once(header, Some);
            assert_eq!(found, Err(VerifyError::RepeatedHeader { header }));
        }
    }
}
