//! Tests of the examples of a small event: the derived ones, and refused files.

use super::*;
use crate::model::{EventStatus, Member, Source, Ty, TypeDef, TypeKind, WireTypes};

pub(crate) fn member(name: &str, ty: Ty, required: bool) -> Member {
    Member {
        name: name.to_owned(),
        pointer: format!("/properties/{name}"),
        description: String::new(),
        required,
        ty,
        keeps_raw: false,
        sensitive: false,
        aliases: Vec::new(),
        valid_for_seconds: None,
        source: None,
    }
}

/// Returns a model of one event with a required member, an optional one, and a list.
pub(crate) fn model() -> Model {
    let source = Source {
        page: "webhooks-events".into(),
        section: "LAMP_LIT".into(),
        captured: "2026-11-23".into(),
        version: None,
        readings: Vec::new(),
    };
    let event = Event {
        file: "events/lamp_lit.schema.json".into(),
        module: "lamp_lit".into(),
        title: "LampLit".into(),
        name: "LAMP_LIT".into(),
        status: EventStatus::Available,
        description: String::new(),
        wire_types: WireTypes { canonical: "lamp_lit".into(), accepted: vec!["lamp_on".into()] },
        discriminators: Vec::new(),
        members: vec![
            member("room", Ty::String, true),
            member("note", Ty::String, false),
            member("hours", Ty::Array(Box::new(Ty::Integer)), true),
        ],
        source,
        decisions: Vec::new(),
    };
    let envelope = vec![member("id", Ty::String, true), member("type", Ty::String, true)];
    Model {
        envelope,
        other_envelope: Vec::new(),
        batch: Vec::new(),
        events: vec![event],
        types: BTreeMap::new(),
        common: Vec::new(),
    }
}

pub(crate) const FULL_BODY: &str =
    r#"{"id":"e","type":"lamp_lit","room":"hall","note":"by hand","hours":[7]}"#;

/// Returns a model of one event with one member of the given type.
fn model_with(name: &str, ty: Ty, types: Vec<TypeDef>) -> Model {
    let mut model = model();
    model.events[0].members = vec![member(name, ty, true)];
    model.types = types.into_iter().map(|def| (def.name.clone(), def)).collect();
    model
}

fn object(name: &str, members: Vec<Member>) -> TypeDef {
    TypeDef {
        name: name.into(),
        file: "events/lamp_lit.schema.json".into(),
        pointer: String::new(),
        description: String::new(),
        kind: TypeKind::Object(members),
    }
}

fn invalid_cases(model: &Model, full: &str) -> Vec<String> {
    let full = Json::parse(full.as_bytes()).expect("JSON");
    let derived = derive(model, &model.events[0], &full).expect("complete");
    derived.invalid.into_iter().map(|invalid| invalid.case).skip(3).collect()
}

#[test]
fn places_whose_words_run_together_have_names_of_their_own() {
    let types = vec![
        object(
            "Data",
            vec![
                member("a_b", Ty::Named("Left".into()), true),
                member("a", Ty::Named("Right".into()), true),
                member("xElement", Ty::Integer, true),
                member("x", Ty::Array(Box::new(Ty::Array(Box::new(Ty::Integer)))), true),
            ],
        ),
        object("Left", vec![member("c", Ty::Integer, true)]),
        object("Right", vec![member("b_c", Ty::Integer, true)]),
    ];
    let model = model_with("data", Ty::Named("Data".into()), types);
    let cases = invalid_cases(
        &model,
        r#"{"id":"e","type":"lamp_lit","data":{"a_b":{"c":1},"a":{"b_c":1},"xElement":1,"x":[[1]]}}"#,
    );
    let faults = |name: &str, wrong: &str| {
        [format!("missing_{name}"), format!("{name}_null"), format!("{name}_{wrong}")]
    };
    let elements = |name: &str, wrong: &str| [format!("{name}_null"), format!("{name}_{wrong}")];
    let expected = [
        &faults("data", "list")[..],
        &faults("a_b", "list"),
        &faults("a_b__c", "text"),
        &faults("a", "list"),
        &faults("a__b_c", "text"),
        &faults("x_element", "text"),
        &faults("x", "object"),
        &elements("x__element", "object"),
        &elements("x_element_element", "text"),
    ];
    assert_eq!(cases, expected.concat());
}

fn parse(files: &[(&str, &str)]) -> Result<Examples, Problems> {
    Examples::parse(&model(), files.iter().map(|(file, text)| (file.to_string(), text)))
}

fn text(json: &Json) -> String {
    serde_json::to_string(json).expect("serializes")
}

