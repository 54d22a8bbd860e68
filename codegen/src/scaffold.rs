//! The files of a new event, to be completed by hand.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::dialect::{DRAFT, ID_BASE};
use crate::json::Json;
use crate::names;

/// A name that no event can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no event name: write it as the documentation's table does, in upper case with underscores, as ALERT_RESOLVED"
)]
pub struct InvalidName(String);

/// Returns the files of an event of which nothing but the name is known, as
/// paths below the schema folder and texts: its schema, with a raw payload and
/// the status `wip`, and examples.
///
/// What is inferred stands in the schema as a decision that is not reviewed.
/// `captured` is the date on which the documentation was read, as `2026-11-23`.
///
/// # Errors
///
/// [`InvalidName`], if the name is not of the form `ALERT_RESOLVED`.
///
/// # Examples
///
/// ```
/// let files = spektr_codegen::scaffold::event("CASE_OPENED", "2026-11-23")?;
/// assert!(files.contains_key("events/case_opened.schema.json"));
/// assert!(files.contains_key("examples/case_opened/minimal.json"));
/// # Ok::<(), spektr_codegen::scaffold::InvalidName>(())
/// ```
pub fn event(name: &str, captured: &str) -> Result<BTreeMap<String, String>, InvalidName> {
    let module = name.to_snake_case();
    let file = format!("events/{module}.schema.json");
    if !names::is_module_name(&module) || names::event_name(&file) != name {
        return Err(InvalidName(name.to_owned()));
    }
    let mut files = BTreeMap::new();
    files.insert(file.clone(), text(&schema(name, &module, &file, captured)));
    for (case, body) in examples(&module) {
        files.insert(format!("examples/{module}/{case}.json"), text(&body));
    }
    Ok(files)
}

/// Returns the title that is made of the words of a name.
///
/// # Examples
///
/// ```
/// assert_eq!(spektr_codegen::scaffold::title("CaseOpened data_a.B"), "CaseOpenedDataAb");
/// ```
pub fn title(words: &str) -> String {
    // What reads as words when it is put together is no acronym any more.
    let title = words.to_upper_camel_case();
    title.to_upper_camel_case()
}

fn schema(name: &str, module: &str, file: &str, captured: &str) -> Json {
    object([
        ("$schema", string(DRAFT)),
        ("$id", string(&format!("{ID_BASE}{file}"))),
        ("title", string(&title(name))),
        (
            "description",
            string(&format!("The event {name}; say here what has happened when it arrives.")),
        ),
        (
            "x-source",
            object([
                ("page", string("webhooks-events")),
                ("section", string(name)),
                ("captured", string(captured)),
            ]),
        ),
        ("x-event", object([("name", string(name)), ("status", string("wip"))])),
        (
            "x-decisions",
            Json::Array(vec![
                object([
                    ("id", string("wire-type-inferred")),
                    ("about", Json::Array(vec![string("/properties/type/enum/0")])),
                    ("documented", string("Nothing yet.")),
                    ("chosen", string(&format!("The wire type is `{module}`."))),
                    (
                        "reason",
                        string("Inference: the type of most events is their name in lower case."),
                    ),
                    ("state", string("unreviewed")),
                ]),
                object([
                    ("id", string("payload-raw")),
                    ("about", Json::Array(vec![string("/properties/data")])),
                    ("documented", string("Nothing yet.")),
                    ("chosen", string("The payload is kept as raw JSON.")),
                    ("reason", string("Whatever arrives can be kept without knowing it.")),
                    ("state", string("unreviewed")),
                ]),
            ]),
        ),
        ("$ref", string("../common/type_envelope.schema.json")),
        ("type", string("object")),
        ("required", Json::Array(Vec::new())),
        (
            "properties",
            object([
                (
                    "type",
                    object([
                        (
                            "description",
                            string("Wire type: the name that tells which event this is."),
                        ),
                        ("enum", Json::Array(vec![string(module)])),
                    ]),
                ),
                (
                    "data",
                    object([
                        ("description", string("The payload, which is not documented.")),
                        ("x-type", string("raw")),
                        ("x-sensitive", Json::Bool(true)),
                    ]),
                ),
            ]),
        ),
    ])
}

/// Returns examples that every event of the type envelope can have.
fn examples(module: &str) -> Vec<(&'static str, Json)> {
    let millis = || ("createdAt", Json::Number(1_672_531_199_000_i64.into()));
    let wire_type = || ("type", string(module));
    let ids = || [("id", string("evt_example")), ("spektrId", string("spk_example"))];
    let data = || ("data", object([("exampleKey", string("example value"))]));
    let entry = |rest: Vec<(&'static str, Json)>| object(ids().into_iter().chain(rest));
    let invalid = |comment: &str, pointer: &str, body: Json| {
        object([("$comment", string(comment)), ("pointer", string(pointer)), ("body", body)])
    };
    vec![
        ("minimal", entry(vec![wire_type(), millis()])),
        (
            "full",
            entry(vec![
                ("workspaceId", string("wks_example")),
                wire_type(),
                ("delivered", Json::Bool(true)),
                millis(),
                data(),
            ]),
        ),
        ("delivered_null", entry(vec![wire_type(), ("delivered", Json::Null), millis(), data()])),
        ("data_null", entry(vec![wire_type(), millis(), ("data", Json::Null)])),
        (
            "unknown_member",
            entry(vec![wire_type(), millis(), data(), ("exampleUnknownMember", Json::Bool(true))]),
        ),
        (
            "event_type_envelope",
            entry(vec![
                ("workspaceId", string("wks_example")),
                ("eventType", string(module)),
                ("timestamp", Json::Number(1_731_057_600_i64.into())),
                data(),
            ]),
        ),
        (
            "invalid/id_missing",
            invalid(
                "An event without an id could not be told from its duplicates.",
                "/id",
                object([("spektrId", string("spk_example")), wire_type(), millis()]),
            ),
        ),
        (
            "invalid/created_at_string",
            invalid(
                "A point in time is a number.",
                "/createdAt",
                entry(vec![wire_type(), ("createdAt", string("2022-12-31T23:59:59Z"))]),
            ),
        ),
    ]
}

fn string(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn object<'n>(members: impl IntoIterator<Item = (&'n str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Writes JSON as the schema folder has it: two spaces, and a final newline.
fn text(json: &Json) -> String {
    // A `Json` has string keys and finite numbers, which always serialize.
    let mut text = serde_json::to_string_pretty(json).unwrap_or_default();
    text.push('\n');
    text
}
