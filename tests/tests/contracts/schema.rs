//! Compares ajv, validating with the schema, with the decoder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};
use spektr_codegen::examples::ExampleOrigin;
use spektr_tests::corpus::{self, Example};
use spektr_tests::tools;
use spektr_types::Entries;

use super::TMP;
use super::python::is_beyond_types;

/// A body with the decoder's verdict.
#[derive(Serialize)]
struct Body {
    name: String,
    body: Value,
    decodes: bool,
}

impl Body {
    fn new(name: String, body: Value) -> Self {
        let decodes = decodes(&body);
        Self { name, body, decodes }
    }
}

/// Tells whether the body can be split and every entry decodes.
fn decodes(body: &Value) -> bool {
    let text = body.to_string();
    let entries = Entries::parse(text.as_bytes());
    entries.is_ok_and(|entries| entries.iter().all(|entry| entry.decode().is_ok()))
}

fn valid() -> Vec<Body> {
    let examples = corpus::examples().into_values().flatten();
    let bodies = examples.map(|it| Body::new(format!("{}/{}", it.folder, it.case), it.json()));
    let bodies: Vec<_> = bodies.collect();
    assert!(bodies.iter().all(|body| body.decodes), "each example decodes");
    bodies
}

fn invalid() -> Vec<Body> {
    let examples = corpus::invalid_examples().into_iter();
    let bodies = examples.map(|example| {
        let json = serde_json::from_str(&example.body).expect("an example is JSON");
        Body::new(format!("{}/invalid/{}", example.folder, example.case), json)
    });
    let bodies: Vec<_> = bodies.collect();
    assert!(bodies.iter().all(|body| !body.decodes), "no invalid example decodes");
    bodies
}

/// Runs ajv, and returns its results for the bodies on which it differs from the decoder.
fn differences(name: &str, schema: &Path, bodies: &[Body]) -> Vec<String> {
    let folder = tools::empty_folder(TMP, name);
    let path = folder.join("bodies.json");
    tools::write(&path, &serde_json::to_string(bodies).expect("bodies are JSON"));
    let said = tools::printed(&tools::node("ajv.mjs", &[schema, &path]));
    let mut lines: Vec<_> = said.lines().map(str::to_owned).collect();
    assert_eq!(lines.pop(), Some(format!("{} bodies", bodies.len())), "{said}");
    lines
}

fn bundle() -> PathBuf {
    tools::contract("spektr.schema.json")
}

#[test]
fn the_schema_accepts_each_valid_example_and_refuses_each_invalid_one() {
    let (valid, invalid) = (valid(), invalid());
    let batch = |name: &str, entries: Vec<&Body>| {
        let entries: Vec<_> = entries.into_iter().map(|entry| &entry.body).collect();
        Body::new(name.to_owned(), json!({ "results": entries }))
    };
    let events: Vec<_> = valid.iter().filter(|it| it.body.get("results").is_none()).collect();
    let batches = [
        batch("a batch of all events", events.clone()),
        batch("a batch with one malformed entry", [&events[..], &[&invalid[0]]].concat()),
    ];
    assert_eq!(batches.each_ref().map(|batch| batch.decodes), [true, false]);
    let bodies: Vec<_> = valid.into_iter().chain(invalid).chain(batches).collect();
    assert_eq!(differences("examples", &bundle(), &bodies), [""; 0]);
}

/// Changes every place of each example that is more than one edit of another, in both envelopes and
/// in batches: removes the value, or replaces it by values of other types.
#[test]
fn the_schema_and_the_decoder_agree_on_each_change_of_an_example() {
    let wrong = [json!(null), json!(true), json!(7), json!("text"), json!([]), json!({})];
    let mut bodies = Vec::new();
    for example in corpus::examples().into_values().flatten() {
        if matches!(example.origin, ExampleOrigin::Edited { .. }) || is_beyond_the_schema(&example)
        {
            continue;
        }
        let json = example.json();
        for pointer in pointers(&json) {
            let name = format!("{}/{} {pointer}", example.folder, example.case);
            let mut without = json.clone();
            remove(&mut without, &pointer);
            bodies.push(Body::new(format!("{name} removed"), without));
            for value in &wrong {
                let mut changed = json.clone();
                *changed.pointer_mut(&pointer).expect("the place is there") = value.clone();
                bodies.push(Body::new(format!("{name} {value}"), changed));
            }
        }
    }
    let decoded = bodies.iter().filter(|body| body.decodes).count();
    assert!(decoded > 1000 && bodies.len() - decoded > 1000, "{decoded} of {}", bodies.len());
    assert_eq!(differences("changes", &bundle(), &bodies), [""; 0]);
}

/// Tells whether an example is beyond the schema: for a wire type in another case the schema does
/// not check the payload, and a change of an entry in both envelopes can leave a mixture that the
/// decoder accepts.
fn is_beyond_the_schema(example: &Example) -> bool {
    example.case.ends_with("_upper_case") || example.case == "both_envelopes"
}

