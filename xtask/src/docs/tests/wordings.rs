//! Pages with the fixture's facts in other words, and pages with changes that are hard to detect.

use super::*;
use crate::docs::write;

/// Returns the fixture page without its examples, or without its member tables.
fn without(examples: bool) -> String {
    let text = fixture("webhooks.md");
    let (start, sections) = text.split_once("## PROCESS_RUN_START").expect("the section is there");
    let mut kept = format!("{start}## PROCESS_RUN_START");
    let mut fenced = false;
    for line in sections.lines() {
        let fence = line.starts_with("```");
        fenced ^= fence;
        if if examples { !(fenced || fence) } else { !line.starts_with('|') } {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[test]
fn tables_without_examples_and_examples_without_tables() {
    assert_eq!(drift(&without(true)), [""; 0]);
    assert_eq!(drift(&without(false)), [""; 0]);
}

/// Returns the fixture page with other type words, or without the type column.
fn typed(word: impl Fn(&str) -> Option<&str>) -> String {
    let text = fixture("webhooks.md");
    let (start, sections) = text.split_once("## PROCESS_RUN_START").expect("the section is there");
    let lines = sections.lines().map(|line| match line.split('|').collect::<Vec<_>>()[..] {
        [first, name, said, text, last] => {
            let said = word(said.trim());
            let cells = [Some(first), Some(name), said, Some(text), Some(last)];
            cells.into_iter().flatten().collect::<Vec<_>>().join("|")
        }
        _ => line.to_owned(),
    });
    format!("{start}## PROCESS_RUN_START{}", lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_table_without_types_changes_none() {
    let text = typed(|_| None);
    assert!(text.contains("| Name | Description |"), "{text}");
    assert_eq!(drift(&text), [""; 0]);
}

#[test]
fn a_list_of_something_unnamed_keeps_its_elements() {
    for word in ["array", "array of objects", "list"] {
        let text = typed(|said| Some(if said == "Array of Fields" { word } else { said }));
        assert_eq!(drift(&text), [""; 0], "{word}");
    }
}

#[test]
fn an_example_alone_still_shows_what_is_gone() {
    let text = without(false).replace("\t\t\"alertId\":\"<alert>\",\n", "");
    assert_eq!(drift(&text), ["ALERT_RESOLVED: member data.alertId is gone (it was string)"]);
}

#[test]
fn a_renamed_event_is_known_by_its_payload() {
    let ended = changed(&[
        ("PROCESS\\_RUN\\_END", "PROCESS\\_COMPLETED"),
        ("PROCESS_RUN_END", "PROCESS_COMPLETED"),
        ("process\\_run\\_end", "process\\_completed"),
    ]);
    assert_eq!(
        drift(&ended),
        [
            "PROCESS_RUN_END: event is probably renamed to PROCESS_COMPLETED",
            "PROCESS_RUN_END: new wire type process_completed",
        ]
    );
    let service = changed(&[
        ("SERVICE\\_RUN", "VENDOR\\_ANSWERED"),
        ("SERVICE_RUN", "VENDOR_ANSWERED"),
        ("\"service_run\"", "\"vendor_answered\""),
        ("service\\_run", "vendor\\_answered"),
    ]);
    assert_eq!(
        drift(&service),
        [
            "SERVICE_RUN: event is probably renamed to VENDOR_ANSWERED",
            "SERVICE_RUN: new wire type vendor_answered",
        ]
    );
}

#[test]
fn a_renamed_event_is_known_by_its_members_alone() {
    let text = changed(&[
        ("| SERVICE\\_RUN | Sent when a service has answered |", "| VENDOR\\_ANSWERED | New |"),
        ("SERVICE_RUN", "VENDOR_ANSWERED"),
        ("\"service_run\"", "\"vendor_answered\""),
        ("service\\_run", "vendor\\_answered"),
    ]);
    assert_eq!(
        drift(&text),
        [
            "SERVICE_RUN: event is probably renamed to VENDOR_ANSWERED",
            "SERVICE_RUN: new wire type vendor_answered",
        ]
    );
}

#[test]
fn events_named_by_their_wire_types() {
    let text = changed(&[
        ("| SERVICE\\_RUN |", "| service\\_run |"),
        ("| CUSTOMER\\_TAG\\_REMOVED |", "| `customer_tag_remove` |"),
    ]);
    assert_eq!(drift(&text), [""; 0]);
}

#[test]
fn an_event_in_the_other_envelope() {
    let text = changed(&[
        (
            "\"type\": \"alert_resolved\",\n",
            "\"eventType\": \"alert_resolved\",\n  \"workspaceId\": \"<workspace>\",\n",
        ),
        ("  \"createdAt\": 1700000000000,\n", "  \"timestamp\": 1700000000,\n"),
    ]);
    let section = text.split("## ALERT_RESOLVED").nth(1).expect("the section is there");
    let section = section.split("\n## ").next().expect("it has an end");
    let other = section
        .replace("| type |", "| eventType |")
        .replace("| createdAt |", "| timestamp |")
        .replace("| delivered |", "| workspaceId |")
        .replace("  \"delivered\": true,\n", "")
        .replace("| boolean |", "| string |");
    let text = fixture("webhooks.md");
    let section = text.split("## ALERT_RESOLVED").nth(1).expect("the section is there");
    let section = section.split("\n## ").next().expect("it has an end");
    let with = |from: &str, to: &str| {
        assert!(other.contains(from), "{from}");
        text.replace(section, &other.replace(from, to))
    };
    let row = "| workspaceId | string |";
    for (from, to, expected) in [
        (row, "| workspaceId | number |", "workspaceId is number, was string or null"),
        (row, row, "workspaceId is string, was string or null"),
        (
            "| eventType | string |",
            "| eventType | string or null |",
            "eventType is string or null, was string",
        ),
    ] {
        let expected = format!("ALERT_RESOLVED: member {expected}");
        assert!(drift(&with(from, to)).contains(&expected), "{:?}", drift(&with(from, to)));
    }
    let report = report(&with(row, "| workspaceId | string or null |"));
    assert!(report.drift.iter().all(|drift| REWORDED.contains(&drift.kind)), "{:?}", report.drift);
    let note = "ALERT_RESOLVED: the page shows it in the envelope with `eventType`".to_owned();
    assert!(report.notes.contains(&note), "{:?}", report.notes);
}

#[test]
fn an_example_of_the_payload_alone() {
    let text = fixture("webhooks.md");
    let (start, rest) = text.split_once("## SERVICE_RUN\n").expect("the section is there");
    let (section, end) = rest.split_once("\n## ").expect("it has an end");
    let (_, table) = section.split_once("| Name |").expect("the table is there");
    let example =
        "```json\n{\"vendorType\": \"x\", \"contextId\": \"c\", \"reference\": null}\n```\n\n";
    let page = format!("{start}## SERVICE_RUN\n\n{example}| Name |{table}\n## {end}");
    assert_eq!(drift(&page), [""; 0]);
}

#[test]
fn a_type_in_words_of_its_own() {
    let text = changed(&[
        ("| data.vendorType | string |", "| data.vendorType | string or number |"),
        ("| data.alertId | string |", "| data.alertId | identifier |"),
    ]);
    assert_eq!(
        drift(&text),
        ["SERVICE_RUN: member data.vendorType is string or number, was string"]
    );
    let times =
        fixture("webhooks.md").replace("| createdAt | number |", "| createdAt | timestamp |");
    assert_eq!(drift(&times), [""; 0]);
    let added =
        changed(&[("| data.alertId |", "| data.closedAt | ISO date | When. |\n| data.alertId |")]);
    assert_eq!(drift(&added), ["ALERT_RESOLVED: new member data.closedAt: ISO date"]);
}

#[test]
fn an_event_that_only_its_section_calls_deprecated() {
    let heading = changed(&[("## SERVICE_RUN\n", "## SERVICE_RUN (Deprecated)\n")]);
    let note = changed(&[("## SERVICE_RUN\n", "## SERVICE_RUN\n\nThis event is deprecated.\n")]);
    let struck = changed(&[("| SERVICE\\_RUN |", "| ~~SERVICE\\_RUN~~ |")]);
    for text in [heading, note, struck] {
        assert_eq!(drift(&text), ["SERVICE_RUN: status is deprecated, was available"]);
    }
}

#[test]
fn what_stands_in_a_row_that_was_not_read_is_not_gone() {
    let text = fixture("webhooks.md")
        .replace("| STEP\\_INIT |", "| STEP_INIT, soon |")
        .replace("| data.vendorType |", "| (data.vendorType) |")
        .replace("    \"vendorType\": \"some vendor\",\n", "");
    let report = report(&text);
    assert!(report.drift.iter().all(|drift| REWORDED.contains(&drift.kind)), "{:?}", report.drift);
    assert_eq!(
        report.notes,
        [
            "STEP_INIT: its row may be one of the unreadable rows",
            "SERVICE_RUN: the row of data.vendorType may be one of the unreadable rows",
        ]
    );
}

#[test]
fn members_without_a_name_in_rust_are_left_out_and_the_status_is_kept() {
    let folder = folder();
    let schema = folder.path();
    let section = "## case_opened\n\n```json\n{\"id\": \"x\", \"type\": \"case_opened\", \"data\": {\"case-id\": \"c\", \"caseId\": \"c\", \"2nd\": 1, \"a\": {\"b\": {\"KYC\": {\"x\": true}}}}}\n```\n\n";
    let text = changed(&[
        ("| STEP\\_INIT |", "| case\\_opened | A case is opened | Available |\n| STEP\\_INIT |"),
        ("## SERVICE_RUN\n", &format!("{section}## SERVICE_RUN\n")),
    ]);
    let said = write(&page(&text), schema, TODAY, None).expect("the files can be written");
    for path in ["data.case-id", "data.2nd"] {
        let left = format!(
            "left to you: case_opened: the schema leaves out {path}, which has no valid name in Rust"
        );
        assert!(said.contains(&left), "{said:?}");
    }
    let set = workspace::schema_set(schema).expect("the schema is in order");
    spektr_codegen::generate(&set).expect("the types can be generated");
    let event = set.model().event("CASE_OPENED").expect("the event is there");
    assert_eq!(event.status, spektr_codegen::model::EventStatus::Available);
    // Objects in objects of one letter, and acronyms, have names that can be generated.
    assert!(set.model().types.contains_key("CaseOpenedDataAbKyc"));
    let before = texts(schema);
    write(&page(&text), schema, TODAY, None).expect("the files can be written");
    assert_eq!(texts(schema), before);
}
