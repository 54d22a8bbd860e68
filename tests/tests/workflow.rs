//! Follows a change of the documentation: somebody edits the schema files, and the types follow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use spektr_codegen::examples::{DerivedExamples, derive};
use spektr_codegen::{Json, Named, ProblemKind, SchemaSet, scaffold};
use spektr_tests::compiled::{self, Files, TYPES, Workspace, generated};
use spektr_tests::corpus;
use spektr_tests::fixtures::{self, Event};

/// The folder of this test's workspaces.
const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// Returns a small schema folder: two events, one of them with a payload.
fn before() -> Files {
    with_lamp(r#""lampId": { "description": "The lamp.", "type": "string" }"#)
}

/// Returns the same folder, with an optional member in the payload.
fn with_member() -> Files {
    with_lamp(
        r#""lampId": { "description": "The lamp.", "type": "string" },
        "finding": { "description": "What was found.", "type": ["string", "null"] }"#,
    )
}

fn with_lamp(members: &str) -> Files {
    let data = format!(
        r#""data": {{
            "description": "The payload.",
            "type": "object",
            "title": "LampLitData",
            "properties": {{ {members} }},
            "required": ["lampId"]
        }}"#
    );
    let lamp = Event::new("lamp_lit", "LampLit").members(&data, r#""data""#);
    // Uses every kind of text, so that no helper of the crate is unused.
    let color =
        r#""type": "string", "x-known-values": [{ "value": "red", "description": "Red." }]"#;
    fixtures::Files::base()
        .common("lamp_color", "LampColor", color)
        .common("lamp_url", "LampUrl", r#""type": "string", "x-type": "url""#)
        .event(&lamp)
        .list()
        .into_iter()
        .collect()
}

/// Adds an event as `cargo xtask schema new` starts it, and replaces its raw payload by a typed
/// one.
fn with_event(mut files: Files) -> Files {
    let new = scaffold::event("CASE_OPENED", "2026-12-01").expect("the name is one");
    let path = "events/case_opened.schema.json";
    let raw = r#""x-type": "raw","#;
    let typed = r#""type": ["object", "null"],
        "title": "CaseOpenedData",
        "properties": {
            "caseId": { "description": "Id of the case.", "type": "string" },
            "priority": { "description": "How urgent it is.", "type": ["integer", "null"] }
        },
        "required": ["caseId"],"#;
    assert_eq!(new[path].matches(raw).count(), 1, "{}", new[path]);
    files.insert(path.to_owned(), new[path].replace(raw, typed));
    files
}

/// Adds an event whose members have the names of keywords, of types, and of items in generated
/// code.
fn with_odd_names(mut files: Files) -> Files {
    // Every keyword of the edition, strict, reserved or weak, except for `type`, which every event
    // has.
    const KEYWORDS: &str = "abstract as async await become box break const continue crate do dyn \
        else enum extern false final fn for gen if impl in let loop macro match mod move mut \
        override priv pub ref return self Self static struct super trait true try typeof unsafe \
        unsized use virtual where while yield auto default macro_rules raw safe union 'static";
    // Names that generated code uses, and names that are no identifiers.
    const OTHERS: &str = "text object map known name key value members deserializer serializer \
        formatter f status source tag visitor userId eventId event option some none ok err string \
        vec a d risk-score 2faEnabled $schema a/b";
    let is_taken = |name: &&str| *name != "Self" && *name != "'static";
    let odd: Vec<&str> =
        KEYWORDS.split_whitespace().filter(is_taken).chain(OTHERS.split_whitespace()).collect();
    let new = scaffold::event("ODD_NAMES", "2026-12-01").expect("the name is one");
    let path = "events/odd_names.schema.json";
    let mut schema: Json = serde_json::from_str(&new[path]).expect("a schema file is JSON");
    let text = |json: &str| serde_json::from_str::<Json>(json).expect("the member is JSON");
    let plain = text(r#"{ "description": "A text.", "type": ["string", "null"] }"#);
    let members = || odd.iter().map(|name| ((*name).to_owned(), plain.clone()));
    let node = text(
        r##"{ "OddNode": { "title": "OddNode", "description": "A node.", "type": "object", "required": ["children"],
            "properties": { "children": { "description": "Those below.", "type": "array", "items": { "$ref": "#/$defs/OddNode" } } } } }"##,
    );
    let tree = text(
        r##"{ "description": "A tree.", "anyOf": [{ "$ref": "#/$defs/OddNode" }, { "type": "null" }] }"##,
    );
    let Json::Object(root) = &mut schema else {
        panic!("a schema is an object");
    };
    root.push(("$defs".to_owned(), node));
    for (name, value) in root {
        if let ("properties", Json::Object(properties)) = (name.as_str(), value) {
            properties.retain(|(name, _)| name == "type");
            properties.extend(members());
            properties.push(("tree".to_owned(), tree.clone()));
            let mut inside = vec![("type".to_owned(), plain.clone())];
            inside.extend(members());
            let data = vec![
                ("description".to_owned(), Json::String("The payload.".into())),
                ("type".to_owned(), text(r#"["object", "null"]"#)),
                ("title".to_owned(), Json::String("OddNamesData".into())),
                ("properties".to_owned(), Json::Object(inside)),
            ];
            properties.push(("data".to_owned(), Json::Object(data)));
        }
    }
    files.insert(path.to_owned(), serde_json::to_string(&schema).expect("JSON serializes"));
    // Each event is also a module, so keywords are tested as names of events too.
    for name in KEYWORDS.split_whitespace().chain(["type"]).filter(is_taken) {
        let new = scaffold::event(&name.to_uppercase(), "2026-12-01").expect("the name is one");
        // Some titles are reserved by the crate: the reader refuses them with a remedy.
        let added = new.into_iter().filter(|(path, _)| path.starts_with("events/"));
        let with: Files = files.clone().into_iter().chain(added).collect();
        match SchemaSet::parse(with.clone()) {
            Ok(_) => files = with,
            Err(problems) => {
                let kinds: Vec<_> = problems.iter().map(|problem| &problem.kind).collect();
                assert!(
                    matches!(
                        kinds[..],
                        [ProblemKind::ReservedName(_)]
                            | [ProblemKind::NotAnIdentifier { named: Named::Type, .. }]
                    ),
                    "{name}: {problems}"
                );
                assert!(["box", "fn", "self", "default"].contains(&name), "{name}: {problems}");
            }
        }
    }
    files
}

/// Returns the paths of changed files, and of new files.
fn changed(
    old: &BTreeMap<PathBuf, String>,
    new: &BTreeMap<PathBuf, String>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    for path in old.keys() {
        assert!(new.contains_key(path), "{} is gone", path.display());
    }
    let name = |path: &PathBuf| path.to_string_lossy().replace('\\', "/");
    let (known, added): (Vec<_>, Vec<_>) =
        new.iter().partition(|(path, _)| old.contains_key(*path));
    let changed = known.into_iter().filter(|(path, text)| old[*path] != **text);
    (
        changed.map(|(path, _)| name(path)).collect(),
        added.iter().map(|(path, _)| name(path)).collect(),
    )
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_optional_member_changes_the_file_of_its_event() {
    let (changed, added) = changed(&generated(&before()), &generated(&with_member()));
    assert_eq!(
        changed,
        names(&[
            "spektr-types/src/generated/events/lamp_lit.rs",
            // The embedded schemas, for comparing payloads.
            "spektr-verify/src/generated/schemas.json",
        ])
    );
    assert_eq!(added, names(&[]));
}

#[test]
fn an_event_adds_its_file_and_changes_those_that_list_all_events() {
    let (changed, added) = changed(&generated(&before()), &generated(&with_event(before())));
    assert_eq!(
        changed,
        names(&[
            "spektr-types/src/generated/event.rs",
            "spektr-types/src/generated/event_type.rs",
            "spektr-types/src/generated/events/mod.rs",
            "spektr-verify/src/generated/schemas.json",
        ])
    );
    assert_eq!(added, names(&["spektr-types/src/generated/events/case_opened.rs"]));
}

/// A program that names the new event and the new member: it compiles only with the changed types.
const READER: &str = r#"//! Reads entries with the changed types.

use spektr_types::{Entries, Event, EventStatus, EventType};

fn main() {
    let body = std::io::read_to_string(std::io::stdin()).expect("a body");
    for entry in &Entries::parse(body.as_bytes()).expect("a batch") {
        match entry.decode() {
            Ok(Event::LampLit(event)) => println!("lamp: {:?}", event.data.finding),
            Ok(Event::CaseOpened(event)) => {
                assert_eq!(EventType::CaseOpened.info().map(|info| info.status()), Some(EventStatus::Wip));
                let data = event.data.as_ref();
                println!("case: {:?} {:?}", data.map(|data| data.case_id.as_str()), data.and_then(|data| data.priority));
            }
            Ok(Event::Gen(event)) => println!("gen: {}", event.id.as_str()),
            Ok(Event::CaseClosed(event)) => println!("scaffolded, payload: {}", event.raw_data().is_some()),
            Ok(Event::OddNames(event)) => {
                let inside = event.data.as_ref().and_then(|data| data.type_.as_deref());
                let names = [event.self_.as_deref(), event.risk_score.as_deref(), event.x2fa_enabled.as_deref()];
                let depth = event.tree.as_ref().map(|tree| tree.children[0].children.len());
                println!("odd: {names:?} {:?} {inside:?} {depth:?}", event.status.as_deref());
            }
            Ok(other) => println!("{other:?}"),
            Err(error) => println!("{error}"),
        }
    }
}
"#;

const BODY: &str = r#"{"results": [
    {"id": "1", "spektrId": "s", "type": "case_opened", "createdAt": 1, "data": {"caseId": "c-1", "priority": 2}},
    {"id": "2", "spektrId": "s", "eventType": "CASE_OPENED", "timestamp": 1, "data": {"caseId": "c-2"}},
    {"id": "3", "spektrId": "s", "type": "case_opened", "createdAt": 1, "data": {}},
    {"id": "4", "spektrId": "s", "type": "case_opened", "createdAt": 1},
    {"id": "5", "spektrId": "s", "type": "lamp_lit", "createdAt": 1, "data": {"lampId": "l", "finding": "a match"}},
    {"id": "6", "spektrId": "s", "type": "lamp_lit", "createdAt": 1, "data": {"lampId": "l"}},
    {"id": "7", "spektrId": "s", "type": "odd_names", "createdAt": 1,
     "self": "a link", "risk-score": "high", "2faEnabled": "yes", "status": "open", "data": {"type": "inner"},
     "tree": {"children": [{"children": [{"children": []}, {"children": []}]}]}},
    {"id": "8", "spektrId": "s", "type": "gen", "createdAt": 1}
]}"#;

const READ: &str = r#"case: Some("c-1") Some(2)
case: Some("c-2") None
malformed entry: /data/caseId is missing
case: None None
lamp: Some("a match")
lamp: None
odd: [Some("a link"), Some("high"), Some("yes")] Some("open") Some("inner") Some(2)
gen: 8
"#;

/// The expected output for the examples derived from the full example that `cargo xtask schema new`
/// writes.
const READ_SCAFFOLDED: &str = "\
full: scaffolded, payload: true
minimal: scaffolded, payload: false
event_type_envelope: scaffolded, payload: true
data_null: scaffolded, payload: false
missing_id: malformed entry: /id is missing
created_at_text: malformed entry: /createdAt is string, expected number
";

/// Generates from changed schemas into a copy of the crate, builds a program with the copy, and
/// lets it read the new event.
#[test]
fn the_changed_types_compile_and_read_the_new_event() {
    let workspace = Workspace::new(TMP, "workflow");
    let mut schemas = with_event(with_member());
    let scaffolded = scaffold::event("CASE_CLOSED", "2026-12-01").expect("the name is one");
    let (schema, examples): (Files, Files) =
        scaffolded.into_iter().partition(|(path, _)| path.starts_with("events/"));
    schemas.extend(schema);
    schemas = with_odd_names(schemas);
    workspace.write(&generated(&schemas), READER);
    assert_eq!(workspace.run(BODY), READ);

    let full: Json = serde_json::from_str(&examples["examples/case_closed/full.json"])
        .expect("an example is JSON");
    let set = SchemaSet::parse(schemas).unwrap_or_else(|error| panic!("{error}"));
    let event = set.model().event("CASE_CLOSED").expect("it was added");
    let DerivedExamples { valid, invalid, .. } =
        derive(set.model(), event, &full).unwrap_or_else(|error| panic!("{error}"));
    let valid = valid.into_iter().map(|example| (example.case, example.body));
    let invalid = invalid.into_iter().map(|example| (example.case, example.body));
    let bodies: BTreeMap<String, Json> =
        valid.chain(invalid).chain([("full".to_owned(), full)]).collect();
    for said in READ_SCAFFOLDED.lines() {
        let (case, _) = said.split_once(':').expect("the case comes first");
        let body = serde_json::to_string(&bodies[case]).expect("JSON serializes");
        assert_eq!(format!("{case}: {}", workspace.run(&body)), format!("{said}\n"));
    }
}

/// Code of a user who uses the event before its payload is documented.
const EARLY_READER: &str = r#"//! Reads an event in progress.

use spektr_types::{DoorOpened, Entries, Event, RawJson};

fn payload(event: &DoorOpened) -> Option<&RawJson> {
    let DoorOpened { id: _, spektr_id: _, created_at: _, .. } = event;
    event.raw_data()
}

fn main() {
    let body = std::io::read_to_string(std::io::stdin()).expect("a body");
    for entry in &Entries::parse(body.as_bytes()).expect("a batch") {
        match entry.decode() {
            Ok(Event::DoorOpened(event)) => {
                let again = event.clone();
                println!("{:?} {}", payload(&event).map(RawJson::as_str), again == event);
            }
            Ok(other) => println!("{other:?}"),
            Err(error) => println!("{error}"),
        }
    }
}
"#;

/// Code that the same user can write once the payload is typed.
const LATE_READER: &str = r#"//! Reads an event whose payload has been typed.

use spektr_types::{Entries, Event};

fn main() {
    let body = std::io::read_to_string(std::io::stdin()).expect("a body");
    for entry in &Entries::parse(body.as_bytes()).expect("a batch") {
        match entry.decode() {
            Ok(Event::DoorOpened(event)) => println!("{:?}", event.data.as_ref().map(|data| &data.door)),
            Ok(other) => println!("{other:?}"),
            Err(error) => println!("{error}"),
        }
    }
}
"#;

const DOORS: &str = r#"{"results": [
    {"id": "1", "spektrId": "s", "type": "door_opened", "createdAt": 1, "data": {"door": "front", "new":  1.0}},
    {"id": "2", "spektrId": "s", "eventType": "door_opened", "timestamp": 1, "data": {"door": "back"}},
    {"id": "3", "spektrId": "s", "type": "door_opened", "createdAt": 1, "data": null},
    {"id": "4", "spektrId": "s", "type": "door_opened", "createdAt": 1}
]}"#;