#[test]
fn derives_every_case_from_the_full_example() {
    let examples = parse(&[("examples/lamp_lit/full.json", FULL_BODY)]).expect("in order");
    let valid: Vec<_> = examples
        .of("lamp_lit")
        .iter()
        .map(|example| format!("{}: {}", example.case, text(&example.body)))
        .collect();
    let inside = r#""room":"hall","note":"by hand","hours":[7]"#;
    assert_eq!(
        valid,
        [
            format!(r#"event_type_envelope: {{"id":"e","eventType":"lamp_lit","data":{{{inside}}}}}"#),
            r#"event_type_envelope_minimal: {"id":"e","eventType":"lamp_lit","data":{"room":"hall","hours":[]}}"#.into(),
            format!(r#"event_type_envelope_upper_case: {{"id":"e","eventType":"LAMP_LIT","data":{{{inside}}}}}"#),
            format!(r#"event_type_envelope_wire_type_lamp_on: {{"id":"e","eventType":"lamp_on","data":{{{inside}}}}}"#),
            format!("full: {FULL_BODY}"),
            r#"minimal: {"id":"e","type":"lamp_lit","room":"hall","hours":[]}"#.into(),
            r#"note_absent: {"id":"e","type":"lamp_lit","room":"hall","hours":[7]}"#.into(),
            r#"note_null: {"id":"e","type":"lamp_lit","room":"hall","note":null,"hours":[7]}"#.into(),
            r#"unknown_member: {"id":"e","type":"lamp_lit","room":"hall","note":"by hand","hours":[7],"futureMember":{"level":1,"tags":["a"]}}"#.into(),
            r#"wire_type_lamp_on: {"id":"e","type":"lamp_on","room":"hall","note":"by hand","hours":[7]}"#.into(),
        ]
    );
    let model = model();
    let full = Json::parse(FULL_BODY.as_bytes()).expect("JSON");
    let derived = derive(&model, &model.events[0], &full).expect("complete");
    let invalid: Vec<_> = derived
        .invalid
        .iter()
        .map(|invalid| format!("{} at {}: {:?}", invalid.case, invalid.pointer, invalid.fault))
        .collect();
    let wrong = |case: &str, at: &str, found: &str| {
        format!("{case} at {at}: WrongType {{ found: {found:?} }}")
    };
    assert_eq!(
        invalid,
        [
            "missing_id at /id: Missing".to_owned(),
            wrong("id_null", "/id", "null"),
            wrong("id_number", "/id", "integer"),
            "missing_room at /room: Missing".to_owned(),
            wrong("room_null", "/room", "null"),
            wrong("room_number", "/room", "integer"),
            wrong("note_number", "/note", "integer"),
            "missing_hours at /hours: Missing".to_owned(),
            wrong("hours_null", "/hours", "null"),
            wrong("hours_object", "/hours", "object"),
            wrong("hours_element_null", "/hours/0", "null"),
            wrong("hours_element_text", "/hours/0", "string"),
        ]
    );
}

#[test]
fn names_each_file_that_is_missing_incomplete_derived_or_no_json() {
    let found = |files: &[(&str, &str)]| {
        let problems = parse(files).expect_err("the files have a problem");
        problems.iter().map(|p| (p.file.clone(), p.kind.clone())).collect::<Vec<_>>()
    };
    let full = "examples/lamp_lit/full.json";
    assert_eq!(found(&[]), [(full.to_owned(), ProblemKind::NoFullExample)]);
    assert_eq!(
        found(&[(full, r#"{"id":"e","type":"lamp_lit","room":"hall","hours":[]}"#)]),
        ["/note", "/hours/*"]
            .map(|place| (full.to_owned(), ProblemKind::NotInFullExample(place.to_owned())))
    );
    let minimal = "examples/lamp_lit/minimal.json";
    assert_eq!(
        found(&[(full, FULL_BODY), (minimal, "{}")]),
        [(minimal.to_owned(), ProblemKind::DerivedExample)]
    );
    let [(file, ProblemKind::NotJson(_))] = &found(&[(full, "{")])[..] else {
        panic!("not the one problem");
    };
    assert_eq!(file, full);
    let other_type = FULL_BODY.replace("lamp_lit", "lamp_on");
    let [(_, ProblemKind::WrongValue { found, .. })] = &found(&[(full, &other_type)])[..] else {
        panic!("not the one problem");
    };
    assert_eq!(found, "lamp_on");
}

#[test]
fn leaves_invalid_examples_alone_and_no_other_file() {
    let full = ("examples/lamp_lit/full.json", FULL_BODY);
    parse(&[full, ("examples/lamp_lit/invalid/no_id.json", "not looked at")])
        .expect("the files have no problem");
    for file in [
        "examples/lamp_lit/notes.txt",
        "examples/lamp_lit/more/full.json",
        "examples/lamp_lit/invalid/more/no_id.json",
        "examples/lamp_list/full.json",
        "examples/full.json",
    ] {
        let problems = parse(&[full, (file, "{}")]).expect_err("no code reads the file");
        let found: Vec<_> = problems.iter().map(|it| (it.file.as_str(), &it.kind)).collect();
        assert_eq!(found, [(file, &ProblemKind::MisplacedExample)]);
    }
}
