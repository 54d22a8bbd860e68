//! Any unread text is reported, and text read in an earlier version is recognised.

use super::*;
use crate::docs::pairs::stranger;
use crate::docs::record;

#[test]
fn any_change_of_words_asks_for_another_look() {
    for (from, to, said) in [
        (
            "Links to what the customer uploaded",
            "Links to what somebody uploaded",
            "PROCESS_RUN_END: the row of member files.clientFiles is reworded (last read on 2026-01-02): look again",
        ),
        (
            "Sent when an alert is raised",
            "Sent when an alert is raised or lowered",
            "ALERT_CREATED: its row in the table is reworded (last read on 2026-01-02): look again",
        ),
        (
            "are not final",
            "are final",
            "page: the text around the events is reworded at \"Definitions on this page are final.\" (last read on 2026-01-02): look again",
        ),
    ] {
        let text = changed(&[(from, to)]);
        assert_eq!(reworded(&text), [said], "{from}");
        assert_eq!(drift(&text), [""; 0], "{from}");
        assert!(!report(&text).is_clean(), "{from}");
    }
}

#[test]
fn values_validity_and_units_are_compared() {
    let text = changed(&[
        ("What was done, 'add' or 'remove'", "What was done, 'add', 'remove' or 'lock'"),
        ("such as 'onboarding'", "such as 'offboarding'"),
        ("uploaded, good for a day.", "uploaded, valid for 1 hour."),
        ("came to be, as an epoch timestamp.", "came to be, in seconds."),
    ]);
    let found = drift(&text);
    for expected in [
        "CUSTOMER_TAG_ADDED: member data.action has a new value lock",
        "CUSTOMER_TAG_REMOVED: member data.action has a new value lock",
        "PROCESS_RUN_START: member data.processType has a new value offboarding",
        "SERVICE_RUN: member data.processType has a new value offboarding",
        "PROCESS_RUN_END: member files.clientFiles is valid for 3600 seconds, was 86400 seconds",
        "SERVICE_RUN: member createdAt is in seconds, was milliseconds",
    ] {
        assert!(found.iter().any(|drift| drift == expected), "{expected}\n{found:#?}");
    }
}

#[test]
fn values_that_are_only_code_are_compared() {
    for (now, said) in [
        ("`add`, `remove` or `lock`", "has a new value lock"),
        ("`add`", "has no value remove any more"),
    ] {
        let text =
            changed(&[("What was done, 'add' or 'remove'", &format!("What was done, {now}"))]);
        let expected = ["ADDED", "REMOVED"]
            .map(|event| format!("CUSTOMER_TAG_{event}: member data.action {said}"));
        assert_eq!(drift(&text), expected);
        assert_eq!(reworded(&text), [""; 0]);
    }
}

#[test]
fn another_member_of_the_batch() {
    let text = changed(&[(
        "Definitions on this page",
        "A delivery is a batch: `{\"events\": [event1, event2]}`.\n\nDefinitions on this page",
    )]);
    assert_eq!(drift(&text), ["page: the batch has its events in `events`, was `results`"]);
}

#[test]
fn a_section_that_is_gone() {
    let text = fixture("webhooks.md");
    let start = text.find("## SERVICE_RUN").expect("the section");
    let end = text.find("## ALERT_CREATED").expect("the next one");
    let without = format!("{}{}", &text[..start], &text[end..]);
    assert_eq!(drift(&without), ["SERVICE_RUN: its section is gone (last read on 2026-01-02)"]);
}

#[test]
fn a_table_of_members_that_is_gone() {
    let text = fixture("webhooks.md");
    let start = text.find("| data.vendorType").expect("the row");
    let table = text[..start].rfind("| Name |").expect("its table");
    let end = table + text[table..].find("\n\n").expect("its end");
    let without = format!("{}{}", &text[..table], &text[end..]);
    assert_eq!(
        reworded(&without),
        ["SERVICE_RUN: the table of SERVICE_RUN is reworded (last read on 2026-01-02): look again"]
    );
}

#[test]
fn what_could_not_be_read_is_not_well() {
    for (from, to, kind) in [
        ("| STEP\\_INIT |", "| STEP_INIT, soon |", "event_unnamed"),
        ("reaches a form | WIP |", "reaches a form | Beta |", "status_unknown"),
    ] {
        let report = report(&changed(&[(from, to)]));
        assert!(!report.is_clean());
        let json = report.json("page.md").expect("a report is JSON");
        assert!(json.contains(&format!("\"kind\": \"{kind}\"")), "{json}");
        assert!(json.contains("\"read\": false"), "{json}");
    }
    // A problem in text that somebody has read counts as read.
    let report = report(&fixture("webhooks.md"));
    assert!(report.problems.iter().all(|problem| problem.read), "{:?}", report.problems);
    assert!(!report.problems.is_empty());
}

#[test]
fn a_table_that_disagrees_with_its_example_is_a_problem() {
    let text = changed(&[("\"vendorType\": \"some vendor\"", "\"vendorType\": 5")]);
    let report = report(&text);
    let found = report.problems.iter().any(|problem| {
        !problem.read
            && problem.problem.about
                == "data.vendorType: string in the table, number in the example"
    });
    assert!(found, "{:?}", report.problems);
}

