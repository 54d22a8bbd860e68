//! The drift report and the merge request for a page, as Markdown.

use super::super::drift::DriftReport;

/// Returns the drift as a list.
pub(super) fn drift(address: &str, report: &DriftReport) -> String {
    let mut out = format!("# Drift of {address}\n\n");
    section(&mut out, "Differences", report.drift.iter().map(|it| format!("{}: {it}", it.event)));
    section(&mut out, "Not compared", report.notes.iter().cloned());
    let open = report.problems.iter().filter(|problem| !problem.read);
    let open = open.map(|it| format!("{:?}: {}", it.problem.kind, it.problem.about));
    section(&mut out, "Unreadable", open);
    let explained = report.explained.iter();
    let explained =
        explained.map(|it| format!("{}: {} ({})", it.drift.event, it.drift, it.decision));
    section(&mut out, "Explained", explained);
    out
}

/// Returns the text of a merge request: its title, the changes made, and the remaining tasks.
pub(super) fn text(address: &str, report: &DriftReport, done: &[String]) -> String {
    let mut events: Vec<&str> = report.drift.iter().map(|drift| drift.event.as_str()).collect();
    events.dedup();
    let title = match events.as_slice() {
        [] => "Read the documentation again".to_owned(),
        [only] => format!("Follow the documentation of {only}"),
        [first, rest @ ..] => {
            format!("Follow the documentation of {first} and {} more", rest.len())
        }
    };
    let mut out = format!("# {title}\n\nThe page {address} differs from the schema.\n\n");
    section(&mut out, "Differences", report.drift.iter().map(|it| format!("{}: {it}", it.event)));
    section(&mut out, "Done by `docs watch`", done.iter().cloned());
    let left = [
        "Read the parts listed above on the page.",
        "Complete the `unreviewed` decisions, and write a decision for each difference to keep.",
        "Record the page as read: `cargo xtask docs read PAGE --version NAME`.",
        "Run `cargo xtask accept`, then review every change.",
        "Run `cargo xtask check`.",
    ];
    section(&mut out, "Left to do", left.iter().map(|line| format!("[ ] {line}")));
    out
}

fn section(out: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return;
    }
    out.push_str(&format!("## {title}\n\n"));
    for item in items {
        out.push_str(&format!("- {}\n", item.replace('<', "\\<")));
    }
    out.push('\n');
}
