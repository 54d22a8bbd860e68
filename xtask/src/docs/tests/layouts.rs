//! Every layout of the page with every kind of change: an unchanged part is never reported, and a
//! changed part is reported once, in every layout.

use super::*;
use styles::STYLES;
use support::{PageModel, SectionModel, webhooks};

#[path = "../../../../doc-reader/tests/support/styles.rs"]
mod styles;
#[allow(dead_code, reason = "the reader's own tests need more of it")]
#[path = "../../../../doc-reader/tests/support/mod.rs"]
mod support;

/// A change and its expected reports.
struct Change {
    apply: fn(&mut PageModel),
    reported: &'static [&'static str],
}

fn section<'p>(page: &'p mut PageModel, heading: &str) -> &'p mut SectionModel {
    page.sections.iter_mut().find(|it| it.heading.starts_with(heading)).expect("the section")
}

/// Changes the row of a member: its type and its description.
fn row(
    page: &mut PageModel,
    heading: &str,
    path: &str,
    (kind, text): (&'static str, &'static str),
) {
    let members = &mut section(page, heading).members;
    let row = members.iter_mut().find(|row| row[0] == path).expect("the row");
    assert_ne!([row[1], row[2]], [kind, text]);
    *row = [row[0], kind, text];
}

/// Changes the example of a section.
fn example(page: &mut PageModel, heading: &str, from: &str, to: &str) {
    let section = section(page, heading);
    let text = section.example.expect("an example");
    assert!(text.contains(from), "{from}");
    section.example = Some(text.replace(from, to).leak());
}

