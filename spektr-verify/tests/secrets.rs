//! Tests that secrets, signatures and bodies do not leak, and that keys cannot be compared or
//! serialized.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::fmt::{Debug, Display};
use std::{env, process};

use spektr_verify::{
    KeyRing, Secret, SecretEncoding, SharedKeys, SignedContent, Signer, SigningKey, Verifier,
    danger, diagnose,
};
use support::NOW;

const SECRET: &str = "marker-secret";
const BODY: &[u8] = br#"{"results":[{"id":"e1","type":"x","createdAt":1,"data":"marker-body"}]}"#;

fn key() -> SigningKey {
    SigningKey::new("key-a", Secret::new(SECRET, SecretEncoding::Utf8).unwrap()).unwrap()
}

/// Returns whether a text contains the secret, a marker or the signature, in any spelling.
fn leaks(text: &str, signature: &str) -> bool {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{:?}", SECRET.as_bytes());
    ["marker", &hex, list.trim_matches(['[', ']']), signature]
        .into_iter()
        .any(|it| text.contains(it))
}

#[test]
fn nothing_prints_a_secret_a_signature_or_a_body() {
    let ring = || KeyRing::new([key()]).unwrap();
    let signer = Signer::new(key(), SignedContent::TIMESTAMP_DOT_BODY);
    let verifier = Verifier::new(ring(), SignedContent::TIMESTAMP_DOT_BODY);
    let headers = signer.sign_at(BODY, NOW);
    let [.., (_, signature)] = headers.pairs();
    let verified = verifier.verify_at(&headers, BODY, NOW).unwrap();
    let mismatch = verifier.verify_at(&headers, b"marker-other", NOW).unwrap_err();
    let diagnosis = diagnose(&headers, BODY, SECRET).unwrap();
    let nothing = diagnose(&headers, b"marker-other", SECRET).unwrap();

    let debug: [&dyn Debug; 12] = [
        &Secret::new(SECRET, SecretEncoding::Utf8).unwrap(),
        &key(),
        &ring(),
        &SharedKeys::new(ring()),
        &signer,
        &verifier,
        &headers,
        &verified,
        &danger::assume_verified(BODY),
        &mismatch,
        &diagnosis,
        &nothing,
    ];
    for value in debug {
        for text in [format!("{value:?}"), format!("{value:#?}")] {
            assert!(!leaks(&text, signature), "{text}");
        }
    }
    let display: [&dyn Display; 3] = [&mismatch, &diagnosis, &nothing];
    for value in display {
        let text = value.to_string();
        assert!(!leaks(&text, signature), "{text}");
    }
    assert!(leaks("x marker-secret", signature) && leaks(signature, signature));
}

#[test]
fn a_mismatch_points_to_the_tool_that_explains_it() {
    let headers = support::signer().sign_at(BODY, NOW);
    let error = support::verifier().verify_at(&headers, b"other", NOW).unwrap_err();
    assert!(error.to_string().contains("diagnose"));
}

/// Compiles only if the type implements none of the traits: an implemented trait makes the call
/// ambiguous.
macro_rules! implements_none_of {
    ($type:ty: $($bound:path),+) => {{
        trait Ambiguous<A> { fn check() {} }
        impl<T: ?Sized> Ambiguous<()> for T {}
        $({
            struct Marker;
            impl<T: ?Sized + $bound> Ambiguous<Marker> for T {}
        })+
        <$type as Ambiguous<_>>::check();
    }};
}

#[test]
fn keys_cannot_be_compared_serialized_or_displayed() {
    implements_none_of!(Secret: PartialEq, std::hash::Hash, serde::Serialize, Display);
    implements_none_of!(SigningKey: PartialEq, std::hash::Hash, serde::Serialize, Display);
    implements_none_of!(KeyRing: PartialEq, std::hash::Hash, serde::Serialize, Display);
    implements_none_of!(SharedKeys: PartialEq, std::hash::Hash, serde::Serialize, Display);
    implements_none_of!(Signer: PartialEq, std::hash::Hash, serde::Serialize, Display);
}

/// A program cannot set its own environment safely, so the test runs itself again as a child.
#[test]
fn a_key_ring_is_read_from_the_environment() {
    const INNER: &str = "SPEKTR_TEST_INNER";
    if env::var_os(INNER).is_some() {
        let ring = KeyRing::from_env().unwrap();
        let ids: Vec<_> = ring.ids().map(|id| id.as_str()).collect();
        assert_eq!(ids, ["key-a", "key-b"]);
        return;
    }
    let output = process::Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_key_ring_is_read_from_the_environment"])
        .env(INNER, "1")
        .env(KeyRing::ENV_VAR, "key-a=marker-secret,key-b:hex=6b6579")
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
