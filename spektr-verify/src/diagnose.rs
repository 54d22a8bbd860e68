//! Finds the signed content of a sender from one captured delivery and the secret.

use std::fmt;

use crate::content::SignedContent;
use crate::error::VerifyError;
use crate::headers::{HeaderSource, SignatureHeader};
use crate::keys::{KeyRing, Secret, SecretEncoding, SigningKey};
use crate::occurrences::Occurrences;
use crate::time::UnixSeconds;
use crate::verifier::Verifier;
use crate::well_formed::{self, SignatureFormat};

/// Tries the known ways to sign a delivery. Returns those that give the captured signature.
///
/// It tries the timestamp, the body and the key id in every order that is known from practice,
/// joined by nothing or by a common separator. It reads the secret as UTF-8, hex and Base64,
/// and `x-signature` with and without `sha256=`. Every match can be configured: see
/// [`Construction`].
///
/// White space around the secret is ignored. The time is not checked, so a delivery from last
/// week will do. Each of about three hundred attempts reads the whole body, so prefer a small
/// one. [`diagnose_with`] also tries a template of your own.
///
/// # Examples
///
/// ```
/// use spektr_verify::diagnose;
///
/// // Captured from the request, with the secret that the vendor has shown once.
/// let headers = [
///     ("x-signature-alg", "sha256"),
///     ("x-signature-timestamp", "1731057600"),
///     ("x-signature-key-id", "2026-a"),
///     ("x-signature", "8a9e6c2c7d4cfc9d7a7d9c85ed9c4c2d0ee1f34e9d3f9d1e3c1f1bd6cb2e9a10"),
/// ];
/// let diagnosis = diagnose(&headers, br#"{"results":[]}"#, "not the secret")?;
/// assert!(diagnosis.matches().is_empty());
/// println!("{diagnosis}");
/// # Ok::<(), spektr_verify::VerifyError>(())
/// ```
///
/// # Errors
///
/// - [`VerifyError::MissingHeader`] if there is no `x-signature`
/// - [`VerifyError::RepeatedHeader`], [`VerifyError::MalformedHeader`] for any header that an
///   attempt uses
pub fn diagnose<H>(headers: &H, body: &[u8], secret: &str) -> Result<Diagnosis, VerifyError>
where
    H: HeaderSource + ?Sized,
{
    attempt(headers, body, secret, candidates())
}

/// Does the same as [`diagnose`], and also tries a signed content of your own, which the
/// built-in list may lack.
///
/// # Errors
///
/// Returns the errors of [`diagnose`].
pub fn diagnose_with<H>(
    headers: &H,
    body: &[u8],
    secret: &str,
    own: &SignedContent,
) -> Result<Diagnosis, VerifyError>
where
    H: HeaderSource + ?Sized,
{
    let others = candidates().filter(|content| content != own);
    attempt(headers, body, secret, std::iter::once(own.clone()).chain(others))
}

fn attempt<H>(
    source: &H,
    body: &[u8],
    secret: &str,
    contents: impl Iterator<Item = SignedContent> + Clone,
) -> Result<Diagnosis, VerifyError>
where
    H: HeaderSource + ?Sized,
{
    let headers = Occurrences::of(source);
    let (signature_format, signature) = headers.once(SignatureHeader::Signature, |value| {
        SignatureFormat::ALL.into_iter().find_map(|format| Some((format, format.decode(value)?)))
    })?;
    let signed_at = optional(headers.once(SignatureHeader::Timestamp, well_formed::timestamp))?;
    let timestamp = signed_at.map(|(text, _)| text);
    let key_id = optional(headers.once(SignatureHeader::KeyId, well_formed::key_id))?;

    let mut diagnosis = Diagnosis { matches: Vec::new(), tried: 0, still_refused: None };
    for secret_encoding in SecretEncoding::ALL {
        let Ok(secret) = Secret::new(secret.trim(), secret_encoding) else {
            continue;
        };
        for content in contents.clone() {
            if content.covers_timestamp() && timestamp.is_none()
                || content.covers_key_id() && key_id.is_none()
            {
                continue;
            }
            let mut mac = secret.mac();
            content.feed(&mut mac, timestamp.unwrap_or_default(), key_id.unwrap_or_default(), body);
            diagnosis.tried += 1;
            if mac.matches(&signature) {
                diagnosis.matches.push(Construction { content, secret_encoding, signature_format });
            }
        }
    }
    if let [construction, ..] = &diagnosis.matches[..] {
        let signed_at = signed_at.map_or(UnixSeconds::new(0), |(_, at)| at);
        diagnosis.still_refused =
            still_refused(source, body, secret, construction, key_id, signed_at);
    }
    Ok(diagnosis)
}

