//! The facts of a page in few words, for tests about how pages are written.

use spektr_doc_reader::{Page, read};

/// The facts in short, one to a line.
pub(crate) fn facts(text: &str) -> String {
    let page = read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut lines = vec![format!("title {}", page.title.as_deref().unwrap_or("-"))];
    lines.extend(page.batch.as_ref().map(|batch| format!("batch {}", batch.member)));
    for event in &page.events {
        let status = event.status.map_or("?", |status| status.as_str());
        lines.push(format!("event {} {status}", event.name));
    }
    lines.extend(page.common.iter().map(|section| format!("common {}", members(section))));
    for section in &page.sections {
        lines.push(format!(
            "section {:?} {:?} {}",
            section.heading,
            section.events,
            members(section)
        ));
        if !section.wire_types.is_empty() {
            lines.push(format!("wire types {:?}", section.wire_types));
        }
    }
    lines.extend(problems(&page));
    lines.join("\n")
}

fn members(section: &spektr_doc_reader::Section) -> String {
    let one = |member: &spektr_doc_reader::MemberRow| {
        let null = if member.nullable { "|null" } else { "" };
        let optional = if member.optional { "?" } else { "" };
        format!("{}:{}{null}{optional}", member.effective_path(), member.kind.as_str())
    };
    section.members.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn problems(page: &Page) -> impl Iterator<Item = String> {
    page.problems.iter().map(|problem| format!("problem {:?}: {}", problem.kind, problem.about))
}
