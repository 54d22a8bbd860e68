//! Tests the texts of errors and values word for word, because people search for them and logs
//! keep them.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::time::Duration;

use spektr_verify::{
    KeyError, KeyRing, Secret, SharedKeys, SignatureFormat, SignedContent, SignedContentError,
    SigningKey, UnixSeconds, Verifier, danger, diagnose,
};
use support::{ALGORITHM, HEADERS, KEY_ID, NOW, SECRET, key, signer, verifier};

#[test]
fn errors_of_a_template_say_what_is_wrong_with_it_and_where() {
    for (error, text) in [
        (SignedContentError::Body, "signed content must contain {body} exactly once"),
        (
            SignedContentError::Placeholder { at: 3 },
            "signed content has an unknown placeholder at byte 3",
        ),
        (
            SignedContentError::Literal { at: 7 },
            "signed content has a character that is not allowed at byte 7",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
    let error = "base64".parse::<SignatureFormat>().unwrap_err();
    assert_eq!(error.to_string(), "the signature format is none of hex, sha256=hex");
}

#[test]
fn errors_of_keys_say_what_is_wrong_with_them() {
    for (error, text) in [
        (KeyError::EmptySecret, "the secret is empty"),
        (KeyError::SurroundingWhitespace, "the secret has white space around it"),
        (KeyError::NotHex, "the secret is not an even number of hexadecimal digits"),
        (KeyError::NotBase64, "the secret is not base64"),
        (KeyError::MalformedKeyId, "the key id is not 1 to 256 characters of visible ASCII"),
        (KeyError::EmptyValidity, "the key expires before it becomes valid"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn errors_of_key_rings_name_keys_by_their_places() {
    let error = |text: &str| KeyRing::parse(text).unwrap_err().to_string();
    for (text, shown) in [
        ("", "the key ring has no keys"),
        ("a=1,b=2,a=3", "keys 1 and 3 have the same id"),
        ("a=1,b", "key 2 is not of the form id=secret"),
        ("a=1,b:hex=x", "key 2 cannot be used"),
    ] {
        assert_eq!(error(text), shown);
    }
}

#[test]
fn the_cause_of_an_error_is_its_source() {
    use std::error::Error as _;

    let error = KeyRing::parse("a=1,b:hex=x").unwrap_err();
    let cause = error.source().map(ToString::to_string);
    assert_eq!(cause.as_deref(), Some("the secret is not an even number of hexadecimal digits"));
    assert!(KeyRing::parse("").unwrap_err().source().is_none());
}

#[cfg(feature = "toml")]
#[test]
fn errors_of_key_files_name_places_in_them() {
    use std::error::Error as _;

    let error = |text: &str| KeyRing::from_toml(text).unwrap_err().to_string();
    for (text, shown) in [
        ("keys = [\n{ id = \"a\"", "the key file is not TOML at line 2"),
        (
            "keys = []\nowner = 1",
            "the key file has an unknown member (in key 0; 0 is the top level)",
        ),
        ("keys = 1", "the key file's `keys` is not a list of tables"),
        ("[[keys]]\nid = \"a\"", "key 1 lacks a usable `secret`"),
    ] {
        assert_eq!(error(text), shown);
    }
    let missing = KeyRing::from_toml_file("no/such/file.toml").unwrap_err();
    assert_eq!(missing.to_string(), "cannot read the key file no/such/file.toml");
    assert!(missing.source().unwrap().downcast_ref::<std::io::Error>().is_some());
}

#[test]
fn headers_are_shown_by_their_names() {
    let names = HEADERS.map(|header| header.to_string());
    let expected =
        ["x-signature-alg", "x-signature-timestamp", "x-signature-key-id", "x-signature"];
    assert_eq!(names, expected);
}

#[test]
fn values_show_what_they_are_for_without_secret_signature_or_body() {
    let signed = signer().sign_at(b"{}", NOW);
    let verified = verifier().verify_at(&signed, b"{}", NOW).unwrap();
    let shown: [&dyn std::fmt::Debug; 11] = [
        &SignedContent::TIMESTAMP_DOT_BODY,
        &signed,
        &verified,
        &danger::assume_verified(b"{}"),
        &verifier(),
        &danger::verifier_that_accepts_unsigned_deliveries(),
        &key(),
        &KeyRing::new([key()]).unwrap(),
        &SharedKeys::new(KeyRing::new([key()]).unwrap()),
        &signer(),
        &Secret::from_bytes(SECRET).unwrap(),
    ];
    let key = "SigningKey { id: KeyId(\"key-a\"), secret: Secret(..), not_before: None, not_after: None }";
    let ring = format!("KeyRing {{ keys: [{key}] }}");
    let content = "SignedContent(\"{timestamp}.{body}\")";
    let expected = [
        content.to_owned(),
        "SignedHeaders { timestamp: \"1731057600\", key_id: KeyId(\"key-a\"), .. }".to_owned(),
        "Verified { provenance: Signed { key_id: KeyId(\"key-a\"), \
         signed_at: UnixSeconds(1731057600) }, body: 2 bytes }"
            .to_owned(),
        "Verified { provenance: Assumed, body: 2 bytes }".to_owned(),
        format!(
            "Verifier {{ keys: SharedKeys({ring}), content: {content}, format: Hex, \
             tolerance: 300s, .. }}"
        ),
        "Verifier { unsigned: true, tolerance: 300s, .. }".to_owned(),
        key.to_owned(),
        ring.clone(),
        format!("SharedKeys({ring})"),
        format!("Signer {{ key: {key}, content: {content}, format: Hex }}"),
        "Secret(..)".to_owned(),
    ];
    assert_eq!(shown.map(|value| format!("{value:?}")), expected);
}

/// If the timestamp and the key id are the same text, several constructions give the signature.
#[test]
fn a_diagnosis_names_each_match_on_a_line_and_what_would_still_refuse_the_delivery() {
    let id = NOW.as_secs().to_string();
    let key = SigningKey::new(&id, Secret::from_bytes(SECRET).unwrap()).unwrap();
    let signer = spektr_verify::Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
    let signed = signer.sign_at(b"{}", NOW);
    let headers: Vec<_> = signed
        .pairs()
        .into_iter()
        .map(|(name, value)| (name, if name == ALGORITHM.name() { "sha1" } else { value }))
        .collect();
    let found = diagnose(&headers, b"{}", std::str::from_utf8(SECRET).unwrap()).unwrap();
    assert_eq!(
        found.to_string(),
        "match: signed content `{timestamp}.{body}`, secret as utf8, signature as hex\n\
         match: signed content `{key_id}.{body}`, secret as utf8, signature as hex\n\
         still refused: the signature algorithm is not sha256"
    );
    assert_eq!(found.matches().len(), 2);
}

#[test]
fn a_key_and_a_verifier_tell_how_they_are_configured() {
    let at = |seconds: u64| UnixSeconds::new(NOW.as_secs() + seconds);
    let key = key().with_validity(Some(NOW), Some(at(10))).unwrap();
    assert_eq!(key.not_after(), Some(at(10)));
    let times = [UnixSeconds::new(NOW.as_secs() - 1), NOW, at(10), at(11)];
    assert_eq!(times.map(|time| key.is_valid_at(time)), [false, true, true, false]);
    let ring = KeyRing::new([key]).unwrap();
    let verifier = Verifier::new(ring, SignedContent::TIMESTAMP_DOT_BODY)
        .with_tolerance(Duration::from_secs(17));
    assert_eq!(verifier.tolerance(), Duration::from_secs(17));
    let has_valid = |time| verifier.keys().unwrap().has_valid_key_at(time);
    assert_eq!(times.map(has_valid), [false, true, true, false]);
    let ring = verifier.keys().unwrap();
    assert_eq!(ring.key(KEY_ID).map(SigningKey::id), ring.ids().next());
    assert!(ring.key("another").is_none());
    let ids: Vec<_> = verifier.keys().unwrap().ids().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(ids, [KEY_ID]);
}
