//! One change of the page at a time, with its exact report.

use super::*;

#[test]
fn a_new_event() {
    let text = changed(&[(
        "| STEP\\_INIT |",
        "| CASE\\_OPENED | Sent when a case is opened | Coming soon |\n| STEP\\_INIT |",
    )]);
    assert_eq!(drift(&text), ["CASE_OPENED: new event (wip)"]);
}

#[test]
fn an_event_that_is_gone() {
    let text = changed(&[("| STEP\\_INIT | Sent when a process reaches a form | WIP |\n", "")]);
    assert_eq!(drift(&text), ["STEP_INIT: event is gone (it was wip)"]);
}

#[test]
fn an_event_that_is_gone_from_the_table_only() {
    let text =
        changed(&[("| SERVICE\\_RUN | Sent when a service has answered | Available |\n", "")]);
    assert_eq!(
        drift(&text),
        [
            "SERVICE_RUN: event is gone (it was available)",
            "SERVICE_RUN: its section is gone (last read on 2026-01-02)",
        ]
    );
    assert_eq!(
        report(&text).notes,
        [
            "SERVICE_RUN: its section is still on the page: check that the table of events is complete"
        ]
    );
}

#[test]
fn a_page_that_ends_with_its_table_lacks_sections_and_is_refused_when_most_events_are_gone() {
    let text = fixture("webhooks.md");
    let end = text.find("| STEP\\_SUBMIT").expect("the event is listed");
    let short = page(&text[..end]);
    assert!(crate::docs::pairs::stranger(&short, &schema(), &Scope::Page).is_some());
    let end = text.find("| ALERT\\_RESOLVED").expect("the event is listed");
    let report = report(&text[..end]);
    let removed = report.drift.iter().filter(|drift| drift.kind == DriftKind::EventRemoved).count();
    let sections =
        report.drift.iter().filter(|drift| drift.kind == DriftKind::SectionRemoved).count();
    assert_eq!((removed, sections, report.drift.len()), (4, 9, 13));
}

#[test]
fn an_event_with_another_name_and_the_same_payload() {
    let text = changed(&[
        ("ALERT\\_RESOLVED", "ALERT\\_CLOSED"),
        ("ALERT_RESOLVED", "ALERT_CLOSED"),
        ("\"alert_resolved\"", "\"alert_closed\""),
        ("alert\\_resolved", "alert\\_closed"),
    ]);
    assert_eq!(
        drift(&text),
        [
            "ALERT_RESOLVED: event is probably renamed to ALERT_CLOSED",
            "ALERT_RESOLVED: new wire type alert_closed",
        ]
    );
}

#[test]
fn an_event_in_another_form_of_its_name() {
    let text = changed(&[("| STEP\\_INIT |", "| STEP\\_INITIATED |")]);
    assert_eq!(drift(&text), ["STEP_INIT: event is probably renamed to STEP_INITIATED"]);
}

#[test]
fn another_event_in_the_place_of_one_that_is_gone() {
    let text =
        changed(&[("| STEP\\_INIT | Sent when a process", "| REPORT\\_READY | Sent when it")]);
    assert_eq!(
        drift(&text),
        ["REPORT_READY: new event (wip)", "STEP_INIT: event is gone (it was wip)"]
    );
}

#[test]
fn a_changed_status() {
    let text = changed(&[
        ("reaches a form | WIP |", "reaches a form | Available |"),
        ("a service has answered | Available |", "a service has answered | Deprecated |"),
        ("begins to run | Available |", "begins to run. Deprecated, use another one | Available |"),
    ]);
    assert_eq!(
        drift(&text),
        [
            "PROCESS_RUN_START: status is deprecated, was available",
            "STEP_INIT: status is available, was wip",
            "SERVICE_RUN: status is deprecated, was available",
        ]
    );
}

#[test]
fn another_word_in_the_heading_of_an_event() {
    let text = changed(&[("## SERVICE_RUN\n", "## SERVICE_RUN (Beta)\n")]);
    assert_eq!(drift(&text), [""; 0]);
    assert_eq!(
        reworded(&text),
        [
            "SERVICE_RUN: the text of section SERVICE_RUN (Beta) at \"SERVICE_RUN (Beta)\" is reworded \
          (last read on 2026-01-02): look again"
        ]
    );
}

#[test]
fn a_new_member() {
    let in_the_table = changed(&[(
        "| data.alertId |",
        "| data.riskScore | integer | How risky it is. |\n| data.alertId |",
    )]);
    assert_eq!(drift(&in_the_table), ["ALERT_RESOLVED: new member data.riskScore: integer"]);
    let in_the_example =
        changed(&[("    \"vendorType\":", "    \"attempts\": 3,\n    \"vendorType\":")]);
    assert_eq!(drift(&in_the_example), ["SERVICE_RUN: new member data.attempts: number"]);
}

#[test]
fn a_member_that_is_gone() {
    let text = changed(&[
        ("| data.vendorType | string | Which sort of vendor answered. |\n", ""),
        ("    \"vendorType\": \"some vendor\",\n", ""),
    ]);
    assert_eq!(drift(&text), ["SERVICE_RUN: member data.vendorType is gone (it was string)"]);
}

#[test]
fn a_member_that_only_the_example_still_shows_is_not_gone() {
    let text = changed(&[("| data.vendorType | string | Which sort of vendor answered. |\n", "")]);
    assert_eq!(drift(&text), [""; 0]);
}

