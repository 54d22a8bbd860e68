//! The roles of HTML elements in the document model.

use html5gum::emitters::default::StartTag;
use lazy_regex::{regex_captures, regex_is_match};

pub(super) const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
const NEVER_READ: &[&str] = &[
    "script", "style", "template", "noscript", "svg", "math", "button", "select", "textarea",
    "iframe", "sup", "object", "canvas", "audio", "video",
];
/// The site's navigation.
const SITE: &[&str] = &["nav", "aside", "footer"];
/// Elements that don't interrupt a run of text.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "time",
    "tt", "u", "var", "wbr", "img",
];

/// How the content of an element is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementRole {
    Skip,
    Title,
    Heading(u8),
    Code,
    Table,
    Row,
    Cell,
    Block,
    Inline,
}

/// Returns the value of an attribute, with invalid UTF-8 replaced.
pub(super) fn attribute(tag: &StartTag<()>, wanted: &[u8]) -> Option<String> {
    let mut attributes = tag.attributes.iter();
    let (_, value) = attributes.find(|(name, _)| ***name == *wanted)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Returns the role of an element, by its name and attributes.
pub(super) fn role(name: &str, tag: &StartTag<()>, is_site: bool) -> ElementRole {
    let attribute = |wanted| attribute(tag, wanted).unwrap_or_default().to_ascii_lowercase();
    if NEVER_READ.contains(&name)
        || (is_site && SITE.contains(&name))
        || regex_is_match!("line-?number|lineno|gutter", &attribute(b"class"))
    {
        return ElementRole::Skip;
    }
    let level = regex_captures!("^h([1-6])$", name).and_then(|(_, level)| level.parse().ok());
    match (name, level, attribute(b"role").as_str()) {
        ("title", ..) => ElementRole::Title,
        (_, Some(level), _) => ElementRole::Heading(level),
        ("pre", ..) => ElementRole::Code,
        // With `role` attributes, sites build tables from any element.
        ("table", ..) | (.., "table" | "grid") => ElementRole::Table,
        ("tr", ..) | (.., "row") => ElementRole::Row,
        ("th" | "td", ..) | (.., "columnheader" | "cell" | "gridcell" | "rowheader") => {
            ElementRole::Cell
        }
        _ if INLINE.contains(&name) => ElementRole::Inline,
        _ => ElementRole::Block,
    }
}

/// Whether a tag inside a line of Markdown is HTML, not a placeholder in angle brackets. Of the
/// elements that are never read only some count, because `<object>` may be a placeholder.
pub(crate) fn is_inline(tag: &str) -> bool {
    let name = regex_captures!("^[</]*([a-z0-9]*)"i, tag).map_or("", |(_, name)| name);
    let known = [INLINE, VOID, &["svg", "sup", "button"]].concat();
    known.contains(&name.to_ascii_lowercase().as_str()) || tag.starts_with("<!--")
}
