//! Counts the work that `docs scaffold` leaves to a person: lines with "say here", and decisions
//! that nobody has accepted.

use spektr_codegen::examples::Examples;
use spektr_codegen::scaffold::PLACEHOLDER;

use super::*;
use crate::docs::write;

/// Nine members: three with common types, two that other events have, and four new ones.
const DOCUMENTED: &str = r#"
```json
{
  "id": "<id>",
  "spektrId": "<customer>",
  "type": "NAME",
  "delivered": null,
  "createdAt": 1700000000000,
  "data": {
    "contextId": "<run>",
    "processId": "<process>",
    "userId": null,
    "processName": "New clients",
    "reference": "my-reference",
    "formName": "Owners",
    "stepId": "<step>",
    "attempts": 2,
    "late": false
  }
}
```

| Name | Type | Description |
| --- | --- | --- |
| id | string | Identifies the event. |
| spektrId | string | Identifies the customer that it is about. |
| type | string | The event's type: "NAME". |
| delivered | boolean \null |  |
| createdAt | number | When the event came to be, as an epoch timestamp. |
| data.contextId | string | Identifies the run. |
| data.processId | string | Identifies the process. |
| data.userId | string \null |  |
| data.processName | string | What the process is called. |
| data.reference | string \null |  |
| data.formName | string | What the form is called. |
| data.stepId | string | Identifies the step. |
| data.attempts | integer | How often it was tried. |
| data.late | boolean | Whether it came late. |
"#;

/// Counts the manual tasks in a file of an event.
fn by_hand(text: &str) -> usize {
    let left = |line: &&str| line.contains(PLACEHOLDER) || line.contains("\"unreviewed\"");
    text.lines().filter(left).count()
}

/// Generates the types, and checks the examples of the event.
fn generate(schema: &Path, module: &str) -> SchemaSet {
    let set = workspace::schema_set(schema).expect("the schema is in order");
    spektr_codegen::generate(&set).expect("the types can be generated");
    let examples = workspace::example_files(schema).expect("the examples can be read");
    // Only this event has examples.
    if let Err(problems) = Examples::parse(set.model(), examples) {
        let text = problems.to_string();
        let own: Vec<_> = text.lines().filter(|line| line.contains(module)).collect();
        assert_eq!(own, [""; 0]);
    }
    set
}

#[test]
fn a_new_event_with_a_documented_payload() {
    let folder = folder();
    let section = format!("## CASE_OPENED\n{}\n", DOCUMENTED.replace("NAME", "case_opened"));
    let text = changed(&[
        (
            "| STEP\\_INIT |",
            "| CASE\\_OPENED | Sent when a case opens | Available |\n| STEP\\_INIT |",
        ),
        ("## SERVICE_RUN\n", &format!("{section}## SERVICE_RUN\n")),
    ]);
    write(&page(&text), folder.path(), TODAY, None).expect("the files can be written");
    let files = texts(folder.path());
    let schema = &files["events/case_opened.schema.json"];
    // The event, four members, the wire type, the payload, and the sensitive members.
    assert_eq!(by_hand(schema), 8, "{schema}");
    insta::assert_snapshot!("documented", files["examples/case_opened/documented.json"]);
    insta::assert_snapshot!("nine_members", schema);
    generate(folder.path(), "case_opened");
}

#[test]
fn an_event_in_progress_whose_payload_is_documented_now() {
    let folder = folder();
    let later = "## STEP_SUBMIT (WIP)\n\nWe describe this event once it is public.\n";
    let section = format!("## STEP_SUBMIT\n{}", DOCUMENTED.replace("NAME", "step_submit"));
    let text =
        changed(&[(later, &section), ("fills in a form | WIP |", "fills in a form | Available |")]);
    let before = texts(folder.path());
    let said = write(&page(&text), folder.path(), TODAY, None).expect("it can be written");
    let hint = "left to you: STEP_SUBMIT: its payload is documented now: run `cargo xtask docs scaffold PAGE --event STEP_SUBMIT` to type it";
    assert!(said.iter().any(|line| line == hint), "{said:#?}");

    write(&page(&text), folder.path(), TODAY, Some("STEP_SUBMIT")).expect("it can be written");
    let files = texts(folder.path());
    let file = "events/step_submit.schema.json";
    let schema = &files[file];
    assert_eq!(by_hand(schema), 7, "{schema}");
    let value = |text: &str, pointer: &str| {
        let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
        json.pointer(pointer).cloned()
    };
    for kept in ["/$id", "/title", "/description", "/x-source/readings", "/properties/type"] {
        assert_eq!(value(schema, kept), value(&before[file], kept), "{kept}");
    }
    assert_eq!(value(schema, "/x-event/status"), Some("available".into()));
    assert_eq!(value(schema, "/properties/data/x-keeps-raw"), Some(true.into()));
    let changed: Vec<_> =
        files.iter().filter(|(name, text)| before.get(*name) != Some(text)).collect();
    let changed: Vec<_> = changed.into_iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        changed,
        [file, "examples/step_submit/documented.json", "examples/step_submit/full.json"]
    );
    let set = generate(folder.path(), "step_submit");
    // A typed payload is not typed again.
    let again = write(&page(&text), folder.path(), TODAY, Some("STEP_SUBMIT"));
    let again = again.expect_err("it is typed").to_string();
    let nothing =
        "nothing to type: the schema already types its payload, or the page does not document it";
    assert_eq!(again, format!("STEP_SUBMIT: {nothing}"));
    let drift = compare(&page(&text), &set, &Scope::Page).drift;
    let drift: Vec<_> = drift.iter().filter(|it| !REWORDED.contains(&it.kind)).collect();
    assert!(drift.is_empty(), "{drift:?}");
}

#[test]
fn a_new_event_of_which_only_the_row_is_documented() {
    let folder = folder();
    let row = "| CASE\\_OPENED | Sent when a case opens | Available |\n| STEP\\_INIT |";
    let text = changed(&[("| STEP\\_INIT |", row)]);
    write(&page(&text), folder.path(), TODAY, Some("CASE_OPENED")).expect("it can be written");
    assert_eq!(by_hand(&texts(folder.path())["events/case_opened.schema.json"]), 3);
    generate(folder.path(), "case_opened");
}

#[test]
fn an_event_that_nobody_knows_is_refused() {
    let folder = folder();
    let text = fixture("webhooks.md");
    let error = write(&page(&text), folder.path(), TODAY, Some("CASE_OPENED"));
    let error = error.expect_err("there is no such event").to_string();
    assert_eq!(error, "neither the page nor the schema has an event CASE_OPENED");
    let error = write(&page(&text), folder.path(), TODAY, Some("SERVICE_RUN"));
    let error = error.expect_err("it has a payload").to_string();
    assert_eq!(
        error,
        "SERVICE_RUN: nothing to type: the schema already types its payload, or the page does not document it"
    );
}
