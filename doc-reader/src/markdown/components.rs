//! Tags alone on their lines: the components of MDX, `<details>`, `<div>`.
//!
//! CommonMark reads everything up to the next blank line as HTML, which would hide an example
//! directly below such a tag.

use lazy_regex::{regex_captures, regex_is_match};

use crate::names::looks_like_event;
use crate::words;

/// The most lines of one tag.
const MOST_LINES: usize = 16;
/// HTML elements that only enclose text.
const PLAIN: &[&str] = &["details", "div", "section", "article", "center", "p"];

/// Returns the line after a comment, an import or an export of MDX. The published page shows none
/// of these.
pub(super) fn code_of_mdx(lines: &[&str], at: usize) -> Option<usize> {
    let first = lines.get(at)?.trim();
    if !first.starts_with(['i', 'e', '{']) {
        return None;
    }
    if regex_is_match!(r#"^(?:import|export) .*[{'"].*[;'"]$"#, first) {
        return Some(at + 1);
    }
    let mut rest = lines[at..].iter().take(MOST_LINES).filter(|_| first.starts_with("{/*"));
    Some(at + rest.position(|line| line.trim_end().ends_with("*/}"))? + 1)
}

/// Whether a tag is a component: its name begins with a capital and continues in lower case, unlike
/// `<ADD|REMOVE>`.
pub(super) fn is_component(tag: &str) -> bool {
    regex_is_match!("^[</]*[A-Z][A-Za-z0-9.]*[a-z][^|]*$", tag)
}

fn name(tag: &str) -> &str {
    regex_captures!("^[</]*([A-Za-z0-9.]*)", tag).map_or("", |(_, name)| name)
}

/// Returns the tag that begins at this line, and the line after the tag.
pub(super) fn alone(lines: &[&str], at: usize) -> Option<(String, usize)> {
    let first = lines.get(at)?.trim();
    if !first.starts_with('<') || !(is_component(first) || PLAIN.contains(&name(first))) {
        return None;
    }
    let text: String = lines[at..].iter().take(MOST_LINES).copied().collect();
    // A tag with text after it is part of a line of Markdown.
    let (all, tag) = regex_captures!(r"^\s*(<[^>]*>)[ \t]*(?:\n|$)", &text)?;
    Some((words::squeeze(tag), at + all.lines().count()))
}

/// Returns the title of a tag as Markdown: a heading if it names an event, a paragraph if the tag
/// is a message. The titles of other tags are labels of tabs, examples and folds, and are dropped.
pub(super) fn title(tag: &str) -> String {
    let message = regex_is_match!(
        "^(?:Callout|Card|Caution|Check|Danger|Error|Info|Note|Success|Tip|Warning)$",
        name(tag)
    );
    match regex_captures!(r#" title="([^"]*)""#, tag) {
        Some((_, title)) if looks_like_event(title) => format!("**{title}**\n\n"),
        // Not bold: a bold line could be read as a heading.
        Some((_, title)) if message => format!("{title}\n\n"),
        _ => String::new(),
    }
}
