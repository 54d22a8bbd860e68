//! What the elements of HTML mean for the document model.

use html5gum::HtmlString;
use html5gum::emitters::default::StartTag;

use super::Chrome;

pub(super) const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
const NEVER_READ: &[&str] = &[
    "script", "style", "template", "noscript", "svg", "math", "button", "select", "textarea",
    "iframe", "sup", "object", "canvas", "audio", "video",
];
const CHROME: &[&str] = &["nav", "aside", "footer"];
/// Elements that don't interrupt a run of text.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "time",
    "tt", "u", "var", "wbr", "img",
];

/// What an open element does with what is inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Skip,
    Title,
    Heading(u8),
    Code,
    Table,
    Row,
    HeaderCell,
    Cell,
    Block,
    Inline,
}

/// Returns the value of an attribute.
pub(super) fn attribute(tag: &StartTag<()>, wanted: &[u8]) -> Option<String> {
    let mut attributes = tag.attributes.iter();
    let (_, value) = attributes.find(|(name, _)| ***name == *wanted)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Says what an element is by its name and its attributes.
pub(super) fn role(name: &str, tag: &StartTag<()>, chrome: Chrome) -> Role {
    let attribute = |wanted| attribute(tag, wanted).unwrap_or_default().to_ascii_lowercase();
    let class = attribute(b"class");
    let numbers = ["linenumber", "line-number", "lineno", "gutter"];
    if NEVER_READ.contains(&name)
        || (chrome == Chrome::Skip && CHROME.contains(&name))
        || numbers.iter().any(|number| class.contains(number))
    {
        return Role::Skip;
    }
    match (name, attribute(b"role").as_str()) {
        ("title", _) => Role::Title,
        ("h1", _) => Role::Heading(1),
        ("h2", _) => Role::Heading(2),
        ("h3", _) => Role::Heading(3),
        ("h4", _) => Role::Heading(4),
        ("h5", _) => Role::Heading(5),
        ("h6", _) => Role::Heading(6),
        ("pre", _) => Role::Code,
        // Sites make tables of any element.
        ("table", _) | (_, "table" | "grid") => Role::Table,
        ("tr", _) | (_, "row") => Role::Row,
        ("th", _) | (_, "columnheader") => Role::HeaderCell,
        ("td", _) | (_, "cell" | "gridcell" | "rowheader") => Role::Cell,
        (name, _) if INLINE.contains(&name) => Role::Inline,
        _ => Role::Block,
    }
}

/// Whether a tag inside a line of Markdown is one of HTML, and not something else in
/// angle brackets.
pub(crate) fn is_inline(tag: &str) -> bool {
    let name = tag.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = name[..end].to_ascii_lowercase();
    // Not all that is never read: `<object>` may be a placeholder.
    let never_read = ["svg", "sup", "button"];
    let known = [INLINE, VOID, &never_read].concat();
    known.contains(&name.as_str()) || tag.starts_with("<!--")
}

pub(super) fn is_struck(name: &str) -> bool {
    matches!(name, "del" | "s" | "strike")
}

pub(super) fn name(name: &HtmlString) -> String {
    String::from_utf8_lossy(name).into_owned()
}
