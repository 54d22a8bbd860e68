//! The whole workflow on a copy of the schema: from a changed page to a reviewed schema.

use super::*;
use crate::docs::write;

const CASE_OPENED: &str = r#"## CASE_OPENED

```json
{
  "id": "<id>",
  "spektrId": "<customer>",
  "type": "case_opened",
  "delivered": true,
  "createdAt": 1700000000000,
  "data": {
    "caseId": "<case>",
    "priority": 2,
    "tags": ["<tag>"],
    "owner": { "userId": "<user>", "team": null },
    "notes": [{ "text": "<text>", "pinned": false, }]
  }
}
```

| Name | Type | Description |
| --- | --- | --- |
| id | string | Identifies the event. |
| spektrId | string | Identifies the customer. |
| type | string | The event's type: case\_opened |
| delivered | boolean \null | |
| createdAt | number | When it came to be. |
| data.caseId | string | The case. |
| data.priority | integer | How urgent it is. |
| data.tags | Array of strings | Its tags. |
| data.owner.userId | string | Who owns it. |
| data.owner.team | string \null | The owner's team. |
| data.notes | Array of Notes | What was noted. |
| data.notes[].text | string | The note. |
| data.notes[].pinned | boolean | Optional, whether it comes first. |
"#;

/// Returns a later version of the fixture page.
fn next_page() -> String {
    changed(&[
        (
            "| STEP\\_INIT |",
            "| CASE\\_OPENED | Sent when a case is opened | Available |\n| CASE\\_CLOSED | Sent when a case is closed | WIP |\n| STEP\\_INIT |",
        ),
        ("reaches a form | WIP |", "reaches a form | Available |"),
        ("## SERVICE_RUN\n", &format!("{CASE_OPENED}\n## SERVICE_RUN\n")),
    ])
}

#[test]
fn a_changed_page_becomes_a_reviewed_schema() {
    let folder = folder();
    let schema = folder.path();
    let before = texts(schema);
    let page = page(&next_page());
    let set = || workspace::schema_set(schema).expect("the schema is in order");
    let drift = || {
        let report = compare(&page, &set(), &Scope::Page);
        report.drift.iter().map(|drift| format!("{}: {drift}", drift.event)).collect::<Vec<_>>()
    };

    // Compare the changed page.
    assert_eq!(
        drift(),
        [
            "CASE_OPENED: new event (available)",
            "CASE_CLOSED: new event (wip)",
            "STEP_INIT: status is available, was wip",
        ]
    );

    // Scaffold the new files.
    let said = write(&page, schema, TODAY, None).expect("the files can be written");
    insta::assert_snapshot!("scaffold", said.join("\n"));
    let after = texts(schema);
    insta::assert_snapshot!("case_opened", after["events/case_opened.schema.json"]);
    insta::assert_snapshot!("case_closed", after["events/case_closed.schema.json"]);
    insta::assert_snapshot!("case_opened_full", after["examples/case_opened/full.json"]);

    // Existing text is kept, except the changed status.
    for (name, text) in &before {
        let expected = match name.as_str() {
            "events/step_init.schema.json" => {
                let event = "\"name\": \"STEP_INIT\",\n    \"status\": ";
                text.replace(&format!("{event}\"wip\""), &format!("{event}\"available\""))
            }
            _ => text.clone(),
        };
        assert_eq!(after[name], expected, "{name}");
    }

    // The types can be generated and include the new events.
    let files = spektr_codegen::generate(&set()).expect("the types can be generated");
    let names: Vec<_> = files.keys().map(|path| path.display().to_string()).collect();
    assert!(names.iter().any(|name| name.ends_with("/case_opened.rs")), "{names:?}");

    // The gate fails until somebody has accepted every decision.
    assert_eq!(
        unreviewed(schema),
        [
            "events/case_closed.schema.json#wire-type-inferred",
            "events/case_closed.schema.json#payload-raw",
            "events/case_opened.schema.json#wire-type-documented",
            "events/case_opened.schema.json#payload-as-documented",
            "events/case_opened.schema.json#sensitivity-assumed",
            "events/case_opened.schema.json#page-is-not-clear",
        ]
    );
    for event in ["case_opened", "case_closed"] {
        let path = schema.join(format!("events/{event}.schema.json"));
        let text = fs::read_to_string(&path).expect("text");
        fs::write(&path, text.replace("unreviewed", "accepted")).expect("can write");
    }
    assert_eq!(unreviewed(schema), [""; 0]);

    // After the page is recorded as read, page and schema agree and no task is left.
    super::reading::read(schema, &next_page(), "v2", TODAY);
    assert_eq!(drift(), [""; 0]);
    let reviewed = texts(schema);
    let said = write(&page, schema, TODAY, None).expect("the files can be written");
    assert_eq!(said, ["nothing to do: every event of the page has a schema file"]);
    assert_eq!(texts(schema), reviewed);
}

#[test]
fn a_file_that_is_there_already_is_kept() {
    let folder = folder();
    let schema = folder.path();
    let mine = schema.join("examples/case_opened/full.json");
    fs::create_dir_all(mine.parent().expect("it lies in a folder")).expect("can create");
    fs::write(&mine, "mine").expect("can write");
    let said = write(&page(&next_page()), schema, TODAY, None).expect("the files can be written");
    assert!(
        said.contains(&"kept examples/case_opened/full.json, which already exists".to_owned()),
        "{said:?}"
    );
    assert_eq!(fs::read_to_string(&mine).expect("text"), "mine");
}
