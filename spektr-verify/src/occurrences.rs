//! How often each signature header occurs: all headers are looked at in one pass, and one that
//! occurs twice is never mistaken for one.

use crate::error::VerifyError;
use crate::headers::{HeaderSource, SignatureHeader};

/// How often each signature header occurs, and with which value.
pub(crate) struct Occurrences<'h>([Occurrence<'h>; 4]);

#[derive(Clone, Copy)]
enum Occurrence<'h> {
    Never,
    Once(&'h [u8]),
    Repeatedly,
}

impl<'h> Occurrences<'h> {
    pub(crate) fn of<H: HeaderSource + ?Sized>(headers: &'h H) -> Self {
        let mut occurrences = [Occurrence::Never; 4];
        for (name, value) in headers.headers() {
            let Some(header) = SignatureHeader::from_name(name) else { continue };
            let Some(occurrence) = occurrences.get_mut(header as usize) else { continue };
            *occurrence = match occurrence {
                Occurrence::Never => Occurrence::Once(value),
                Occurrence::Once(_) | Occurrence::Repeatedly => Occurrence::Repeatedly,
            };
        }
        Self(occurrences)
    }

    /// Reads a header that must occur exactly once.
    #[inline]
    pub(crate) fn once<T>(
        &self,
        header: SignatureHeader,
        parse: impl FnOnce(&'h [u8]) -> Option<T>,
    ) -> Result<T, VerifyError> {
        match self.0.get(header as usize) {
            None | Some(Occurrence::Never) => Err(VerifyError::MissingHeader { header }),
            Some(Occurrence::Once(value)) => {
                parse(value).ok_or(VerifyError::MalformedHeader { header })
            }
            Some(Occurrence::Repeatedly) => Err(VerifyError::RepeatedHeader { header }),
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