fn pointers(json: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let below: Vec<(String, &Value)> = match json {
        Value::Object(members) => members.iter().map(|(key, json)| (key.clone(), json)).collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(at, json)| (at.to_string(), json)).collect()
        }
        _ => Vec::new(),
    };
    for (token, json) in below {
        let token = token.replace('~', "~0").replace('/', "~1");
        found.push(format!("/{token}"));
        found.extend(pointers(json).into_iter().map(|rest| format!("/{token}{rest}")));
    }
    found
}

fn remove(json: &mut Value, pointer: &str) {
    let (parent, token) = pointer.rsplit_once('/').expect("a place below the root");
    let token = token.replace("~1", "/").replace("~0", "~");
    match json.pointer_mut(parent).expect("the place is there") {
        Value::Array(elements) => drop(elements.remove(token.parse().expect("an index"))),
        parent => drop(parent.as_object_mut().and_then(|members| members.remove(&token))),
    }
}

/// Tests each difference from the decoder that the schema's description names.
#[test]
fn what_the_schema_does_not_express_is_as_its_description_says() {
    let said = corpus::read(&bundle());
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let said = said["description"].as_str().expect("a text");
    let head = r#""id": "e", "spektrId": "s""#;
    let body = |rest: &str| -> Value {
        serde_json::from_str(&format!("{{ {head}, {rest} }}")).expect("the body is JSON")
    };
    let resolved = corpus::examples()["alert_resolved"]
        .iter()
        .find(|example| example.case == "full")
        .map(Example::json)
        .expect("there is one");
    let mut both = resolved.clone();
    both["eventType"] = json!("step_init");
    both["timestamp"] = json!("yesterday");
    let differing = [
        // Accepted here, and malformed for the decoder.
        (
            "a wire type in any other case than lower case",
            body(r#""type": "ALERT_RESOLVED", "createdAt": 1, "data": 7"#),
            false,
        ),
        // Refused here, and decoded.
        (
            "an entry with `type` and `timestamp`",
            body(r#""type": "step_init", "timestamp": 1"#),
            true,
        ),
        (
            "or with `eventType` and `createdAt`",
            body(r#""eventType": "step_init", "createdAt": 1"#),
            true,
        ),
    ];
    let agreeing = [("members of both envelopes", both, true)];
    let bodies: Vec<_> = differing
        .into_iter()
        .chain(agreeing)
        .map(|(part, body, decodes)| {
            assert!(said.contains(part), "the description says nothing of {part}");
            let body = Body::new(part.to_owned(), body);
            assert_eq!(body.decodes, decodes, "{part}");
            body
        })
        .collect();
    let names: Vec<_> = differences("limits", &bundle(), &bodies)
        .iter()
        .filter_map(|line| line.split_once(": ").map(|(name, _)| name.to_owned()))
        .collect();
    let expected =
        bodies.iter().map(|body| body.name.clone()).filter(|it| !it.starts_with("members"));
    assert_eq!(names, expected.collect::<Vec<_>>());

    // No parsed value shows these differences: only the decoder sees the text.
    assert!(said.contains(
        "a repeated member, nesting deeper than 127 levels, a lone surrogate, and a number out of range"
    ));
    let text = resolved.to_string();
    let with =
        |member: &str| format!("{}, {member} }}", text.strip_suffix('}').expect("an object"));
    let nested =
        |levels: usize| with(&format!(r#""x": {}{}"#, "[".repeat(levels), "]".repeat(levels)));
    for (name, text, decodes) in [
        ("a member twice", with(r#""type": "alert_resolved""#), false),
        // The entry itself is the first level.
        ("127 levels", nested(126), true),
        ("128 levels", nested(127), false),
        ("a number out of range", text.replacen("1672531199000", "1e400", 1), false),
        ("a lone surrogate", text.replacen("evt_", "\\ud800", 1), false),
    ] {
        let entries = Entries::parse(text.as_bytes()).expect("it is one entry");
        let is_read = entries.iter().all(|entry| entry.decode().is_ok());
        assert_eq!(is_read, decodes, "{name}: {text}");
    }
}

/// The schemas of OpenAPI leave out undocumented forms that the decoder accepts.
#[test]
fn the_schemas_of_openapi_accept_each_valid_example_and_refuse_each_invalid_one() {
    let text = corpus::read(&tools::contract("openapi.json"));
    let openapi: Value = serde_json::from_str(&text).expect("JSON");
    let schema = json!({
        "$ref": "#/components/schemas/Delivery",
        "components": openapi["components"],
    });
    let path = tools::empty_folder(TMP, "components").join("schema.json");
    tools::write(&path, &schema.to_string());
    let set = corpus::schema_set();
    let examples: Vec<_> = corpus::examples().into_values().flatten().collect();
    let is_beyond: BTreeSet<_> = examples
        .iter()
        .filter(|example| is_beyond_types(set.model(), example))
        .map(|example| format!("{}/{}", example.folder, example.case))
        .collect();
    let bodies = valid().into_iter().filter(|body| !is_beyond.contains(&body.name));
    let bodies: Vec<_> = bodies.chain(invalid()).collect();
    assert_eq!(differences("openapi", &path, &bodies), [""; 0]);
}
