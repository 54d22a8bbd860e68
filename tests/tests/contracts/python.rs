//! Tests the types for Python, made from the OpenAPI document by `datamodel-code-generator`, and
//! the verifier.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};
use spektr_codegen::model::Model;
use spektr_tests::{corpus, tools};
use spektr_verify::{Secret, SignedContent, Signer, SigningKey, UnixSeconds};

use super::TMP;

const VERIFIER: &str = "examples/python";

/// Returns the verdict in each vector, in the output format of the scripts.
pub(super) fn verdicts(folder: &Path) -> String {
    let mut verdicts = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the vectors are there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let vector: Value = serde_json::from_str(&corpus::read(&path)).expect("JSON");
        let verdict = match vector["expected"].get("accepted") {
            Some(accepted) => format!("accepted {}", accepted["entries"]),
            None => "rejected".to_owned(),
        };
        verdicts.insert(path.file_name().expect("a name").to_owned(), verdict);
    }
    assert_eq!(verdicts.len(), 29);
    let lines = verdicts.iter().map(|(name, said)| format!("{} {said}\n", name.to_string_lossy()));
    lines.collect()
}

/// Returns the README's code block in a language, from the section about other languages.
pub(super) fn block(language: &str) -> String {
    let readme = corpus::read(&corpus::workspace_root().join("README.md"));
    let (_, section) = readme.split_once("\n## Other languages\n").expect("there is a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let (_, block) = section.split_once(&format!("\n```{language}\n")).expect("there is a block");
    block.split_once("```").expect("the block has an end").0.to_owned()
}

/// A signed delivery of every event's full example, for the programs of the README.
pub(super) struct Delivery {
    pub(super) body: Vec<u8>,
    headers: BTreeMap<String, String>,
    /// The id that the programs print.
    pub(super) shown: String,
}

const SECRET: &str = "correct horse battery staple";

/// The time at which the delivery is signed, and the current time for the programs.
const NOW: u64 = 1_731_057_600;

/// Returns a delivery with a batch of all events.
pub(super) fn delivery() -> Delivery {
    delivery_behind(Vec::new())
}

/// Returns a delivery with a batch in which other entries come first.
fn delivery_behind(mut entries: Vec<Value>) -> Delivery {
    let examples = corpus::examples();
    let full: Vec<Value> = examples
        .values()
        .flat_map(|examples| examples.iter().find(|example| example.case == "full"))
        .map(corpus::Example::json)
        .collect();
    let shown = full.iter().find(|event| event["type"] == "alert_resolved").expect("there is one");
    let shown = shown["data"]["alertId"].as_str().expect("an id").to_owned();
    entries.extend(full);
    signed(&json!({ "results": entries }), shown)
}

/// Returns a delivery of one event without a batch.
fn delivery_of_one() -> Delivery {
    let examples = corpus::examples();
    let event = examples["alert_resolved"].iter().find(|example| example.case == "full");
    let event = event.expect("there is one").json();
    let shown = event["data"]["alertId"].as_str().expect("an id").to_owned();
    signed(&event, shown)
}

fn signed(body: &Value, shown: String) -> Delivery {
    let body = body.to_string().into_bytes();
    let secret = Secret::from_bytes(SECRET.as_bytes()).expect("a secret");
    let key = SigningKey::new("key-a", secret).expect("a key");
    let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
    let signed = signer.sign_at(&body, UnixSeconds::new(NOW));
    let headers = signed.pairs().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Delivery { body, headers: BTreeMap::from(headers), shown }
}

impl Delivery {
    /// Writes the delivery for a script; with `changed`, one byte of the body differs.
    pub(super) fn write(&self, folder: &Path, changed: Option<usize>) -> PathBuf {
        let mut body = self.body.clone();
        if let Some(at) = changed {
            body[at] ^= 1;
        }
        let path = folder.join("delivery.json");
        let keys = json!({ "key-a": SECRET });
        let delivery = json!({ "headers": self.headers, "body": body, "keys": keys, "now": NOW });
        tools::write(&path, &delivery.to_string());
        path
    }
}

/// Tells whether an example has a form that the decoder accepts and the types leave out: a wire
/// type in upper case, an alias, or `data` within the `data` of an event that has no members beside
/// it.
pub(super) fn is_beyond_types(model: &Model, example: &corpus::Example) -> bool {
    let event = model.events.iter().find(|event| event.module == example.folder);
    let beside = event.into_iter().flat_map(|event| &event.members);
    let is_nested = example.case == "event_type_envelope_nested"
        && beside.filter(|member| member.name != "data").count() == 0;
    is_nested || example.case.ends_with("_upper_case") || example.case.contains("_alias_")
}

/// Makes the types once, by the command of the README, and returns their folder.
fn types() -> &'static Path {
    static TYPES: OnceLock<PathBuf> = OnceLock::new();
    TYPES.get_or_init(make_types)
}

