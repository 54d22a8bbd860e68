//! Writes the files of a new event, for a person to complete.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use spektr_json::Json;

use crate::dialect::{DRAFT, ID_BASE};
use crate::envelope::{CREATED_AT, DATA, DELIVERED, ID, SPEKTR_ID, WIRE_TYPE, WORKSPACE_ID};
use crate::examples::FULL;
use crate::names;

/// Marks a text that a person must replace: a file that contains it is incomplete.
pub const PLACEHOLDER: &str = "say here";

/// The error for a name that no event can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no event name: write it as the documentation's table does, in upper case with underscores, for example ALERT_RESOLVED"
)]
pub struct InvalidName(String);

/// Returns the files of an event of which only the name is known, as
/// paths below the schema folder and texts: its schema, with a raw payload and
/// the status `wip`, and its full example.
///
/// Everything inferred is recorded in the schema as an unreviewed decision.
/// `captured` is the date on which the documentation was read, as `2026-11-23`.
///
/// # Errors
///
/// Returns [`InvalidName`] if the name is not of the form `ALERT_RESOLVED`.
///
/// # Examples
///
/// ```
/// let files = spektr_codegen::scaffold::event("CASE_OPENED", "2026-11-23")?;
/// assert!(files.contains_key("events/case_opened.schema.json"));
/// assert!(files.contains_key("examples/case_opened/full.json"));
/// # Ok::<(), spektr_codegen::scaffold::InvalidName>(())
/// ```
pub fn event(name: &str, captured: &str) -> Result<BTreeMap<String, String>, InvalidName> {
    let module = name.to_snake_case();
    let file = format!("events/{module}.schema.json");
    if !names::is_file_name(&module) || names::event_name(&file) != name {
        return Err(InvalidName(name.to_owned()));
    }
    let mut files = BTreeMap::new();
    files.insert(file.clone(), text(&schema(name, &module, &file, captured)));
    // The full example, from which all others are derived.
    let data = Json::object([("exampleKey", "example value".into())]);
    let full = Json::object(head(&module).into_iter().chain([(DATA.name, data)]));
    files.insert(format!("examples/{module}/{FULL}.json"), text(&full));
    Ok(files)
}

/// Makes a title from words.
///
/// # Examples
///
/// ```
/// assert_eq!(spektr_codegen::scaffold::title("CaseOpened data_a.B"), "CaseOpenedDataAb");
/// ```
pub fn title(words: &str) -> String {
    // The second pass lowers acronyms that the first one made by joining single letters.
    let title = words.to_upper_camel_case();
    title.to_upper_camel_case()
}

fn schema(name: &str, module: &str, file: &str, captured: &str) -> Json {
    Json::object([
        ("$schema", DRAFT.into()),
        ("$id", Json::String(format!("{ID_BASE}{file}"))),
        ("title", Json::String(title(name))),
        (
            "description",
            Json::String(format!(
                "The event {name}; {PLACEHOLDER} what has happened when it arrives."
            )),
        ),
        (
            "x-source",
            Json::object([
                ("page", "webhooks-events".into()),
                ("section", name.into()),
                ("captured", captured.into()),
            ]),
        ),
        ("x-event", Json::object([("name", name.into()), ("status", "wip".into())])),
        (
            "x-decisions",
            Json::Array(vec![
                Json::object([
                    ("id", "wire-type-inferred".into()),
                    ("about", Json::Array(vec!["/properties/type/enum/0".into()])),
                    ("documented", "Nothing yet.".into()),
                    ("chosen", Json::String(format!("The wire type is `{module}`."))),
                    (
                        "reason",
                        "Inference: the type of most events is their name in lower case.".into(),
                    ),
                    ("state", "unreviewed".into()),
                ]),
                Json::object([
                    ("id", "payload-raw".into()),
                    ("about", Json::Array(vec!["/properties/data".into()])),
                    ("documented", "Nothing yet.".into()),
                    ("chosen", "The payload is kept as raw JSON.".into()),
                    ("reason", "Raw JSON keeps any payload.".into()),
                    ("state", "unreviewed".into()),
                ]),
            ]),
        ),
        ("$ref", "../common/type_envelope.schema.json".into()),
        ("type", "object".into()),
        ("required", Json::Array(Vec::new())),
        (
            "properties",
            Json::object([
                (
                    WIRE_TYPE.name,
                    Json::object([
                        (
                            "description",
                            "Wire type: the name that tells which event this is.".into(),
                        ),
                        ("enum", Json::Array(vec![module.into()])),
                    ]),
                ),
                (
                    DATA.name,
                    Json::object([
                        ("description", "The payload, which is not documented.".into()),
                        ("x-type", "raw".into()),
                        ("x-sensitive", Json::Bool(true)),
                    ]),
                ),
            ]),
        ),
    ])
}

/// Returns the envelope's members, with the values that every new example has.
pub fn head(wire_type: &str) -> [(&'static str, Json); 6] {
    [
        (ID.name, "evt_example".into()),
        (SPEKTR_ID.name, "spk_example".into()),
        (WORKSPACE_ID.name, "wks_example".into()),
        (WIRE_TYPE.name, wire_type.into()),
        (DELIVERED.name, Json::Bool(true)),
        (CREATED_AT.name, Json::from(1_672_531_199_000)),
    ]
}

/// Formats JSON as in the schema folder: indented by two spaces, with a final newline.
pub fn text(json: &Json) -> String {
    format!("{json:#}\n")
}
