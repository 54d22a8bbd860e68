//! Tests every kind of wrong signature headers, with the exact error.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use spektr_verify::{
    KeyId, KeyRing, SharedKeys, SignedContent, UnixSeconds, Verifier, VerifyError,
};
use support::{
    ALGORITHM, HEADERS, Headers, KEY, KEY_ID, NOW, SIGNATURE, TIMESTAMP, key, signer, verifier,
    verifier_with,
};

const BODY: &[u8] = br#"{"results":[]}"#;

fn key_id(id: &str) -> KeyId {
    KeyId::new(id).unwrap()
}

fn mismatch() -> Option<VerifyError> {
    Some(VerifyError::SignatureMismatch { key_id: key_id(KEY_ID) })
}

#[test]
fn accepts_what_the_signer_signed() {
    let verified = Headers::signed(BODY).verify(BODY).unwrap();
    assert_eq!(verified.key_id(), Some(&key_id(KEY_ID)));
    assert_eq!(verified.body(), BODY);
}

#[test]
fn names_a_missing_header() {
    for header in HEADERS {
        let headers = Headers::signed(BODY).without(header);
        assert_eq!(headers.error(BODY), Some(VerifyError::MissingHeader { header }));
    }
}

#[test]
fn names_a_doubled_header_even_if_both_are_right() {
    for header in HEADERS {
        let headers = Headers::signed(BODY);
        let value = headers.value(header);
        assert_eq!(
            headers.with(header, value).error(BODY),
            Some(VerifyError::RepeatedHeader { header }),
        );
    }
}

#[test]
fn names_a_header_that_is_empty_over_long_or_not_ascii() {
    for header in HEADERS {
        let right = Headers::signed(BODY).value(header);
        let over_long = right.repeat(1_000);
        let joined = [&right[..], b", ", &right].concat();
        let spaced = [b" ", &right[..]].concat();
        let not_ascii = [&right[..], "é".as_bytes()].concat();
        for value in [vec![], over_long, joined, spaced, not_ascii, vec![0xff; 64], vec![0; 64]] {
            let headers = Headers::signed(BODY).replacing(header, value);
            assert_eq!(headers.error(BODY), Some(VerifyError::MalformedHeader { header }));
        }
    }
}

#[test]
fn a_timestamp_is_canonical_decimal_digits_even_if_another_spelling_is_signed() {
    let spellings = ["+1731057600", "-1731057600", " 1731057600", "1731057600 ", "01731057600"];
    let numbers =
        ["1731057600.0", "1e9", "0x67", "00", "9223372036854775808", "99999999999999999999"];
    for value in spellings.into_iter().chain(numbers) {
        let headers = Headers::signed(BODY).replacing(TIMESTAMP, value);
        assert_eq!(
            headers.error(BODY),
            Some(VerifyError::MalformedHeader { header: TIMESTAMP }),
            "{value:?}",
        );
    }
}

#[test]
fn a_signature_is_64_lowercase_digits() {
    let right = String::from_utf8(Headers::signed(BODY).value(SIGNATURE)).unwrap();
    let malformed = [
        right[1..].to_owned(),
        format!("{right}0"),
        right.to_uppercase(),
        format!("sha256={right}"),
        format!("0x{}", &right[2..]),
        right.replace(char::is_numeric, "g"),
    ];
    for value in malformed {
        let headers = Headers::signed(BODY).replacing(SIGNATURE, value);
        assert_eq!(headers.error(BODY), Some(VerifyError::MalformedHeader { header: SIGNATURE }));
    }
}

#[test]
fn a_signature_of_the_right_form_and_the_wrong_value_is_a_mismatch() {
    for digit in ["0", "f"] {
        let headers = Headers::signed(BODY).replacing(SIGNATURE, digit.repeat(64));
        assert_eq!(headers.error(BODY), mismatch());
    }
}

#[test]
fn the_algorithm_is_sha256_and_nothing_else() {
    for value in ["SHA256", "sha-256", "sha512", "none", "md5"] {
        let headers = Headers::signed(BODY).replacing(ALGORITHM, value);
        assert_eq!(headers.error(BODY), Some(VerifyError::UnsupportedAlgorithm));
    }
}

#[test]
fn malformed_headers_are_found_before_the_algorithm_and_the_key() {
    let headers = Headers::signed(BODY)
        .replacing(ALGORITHM, "md5")
        .replacing(KEY, "unknown")
        .replacing(SIGNATURE, "short");
    assert_eq!(headers.error(BODY), Some(VerifyError::MalformedHeader { header: SIGNATURE }));
    let headers = headers.replacing(SIGNATURE, "0".repeat(64));
    assert_eq!(headers.error(BODY), Some(VerifyError::UnsupportedAlgorithm));
    let headers = headers.replacing(ALGORITHM, "sha256");
    assert_eq!(headers.error(BODY), Some(VerifyError::UnknownKey { key_id: key_id("unknown") }));
}

#[test]
fn a_key_is_chosen_by_its_exact_id() {
    for id in ["key-b", "KEY-A", "key-", "key-a2"] {
        let headers = Headers::signed(BODY).replacing(KEY, id);
        assert_eq!(headers.error(BODY), Some(VerifyError::UnknownKey { key_id: key_id(id) }));
    }
}

