//! The sender's side: makes the signature headers, for tests, simulators and senders.

use std::fmt;

use crate::content::SignedContent;
use crate::headers::{HeaderSource, SignatureHeader};
use crate::hex;
use crate::keys::{KeyId, SigningKey};
use crate::time::UnixSeconds;
use crate::well_formed::{ALGORITHM, SignatureFormat};

/// Signs bodies as the sender does.
///
/// # Examples
///
/// ```
/// use spektr_verify::{KeyRing, Secret, SecretEncoding, SignedContent, Signer, SigningKey};
/// use spektr_verify::{UnixSeconds, Verifier};
///
/// let key = SigningKey::new("2026-a", Secret::new("a secret", SecretEncoding::Utf8)?)?;
/// let verifier = Verifier::new(KeyRing::new([key.clone()])?, SignedContent::TIMESTAMP_DOT_BODY);
/// let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
///
/// let (body, now) = (br#"{"results":[]}"#, UnixSeconds::new(1_731_057_600));
/// let headers = signer.sign_at(body, now);
/// let verified = verifier.verify_at(&headers, body, now)?;
/// assert_eq!(verified.entries()?.len(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    content: SignedContent,
    format: SignatureFormat,
}

impl Signer {
    /// Creates a signer with a key and the signed content.
    #[must_use]
    pub fn new(key: SigningKey, content: SignedContent) -> Self {
        Self { key, content, format: SignatureFormat::default() }
    }

    /// Sets the format of `x-signature`.
    #[must_use]
    pub fn with_signature_format(mut self, format: SignatureFormat) -> Self {
        self.format = format;
        self
    }

    /// Signs a body as of a given time, even if the key is not valid then.
    #[must_use]
    pub fn sign_at(&self, body: &[u8], at: UnixSeconds) -> SignedHeaders {
        let key_id = self.key.id().clone();
        let timestamp = at.to_string();
        let mut mac = self.key.mac();
        self.content.feed(&mut mac, timestamp.as_bytes(), key_id.as_str().as_bytes(), body);
        let signature = format!("{}{}", self.format.prefix(), hex::encode(&mac.finish()));
        SignedHeaders { timestamp, key_id, signature }
    }
}

/// The four signature headers that [`Signer::sign_at`] makes.
#[derive(Clone)]
pub struct SignedHeaders {
    timestamp: String,
    key_id: KeyId,
    signature: String,
}

impl SignedHeaders {
    /// Returns the headers as pairs of name and value.
    #[must_use]
    pub fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            (SignatureHeader::Algorithm.name(), ALGORITHM),
            (SignatureHeader::Timestamp.name(), &self.timestamp),
            (SignatureHeader::KeyId.name(), self.key_id.as_str()),
            (SignatureHeader::Signature.name(), &self.signature),
        ]
    }
}

impl HeaderSource for SignedHeaders {
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.pairs().into_iter().map(|(name, value)| (name, value.as_bytes()))
    }
}

#[cfg(feature = "http")]
impl From<&SignedHeaders> for http::HeaderMap {
    fn from(headers: &SignedHeaders) -> Self {
        let pairs = headers.pairs().into_iter().filter_map(|(name, value)| {
            // Each value is visible ASCII by construction.
            let value = http::HeaderValue::from_str(value).ok()?;
            Some((http::HeaderName::from_static(name), value))
        });
        pairs.collect()
    }
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedHeaders")
            .field("timestamp", &self.timestamp)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
