//! Tags that stand alone on their lines: the components of MDX, `<details>`, `<div>`.
//!
//! CommonMark takes everything up to the next blank line for HTML, which would
//! hide an example directly below such a tag. So the tags become blank lines, and
//! what they enclose loses the indentation that they gave it.

use std::borrow::Cow;

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

/// Replaces the tags by blank lines; the title of one that names an event becomes
/// a heading, and that of a message a paragraph.
pub(super) fn unwrap(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '{']) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = String::with_capacity(text.len());
    // The indentation inside each open tag; `None` until its first line.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        if let Some(end) = code_of_mdx(&lines, at - 1).filter(|_| fence.is_none()) {
            at = end;
            out.push('\n');
            continue;
        }
        if let Some((tag, end)) = alone(&lines, at - 1).filter(|_| fence.is_none()) {
            at = end;
            if tag.starts_with("</") {
                open.pop();
            } else if !tag.ends_with("/>") {
                open.push(None);
            }
            out.push('\n');
            match title(&tag) {
                Some(title) if looks_like_event(title) => {
                    out.push_str(&format!("**{title}**\n\n"));
                }
                // Without the emphasis, which could be taken for a heading.
                Some(title) if MESSAGES.contains(&name(&tag)) => {
                    out.push_str(&format!("{title}\n\n"));
                }
                _ => {}
            }
            continue;
        }
        match fence {
            Some(opened) if mark == Some(opened) => fence = None,
            None => fence = mark,
            Some(_) => {}
        }
        let width = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(first) = open.last_mut().filter(|first| first.is_none() && !start.is_empty()) {
            *first = Some(width);
        }
        let indent = open.last().copied().flatten().unwrap_or(0);
        out.push_str(&line[width.min(indent)..]);
        if fence.is_none() && start.trim_end().ends_with("</summary>") {
            out.push('\n');
        }
    }
    Cow::Owned(out)
}

/// Returns the end of a comment, an import or an export of MDX, which no reader of the
/// page sees.
fn code_of_mdx(lines: &[&str], at: usize) -> Option<usize> {
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

/// Returns the tag that fills the line, and those after it that it needs.
fn alone(lines: &[&str], at: usize) -> Option<(String, usize)> {
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

fn title(tag: &str) -> Option<&str> {
    let value = tag.split_once("title=\"")?.1;
    value.split_once('"').map(|(title, _)| title)
}