/// Returns why a verifier with this construction would refuse the delivery at the time of its
/// signature.
fn still_refused<H>(
    headers: &H,
    body: &[u8],
    secret: &str,
    construction: &Construction,
    key_id: Option<&[u8]>,
    signed_at: UnixSeconds,
) -> Option<VerifyError>
where
    H: HeaderSource + ?Sized,
{
    let Construction { content, secret_encoding, signature_format } = construction;
    // Without a key id, the check of the headers fails before any key lookup.
    let key_id = key_id.and_then(|id| std::str::from_utf8(id).ok()).unwrap_or("none");
    let secret = Secret::new(secret.trim(), *secret_encoding).ok()?;
    let ring = KeyRing::new([SigningKey::new(key_id, secret).ok()?]).ok()?;
    let verifier = Verifier::new(ring, content.clone()).with_signature_format(*signature_format);
    // A time after the year 9999 is in another unit than seconds.
    let at = signed_at.min(UnixSeconds::END_OF_9999);
    verifier.verify_at(headers, body, at).err()
}

/// The result of [`diagnose`].
///
/// `Display` writes it for a person, with hints if nothing matched. It contains neither the
/// secret nor the signature.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    matches: Vec<Construction>,
    tried: usize,
    still_refused: Option<VerifyError>,
}

impl Diagnosis {
    /// Returns the constructions that give the captured signature: one if the secret is right
    /// and the body is unchanged, otherwise none.
    #[must_use]
    pub fn matches(&self) -> &[Construction] {
        &self.matches
    }

    /// Returns why a [`Verifier`] configured with the first match would still refuse the
    /// delivery, at the time of its signature. The causes are a missing header, an algorithm
    /// with another spelling, or a timestamp in another unit than seconds
    /// ([`VerifyError::TimestampInFuture`]). No configuration accepts such a delivery.
    #[must_use]
    pub fn still_refused(&self) -> Option<&VerifyError> {
        self.still_refused.as_ref()
    }

    /// Returns how many constructions were tried.
    #[must_use]
    pub fn tried(&self) -> usize {
        self.tried
    }
}

/// A way to sign a delivery: the three settings of a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Construction {
    /// The argument of [`Verifier::new`](crate::Verifier::new).
    pub content: SignedContent,
    /// The argument of [`Secret::new`], or in the text of a key ring `id:hex=…`.
    pub secret_encoding: SecretEncoding,
    /// The argument of
    /// [`Verifier::with_signature_format`](crate::Verifier::with_signature_format).
    pub signature_format: SignatureFormat,
}

impl fmt::Display for Construction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content, secret_encoding, signature_format } = self;
        write!(
            f,
            "signed content `{content}`, secret as {secret_encoding}, signature as {signature_format}"
        )
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.matches.is_empty() {
            return write!(
                f,
                "none of {} constructions gives this signature. Is it the secret of the key that \
                 x-signature-key-id names? Is the body byte for byte what was sent (not printed \
                 again from parsed JSON, no line feed added by an editor, not decompressed)?",
                self.tried,
            );
        }
        for (index, construction) in self.matches.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "match: {construction}")?;
        }
        if let Some(error) = &self.still_refused {
            write!(f, "\nstill refused: {error}")?;
        }
        Ok(())
    }
}

