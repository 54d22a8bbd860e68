//! Type expressions as documentation words them: `string`, `boolean \null`,
//! `Array of Fields`, `string[] | null`.
//!
//! A cell of its own is read whole; at the beginning of a line whose cells run
//! together, the longest expression is taken and the rest left.

use crate::facts::Kind;
use crate::words::{bare, starts_with};

/// A type as a member table gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeExpr {
    pub(crate) kind: Kind,
    pub(crate) items: Option<String>,
    pub(crate) nullable: bool,
    pub(crate) optional: bool,
    /// The words, where they are not understood.
    pub(crate) said: Option<String>,
}

/// Type words in lower case. Where one begins another, the longer one stands
/// first.
const WORDS: &[(&str, Kind)] = &[
    ("string", Kind::String),
    ("number", Kind::Number),
    ("integer", Kind::Integer),
    ("boolean", Kind::Boolean),
    ("object", Kind::Object),
    ("array", Kind::Array),
];

/// Words that are types only where they have a cell of their own: inside run-
/// together text they would be found in the middle of names.
const RARE_WORDS: &[(&str, Kind)] = &[
    ("str", Kind::String),
    ("text", Kind::String),
    ("uuid", Kind::String),
    ("url", Kind::String),
    ("uri", Kind::String),
    ("enum", Kind::String),
    ("float", Kind::Number),
    ("double", Kind::Number),
    ("decimal", Kind::Number),
    ("int32", Kind::Integer),
    ("int64", Kind::Integer),
    ("int", Kind::Integer),
    ("long", Kind::Integer),
    ("bool", Kind::Boolean),
    ("map", Kind::Object),
    ("dictionary", Kind::Object),
    ("list", Kind::Array),
    ("date-time", Kind::Unknown),
    ("datetime", Kind::Unknown),
    ("timestamp", Kind::Unknown),
    ("date", Kind::Unknown),
    ("any", Kind::Unknown),
    ("unknown", Kind::Unknown),
    ("mixed", Kind::Unknown),
];

/// Reads a cell that holds nothing but a type; `None` where it is no type.
pub(crate) fn cell(text: &str) -> Option<TypeExpr> {
    let text = text.trim().trim_matches(['`', '*']).trim();
    if let Some(alternatives) = literals(text) {
        return Some(alternatives);
    }
    let text = text.replace('`', "");
    let lead = null_first(&text);
    let (mut expr, end) = expression(&text[lead..], true, &|_| false)?;
    expr.nullable |= lead > 0;
    let rest = text[lead + end..].trim();
    if rest.is_empty() {
        return Some(expr);
    }
    if let Some(format) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        // A format in parentheses, such as `string (uuid)`.
        return (!format.contains(['(', ')'])).then_some(expr);
    }
    // `string | number`: clearly a type, but none of ours.
    rest.starts_with(['|', '/', '\\']).then(|| TypeExpr {
        kind: Kind::Unknown,
        items: None,
        nullable: expr.nullable || rest.contains("null"),
        optional: expr.optional,
        said: Some(text.clone()),
    })
}

/// Reads the type at the beginning of a line whose cells run together; returns
/// it with its length. `known` says which names the page uses for its types.
pub(crate) fn prefix(line: &str, known: &dyn Fn(&str) -> bool) -> Option<(TypeExpr, usize)> {
    let lead = null_first(line);
    let (mut expr, end) = expression(&line[lead..], false, known)?;
    expr.nullable |= lead > 0;
    Some((expr, lead + end))
}

/// Reads the type at the beginning of a line that goes on with a name, so that a
/// small letter may follow ` | null`.
pub(crate) fn prefix_before_name(
    line: &str,
    known: &dyn Fn(&str) -> bool,
) -> Option<(TypeExpr, usize)> {
    let (mut expr, end) = prefix(line, known)?;
    let rest = line[end..].trim_start();
    let after = rest.trim_start_matches(['\\', '|']).trim_start();
    if let (true, Some(name)) = (after.len() < rest.len(), after.strip_prefix("null")) {
        expr.nullable = true;
        return Some((expr, line.len() - name.len()));
    }
    Some((expr, end))
}

/// Whether a type word begins at this place of a line.
pub(crate) fn begins_with_word(line: &str) -> bool {
    starts_with(line, "null |") || WORDS.iter().any(|(word, _)| starts_with_cased(line, word))
}