fn make_types() -> PathBuf {
    let folder = tools::empty_folder(TMP, "types_py");
    let command = block("sh");
    let line =
        command.lines().find(|line| line.starts_with("datamodel-codegen ")).expect("a command");
    let mut python = tools::python(&[]);
    python.args(["-m", "datamodel_code_generator"]).current_dir(&folder);
    for argument in line.split(' ').skip(1) {
        match argument {
            "contracts/openapi.json" => python.arg(tools::contract("openapi.json")),
            argument => python.arg(argument),
        };
    }
    let output = tools::output(&mut python);
    tools::printed(&output);
    assert!(folder.join("spektr.py").is_file(), "the command writes spektr.py");
    folder
}

#[test]
fn the_verifier_for_python_gives_each_vector_its_verdict() {
    let vectors = corpus::workspace_root().join("spektr-verify/vectors");
    let verifier = corpus::workspace_root().join(VERIFIER);
    let mut python = tools::python(&[&verifier]);
    let said = tools::output(python.arg(tools::folder().join("vectors.py")).arg(&vectors));
    assert_eq!(tools::printed(&said), verdicts(&vectors));
    assert!(corpus::read(&verifier.join("verify.py")).lines().count() <= 10);
}

/// Every valid example parses as its event's type, and no invalid example parses as any type.
#[test]
fn the_types_for_python_read_each_valid_example_and_no_invalid_one() {
    let folder = types();
    let set = corpus::schema_set();
    let title = |folder: &str| {
        let event = set.model().events.iter().find(|event| event.module == folder);
        event.map(|event| event.title.clone())
    };
    let mut bodies = Vec::new();
    for example in corpus::examples().into_values().flatten() {
        let (Some(title), false) = (title(&example.folder), is_beyond_types(set.model(), &example))
        else {
            continue;
        };
        let envelope = if example.has_event_type_envelope() { "ByEventType" } else { "" };
        let name = format!("{}/{}", example.folder, example.case);
        bodies.push(
            json!({ "name": name, "body": example.json(), "class": format!("{title}{envelope}") }),
        );
    }
    for example in &corpus::examples()["unknown"] {
        let envelope = if example.has_event_type_envelope() { "ByEventType" } else { "" };
        let name = format!("unknown/{}", example.case);
        bodies.push(json!({ "name": name, "body": example.json(), "class": format!("UnknownEvent{envelope}") }));
    }
    let valid = bodies.len();
    for example in corpus::invalid_examples() {
        let body: Value = serde_json::from_str(&example.body).expect("JSON");
        let name = format!("{}/invalid/{}", example.folder, example.case);
        bodies.push(json!({ "name": name, "body": body, "class": null }));
    }
    assert!(valid > 100 && bodies.len() - valid > 100, "{valid} of {}", bodies.len());
    let path = folder.join("bodies.json");
    tools::write(&path, &Value::Array(bodies.clone()).to_string());
    let mut python = tools::python(&[folder]);
    let said = tools::output(python.arg(tools::folder().join("models.py")).arg(&path));
    assert_eq!(tools::printed(&said), format!("{} bodies\n", bodies.len()));
}

/// Runs the README's lines, from the headers and the body to a verified, typed event.
#[test]
fn the_lines_of_the_readme_read_an_authentic_delivery_and_refuse_a_changed_one() {
    let types = types();
    let folder = tools::empty_folder(TMP, "readme_py");
    let block = block("python");
    let verifier = corpus::read(&corpus::workspace_root().join(VERIFIER).join("verify.py"));
    let (_, verifier) = verifier.split_once('\n').expect("its imports come first");
    assert!(block.contains(verifier), "the README shows {VERIFIER}/verify.py");
    assert!(block.lines().count() <= 10, "{block}");
    let program = folder.join("readme.py");
    tools::write(&program, &block);
    let run = |delivery: &Delivery, changed| {
        let mut python = tools::python(&[types]);
        let delivery = delivery.write(&folder, changed);
        tools::output(python.arg(tools::folder().join("readme.py")).arg(&program).arg(delivery))
    };
    let malformed = json!({ "id": "e-malformed", "type": "alert_resolved", "data": 7 });
    let (delivery, one) = (delivery_behind(vec![malformed]), delivery_of_one());
    let said = tools::printed(&run(&delivery, None));
    assert_eq!(said, format!("kept e-malformed\n{}\n", delivery.shown));
    assert_eq!(tools::printed(&run(&one, None)), format!("{}\n", one.shown));
    let said = run(&delivery, Some(delivery.body.len() / 2));
    assert!(!said.status.success(), "a byte was changed");
    let error = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(error.contains("ValueError: not authentic"), "{error}");
}
