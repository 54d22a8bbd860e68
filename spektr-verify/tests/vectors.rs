//! The conformance vectors. An independent tool has made their MACs.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use std::path::Path;
use std::time::Duration;
use std::{fs, str};

use base64ct::{Base64, Encoding as _};
use serde_json::Value;
use spektr_verify::{
    KeyRing, Secret, SignatureFormat, SignedContent, Signer, SigningKey, UnixSeconds, Verifier,
    diagnose,
};

struct Vector {
    name: String,
    json: Value,
}

impl Vector {
    fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap()
    }

    fn seconds(&self, member: &str) -> UnixSeconds {
        UnixSeconds::new(self.json[member].as_u64().unwrap())
    }

    fn content(&self) -> SignedContent {
        self.text("signed_content").parse().unwrap()
    }

    fn format(&self) -> SignatureFormat {
        self.text("signature_format").parse().unwrap()
    }

    fn keys(&self) -> Vec<SigningKey> {
        let keys = self.json["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| {
                let encoding = key["encoding"].as_str().unwrap().parse().unwrap();
                let secret = Secret::new(key["secret"].as_str().unwrap(), encoding).unwrap();
                let time = |member: &str| key[member].as_u64().map(UnixSeconds::new);
                SigningKey::new(key["id"].as_str().unwrap(), secret)
                    .and_then(|key| key.with_validity(time("not_before"), time("not_after")))
                    .unwrap()
            })
            .collect()
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        let headers = self.json["headers"].as_array().unwrap();
        headers.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
    }

    fn body(&self) -> Vec<u8> {
        Base64::decode_vec(self.text("body_base64")).unwrap()
    }

    fn verifier(&self) -> Verifier {
        let tolerance = Duration::from_secs(self.json["tolerance_seconds"].as_u64().unwrap());
        Verifier::new(KeyRing::new(self.keys()).unwrap(), self.content())
            .with_signature_format(self.format())
            .with_tolerance(tolerance)
    }

    fn accepted(&self) -> Option<&Value> {
        self.json["expected"].get("accepted")
    }
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut vectors = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            vectors.push(Vector {
                name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                json: serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap(),
            });
        }
    }
    assert_eq!(vectors.len(), 29);
    vectors
}

#[test]
fn every_vector_gets_the_verdict_that_it_states() {
    for vector in vectors() {
        let name = &vector.name;
        let result =
            vector.verifier().verify_at(&vector.headers(), vector.body(), vector.seconds("now"));
        let Some(expected) = vector.accepted() else {
            let reason = vector.json["expected"]["rejected"].as_str();
            assert_eq!(result.err().map(|error| error.reason()), reason, "{name}");
            continue;
        };
        let verified = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            verified.key_id().map(ToString::to_string).as_deref(),
            expected["key_id"].as_str(),
            "{name}",
        );
        let entries = verified.entries().map(|entries| entries.len()).ok();
        assert_eq!(entries, expected["entries"].as_u64().map(|count| count as usize), "{name}");
    }
}

#[test]
fn the_signer_makes_the_headers_that_openssl_made() {
    for vector in vectors() {
        let Some(expected) = vector.accepted() else {
            continue;
        };
        let id = expected["key_id"].as_str().unwrap();
        let key = vector.keys().into_iter().find(|key| key.id().as_str() == id).unwrap();
        let signed_at = UnixSeconds::new(expected["signed_at"].as_u64().unwrap());
        let headers = Signer::new(key, vector.content())
            .with_signature_format(vector.format())
            .sign_at(&vector.body(), signed_at);
        assert_eq!(headers.pairs().to_vec(), vector.headers(), "{}", vector.name);
    }
}

#[test]
fn diagnose_finds_the_construction_of_every_accepted_vector() {
    for vector in vectors() {
        let Some(expected) = vector.accepted() else {
            continue;
        };
        let keys = vector.json["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["id"] == expected["key_id"]).unwrap();
        let secret = key["secret"].as_str().unwrap();
        let diagnosis = diagnose(&vector.headers(), &vector.body(), secret).unwrap();
        let [found] = diagnosis.matches() else { panic!("{}: {diagnosis}", vector.name) };
        assert_eq!(found.content, vector.content(), "{}", vector.name);
        assert_eq!(found.signature_format, vector.format(), "{}", vector.name);
        assert_eq!(found.secret_encoding.name(), key["encoding"], "{}", vector.name);
    }
}