fn expression(text: &str, whole: bool, known: &dyn Fn(&str) -> bool) -> Option<(TypeExpr, usize)> {
    let (kind, length) = word(text, whole)?;
    let mut expr = TypeExpr {
        kind,
        items: None,
        nullable: false,
        optional: false,
        said: (kind == Kind::Unknown).then(|| text[..length].to_owned()),
    };
    let mut at = length;
    if kind == Kind::Array {
        if let Some((items, end)) = items(&text[at..], whole, known) {
            expr.items = Some(items);
            at += end;
        }
    }
    while text[at..].starts_with("[]") {
        let inner = expr.items.take().unwrap_or_else(|| text[..length].to_ascii_lowercase());
        expr.items = Some(inner);
        expr.kind = Kind::Array;
        at += 2;
    }
    while let Some(mark) = mark(&text[at..]) {
        expr.nullable |= mark.nullable;
        expr.optional |= !mark.nullable;
        at += mark.length;
    }
    Some((expr, at))
}

fn word(text: &str, whole: bool) -> Option<(Kind, usize)> {
    let rare: &[(&str, Kind)] = if whole { RARE_WORDS } else { &[] };
    WORDS.iter().chain(rare).find_map(|&(word, kind)| {
        let fits = if whole {
            // Plural only where nothing else could follow.
            let rest = text.get(word.len()..)?;
            starts_with(text, word) && !rest.starts_with(char::is_alphanumeric)
        } else {
            starts_with_cased(text, word)
        };
        fits.then_some((kind, word.len()))
    })
}

/// Reads ` of strings`, ` of Fields`, `<string>` after `Array`.
fn items(text: &str, whole: bool, known: &dyn Fn(&str) -> bool) -> Option<(String, usize)> {
    if let Some(rest) = text.strip_prefix('<') {
        let end = rest.find('>').filter(|&end| end <= 64)?;
        return Some((bare(&rest[..end]).to_owned(), end + 2));
    }
    let rest = text.strip_prefix(" of ")?;
    let skip = text.len() - rest.len();
    let plural = WORDS.iter().find(|(word, _)| {
        let after = rest.get(word.len()..).unwrap_or("");
        starts_with(rest, word)
            && (!whole || !after.trim_start_matches('s').starts_with(char::is_alphanumeric))
    });
    if let Some((word, _)) = plural {
        let s = usize::from(rest[word.len()..].starts_with('s'));
        return Some(((*word).to_owned(), skip + word.len() + s));
    }
    let name_end =
        rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len()).min(64);
    let name = rest.get(..name_end).filter(|name| !name.is_empty())?;
    let end = if whole { name_end } else { name_of_items(name, known) };
    Some((name[..end].to_owned(), skip + end))
}

/// Cuts `FieldsList` into the type's name and the description that follows it:
/// the longest beginning that the page knows, or else the first hump.
fn name_of_items(name: &str, known: &dyn Fn(&str) -> bool) -> usize {
    let humps: Vec<usize> = name
        .char_indices()
        .skip(1)
        .filter(|(_, c)| c.is_ascii_uppercase())
        .map(|(at, _)| at)
        .chain([name.len()])
        .collect();
    let all = 1..=name.len();
    all.rev()
        .find(|&end| known(&name[..end]))
        .or_else(|| humps.first().copied())
        .unwrap_or(name.len())
}

struct Mark {
    nullable: bool,
    length: usize,
}

/// Reads ` \null`, ` | null`, ` or null`, ` (nullable)`, `, optional`, `?`.
fn mark(text: &str) -> Option<Mark> {
    if text.starts_with('?') {
        return Some(Mark { nullable: false, length: 1 });
    }
    let rest = text.trim_start();
    let spaced = rest.len() < text.len();
    let (rest, separated, bracket) = if let Some(rest) = rest.strip_prefix('(') {
        (rest, true, true)
    } else if let Some(rest) = rest.strip_prefix("or ").filter(|_| spaced) {
        (rest, true, false)
    } else {
        let after = rest.trim_start_matches(['\\', '|', '/', ',']);
        (after, after.len() < rest.len(), false)
    };
    let rest = rest.trim_start();
    let (word, nullable) = [("nullable", true), ("null", true), ("optional", false)]
        .into_iter()
        .find(|(word, _)| {
            rest.starts_with(word)
                && !rest[word.len()..].starts_with(|c: char| c.is_ascii_lowercase())
        })?;
    if !(separated || (spaced && word == "nullable")) {
        return None;
    }
    let mut rest = &rest[word.len()..];
    if bracket {
        rest = rest.strip_prefix(')')?;
    }
    Some(Mark { nullable, length: text.len() - rest.len() })
}

