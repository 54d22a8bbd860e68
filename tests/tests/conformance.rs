//! Tests the schema files with a JSON Schema validator: they are valid JSON Schema, the examples
//! are valid against them, and the invalid examples are not.
//!
//! The validator does not know the dialect, the generator or the types, so its result is
//! independent of all three.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Registry, Validator, draft202012};
use serde_json::{Value, json};
use spektr_tests::corpus::{self, Example};
use spektr_types::Entries;

const BASE: &str = "https://spektr-webhooks.invalid/schema/";

/// Validators for the files of the schema folder; they fetch nothing.
struct Schemas(Registry<'static>);

impl Schemas {
    fn new() -> Self {
        let mut registry = Registry::new();
        for (file, text) in corpus::schema_files() {
            let schema: Value = serde_json::from_str(&text).expect("a schema file is JSON");
            registry = registry.add(format!("{BASE}{file}"), schema).expect("an id is a URI");
        }
        Self(registry.prepare().expect("every reference leads to a schema file"))
    }

    fn validator(&self, file: &str) -> Validator {
        let schema = json!({ "$ref": format!("{BASE}{file}") });
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(&self.0)
            .build(&schema)
            .unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn event(&self, module: &str) -> Validator {
        self.validator(&format!("events/{module}.schema.json"))
    }
}

/// Returns the places at which a value is invalid, in the decoder's form: a missing member has a
/// place too.
fn faults(validator: &Validator, json: &Value) -> Vec<String> {
    validator
        .iter_errors(json)
        .map(|error| match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().expect("a member's name is a string");
                format!("{}/{name}", error.instance_path())
            }
            _ => error.instance_path().to_string(),
        })
        .collect()
}

#[test]
fn every_schema_file_is_valid_by_its_metaschema() {
    for (file, text) in corpus::schema_files() {
        let schema: Value = serde_json::from_str(&text).expect("a schema file is JSON");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{file}");
        assert_eq!(schema["$id"], format!("{BASE}{file}"), "{file}");
        if let Err(error) = draft202012::meta::validate(&schema) {
            panic!("{file}: {error}");
        }
    }
}

#[test]
fn every_example_satisfies_its_schema_and_decodes() {
    let schemas = Schemas::new();
    let other_envelope = schemas.validator("common/event_type_envelope.schema.json");
    let mut in_other_envelope = 0;
    for example in corpus::event_examples() {
        let Example { folder, case, .. } = &example;
        let event_schema = schemas.event(folder);
        let canonical = serde_json::to_value(example.event()).expect("an event serializes");
        let json = example.json();
        if example.has_event_type_envelope() {
            in_other_envelope += 1;
            assert_eq!(faults(&other_envelope, &json), [""; 0], "{folder}/{case}");
        } else {
            assert_eq!(faults(&event_schema, &json), [""; 0], "{folder}/{case}");
        }
        assert_eq!(faults(&event_schema, &canonical), [""; 0], "{folder}/{case}, encoded");
    }
    assert!(in_other_envelope >= 10, "each event has an example in the other envelope");
}

#[test]
fn every_invalid_example_violates_its_schema_where_decoding_fails() {
    let schemas = Schemas::new();
    for example in corpus::invalid_examples() {
        let name = format!("{}/{}", example.folder, example.case);
        let json: Value = serde_json::from_str(&example.body).expect("the body is JSON");
        let found = faults(&schemas.event(&example.folder), &json);
        assert_eq!(found, [example.pointer.as_str()], "{name}, as its schema sees it");

        let entries = Entries::parse(example.body.as_bytes()).expect("the body is one entry");
        let entry = entries.iter().next().expect("the body is one entry");
        let error = entry.decode().expect_err("the entry is malformed");
        assert_eq!(error.pointer(), example.pointer, "{name}, as the decoder sees it");
        assert_eq!(error.raw().as_str(), example.body, "{name}");
    }
}

#[test]
fn unknown_events_satisfy_one_of_the_envelopes() {
    let schemas = Schemas::new();
    for example in &corpus::examples()["unknown"] {
        let envelope = if example.has_event_type_envelope() { "event_type" } else { "type" };
        let validator = schemas.validator(&format!("common/{envelope}_envelope.schema.json"));
        assert_eq!(faults(&validator, &example.json()), [""; 0], "unknown/{}", example.case);
    }
}

#[test]
fn batches_satisfy_the_schema_of_batches_and_each_entry_its_event_s() {
    let schemas = Schemas::new();
    let batch = schemas.validator("common/batch.schema.json");
    let set = corpus::schema_set();
    for example in &corpus::examples()["batch"] {
        assert_eq!(faults(&batch, &example.json()), [""; 0], "batch/{}", example.case);
        for entry in &example.entries() {
            let event = corpus::decode(entry, &example.case);
            let event_type = event.event_type();
            let Some(info) = event_type.info() else {
                continue;
            };
            let module = &set.model().event(info.name()).expect("the event is documented").module;
            let canonical = serde_json::to_value(&event).expect("an event serializes");
            assert_eq!(faults(&schemas.event(module), &canonical), [""; 0], "{}", example.case);
        }
    }
}

#[test]
fn what_is_no_batch_violates_the_schema_of_batches() {
    let batch = Schemas::new().validator("common/batch.schema.json");
    assert_eq!(faults(&batch, &json!({})), ["/results"]);
    assert_eq!(faults(&batch, &json!({ "results": {} })), ["/results"]);
    assert_eq!(faults(&batch, &json!({ "results": [{ "id": "e" }] })), ["/results/0"]);
}