#[test]
fn an_event_in_the_same_row_under_another_name_is_suspected() {
    let renamed = changed(&[("| ALERT\\_CREATED |", "| ALERT\\_ESCALATED |")]);
    let by_description = drift(&renamed);
    assert_eq!(
        by_description,
        [
            "ALERT_CREATED: event is probably renamed to ALERT_ESCALATED",
            "ALERT_CREATED: its section is gone (last read on 2026-01-02)",
        ]
    );
    let by_place = drift(&renamed.replace("Sent when an alert is raised", "Something else"));
    assert_eq!(by_place, by_description);
}

#[test]
fn a_page_of_something_else_is_refused() {
    let set = schema();
    let refused = |text: &str| stranger(&page(text), &set, &Scope::Page);
    let other = "# Events\n\n| Event | Description | Status |\n| --- | --- | --- |\n\
        | SERVICE_RUN | x | Available |\n| ALERT_RESOLVED | x | Available |\n| CASE_OPENED | x | WIP |\n";
    assert_eq!(
        refused(other).as_deref(),
        Some(
            "the page lists only 2 of the 10 expected events (3 in all): check that it is the complete events page, or compare one event with `--only EVENT_NAME`"
        )
    );
    assert_eq!(refused(&fixture("webhooks.md")), None);
    let unknown = fixture("webhooks.md")
        .replace("| Available |", "| 1 |")
        .replace("| WIP |", "| 2 |")
        .replace(" (WIP)", "");
    assert_eq!(
        refused(&unknown).as_deref(),
        Some("the page gives no event a known status: check that it is the events page")
    );
}

/// Records a page as read, in a copy of the schema.
pub(super) fn read(schema: &Path, text: &str, version: &str, day: &str) -> SchemaSet {
    let set = workspace::schema_set(schema).expect("the schema is in order");
    let texts = crate::docs::texts(schema).expect("texts");
    let changed = record::record(&page(text), &set, &texts, &Scope::Page, (version, day))
        .expect("it can be recorded");
    for (name, text) in changed {
        fs::write(schema.join(name), text).expect("can write");
    }
    workspace::schema_set(schema).expect("the schema is in order")
}

#[test]
fn what_was_read_is_known_again_and_earlier_versions_stay() {
    let folder = folder();
    let before = texts(folder.path());
    read(folder.path(), &fixture("webhooks.md"), "v1", "2027-01-01");
    assert_eq!(texts(folder.path()), before, "the same words keep their day");

    let later = changed(&[
        ("Sent when an alert is raised", "Sent when somebody raises an alert"),
        ("Links to what the customer uploaded", "Links to what somebody uploaded"),
        ("are not final", "are final"),
    ]);
    let set = read(folder.path(), &later, "v2", "2027-01-02");
    let clean = |text: &str| compare(&page(text), &set, &Scope::Page);
    assert!(clean(&later).is_clean(), "{}", clean(&later).text());
    let old = clean(&fixture("webhooks.md"));
    assert!(old.is_clean(), "{}", old.text());
    assert_eq!(old.version.as_deref(), Some("v1"));
    let newer: Vec<_> = old.explained.iter().map(|it| it.drift.kind.as_str()).collect();
    assert!(newer.contains(&"row_newer"), "{newer:?}");
}

#[test]
fn an_older_page_lacks_what_a_later_version_added_and_that_is_explained() {
    let folder = folder();
    let later = changed(&[
        ("| STEP\\_INIT |", "| LOOP\\_RUN | Sent when a loop runs | Available |\n| STEP\\_INIT |"),
        ("fills in a form | WIP |", "fills in a form | Available |"),
        ("| ALERT\\_CREATED | Sent when an alert is raised | WIP |\n", ""),
    ]);
    super::super::write(&page(&later), folder.path(), "2027-01-02", None)
        .expect("it can be written");
    let set = read(folder.path(), &later, "v2", "2027-01-02");
    let kinds = |text: &str| {
        let report = compare(&page(text), &set, &Scope::Table);
        assert!(report.is_clean(), "{}", report.text());
        let explained = report.explained.iter();
        explained
            .map(|it| format!("{} {}", it.drift.kind.as_str(), it.drift.event))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(&fixture("webhooks.md")),
        ["status_newer STEP_SUBMIT", "event_newer LOOP_RUN"]
    );
    assert_eq!(kinds(&later), ["event_older ALERT_CREATED"]);
}

/// Copied text that ends anywhere within its last table is refused.
#[test]
fn a_page_that_breaks_off_in_its_last_table_is_refused_or_only_its_last_row_is_reworded() {
    let set = schema();
    for name in RENDERINGS {
        let text = fixture(name);
        let table = text.rfind("newStatus").expect("the row");
        let last = text.rfind("processName").expect("the row");
        assert!(table < last, "{name}");
        for end in (table..last).filter(|&end| text.is_char_boundary(end)) {
            let refused = match spektr_doc_reader::read(&text.as_bytes()[..end]) {
                Err(error) => error == spektr_doc_reader::ReadError::CutOff,
                Ok(page) => stranger(&page, &set, &Scope::Page).is_some(),
            };
            assert!(refused, "{name}: {:?}", &text[table..end]);
        }
    }
}
