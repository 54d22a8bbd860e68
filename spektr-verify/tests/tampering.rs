//! Tests that any change of a signed delivery is detected, and that no bytes cause a panic.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use spektr_verify::{KeyId, VerifyError, diagnose};
use support::{HEADERS, Headers, KEY_ID, NOW, SIGNATURE, verifier};

fn mismatch() -> Option<VerifyError> {
    Some(VerifyError::SignatureMismatch { key_id: KeyId::new(KEY_ID).unwrap() })
}

proptest! {
    #[test]
    fn rejects_a_body_with_one_bit_flipped(
        body in vec(any::<u8>(), 1..2_000),
        byte in any::<Index>(),
        bit in 0_u8..8,
    ) {
        let headers = Headers::signed(&body);
        let mut changed = body.clone();
        changed[byte.index(body.len())] ^= 1_u8 << bit;
        prop_assert_eq!(headers.error(&changed), mismatch());
        prop_assert_eq!(headers.error(&body), None);
    }

    #[test]
    fn rejects_a_truncated_body(body in vec(any::<u8>(), 1..2_000), length in any::<Index>()) {
        let headers = Headers::signed(&body);
        prop_assert_eq!(headers.error(&body[..length.index(body.len())]), mismatch());
    }

    #[test]
    fn rejects_a_signature_with_one_digit_changed(
        body in vec(any::<u8>(), 0..200),
        digit in 0_usize..64,
    ) {
        let headers = Headers::signed(&body);
        let mut signature = headers.value(SIGNATURE);
        signature[digit] = if signature[digit] == b'0' { b'1' } else { b'0' };
        prop_assert_eq!(headers.replacing(SIGNATURE, signature).error(&body), mismatch());
    }

    #[test]
    fn no_headers_and_no_body_make_it_panic_or_pass(
        values in vec((0_usize..4, vec(any::<u8>(), 0..80)), 0..6),
        body in vec(any::<u8>(), 0..200),
    ) {
        let headers: Vec<_> =
            values.into_iter().map(|(header, value)| (HEADERS[header].name(), value)).collect();
        let refused_for_its_headers = matches!(
            verifier().verify_at(&headers, &body, NOW),
            Err(VerifyError::MissingHeader { .. }
                | VerifyError::RepeatedHeader { .. }
                | VerifyError::MalformedHeader { .. })
        );
        prop_assert!(refused_for_its_headers);
        if let Ok(diagnosis) = diagnose(&headers, &body, "secret") {
            prop_assert!(diagnosis.matches().is_empty());
        }
    }
}
