//! Tags that stand alone on their lines: the components of MDX, `<details>`, `<div>`.
//!
//! CommonMark takes everything up to the next blank line for HTML, which would
//! hide an example directly below such a tag.

use crate::names::looks_like_event;

/// Lines over which one tag may extend.
const MOST_LINES: usize = 16;
/// Elements of HTML that only enclose text.
const PLAIN: &[&str] = &["details", "div", "section", "article", "center", "p"];

/// Components that say something, in their titles too. The title of any other is the label
/// of a tab, an example or a fold.
const MESSAGES: &[&str] = &[
    "Callout", "Card", "Caution", "Check", "Danger", "Error", "Info", "Note", "Success", "Tip",
    "Warning",
];

/// Returns the end of a comment, an import or an export of MDX, which no reader of the
/// page sees.
pub(super) fn code_of_mdx(lines: &[&str], at: usize) -> Option<usize> {
    let first = lines.get(at)?.trim();
    let statement = ["import ", "export "].iter().any(|word| first.starts_with(word));
    if statement && first.contains(['{', '\'', '"']) && first.ends_with([';', '\'', '"']) {
        return Some(at + 1);
    }
    if !first.starts_with("{/*") {
        return None;
    }
    let mut rest = lines.get(at..)?.iter().take(MOST_LINES);
    let end = rest.position(|line| line.trim_end().ends_with("*/}"))?;
    Some(at + end + 1)
}

/// Whether a tag is that of a component: a name that begins with a capital and
/// goes on in lower case, unlike `<ADD|REMOVE>`.
pub(super) fn is_component(tag: &str) -> bool {
    let name = name(tag);
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !tag.contains('|')
}

fn name(tag: &str) -> &str {
    let tag = tag.trim_start_matches(['<', '/']);
    let end = tag.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(tag.len());
    &tag[..end]
}

/// Returns the tag that fills the line, and the line after those that it needs.
pub(super) fn alone(lines: &[&str], at: usize) -> Option<(String, usize)> {
    let first = lines.get(at)?.trim();
    if !first.starts_with('<') || !(is_component(first) || PLAIN.contains(&name(first))) {
        return None;
    }
    let mut tag = String::new();
    for (count, line) in lines[at..].iter().take(MOST_LINES).enumerate() {
        tag.push_str(line.trim());
        // Text behind the tag belongs to the line.
        match tag.find('>') {
            Some(end) if end + 1 == tag.len() => return Some((tag, at + count + 1)),
            Some(_) => return None,
            None => tag.push(' '),
        }
    }
    None
}

/// Returns what the title of a tag says, as Markdown: a heading if it names an event, a
/// paragraph if the tag is that of a message.
pub(super) fn title(tag: &str) -> String {
    let value = tag.split_once("title=\"").and_then(|(_, value)| value.split_once('"'));
    match value {
        Some((title, _)) if looks_like_event(title) => format!("**{title}**\n\n"),
        // Without the emphasis, which could be taken for a heading.
        Some((title, _)) if MESSAGES.contains(&name(tag)) => format!("{title}\n\n"),
        _ => String::new(),
    }
}
