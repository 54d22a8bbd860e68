//! Verifies the same signed delivery with its headers in each form that a server may use.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::collections::{BTreeMap, HashMap};

use spektr_verify::{HeaderSource, KeyId, SignatureHeader, VerifyError};
use support::{HEADERS, KEY, KEY_ID, NOW, SIGNATURE, TIMESTAMP, signer, verifier};

const BODY: &[u8] = br#"{"results":[]}"#;

fn pairs() -> Vec<(String, String)> {
    let signed = signer().sign_at(BODY, NOW);
    let pairs = signed.pairs().map(|(name, value)| (name.to_owned(), value.to_owned()));
    // A usual request has other headers too.
    let others = [("host".to_owned(), "localhost".to_owned())];
    pairs.into_iter().chain(others).collect()
}

/// Returns the id of the key that has signed the delivery, or the error.
fn key_id<H: HeaderSource + ?Sized>(headers: &H) -> Result<String, VerifyError> {
    let verified = verifier().verify_at(headers, BODY, NOW)?;
    Ok(verified.key_id().map(KeyId::as_str).unwrap_or_default().to_owned())
}

fn accepted() -> Result<String, VerifyError> {
    Ok(KEY_ID.to_owned())
}

fn repeated(header: SignatureHeader) -> Result<String, VerifyError> {
    Err(VerifyError::RepeatedHeader { header })
}

#[test]
fn every_form_of_the_right_headers_is_accepted() {
    let owned = pairs();
    let borrowed: Vec<(&str, &str)> =
        owned.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let bytes: Vec<(&str, &[u8])> =
        borrowed.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let array: [(&str, &str); 5] = borrowed.clone().try_into().unwrap();
    assert_eq!(key_id(&owned), accepted());
    assert_eq!(key_id(owned.as_slice()), accepted());
    assert_eq!(key_id(&borrowed), accepted());
    assert_eq!(key_id(borrowed.as_slice()), accepted());
    assert_eq!(key_id(bytes.as_slice()), accepted());
    assert_eq!(key_id(&array), accepted());
    assert_eq!(key_id(&owned.iter().cloned().collect::<HashMap<_, _>>()), accepted());
    assert_eq!(key_id(&owned.iter().cloned().collect::<BTreeMap<_, _>>()), accepted());
    assert_eq!(key_id(&borrowed.into_iter().collect::<HashMap<_, _>>()), accepted());
    assert_eq!(key_id(&bytes.into_iter().collect::<BTreeMap<_, _>>()), accepted());
}

#[test]
fn names_in_maps_and_lists_are_compared_without_case() {
    let shouted = || pairs().into_iter().map(|(name, value)| (name.to_uppercase(), value));
    assert_eq!(key_id(&shouted().collect::<HashMap<_, _>>()), accepted());
    assert_eq!(key_id(&shouted().collect::<BTreeMap<_, _>>()), accepted());
    assert_eq!(key_id(&shouted().collect::<Vec<_>>()), accepted());
}

#[test]
fn a_header_under_two_spellings_of_its_name_is_refused_even_with_one_value() {
    for header in HEADERS {
        let mut headers = pairs();
        let value = headers.iter().find(|(name, _)| name == header.name()).unwrap().1.clone();
        headers.push((header.name().to_uppercase(), value));
        assert_eq!(key_id(&headers), repeated(header));
        assert_eq!(key_id(&headers.iter().cloned().collect::<HashMap<_, _>>()), repeated(header));
        assert_eq!(key_id(&headers.into_iter().collect::<BTreeMap<_, _>>()), repeated(header));
    }
}

#[test]
fn a_header_that_stands_twice_in_a_list_is_refused_even_with_one_value() {
    for header in HEADERS {
        let mut headers = pairs();
        let twice = headers.iter().find(|(name, _)| name == header.name()).unwrap().clone();
        headers.push(twice);
        assert_eq!(key_id(&headers), repeated(header));
        assert_eq!(key_id(headers.as_slice()), repeated(header));
    }
}

/// As gateways join a header that was sent twice.
#[test]
fn values_that_were_joined_with_a_comma_are_refused() {
    for (header, expected) in [
        (SignatureHeader::Algorithm, VerifyError::UnsupportedAlgorithm),
        (TIMESTAMP, VerifyError::MalformedHeader { header: TIMESTAMP }),
        (KEY, VerifyError::UnknownKey { key_id: KeyId::new("key-a,key-a").unwrap() }),
        (SIGNATURE, VerifyError::MalformedHeader { header: SIGNATURE }),
    ] {
        let mut headers: HashMap<_, _> = pairs().into_iter().collect();
        let value = headers.get_mut(header.name()).unwrap();
        *value = format!("{value},{value}");
        assert_eq!(key_id(&headers), Err(expected));
    }
}

#[test]
fn a_map_without_a_signature_header_names_the_missing_one() {
    for header in HEADERS {
        let mut headers: BTreeMap<_, _> = pairs().into_iter().collect();
        headers.remove(header.name());
        assert_eq!(key_id(&headers), Err(VerifyError::MissingHeader { header }));
    }
    let empty: HashMap<String, String> = HashMap::new();
    assert_eq!(
        key_id(&empty),
        Err(VerifyError::MissingHeader { header: SignatureHeader::Algorithm })
    );
}
