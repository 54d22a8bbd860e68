//! Type expressions as documentation words them: `string`, `boolean \null`,
//! `Array of Fields`, `string[] | null`.
//!
//! A cell of its own is read whole; at the beginning of a line whose cells run
//! together, the longest expression is taken and the rest left.

use crate::facts::Kind;
use crate::words::{bare, starts_with};

/// A type as a member table gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

/// Bytes that a type may have; a longer text is a description.
const LONGEST: usize = 120;

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
    ("record", Kind::Object),
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

/// What may stand around a type, and whether that makes it nullable or optional.
const AROUND: &[(&str, &str, bool, bool)] = &[
    ("nullable ", "", true, false),
    ("optional ", "", false, true),
    ("required ", "", false, false),
    ("?", "", true, false),
    ("nullable<", ">", true, false),
    ("optional<", ">", false, true),
    ("maybe<", ">", true, false),
    ("<", ">", false, false),
];

/// Reads a cell that holds nothing but a type; `None` where it is no type.
pub(crate) fn cell(text: &str) -> Option<TypeExpr> {
    let text = text.trim().trim_matches(['`', '*']).trim();
    if text.len() > LONGEST {
        return None;
    }
    if let Some(alternatives) = literals(text) {
        return Some(alternatives);
    }
    let text = text.replace('`', "");
    for &(open, close, nullable, optional) in AROUND {
        let inner = text.get(open.len()..).filter(|_| starts_with(&text, open));
        if let Some(mut expr) = inner.and_then(|inner| plain(inner.strip_suffix(close)?.trim())) {
            expr.nullable |= nullable;
            expr.optional |= optional;
            return Some(expr);
        }
    }
    let elements = text.strip_prefix('[').and_then(|text| plain(text.strip_suffix(']')?.trim()));
    if let Some(expr) = elements {
        let items = expr.said.unwrap_or_else(|| expr.kind.as_str().to_owned());
        return Some(TypeExpr { kind: Kind::Array, items: Some(items), said: None, ..expr });
    }
    plain(&text)
}

/// Reads a type without what stands before or around it.
fn plain(text: &str) -> Option<TypeExpr> {
    if let Some(list) = list_of_name(text) {
        return Some(list);
    }
    let lead = null_first(text);
    let (mut expr, end) = expression(&text[lead..], true, &|_| false)?;
    expr.nullable |= lead > 0;
    let rest = text[lead + end..].trim();
    let format = |open: char, close: char| {
        let inner = rest.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.contains([open, close])).then_some(inner)
    };
    if rest.is_empty()
        || format('<', '>').is_some()
        || is_enumeration(rest)
        || starts_with(text, "enum:")
    {
        return Some(expr);
    }
    if let (Kind::Array, Some(items)) = (expr.kind, format('(', ')').or(format('[', ']'))) {
        let word = word(items, true).map(|(kind, _)| kind.as_str().to_owned());
        expr.items = Some(word.unwrap_or_else(|| bare(items).to_owned()));
        return Some(expr);
    }
    if let Some(format) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        // A format in parentheses, such as `string (uuid)`.
        return (!format.contains(['(', ')'])).then_some(expr);
    }
    // `string | number`: clearly a type, but none of ours.
    (rest.starts_with(['|', '/', '\\']) || starts_with(rest, "or ")).then(|| TypeExpr {
        nullable: expr.nullable || rest.contains("null"),
        optional: expr.optional,
        said: Some(text.to_owned()),
        ..TypeExpr::default()
    })
}

/// Whether the rest of a type only says that it is an enumeration, or of what.
fn is_enumeration(rest: &str) -> bool {
    let rest = rest.trim_start_matches([',', ':', '-', ' ']);
    starts_with(rest, "enum") || starts_with(rest, "one of")
}

/// Reads `Field[]`: a list of something that the page names.
fn list_of_name(text: &str) -> Option<TypeExpr> {
    let name = text.strip_suffix("[]")?;
    let named = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (named && word(name, true).is_none()).then(|| TypeExpr {
        kind: Kind::Array,
        items: Some(name.to_owned()),
        ..TypeExpr::default()
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

/// The length of a type in a rarer word at the beginning of a line whose cells
/// run together: `timestampWhen it came to be`.
pub(crate) fn rare_prefix(line: &str) -> Option<usize> {
    let ends = |end: usize| !line[end..].starts_with(|c: char| c.is_ascii_lowercase());
    let fits = |word: &&(&str, Kind)| starts_with_cased(line, word.0) && ends(word.0.len());
    let mut end = RARE_WORDS.iter().find(fits)?.0.len();
    while let Some((_, length)) = mark(&line[end..]) {
        end += length;
    }
    Some(end)
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

/// Whether a text is the beginning of a type word and not the whole of one.
pub(crate) fn begins(text: &str) -> bool {
    cell(text).is_none() && WORDS.iter().any(|(word, _)| word.starts_with(text))
}

/// Whether a type word begins at this place of a line.
pub(crate) fn begins_with_word(line: &str) -> bool {
    starts_with(line, "null |") || WORDS.iter().any(|(word, _)| starts_with_cased(line, word))
}

fn expression(text: &str, whole: bool, known: &dyn Fn(&str) -> bool) -> Option<(TypeExpr, usize)> {
    let (kind, length) = word(text, whole)?;
    let mut expr = TypeExpr {
        kind,
        said: (kind == Kind::Unknown).then(|| text[..length].to_owned()),
        ..TypeExpr::default()
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
    while let Some((nullable, length)) = mark(&text[at..]) {
        expr.nullable |= nullable;
        expr.optional |= !nullable;
        at += length;
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

/// Reads ` \null`, ` | null`, ` or null`, ` (nullable)`, `, optional`, `?`: whether it means
/// null, and its length.
fn mark(text: &str) -> Option<(bool, usize)> {
    const MARKS: &[(&str, bool)] =
        &[("nullable", true), ("null", true), ("optional", false), ("undefined", false)];
    if text.starts_with('?') {
        return Some((false, 1));
    }
    let after = text.trim_start_matches([' ', '\\', '|', '/', ',', '(']);
    let (lead, or) = (&text[..text.len() - after.len()], after.strip_prefix("or "));
    let rest = or.filter(|_| lead.starts_with(' ')).unwrap_or(after);
    let ends = |end: &str| !end.starts_with(|c: char| c.is_ascii_lowercase());
    let found = MARKS.iter().find(|(word, _)| rest.strip_prefix(word).is_some_and(ends));
    let (word, nullable) = *found?;
    let separated = rest.len() < after.len() || !lead.trim().is_empty();
    if !(separated || (lead.starts_with(' ') && word == "nullable")) {
        return None;
    }
    let rest = &rest[word.len()..];
    let rest = if lead.contains('(') { rest.strip_prefix(')')? } else { rest };
    Some((nullable, text.len() - rest.len()))
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
    found.then(|| TypeExpr { kind: Kind::String, nullable, ..TypeExpr::default() })
}

/// Whether `text` begins with `word` in lower case or capitalised.
fn starts_with_cased(text: &str, word: &str) -> bool {
    starts_with(text, word) && text[1..].starts_with(&word[1..])
}

#[cfg(test)]
mod tests;