/// Makes a missing header `None`, so that attempts with it are skipped. A wrong header stays an
/// error.
fn optional<T>(header: Result<T, VerifyError>) -> Result<Option<T>, VerifyError> {
    match header {
        Ok(value) => Ok(Some(value)),
        Err(VerifyError::MissingHeader { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn candidates() -> impl Iterator<Item = SignedContent> + Clone {
    const ORDERS: [&[&str]; 9] = [
        &["{timestamp}", "{body}"],
        &["{body}", "{timestamp}"],
        &["{key_id}", "{body}"],
        &["{body}", "{key_id}"],
        &["{key_id}", "{timestamp}", "{body}"],
        &["{timestamp}", "{key_id}", "{body}"],
        &["{timestamp}", "{body}", "{key_id}"],
        &["{body}", "{timestamp}", "{key_id}"],
        &["{body}", "{key_id}", "{timestamp}"],
    ];
    const SEPARATORS: [&str; 11] = [".", "", ":", ",", ";", "|", "-", "_", "/", " ", r"\n"];
    let joined = ORDERS.into_iter().flat_map(|order| SEPARATORS.map(|with| order.join(with)));
    std::iter::once("{body}".to_owned()).chain(joined).filter_map(|template| template.parse().ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;
    use crate::{KeyRing, Signer, SigningKey, UnixSeconds, Verifier};

    const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);
    const BODY: &[u8] = br#"{"results":[]}"#;
    // Readable as UTF-8, hex and Base64, so that the test covers every encoding.
    const SECRET: &str = "6d61726b65726d61";

    #[test]
    fn whatever_it_tries_it_finds_and_a_verifier_can_be_told() {
        let mut tried = 0;
        for secret_encoding in SecretEncoding::ALL {
            let secret = Secret::new(SECRET, secret_encoding).unwrap();
            let key = SigningKey::new("k1", secret).unwrap();
            for content in candidates() {
                for signature_format in SignatureFormat::ALL {
                    let headers = Signer::new(key.clone(), content.clone())
                        .with_signature_format(signature_format)
                        .sign_at(BODY, NOW);
                    let found = diagnose(&headers, BODY, &format!("{SECRET}\n")).unwrap();
                    let expected = Construction {
                        content: content.clone(),
                        secret_encoding,
                        signature_format,
                    };
                    assert_eq!(found.matches(), [expected]);

                    let keys = KeyRing::new([key.clone()]).unwrap();
                    let verifier = Verifier::new(keys, content.clone())
                        .with_signature_format(signature_format);
                    assert!(verifier.verify_at(&headers, BODY, NOW).is_ok());
                }
                tried += 1;
            }
        }
        assert_eq!(tried, 3 * 100);
    }

    #[test]
    fn says_what_a_verifier_that_is_configured_so_would_still_refuse() {
        type Pairs = Vec<(String, String)>;
        let key = SigningKey::new("k1", Secret::from_bytes(SECRET.as_bytes()).unwrap()).unwrap();
        let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
        let still_refused = |at: UnixSeconds, change: &dyn Fn(&mut Pairs)| {
            let signed = signer.sign_at(BODY, at);
            let mut headers: Pairs =
                signed.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            change(&mut headers);
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            let found = diagnose(&headers[..], BODY, SECRET).unwrap();
            assert_eq!(found.matches().len(), 1);
            found.still_refused().cloned()
        };
        assert_eq!(still_refused(NOW, &|_| {}), None);
        for algorithm in ["SHA256", "hmac-sha256"] {
            let change = |headers: &mut Pairs| headers[0].1 = algorithm.to_owned();
            assert_eq!(still_refused(NOW, &change), Some(VerifyError::UnsupportedAlgorithm));
        }
        for (gone, header) in [(2, SignatureHeader::KeyId), (0, SignatureHeader::Algorithm)] {
            let change = |headers: &mut Pairs| drop(headers.remove(gone));
            assert_eq!(still_refused(NOW, &change), Some(VerifyError::MissingHeader { header }));
        }
        let in_millis = UnixSeconds::new(NOW.as_secs() * 1000);
        let ahead = in_millis.abs_diff(UnixSeconds::END_OF_9999);
        let expected = Some(VerifyError::TimestampInFuture { ahead });
        assert_eq!(still_refused(in_millis, &|_| {}), expected);
    }

    #[test]
    fn tries_a_content_of_ones_own_as_well_and_no_content_twice() {
        let key = SigningKey::new("k1", Secret::from_bytes(SECRET.as_bytes()).unwrap()).unwrap();
        let own: SignedContent = "v1:{timestamp}:{body}".parse().unwrap();
        let headers = Signer::new(key, own.clone()).sign_at(BODY, NOW);
        assert_eq!(diagnose(&headers, BODY, SECRET).unwrap().matches(), []);

        let found = diagnose_with(&headers, BODY, SECRET, &own).unwrap();
        let [construction] = found.matches() else { panic!("{found}") };
        assert_eq!((&construction.content, found.tried()), (&own, 303));
        let known = SignedContent::TIMESTAMP_DOT_BODY;
        assert_eq!(diagnose_with(&headers, BODY, SECRET, &known).unwrap().tried(), 300);
    }

    #[test]
    fn says_what_to_look_at_when_nothing_matches_and_names_no_secret() {
        let key = SigningKey::new("k1", Secret::from_bytes(b"other").unwrap()).unwrap();
        let headers = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY).sign_at(BODY, NOW);
        let found = diagnose(&headers, BODY, SECRET).unwrap();
        assert_eq!((found.matches(), found.tried()), (&[][..], 300));
        let text = format!("{found} {found:?}");
        assert!(text.contains("300 constructions"));
        assert!(!text.contains(SECRET));
        let [.., (_, signature)] = headers.pairs();
        assert!(!text.contains(signature));
    }

    #[test]
    fn does_without_a_timestamp_and_a_key_id_that_are_missing() {
        let key = SigningKey::new("k1", Secret::from_bytes(SECRET.as_bytes()).unwrap()).unwrap();
        let headers = Signer::new(key, SignedContent::BODY).sign_at(BODY, NOW);
        let [.., signature] = headers.pairs();
        let found = diagnose(&[signature], BODY, SECRET).unwrap();
        assert_eq!(found.matches().len(), 1);
        assert_eq!(found.tried(), 3);
    }

    #[test]
    fn refuses_a_capture_without_a_signature_or_with_two() {
        let header = SignatureHeader::Signature;
        let none: [(&str, &str); 0] = [];
        assert_eq!(
            diagnose(&none, BODY, SECRET).err(),
            Some(VerifyError::MissingHeader { header }),
        );
        assert_eq!(
            diagnose(&[("x-signature", "a"), ("X-Signature", "b")], BODY, SECRET).err(),
            Some(VerifyError::RepeatedHeader { header }),
        );
        assert_eq!(
            diagnose(&[("x-signature", "a")], BODY, SECRET).err(),
            Some(VerifyError::MalformedHeader { header }),
        );
    }
}