fn event(page: &mut PageModel, name: &str, to: [&'static str; 3]) {
    *page.events.iter_mut().find(|row| row[0] == name).expect("the row") = to;
}

const CHANGES: &[Change] = &[
    Change { apply: |_| {}, reported: &[] },
    // A member only in the table, and one also in the example.
    Change {
        apply: |page| {
            section(page, "SERVICE").members.push(["data.queue", "string", "Where it waited."]);
        },
        reported: &["SERVICE_RUN: new member data.queue: string"],
    },
    Change {
        apply: |page| {
            section(page, "ALERT_RES").members.push(["data.risk", "integer", "How risky it is."]);
            let to = "\"data\": {\n    \"risk\": 3,\n";
            example(page, "ALERT_RES", "\"data\": {\n", to);
        },
        reported: &["ALERT_RESOLVED: new member data.risk: integer"],
    },
    Change {
        apply: |page| {
            section(page, "SERVICE").members.retain(|row| row[0] != "data.vendorType");
            example(page, "SERVICE", "    \"vendorType\": \"some vendor\",\n", "");
        },
        reported: &["SERVICE_RUN: member data.vendorType is gone (it was string)"],
    },
    Change {
        apply: |page| {
            let said = ("number", "Which sort of vendor answered.");
            row(page, "SERVICE", "data.vendorType", said);
        },
        reported: &["SERVICE_RUN: member data.vendorType is number, was string"],
    },
    Change {
        apply: |page| {
            let said = ("Array of objects", "Links to what the customer uploaded, good for a day.");
            row(page, "PROCESS_RUN_END", "files.clientFiles", said);
        },
        reported: &[
            "PROCESS_RUN_END: member files.clientFiles is array of object, was array of string",
        ],
    },
    // A member that may now be null, must not be null, or may be absent.
    Change {
        apply: |page| {
            let said = ("string \\null", "What the alert is called.");
            row(page, "ALERT_RES", "data.alertName", said);
        },
        reported: &["ALERT_RESOLVED: member data.alertName is string or null, was string"],
    },
    Change {
        apply: |page| row(page, "SERVICE", "data.reference", ("string", "")),
        reported: &["SERVICE_RUN: member data.reference is string, was string or null"],
    },
    Change {
        apply: |page| {
            let said = ("string", "Optional. What the status was.");
            row(page, "CUSTOMER_STATUS", "data.oldStatus", said);
        },
        reported: &["CUSTOMER_STATUS_CHANGED: member data.oldStatus is string or null, was string"],
    },
    Change {
        apply: |page| {
            let said = ("string", "What was done, 'add', 'remove' or 'lock'");
            row(page, "CUSTOMERTAG", "data.action", said);
        },
        reported: &[
            "CUSTOMER_TAG_ADDED: member data.action has a new value lock",
            "CUSTOMER_TAG_REMOVED: member data.action has a new value lock",
        ],
    },
    Change {
        apply: |page| row(page, "CUSTOMERTAG", "data.action", ("string", "What was done, 'add'")),
        reported: &[
            "CUSTOMER_TAG_ADDED: member data.action has no value remove any more",
            "CUSTOMER_TAG_REMOVED: member data.action has no value remove any more",
        ],
    },
    Change {
        apply: |page| {
            let said =
                ("Array of strings", "Links to what the customer uploaded, valid for 1 hour.");
            row(page, "PROCESS_RUN_END", "files.clientFiles", said);
        },
        reported: &[
            "PROCESS_RUN_END: member files.clientFiles is valid for 3600 seconds, was 86400 seconds",
        ],
    },
    Change {
        apply: |page| {
            row(page, "SERVICE", "createdAt", ("number", "When the event came to be, in seconds."));
        },
        reported: &["SERVICE_RUN: member createdAt is in seconds, was milliseconds"],
    },
    Change {
        apply: |page| {
            let said = ("string", "Which sort of vendor replied.");
            row(page, "SERVICE", "data.vendorType", said);
        },
        reported: &[
            "SERVICE_RUN: the row of member data.vendorType is reworded (last read on 2026-01-02): look again",
        ],
    },
    Change {
        apply: |page| example(page, "SERVICE", "some vendor", "another vendor"),
        reported: &[
            "SERVICE_RUN: the example of section SERVICE_RUN is reworded (last read on 2026-01-02): look again",
        ],
    },
    Change {
        apply: |page| {
            example(page, "SERVICE", "\"service_run\"", "\"service_run_v2\"");
            row(page, "SERVICE", "type", ("string", "The event's type: \"service_run_v2\"."));
        },
        reported: &["SERVICE_RUN: new wire type service_run_v2"],
    },
    Change {
        apply: |page| section(page, "STEP_SUBMIT").text = Some("We describe this event soon."),
        reported: &[
            "STEP_SUBMIT: the text of section STEP_SUBMIT (WIP) at \"We describe this event soon.\" is reworded (last read on 2026-01-02): look again",
        ],
    },
    Change {
        apply: |page| section(page, "SERVICE").text = Some("It comes once for each vendor."),
        reported: &[
            "SERVICE_RUN: the text of section SERVICE_RUN at \"It comes once for each vendor.\" is reworded (last read on 2026-01-02): look again",
        ],
    },
    Change {
        apply: |page| page.sections.retain(|it| it.heading != "SERVICE_RUN"),
        reported: &["SERVICE_RUN: its section is gone (last read on 2026-01-02)"],
    },
    Change {
        apply: |page| {
            let text = Some("A delivery that fails is tried again.");
            let retries = SectionModel {
                heading: "Retries",
                source: None,
                text,
                example: None,
                members: Vec::new(),
            };
            page.sections.push(retries);
        },
        reported: &[
            "page: the text around the events is reworded at \"Retries\" (last read on 2026-01-02): look again",
        ],
    },
    Change {
        apply: |page| page.intro[1] = "Definitions on this page are final.",
        reported: &[
            "page: the text around the events is reworded at \"Definitions on this page are final.\" (last read on 2026-01-02): look again",
        ],
    },
    Change {
        apply: |page| {
            event(page, "ALERT_CREATED", ["ALERT_CREATED", "Sent when an alert is lowered", "WIP"]);
        },
        reported: &[
            "ALERT_CREATED: its row in the table is reworded (last read on 2026-01-02): look again",
        ],
    },
    Change {
        apply: |page| {
            let to = ["STEP_INIT", "Sent when a process reaches a form", "Available"];
            event(page, "STEP_INIT", to);
        },
        reported: &["STEP_INIT: status is available, was wip"],
    },
    Change {
        apply: |page| {
            let to = ["STEP_INITIATED", "Sent when a process reaches a form", "WIP"];
            event(page, "STEP_INIT", to);
        },
        reported: &["STEP_INIT: event is probably renamed to STEP_INITIATED"],
    },
    Change {
        apply: |page| page.events.retain(|row| row[0] != "STEP_INIT"),
        reported: &["STEP_INIT: event is gone (it was wip)"],
    },
    Change {
        apply: |page| {
            page.events.insert(4, ["CASE_OPENED", "Sent when a case is opened", "Available"]);
        },
        reported: &["CASE_OPENED: new event (available)"],
    },
];

#[test]
fn every_change_is_reported_once_in_every_layout() {
    let set = schema();
    let mut wrong = Vec::new();
    for (at, Change { apply, reported }) in CHANGES.iter().enumerate() {
        let mut model = webhooks::page();
        apply(&mut model);
        for (name, style) in STYLES {
            let page = match spektr_doc_reader::read(style(&model).as_bytes()) {
                Ok(page) => page,
                Err(error) => {
                    wrong.push(format!("{at} {reported:?} in {name}: {error}"));
                    continue;
                }
            };
            let report = compare(&page, &set, &Scope::Page);
            let drift: Vec<_> =
                report.drift.iter().map(|drift| format!("{}: {drift}", drift.event)).collect();
            if drift != *reported {
                wrong.push(format!("{at} {reported:?} in {name}: {drift:#?}"));
            } else if report.is_clean() != reported.is_empty() {
                wrong.push(format!("{at} in {name}: {:?} {:?}", report.notes, report.problems));
            }
        }
    }
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} of {}:\n{}", CHANGES.len() * STYLES.len(), wrong.join("\n"));
}
