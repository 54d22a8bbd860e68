//! What a page says does not depend on its layout.

#[path = "support/styles.rs"]
mod styles;
#[allow(dead_code, reason = "other tests need more of it")]
mod support;

use spektr_doc_reader::{Page, read};
use styles::STYLES;
use support::webhooks;

/// The facts, without how a heading was recognised, which its mark-up decides, and in
/// one order of the sections.
fn facts(text: &str) -> Result<Vec<String>, String> {
    let Page { title, batch, events, around, mut sections, problems, .. } =
        read(text.as_bytes()).map_err(|error| error.to_string())?;
    sections.sort_by(|a, b| a.events.cmp(&b.events));
    // What may be null may be absent, whether a column says so or not.
    for member in sections.iter_mut().flat_map(|section| &mut section.members) {
        member.optional |= member.nullable;
    }
    let mut lines =
        vec![format!("{title:?}"), format!("{batch:?}"), format!("{:?}", around.digest)];
    lines.extend(events.iter().map(|event| format!("{event:?}")));
    for section in &sections {
        lines.push(format!("{:?} {:?} {:?}", section.events, section.status, section.wire_types));
        lines.push(format!("{:?} {:?}", section.text.digest, section.example_digest));
        lines.push(format!("{:?}", section.example));
        lines.extend(section.members.iter().map(|member| format!("{member:?}")));
        lines.extend(section.rows.iter().map(|row| format!("{row:?}")));
    }
    let mut problems: Vec<String> =
        problems.iter().map(|problem| format!("{:?} {}", problem.kind, problem.about)).collect();
    problems.sort();
    lines.extend(problems);
    Ok(lines)
}

#[test]
fn every_layout_gives_the_same_facts() {
    let page = webhooks::page();
    let expected = facts(&support::markdown(&page)).expect("the fixture can be read");
    let mut wrong = Vec::new();
    for (name, style) in STYLES {
        match facts(&style(&page)) {
            Ok(found) if found == expected => {}
            Ok(found) => {
                let lost = expected.iter().filter(|line| !found.contains(line)).take(3);
                let new = found.iter().filter(|line| !expected.contains(line)).take(3);
                wrong.push(format!(
                    "{name}\n- {:#?}\n+ {:#?}",
                    lost.collect::<Vec<_>>(),
                    new.collect::<Vec<_>>()
                ));
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
