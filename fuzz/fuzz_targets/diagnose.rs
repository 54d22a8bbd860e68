//! Any secret, and any capture with the right headers: nothing panics, and whatever
//! is found is a way to configure a verifier that accepts the delivery.
//!
//! The first line of the input is the secret, the second the template that is
//! signed, the rest the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spektr_verify::{
    KeyRing, Secret, SecretEncoding, SignedContent, Signer, SigningKey, UnixSeconds, Verifier,
    diagnose,
};

const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);

fuzz_target!(|input: &str| {
    let mut lines = input.splitn(3, '\n');
    let text = lines.next().unwrap_or_default().trim();
    let template = lines.next().unwrap_or_default();
    let body = lines.next().unwrap_or_default().as_bytes();
    let content: SignedContent = template.parse().unwrap_or(SignedContent::TIMESTAMP_DOT_BODY);
    let Ok(secret) = Secret::new(text, SecretEncoding::Utf8) else { return };
    let key = SigningKey::new("key-a", secret).expect("a well-formed id");
    let headers = Signer::new(key, content).sign_at(body, NOW);

    let diagnosis = diagnose(&headers, body, text).expect("well-formed headers");
    for found in diagnosis.matches() {
        let secret = Secret::new(text, found.secret_encoding).expect("it was tried");
        let key = SigningKey::new("key-a", secret).expect("a well-formed id");
        let ring = KeyRing::new([key]).expect("one key");
        let verifier = Verifier::new(ring, found.content.clone())
            .with_signature_format(found.signature_format);
        assert!(verifier.verify_at(&headers, body, NOW).is_ok(), "{found}");
    }
});
