//! Comparison of a part of a page. The report says that it is a part.

use super::*;
use crate::docs::{pairs, parse};

fn part(text: &str, only: &str) -> DriftReport {
    let (set, scope) = (schema(), Scope::only(only));
    let page = parse(text.as_bytes(), &scope, &set).expect("it can be read");
    assert_eq!(pairs::stranger(&page, &set, &scope), None);
    compare(&page, &set, &scope)
}

fn table() -> String {
    let text = fixture("webhooks.md");
    let (table, _) = text.split_once("## PROCESS_RUN_START").expect("the section is there");
    table.to_owned()
}

fn section(heading: &str) -> String {
    let text = fixture("webhooks.md");
    let start = text.find(&format!("## {heading}")).expect("the section");
    let end = text[start + 2..].find("\n## ").map_or(text.len(), |end| start + 2 + end);
    text[start..end].to_owned()
}

#[test]
fn the_table_alone() {
    let report = part(&table(), "table");
    assert!(report.is_clean(), "{}", report.text());
    assert_eq!(
        report.text(),
        "compared: only the table of events (version v1)\nno drift: all of it was compared, and all of its text has been read\n"
    );
    let whole = compare(&page(&table()), &schema(), &Scope::Page);
    let gone = whole.drift.iter().filter(|drift| drift.kind == DriftKind::SectionRemoved).count();
    assert_eq!((gone, whole.drift.len(), whole.is_clean()), (9, 9, false));
    let hint = "the page has no section of an event: if it is only the table of events, compare it \
                with `--only table`";
    assert_eq!(whole.notes, [hint]);
    let changed = table().replace("is raised | WIP |", "is raised | Available |");
    assert_eq!(part(&changed, "table").drift.len(), 1);
}

#[test]
fn the_section_of_one_event_alone() {
    let report = part(&section("SERVICE_RUN"), "SERVICE_RUN");
    assert!(report.is_clean(), "{}", report.text());
    assert_eq!(report.compared, "SERVICE_RUN");
    let changed = section("SERVICE_RUN").replace("Which sort of vendor answered", "The vendor");
    let drift: Vec<_> =
        part(&changed, "SERVICE_RUN").drift.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(drift, ["member_reworded"]);
    // Other parts of a whole page are ignored.
    let page = fixture("webhooks.md").replace("is raised | WIP |", "is raised | Available |");
    assert!(part(&page, "SERVICE_RUN").is_clean());
}

#[test]
fn an_event_that_the_part_does_not_mention_is_refused() {
    let (set, scope) = (schema(), Scope::only("ALERT_RESOLVED"));
    let page = parse(section("SERVICE_RUN").as_bytes(), &scope, &set).expect("it can be read");
    assert_eq!(
        pairs::stranger(&page, &set, &scope).as_deref(),
        Some("the page does not mention ALERT_RESOLVED")
    );
}
