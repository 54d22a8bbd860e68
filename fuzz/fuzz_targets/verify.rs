//! Any headers and any body: nothing panics, what was not signed is never accepted,
//! and what was signed always is.
//!
//! A line of the input before the first empty one is a header, the rest the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spektr_verify::{KeyRing, SignedContent, Signer, UnixSeconds, Verifier, VerifyError};

const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);

fuzz_target!(|input: &[u8]| {
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

    let signer = Signer::new(
        ring().key("key-a").expect("the key").clone(),
        SignedContent::TIMESTAMP_DOT_BODY,
    );
    let signed = signer.sign_at(body, NOW);
    let verified = verifier.verify_at(&signed, body, NOW).expect("it is authentic");
    assert_eq!(verified.body(), body);
    let _ = verified.entries();
});
