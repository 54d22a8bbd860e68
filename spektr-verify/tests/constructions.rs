//! Verifies every construction that can be configured, signed by Python.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use std::collections::HashMap;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use spektr_verify::{
    KeyRing, Secret, SecretEncoding, SignatureFormat, SignedContent, Signer, SigningKey,
    UnixSeconds, Verifier, diagnose,
};

/// The delivery, and the ways of signing it.
struct Signed {
    timestamp: UnixSeconds,
    key_id: &'static str,
    secret: &'static str,
    body: Vec<u8>,
    ways: Vec<Way>,
}

struct Way {
    is_diagnosed: bool,
    encoding: SecretEncoding,
    content: SignedContent,
    signature: &'static str,
}

impl Signed {
    fn read() -> Self {
        let (facts, lines): (Vec<_>, Vec<_>) = include_str!("../vectors/constructions.tsv")
            .lines()
            .partition(|line| line.starts_with("# "));
        let facts: HashMap<_, _> =
            facts.iter().map(|line| line[2..].split_once('\t').unwrap()).collect();
        let ways = lines.iter().map(|line| {
            let [kind, encoding, template, signature] =
                line.split('\t').collect::<Vec<_>>()[..].try_into().unwrap();
            Way {
                is_diagnosed: kind == "diagnosed",
                encoding: encoding.parse().unwrap(),
                content: template.parse().unwrap(),
                signature,
            }
        });
        Self {
            timestamp: UnixSeconds::new(facts["timestamp"].parse().unwrap()),
            key_id: facts["key_id"],
            secret: facts["secret"],
            body: Base64::decode_vec(facts["body"]).unwrap(),
            ways: ways.collect(),
        }
    }

    fn key(&self, way: &Way) -> SigningKey {
        SigningKey::new(self.key_id, Secret::new(self.secret, way.encoding).unwrap()).unwrap()
    }

    /// Returns the four headers, with the signature in a format.
    fn headers(&self, way: &Way, format: SignatureFormat) -> [(&'static str, String); 4] {
        let prefix = if format == SignatureFormat::PrefixedHex { "sha256=" } else { "" };
        [
            ("X-Signature-Alg", "sha256".to_owned()),
            ("X-Signature-Timestamp", self.timestamp.to_string()),
            ("X-Signature-Key-Id", self.key_id.to_owned()),
            ("X-Signature", format!("{prefix}{}", way.signature)),
        ]
    }
}

const FORMATS: [SignatureFormat; 2] = [SignatureFormat::Hex, SignatureFormat::PrefixedHex];

#[test]
fn a_verifier_accepts_what_python_signed_in_the_configured_way_and_in_no_other() {
    let signed = Signed::read();
    assert_eq!(signed.ways.len(), 3 * (100 + 3));
    for way in &signed.ways {
        for format in FORMATS {
            let headers = signed.headers(way, format);
            let accepts = |content: &SignedContent, format, body: &[u8]| {
                let ring = KeyRing::new([signed.key(way)]).unwrap();
                Verifier::new(ring, content.clone())
                    .with_signature_format(format)
                    .with_tolerance(Duration::ZERO)
                    .verify_at(&headers, body, signed.timestamp)
                    .is_ok()
            };
            assert!(accepts(&way.content, format, &signed.body), "{:?}", way.content);
            let other = FORMATS.into_iter().find(|other| *other != format).unwrap();
            assert!(!accepts(&way.content, other, &signed.body));
            assert!(!accepts(&way.content, format, &signed.body[1..]));
            let longer: SignedContent = format!("{}!", way.content).parse().unwrap();
            assert!(!accepts(&longer, format, &signed.body));
        }
    }
}

#[test]
fn the_signer_makes_what_python_made() {
    let signed = Signed::read();
    for way in &signed.ways {
        let headers = Signer::new(signed.key(way), way.content.clone())
            .sign_at(&signed.body, signed.timestamp);
        let [.., (_, signature)] = headers.pairs();
        assert_eq!(signature, way.signature, "{:?} {}", way.content, way.encoding);
    }
}

/// Tests each template once, with alternating encodings and formats, because every attempt of
/// `diagnose` reads the whole body.
#[test]
fn diagnose_finds_each_construction_that_it_claims_to_try_and_no_other() {
    let signed = Signed::read();
    for (index, template) in signed.ways.chunks(3).enumerate() {
        let way = &template[index % 3];
        let format = FORMATS[index % 2];
        let headers = signed.headers(way, format);
        let diagnosis = diagnose(&headers, &signed.body, signed.secret).unwrap();
        let found: Vec<_> = diagnosis
            .matches()
            .iter()
            .map(|found| (&found.content, found.secret_encoding, found.signature_format))
            .collect();
        let expected = way.is_diagnosed.then_some((&way.content, way.encoding, format));
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        assert_eq!(diagnosis.tried(), 300);
    }
}