/// The length of a leading `null | `.
fn null_first(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("null").map(str::trim_start) else {
        return 0;
    };
    let after = rest.trim_start_matches(['\\', '|', '/']);
    if after.len() == rest.len() {
        return 0;
    }
    text.len() - after.trim_start().len()
}

/// Reads `"add" | "remove"`: strings, whatever they are.
fn literals(text: &str) -> Option<TypeExpr> {
    let mut nullable = false;
    let mut found = false;
    for part in text.split('|') {
        let part = part.trim().trim_end_matches('\\').trim();
        let quoted = part.len() >= 2
            && (part.starts_with('"') && part.ends_with('"')
                || part.starts_with('\'') && part.ends_with('\''));
        nullable |= part == "null";
        found |= quoted;
        if !quoted && part != "null" {
            return None;
        }
    }
    found.then_some(TypeExpr {
        kind: Kind::String,
        items: None,
        nullable,
        optional: false,
        said: None,
    })
}

/// Whether `text` begins with `word` in lower case or capitalised.
fn starts_with_cased(text: &str, word: &str) -> bool {
    starts_with(text, word) && text[1..].starts_with(&word[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A type in short: its kind, its items, `?` for optional, `|null`.
    fn short(expr: &TypeExpr) -> String {
        let items = expr.items.as_ref().map(|items| format!(" of {items}")).unwrap_or_default();
        let optional = if expr.optional { "?" } else { "" };
        let null = if expr.nullable { "|null" } else { "" };
        format!("{}{items}{optional}{null}", expr.kind.as_str())
    }

    #[test]
    fn reads_a_cell_of_its_own() {
        let cases = [
            ("string", "string"),
            ("`String`", "string"),
            ("boolean \\null", "boolean|null"),
            ("string | null", "string|null"),
            ("null | string", "string|null"),
            ("string or null", "string|null"),
            ("string (nullable)", "string|null"),
            ("number, optional", "number?"),
            ("string?", "string?"),
            ("string (uuid)", "string"),
            ("int64", "integer"),
            ("Array of strings", "array of string"),
            ("Array of Fields", "array of Fields"),
            ("array<string> | null", "array of string|null"),
            ("string[]", "array of string"),
            ("object[] | null", "array of object|null"),
            ("\"add\" | \"remove\"", "string"),
            ("string | number", "unknown"),
            ("timestamp", "unknown"),
        ];
        for (text, expected) in cases {
            assert_eq!(cell(text).as_ref().map(short).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["", "Event ID.", "The string of it", "stringent", "strings", "null", "x | y", "("]
        {
            assert_eq!(cell(text), None, "{text}");
        }
    }

    #[test]
    fn takes_the_longest_type_off_a_line() {
        let known = |name: &str| name == "Fields" || name == "ClientFiles";
        let cases = [
            ("stringEvent ID.", "string", "Event ID."),
            ("boolean \\null", "boolean|null", ""),
            ("string \\nullName of it", "string|null", "Name of it"),
            ("string | nullable", "string|null", ""),
            ("stringOptional value", "string", "Optional value"),
            ("objectkey-value entries", "object", "key-value entries"),
            ("Array of stringsContains urls", "array of string", "Contains urls"),
            ("Array of FieldsList of fields", "array of Fields", "List of fields"),
            ("Array of ClientFilesList", "array of ClientFiles", "List"),
            ("Array of NotesWhat", "array of Notes", "What"),
        ];
        for (line, expected, rest) in cases {
            let found = prefix(line, &known).map(|(expr, end)| (short(&expr), &line[end..]));
            assert_eq!(found, Some((expected.to_owned(), rest)), "{line}");
        }
        assert_eq!(prefix("Event ID.", &known), None);
        let (expr, end) = prefix_before_name("string | nullnoteA note", &known).expect("a type");
        assert_eq!((short(&expr).as_str(), end), ("string|null", "string | null".len()));
    }
}
