//! Compares the headers and answers in the contracts with this project's receivers.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use spektr_tests::{corpus, tools};
use spektr_verify::{SignatureHeader, Verifier};

fn contract(name: &str) -> Value {
    serde_json::from_str(&corpus::read(&tools::contract(name))).expect("JSON")
}

const HEADERS: [SignatureHeader; 4] = [
    SignatureHeader::Algorithm,
    SignatureHeader::Timestamp,
    SignatureHeader::KeyId,
    SignatureHeader::Signature,
];

#[test]
fn the_headers_are_those_that_are_verified() {
    let names = HEADERS.map(SignatureHeader::name);
    let openapi = contract("openapi.json");
    let parameters = openapi["components"]["parameters"].as_object().expect("parameters");
    let found: BTreeSet<_> = parameters.values().map(|it| it["name"].as_str()).collect();
    assert_eq!(found, names.iter().copied().map(Some).collect());
    let used = openapi.pointer("/webhooks/delivery/post/parameters").expect("they are used");
    let used: Vec<_> = used.as_array().into_iter().flatten().map(|it| &it["$ref"]).collect();
    assert_eq!(used, names.map(|name| json!(format!("#/components/parameters/{name}"))).each_ref());
    let asyncapi = contract("asyncapi.json");
    let headers = &asyncapi["components"]["messages"]["delivery"]["headers"];
    assert_eq!(headers["required"], json!(names));
}

/// The verifier's vectors are an independent source of how a header is formed.
#[test]
fn the_headers_have_the_forms_that_are_accepted() {
    let asyncapi = contract("asyncapi.json");
    let headers = &asyncapi["components"]["messages"]["delivery"]["headers"];
    let validator: Validator = jsonschema::validator_for(headers).expect("a schema");
    let (mut right, mut wrong) = (0, 0);
    let folder = corpus::workspace_root().join("spektr-verify/vectors");
    for entry in fs::read_dir(folder).expect("the vectors are there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let vector: Value = serde_json::from_str(&corpus::read(&path)).expect("JSON");
        if vector["signature_format"] != "hex" {
            continue;
        }
        let pairs = vector["headers"].as_array().into_iter().flatten();
        let mut headers = Map::new();
        let mut is_repeated = false;
        for pair in pairs {
            let name = pair[0].as_str().expect("a name").to_ascii_lowercase();
            is_repeated |= headers.insert(name, pair[1].clone()).is_some();
        }
        let reason = vector["expected"]["rejected"].as_str().unwrap_or_default();
        let is_malformed =
            ["header_missing", "header_malformed", "algorithm_unsupported"].contains(&reason);
        assert_eq!(is_repeated, reason == "header_repeated", "{}", path.display());
        let headers = Value::Object(headers);
        assert_eq!(validator.is_valid(&headers), !is_malformed, "{}", path.display());
        if is_malformed { wrong += 1 } else { right += 1 }
    }
    assert!(right > 10 && wrong > 3, "{right} well-formed, {wrong} malformed");
}

#[test]
fn the_examples_of_the_headers_are_those_of_the_vector_that_is_named() {
    let path = corpus::workspace_root().join("spektr-verify/vectors/good.json");
    let vector: Value = serde_json::from_str(&corpus::read(&path)).expect("JSON");
    let openapi = contract("openapi.json");
    for pair in vector["headers"].as_array().expect("headers") {
        let parameter = &openapi["components"]["parameters"][pair[0].as_str().expect("a name")];
        assert_eq!(parameter["example"], pair[1]);
    }
}

/// The source code names each status that the endpoint and the extractor answer with.
#[test]
fn the_answers_are_those_of_the_receivers() {
    let openapi = contract("openapi.json");
    let responses = openapi.pointer("/webhooks/delivery/post/responses").expect("there are");
    let documented: BTreeSet<String> = responses
        .as_object()
        .expect("by status")
        .keys()
        .filter(|it| *it != "default")
        .cloned()
        .collect();
    let mut answered = BTreeSet::new();
    for source in [
        "spektr-inbox/src/receive/refusal.rs",
        "spektr-inbox/src/receive/delivery.rs",
        "spektr-inbox/src/receive/routes.rs",
        "spektr-axum/src/ack.rs",
        "spektr-axum/src/rejection.rs",
    ] {
        let text = corpus::read(&corpus::workspace_root().join(source));
        let names = text.split("StatusCode::").skip(1);
        let names =
            names.map(|rest| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next());
        answered.extend(names.flatten().filter(|name| name.len() > 1).map(status));
    }
    assert!(answered.remove("405"), "the contract is about a POST; other methods are refused");
    assert_eq!(documented, answered);
    let failure = responses["default"]["description"].as_str().expect("a text");
    for (status, response) in responses.as_object().expect("by status") {
        let text = response["description"].as_str().expect("a text");
        assert_eq!(text.ends_with(failure), status != "200", "{status}: what the sender does");
    }
}

/// The numbers in the texts equal the defaults of the verifier, and of the command that imitates
/// the sender.
#[test]
fn the_tolerance_and_the_repetitions_are_those_of_the_verifier_and_of_the_played_sender() {
    let openapi = contract("openapi.json");
    let timestamp = &openapi["components"]["parameters"]["x-signature-timestamp"]["description"];
    assert_eq!(Verifier::DEFAULT_TOLERANCE, Duration::from_secs(5 * 60));
    assert!(timestamp.as_str().expect("a text").contains("accept five minutes of difference"));

    let sender = corpus::read(&corpus::workspace_root().join("spektr-cli/src/sender.rs"));
    let default = |argument: &str, unit: &str| {
        let (before, _) = sender.split_once(argument).expect("the argument is there");
        let (_, value) = before.rsplit_once("default_value").expect("it has a default");
        let digits = value.find(|character: char| character.is_ascii_digit()).expect("a number");
        let end = value[digits..].find(unit).expect("the unit follows");
        value[digits..digits + end].to_owned()
    };
    let (times, seconds) = (default("retries: u32", ")"), default("retry_interval: ", "s\""));
    let failure = openapi.pointer("/webhooks/delivery/post/responses/default/description");
    assert_eq!(
        failure.and_then(Value::as_str),
        Some(&*format!(
            "The sender treats any status other than 200 as a failure: it repeats the delivery \
             {times} times, {seconds} s apart, and then drops it."
        ))
    );
}

/// Returns the number of a status from its name in the source code.
fn status(name: &str) -> String {
    let numbers = 200..600;
    let found =
        numbers.filter_map(|number| http::StatusCode::from_u16(number).ok()).find(|status| {
            let reason = status.canonical_reason().unwrap_or_default();
            reason.to_ascii_uppercase().replace([' ', '-'], "_") == name
        });
    found.unwrap_or_else(|| panic!("no status is called {name}")).as_str().to_owned()
}
