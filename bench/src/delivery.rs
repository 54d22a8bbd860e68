//! One signed delivery, and the compared ways to verify it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;
use spektr_verify::{
    Clock as _, KeyRing, Secret, SecretEncoding, SignedContent, Signer, SigningKey, SystemClock,
    UnixSeconds, Verifier,
};
use standardwebhooks::Webhook;

const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A body, signed with one key for three ways of verification.
pub struct Delivery {
    body: String,
    verifier: Verifier,
    headers: HeaderMap,
    signed_at: UnixSeconds,
    timestamp: String,
    signature: [u8; 32],
    peer: Webhook,
    peer_headers: HeaderMap,
}

impl Delivery {
    /// Signs a batch with this number of events.
    pub fn new(entries: usize) -> Self {
        let body = crate::batch_of(entries);
        let now = SystemClock::new().now();
        let secret = Secret::new(SECRET, SecretEncoding::Base64).expect("valid");
        let key = SigningKey::new("key-a", secret).expect("valid");
        let ring = KeyRing::new([key.clone()]).expect("valid");
        let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
        let headers = HeaderMap::from(&signer.sign_at(body.as_bytes(), now));

        let timestamp = now.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("valid");
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body.as_bytes());
        let signature = mac.finalize().into_bytes().into();

        let peer = Webhook::new(SECRET).expect("valid");
        let seconds = i64::try_from(now.as_secs()).expect("this century");
        let peer_signature = peer.sign("msg_1", seconds, body.as_bytes()).expect("valid");
        let mut peer_headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", timestamp.as_str()),
            ("webhook-signature", peer_signature.as_str()),
        ] {
            peer_headers.insert(name, value.parse().expect("valid"));
        }
        Self {
            body,
            verifier: Verifier::new(ring, SignedContent::TIMESTAMP_DOT_BODY),
            headers,
            signed_at: now,
            timestamp,
            signature,
            peer,
            peer_headers,
        }
    }

    /// Returns the length of the body.
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Computes the limit: the MAC over the same bytes, with the key set up each time.
    pub fn bare_hmac(&self) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("valid");
        mac.update(self.timestamp.as_bytes());
        mac.update(b".");
        mac.update(self.body.as_bytes());
        mac.verify_slice(&self.signature).is_ok()
    }

    /// Runs `Verifier::verify`.
    pub fn verify(&self) -> bool {
        self.verifier.verify(&self.headers, &self.body).is_ok()
    }

    /// Runs `Verifier::verify_at`, with the time of signing as the time.
    pub fn verify_at(&self) -> bool {
        self.verifier.verify_at(&self.headers, &self.body, self.signed_at).is_ok()
    }

    /// Runs `Verifier::verify`, then reads id, wire type and time of every entry.
    pub fn verify_and_list(&self) -> usize {
        let verified = self.verifier.verify(&self.headers, &self.body).expect("authentic");
        let entries = verified.entries().expect("a batch");
        let whole = entries.iter().filter(|entry| {
            entry.id().is_some() && entry.wire_type().is_some() && entry.created_at().is_some()
        });
        whole.count()
    }

    /// Runs `standardwebhooks::Webhook::verify`.
    pub fn standardwebhooks(&self) -> bool {
        self.peer.verify(self.body.as_bytes(), &self.peer_headers).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_measured_succeeds() {
        let delivery = Delivery::new(3);
        assert!(delivery.bare_hmac() && delivery.verify() && delivery.standardwebhooks());
        assert_eq!(delivery.verify_and_list(), 3);
    }
}