/// Returns a schema folder with an event whose payload is raw or typed.
fn with_door_opened(status: &str, data: &str) -> Files {
    let members = format!(r#""data": {{ "description": "The payload.", {data} }}"#);
    let event = Event::new("door_opened", "DoorOpened").status(status).members(&members, "");
    let added = fixtures::Files::base().event(&event).list();
    let is_it = |(path, _): &(String, String)| path == "events/door_opened.schema.json";
    with_odd_names(before()).into_iter().chain(added.into_iter().filter(is_it)).collect()
}

/// Typing a payload only adds items: code written against the raw payload still compiles, and
/// behaves the same for documented entries.
#[test]
fn code_for_an_event_in_progress_goes_on_working_when_the_payload_is_typed() {
    let workspace = Workspace::new(TMP, "graduation");
    let wip = with_door_opened("wip", r#""x-type": "raw""#);
    let typed = with_door_opened(
        "available",
        r#""type": ["object", "null"], "title": "DoorOpenedData", "x-keeps-raw": true,
        "properties": { "door": { "description": "Which one.", "type": "string" } },
        "required": ["door"]"#,
    );
    let read_early = "Some(\"{\\\"door\\\": \\\"front\\\", \\\"new\\\":  1.0}\") true\n\
                      Some(\"{\\\"door\\\": \\\"back\\\"}\") true\n\
                      None true\n\
                      None true\n";
    workspace.write(&generated(&wip), EARLY_READER);
    assert_eq!(workspace.run(DOORS), read_early, "in progress");
    workspace.write(&generated(&typed), EARLY_READER);
    assert_eq!(workspace.run(DOORS), read_early, "typed");
    workspace.write(&generated(&typed), LATE_READER);
    let read_late = "Some(\"front\")\nSome(\"back\")\nNone\nNone\n";
    assert_eq!(workspace.run(DOORS), read_late);
    let wrong = DOORS.replace(r#""back""#, "7");
    let refused = "malformed entry: /data/door is integer, expected string";
    assert_eq!(workspace.run(&wrong).lines().nth(1), Some(refused));
}

/// The crate is published without the workspace: the facts that it needs from the schema folder are
/// in its generated files.
#[test]
fn the_crate_packages_with_its_generated_files() {
    let package = |arguments: &[&str]| {
        let output = compiled::cargo(TMP, corpus::workspace_root())
            .args(["package", "--package", "spektr-types"])
            .args(["--offline", "--allow-dirty", "--no-verify"])
            .args(arguments)
            .output()
            .expect("cargo can be run");
        compiled::assert_success(&output);
        output
    };
    package(&[]);
    let output = package(&["--list"]);
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let listed: BTreeSet<String> = listed.lines().map(|line| line.replace('\\', "/")).collect();
    for path in generated(&corpus::schema_files().into_iter().collect())
        .keys()
        .filter(|path| path.starts_with(TYPES))
    {
        let path = path.strip_prefix("spektr-types").expect("the file is in the crate");
        let path = path.to_string_lossy().replace('\\', "/");
        assert!(listed.contains(&path), "{path} is not packaged");
    }
    for path in ["Cargo.toml", "README.md", "src/lib.rs"] {
        assert!(listed.contains(path), "{path} is not packaged");
    }
    // The crate includes no file from outside its folder.
    let root = corpus::workspace_root().join("spektr-types");
    let root = root.canonicalize().expect("the crate is there");
    for path in corpus::files_below(&root.join("src")) {
        let mut source = corpus::read(&path);
        let folder = path.parent().expect("a file is in a folder");
        for included in included(&source) {
            let from = folder.join(&included).canonicalize().expect("what is included is there");
            let from = from.strip_prefix(&root).map(|path| path.to_string_lossy().into_owned());
            assert!(from.is_ok_and(|from| listed.contains(&from)), "{included} is not packaged");
            source = source.replace(&format!("include_str!(\"{included}\")"), "");
        }
        for outside in ["include_str!", "include_bytes!", "include!", "#[path"] {
            assert!(!source.contains(outside), "{} has {outside}", path.display());
        }
    }
}

/// Returns the paths of the files that a source includes as text.
fn included(source: &str) -> Vec<String> {
    let paths = source.split("include_str!(\"").skip(1);
    paths.filter_map(|rest| rest.split_once("\")")).map(|(path, _)| path.to_owned()).collect()
}