#[test]
fn a_replaced_ring_counts_for_every_clone_of_a_verifier() {
    let keys = SharedKeys::new(KeyRing::parse("key-a=another secret").unwrap());
    let verifier = Verifier::new(keys.clone(), SignedContent::TIMESTAMP_DOT_BODY);
    let clone = verifier.clone();
    let headers = Headers::signed(BODY);
    assert_eq!(clone.verify_at(&headers.0, BODY, NOW).err(), mismatch());
    keys.replace(KeyRing::new([key()]).unwrap());
    assert_eq!(clone.verify_at(&headers.0, BODY, NOW).err(), None);
    keys.replace(KeyRing::parse("key-b=another secret").unwrap());
    assert_eq!(
        verifier.verify_at(&headers.0, BODY, NOW).err(),
        Some(VerifyError::UnknownKey { key_id: key_id(KEY_ID) }),
    );
}

#[test]
fn a_key_counts_within_its_validity_only() {
    let at =
        |seconds: i64| Some(UnixSeconds::new(NOW.as_secs().checked_add_signed(seconds).unwrap()));
    let error = |not_before, not_after| {
        let verifier = verifier_with(key().with_validity(not_before, not_after).unwrap());
        verifier.verify_at(&Headers::signed(BODY).0, BODY, NOW).err()
    };
    assert_eq!(error(at(0), at(0)), None);
    assert_eq!(error(None, at(-1)), Some(VerifyError::KeyExpired { key_id: key_id(KEY_ID) }));
    assert_eq!(error(at(1), None), Some(VerifyError::KeyNotYetValid { key_id: key_id(KEY_ID) }));
}

#[test]
fn the_signature_must_be_for_the_timestamp_that_is_sent() {
    let headers = Headers::signed(BODY).replacing(TIMESTAMP, "1731057601");
    assert_eq!(headers.error(BODY), mismatch());
}

#[test]
fn the_tolerance_is_symmetric_and_inclusive() {
    let error = |signed_at, now| {
        let headers = signer().sign_at(BODY, UnixSeconds::new(signed_at));
        verifier().verify_at(&headers, BODY, UnixSeconds::new(now)).err()
    };
    let age = std::time::Duration::from_secs(301);
    assert_eq!(error(1_000, 1_300), None);
    assert_eq!(error(1_000, 1_301), Some(VerifyError::TimestampTooOld { age }));
    assert_eq!(error(1_300, 1_000), None);
    assert_eq!(error(1_301, 1_000), Some(VerifyError::TimestampInFuture { ahead: age }));
}

#[test]
fn no_time_and_no_tolerance_overflows() {
    let largest = i64::MAX.unsigned_abs();
    for signed_at in [0, 1, largest] {
        let headers = signer().sign_at(BODY, UnixSeconds::new(signed_at));
        for now in [0, 1, largest, u64::MAX] {
            for tolerance in [0, 300, u64::MAX] {
                let within = signed_at.abs_diff(now) <= tolerance;
                let distance = std::time::Duration::from_secs(signed_at.abs_diff(now));
                let expected = match () {
                    () if within => None,
                    () if signed_at < now => Some(VerifyError::TimestampTooOld { age: distance }),
                    () => Some(VerifyError::TimestampInFuture { ahead: distance }),
                };
                let verifier = verifier().with_tolerance(std::time::Duration::from_secs(tolerance));
                let found = verifier.verify_at(&headers, BODY, UnixSeconds::new(now)).err();
                assert_eq!(found, expected);
            }
        }
    }
}

#[test]
fn the_time_window_comes_after_the_signature() {
    let later = UnixSeconds::new(NOW.as_secs() + 10_000);
    let forged = Headers::signed(BODY).replacing(SIGNATURE, "0".repeat(64));
    assert_eq!(verifier().verify_at(&forged.0, BODY, later).err(), mismatch());
}

#[test]
fn ignoring_the_time_window_ignores_nothing_else() {
    let headers = signer().sign_at(BODY, UnixSeconds::new(7));
    assert!(verifier().verify_ignoring_time_window(&headers, BODY).is_ok());
    assert_eq!(verifier().verify_ignoring_time_window(&headers, b"{}").err(), mismatch());
    let expired = verifier_with(key().with_validity(None, Some(UnixSeconds::new(6))).unwrap());
    assert_eq!(
        expired.verify_ignoring_time_window(&headers, BODY).err(),
        Some(VerifyError::KeyExpired { key_id: key_id(KEY_ID) }),
    );
}

#[test]
fn checking_headers_alone_finds_what_needs_no_body() {
    let check = |headers: &Headers| verifier().check_headers_at(&headers.0, NOW);
    let right = Headers::signed(BODY);
    assert_eq!(check(&right), Ok(()));
    assert_eq!(check(&right.clone().without(KEY)), Err(VerifyError::MissingHeader { header: KEY }),);
    assert_eq!(
        check(&right.replacing(KEY, "other")),
        Err(VerifyError::UnknownKey { key_id: key_id("other") }),
    );
}

#[test]
fn the_clock_of_a_verifier_is_what_verify_goes_by() {
    let headers = Headers::signed(BODY);
    assert!(verifier().with_clock(|| NOW).verify(&headers.0, BODY).is_ok());
    let late = verifier().with_clock(|| UnixSeconds::new(NOW.as_secs() + 301));
    let age = std::time::Duration::from_secs(301);
    assert_eq!(late.verify(&headers.0, BODY).err(), Some(VerifyError::TimestampTooOld { age }));
}

#[cfg(feature = "http")]
#[test]
fn reads_an_http_header_map_and_sees_doubled_headers_in_it() {
    let mut map = http::HeaderMap::from(&signer().sign_at(BODY, NOW));
    assert!(verifier().verify_at(&map, BODY, NOW).is_ok());
    map.append("X-Signature-Key-Id", http::HeaderValue::from_static(KEY_ID));
    assert_eq!(
        verifier().verify_at(&map, BODY, NOW).err(),
        Some(VerifyError::RepeatedHeader { header: KEY }),
    );
}
