//! Headers, bodies, keys and secrets.

use std::error::Error;

use spektr_verify::{
    KeyRing, KeyRingError, Secret, SecretEncoding, SignedContent, Signer, SigningKey, UnixSeconds,
    Verifier, VerifyError, diagnose,
};

const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);

/// Any headers and any body: what was not signed is never accepted, and what was signed always.
///
/// A line of the input before the first empty one is a header, the rest the body.
pub(crate) fn verify(input: &[u8]) {
    let mut headers = Vec::new();
    let mut body = input;
    while let Some(end) = body.iter().position(|byte| *byte == b'\n') {
        let (line, rest) = body.split_at(end);
        body = &rest[1..];
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        headers.push((String::from_utf8_lossy(name), value.get(1..).unwrap_or_default()));
    }
    let ring = || KeyRing::parse("key-a=correct horse battery staple").expect("a key");
    let verifier = Verifier::new(ring(), SignedContent::TIMESTAMP_DOT_BODY);

    let first = verifier.check_headers_at(&headers, NOW);
    match verifier.verify_at(&headers, body, NOW) {
        Ok(_) => panic!("a forgery is accepted"),
        Err(VerifyError::SignatureMismatch { .. }) => assert_eq!(first, Ok(())),
        Err(error) => assert_eq!(first, Err(error)),
    }
    assert!(verifier.verify_ignoring_time_window(&headers, body).is_err());

    let key = ring().key("key-a").expect("the key").clone();
    let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
    let signed = signer.sign_at(body, NOW);
    let verified = verifier.verify_at(&signed, body, NOW).expect("it is authentic");
    assert_eq!(verified.body(), body);
    let _ = verified.entries();
}

/// Any text as the keys in the environment, as a TOML document and as a template of signed
/// content: no error and no `Debug` shows the text.
pub(crate) fn keys(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for result in [KeyRing::parse(text), KeyRing::from_toml(text)] {
        match result {
            Ok(ring) => {
                assert!(ring.ids().count() > 0);
                for id in ring.ids() {
                    assert!(ring.key(id.as_str()).is_some());
                }
            }
            Err(error) => assert_says_nothing(&error, text),
        }
    }
    if let Ok(content) = text.parse::<SignedContent>() {
        assert_eq!(content.to_string().parse(), Ok(content));
    }
}

/// An error's words are its own: it is the same for a text of other letters.
fn assert_says_nothing(error: &KeyRingError, text: &str) {
    let mut words = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    // Words of the library's own are shorter, or have no such characters.
    let odd = text.split(|c: char| c.is_ascii_alphanumeric() || " ,.:;`_-{}()".contains(c));
    for piece in odd.filter(|piece| piece.chars().count() > 1) {
        assert!(!words.contains(piece), "{words}");
    }
}

/// Any secret, and any capture with the right headers: whatever is found is a way to configure
/// a verifier that accepts the delivery.
///
/// The first line of the input is the secret, the second the template that is signed, the rest
/// the body.
pub(crate) fn diagnosis(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
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
}