#[test]
fn a_member_with_another_name() {
    let text = changed(&[("vendorType", "providerType")]);
    assert_eq!(
        drift(&text),
        [
            "SERVICE_RUN: new member data.providerType: string",
            "SERVICE_RUN: member data.vendorType is gone (it was string)",
        ]
    );
}

#[test]
fn a_member_in_another_place() {
    let text = changed(&[
        ("| data.reference | string \\null |", "| reference | string \\null |"),
        (
            "    \"reference\": \"my-reference\"\n  }\n}",
            "    \"x\": 1\n  },\n  \"reference\": \"my-reference\"\n}",
        ),
    ]);
    assert_eq!(
        drift(&text),
        [
            "SERVICE_RUN: new member reference: string or null",
            "SERVICE_RUN: new member data.x: number",
            "SERVICE_RUN: member data.reference is gone (it was string or null)",
        ]
    );
}

#[test]
fn another_type_or_nullability() {
    let text = changed(&[
        ("| data.vendorType | string |", "| data.vendorType | object |"),
        ("| data.alertName | string |", "| data.alertName | string \\null |"),
        ("| data.oldStatus | string | What", "| data.oldStatus | string | Optional. What"),
        ("| data.processName | string \\null |", "| data.processName | string |"),
        ("| files.clientFiles | Array of strings |", "| files.clientFiles | Array of objects |"),
    ]);
    assert_eq!(
        drift(&text),
        [
            "PROCESS_RUN_END: member files.clientFiles is array of object, was array of string",
            "SERVICE_RUN: member data.vendorType is object, was string",
            "ALERT_RESOLVED: member data.alertName is string or null, was string",
            "CUSTOMER_STATUS_CHANGED: member data.oldStatus is string or null, was string",
            "CUSTOMER_STATUS_CHANGED: member data.processName is string, was string or null",
        ]
    );
}

#[test]
fn a_new_wire_type() {
    let text = changed(&[
        ("\"service_run\"", "\"service_run_v2\""),
        ("service\\_run", "service\\_run\\_v2"),
    ]);
    assert_eq!(drift(&text), ["SERVICE_RUN: new wire type service_run_v2"]);
    let shared = changed(&[
        (
            "\"customer_tag_add\" | \"customer_tag_remove\"",
            "\"customer_tag_add\" | \"customer_tag_delete\"",
        ),
        ("or \"customer\\_tag\\_remove\"", "or \"customer\\_tag\\_delete\""),
    ]);
    assert_eq!(drift(&shared), ["CUSTOMER_TAG_ADDED: new wire type customer_tag_delete"]);
}

#[test]
fn the_slip_in_the_status_event_is_corrected() {
    let text = changed(&[
        ("\"type\": \"customer_tag_add\",\n", "\"type\": \"customer_status_changed\",\n"),
        ("type: \"customer\\_tag\\_add\".", "type: \"customer\\_status\\_changed\"."),
    ]);
    assert_eq!(drift(&text), [""; 0]);
}

#[test]
fn a_payload_for_an_event_in_progress() {
    let text = changed(&[(
        "## STEP_SUBMIT (WIP)\n\nWe describe this event once it is public.\n",
        "## STEP_SUBMIT\n\n```json\n{\"id\": \"x\", \"type\": \"step_submit\", \"data\": {\"stepId\": \"s\"}}\n```\n\n\
         | Name | Type | Description |\n| --- | --- | --- |\n| id | string | |\n| spektrId | string | |\n| type | string | |\n\
         | delivered | boolean \\null | |\n| createdAt | number | |\n| data.stepId | string | The step. |\n",
    )]);
    assert_eq!(drift(&text), ["STEP_SUBMIT: new member data.stepId: string"]);
}

#[test]
fn the_reports_have_a_stable_form() {
    let text = changed(&[
        ("| STEP\\_INIT |", "| STEP\\_INITIATED |"),
        ("fills in a form | WIP |", "fills in a form | Available |"),
        ("| data.alertId |", "| data.riskScore | integer | How risky it is. |\n| data.alertId |"),
        ("## CUSTOMER_STATUS_CHANGED", "## CUSTOMER_STATES"),
    ]);
    let report = report(&text);
    insta::assert_snapshot!("text", report.text());
    insta::assert_snapshot!("json", report.json("page.md").expect("a report is JSON"));
}

#[test]
fn two_events_with_other_names_and_one_section() {
    let text = changed(&[
        ("CUSTOMER\\_TAG", "CUSTOMER\\_LABEL"),
        ("CUSTOMER*TAG*", "CUSTOMER*LABEL*"),
        (
            "\"customer_tag_add\" | \"customer_tag_remove\"",
            "\"customer_label_add\" | \"customer_label_remove\"",
        ),
        (
            "\"customer\\_tag\\_add\" or \"customer\\_tag\\_remove\"",
            "like \"customer\\_label\\_add\"",
        ),
    ]);
    assert_eq!(
        drift(&text),
        [
            "CUSTOMER_TAG_ADDED: event is probably renamed to CUSTOMER_LABEL_ADDED",
            "CUSTOMER_TAG_ADDED: new wire type customer_label_add",
            "CUSTOMER_TAG_REMOVED: event is probably renamed to CUSTOMER_LABEL_REMOVED",
            "CUSTOMER_TAG_REMOVED: new wire type customer_label_remove",
        ]
    );
}
