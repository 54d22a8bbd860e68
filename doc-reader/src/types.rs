//! Type expressions as documentation words them: `string`, `boolean \null`,
//! `Array of Fields`, `string[] | null`.
//!
//! A cell of its own is read whole; at the beginning of a line whose cells run
//! together, only the length of the longest expression is found.

use lazy_regex::{regex_captures, regex_find, regex_is_match};

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

/// Bytes that a type may have; a longer text is a description.
const LONGEST: usize = 120;

/// The words of JSON Schema, which pages use in running text too.
const WORDS: &[&str] = &["string", "number", "integer", "boolean", "object", "array"];

fn kind(word: &str) -> Option<Kind> {
    Some(match word.to_ascii_lowercase().as_str() {
        "string" | "str" | "text" | "uuid" | "url" | "uri" | "enum" => Kind::String,
        "number" | "float" | "double" | "decimal" => Kind::Number,
        "integer" | "int" | "int32" | "int64" | "long" => Kind::Integer,
        "boolean" | "bool" => Kind::Boolean,
        "object" | "map" | "record" | "dictionary" => Kind::Object,
        "array" | "list" => Kind::Array,
        "date-time" | "datetime" | "timestamp" | "date" | "any" | "unknown" | "mixed" => {
            Kind::Unknown
        }
        _ => return None,
    })
}

/// Reads a cell that holds nothing but a type; `None` where it is no type.
pub(crate) fn cell(text: &str) -> Option<TypeExpr> {
    let text = text.trim().trim_matches(['`', '*']).trim();
    if text.len() > LONGEST {
        return None;
    }
    // `"add" | "remove"`: strings, whatever they are.
    if regex_is_match!(r#"^(?:(?:"[^|]*"|'[^|]*'|null) *\\? *(?:\| *|$))+$"#, text) {
        let nullable = text.contains("null");
        return text.contains(['"', '\'']).then(|| TypeExpr {
            kind: Kind::String,
            nullable,
            ..TypeExpr::default()
        });
    }
    let text = text.replace('`', "");
    let around =
        regex_captures!("^(?i:(nullable|optional|required|maybe|)([ ?<]) *(.*?)>?)$", &text);
    if let Some((_, word, mark, inner)) = around {
        if let Some(mut expr) = plain(inner.trim()) {
            expr.nullable |=
                mark == "?" || ["nullable", "maybe"].contains(&word.to_ascii_lowercase().as_str());
            expr.optional |= word.eq_ignore_ascii_case("optional");
            return Some(expr);
        }
    }
    let elements = regex_captures!(r"^\[(.*)\]$", &text);
    if let Some(expr) = elements.and_then(|(_, inner)| plain(inner.trim())) {
        let items = expr.said.unwrap_or_else(|| expr.kind.as_str().to_owned());
        return Some(TypeExpr { kind: Kind::Array, items: Some(items), said: None, ..expr });
    }
    plain(&text)
}

/// Reads a type without what stands before or around it.
fn plain(text: &str) -> Option<TypeExpr> {
    // A list of something that the page names.
    let named = regex_captures!(r"^([A-Z][A-Za-z0-9_]*)\[\]$", text);
    if let Some((_, name)) = named.filter(|(_, name)| kind(name).is_none()) {
        return Some(TypeExpr {
            kind: Kind::Array,
            items: Some(name.to_owned()),
            ..TypeExpr::default()
        });
    }
    let (head, null, word) =
        regex_captures!(r"^(null *[\\|/]+ *)?(?i:(date-time|[a-z]+[0-9]*))\b", text)?;
    let kind = kind(word)?;
    let said = (kind == Kind::Unknown).then(|| word.to_owned());
    let mut expr = TypeExpr { kind, said, nullable: !null.is_empty(), ..TypeExpr::default() };
    let mut rest = &text[head.len()..];
    if let (Kind::Array, Some((all, of, format))) =
        (kind, regex_captures!(r"^(?: of (\w+)|<([^>]*)>)", rest))
    {
        expr.items = Some(if of.is_empty() { bare(format) } else { singular(of) }.to_owned());
        rest = &rest[all.len()..];
    }
    while let Some(after) = rest.strip_prefix("[]") {
        expr.items.get_or_insert_with(|| word.to_ascii_lowercase());
        (expr.kind, rest) = (Kind::Array, after);
    }
    while let Some((mark, nullable)) = mark(rest) {
        expr.nullable |= nullable;
        expr.optional |= !nullable;
        rest = &rest[mark..];
    }
    let rest = rest.trim();
    let format = regex_captures!(r"^(?:\(([^()]*)\)|\[([^\[\]]*)\])$", rest);
    if let (Kind::Array, Some((_, round, square))) = (expr.kind, format) {
        let items = bare(if round.is_empty() { square } else { round });
        let word = self::kind(items).map(Kind::as_str);
        expr.items = Some(word.unwrap_or(items).to_owned());
        return Some(expr);
    }
    // A format such as `string (uuid)`, or what an enumeration is of.
    if regex_is_match!(r"^(?i:|<[^<>]*>|\([^()]*\)|[,: -]*(?:enum|one of).*)$", rest)
        || starts_with(text, "enum:")
    {
        return Some(expr);
    }
    // `string | number`: clearly a type, but none of ours.
    regex_is_match!(r"^(?i:[|/\\]|or )", rest).then(|| TypeExpr {
        nullable: expr.nullable || rest.contains("null"),
        optional: expr.optional,
        said: Some(text.to_owned()),
        ..TypeExpr::default()
    })
}

/// The word of JSON Schema that a name of elements begins with, or else the name.
fn singular(name: &str) -> &str {
    let fits = |word: &&&str| starts_with(name, word) && ["", "s"].contains(&&name[word.len()..]);
    WORDS.iter().find(fits).map_or(name, |word| word)
}

/// Reads ` \null`, ` | null`, ` or null`, ` (nullable)`, `, optional`, `?`: its length, and
/// whether it means null.
fn mark(text: &str) -> Option<(usize, bool)> {
    let (_, mark) = regex_captures!(
        r"(?x)^(\?
            | (?:\ *[\\|/,]+\ *(?:or\ )?|\ +or\ +)(?:null(?:able)?|optional|undefined)
            | \ +nullable | \ *\((?:or\ )?(?:null(?:able)?|optional|undefined)\)
          )(?:[^a-z]|$)",
        text
    )?;
    Some((mark.len(), mark.contains("null")))
}

/// The length of the type at the beginning of a line whose cells run together; `known` says
/// which names the page uses for its types.
pub(crate) fn prefix(line: &str, known: &dyn Fn(&str) -> bool) -> Option<usize> {
    let (head, word) = regex_captures!(
        r"^(?:null *[\\|/]+ *)?([Ss]tring|[Nn]umber|[Ii]nteger|[Bb]oolean|[Oo]bject|[Aa]rray)",
        line
    )?;
    let mut end = head.len();
    if word.eq_ignore_ascii_case("array") {
        if let Some((of, name)) = regex_captures!(r"^ of (\w{1,64})", &line[end..]) {
            end += of.len() - name.len() + name_of_items(name, known);
        } else if let Some(items) = regex_find!("^<[^>]{0,64}>", &line[end..]) {
            end += items.len();
        }
    }
    end += regex_find!(r"^(?:\[\])*", &line[end..]).map_or(0, str::len);
    Some(end + marks(&line[end..]))
}

fn marks(text: &str) -> usize {
    let mut end = 0;
    while let Some((length, _)) = mark(&text[end..]) {
        end += length;
    }
    end
}

/// Cuts `FieldsList` into the type's name and the description that follows it:
/// a word of JSON Schema, the longest beginning that the page knows, or else the first hump.
fn name_of_items(name: &str, known: &dyn Fn(&str) -> bool) -> usize {
    if let Some(word) = regex_find!("^(?i:string|number|integer|boolean|object|array)s?", name) {
        return word.len();
    }
    let mut ends = (1..=name.len()).rev().filter(|&end| name.is_char_boundary(end));
    let hump = || regex_find!("^.[^A-Z]*", name).map_or(name.len(), str::len);
    ends.find(|&end| known(&name[..end])).unwrap_or_else(hump)
}

/// The length of a type in a rarer word at the beginning of a line whose cells
/// run together: `timestampWhen it came to be`.
pub(crate) fn rare_prefix(line: &str) -> Option<usize> {
    let (_, word) = regex_captures!(
        r"(?x)^([Ss]tr|[Tt]ext|[Uu]uid|[Uu]r[li]|[Ee]num|[Ff]loat|[Dd]ouble|[Dd]ecimal|[Ii]nt(?:32|64)?|
            [Ll]ong|[Bb]ool|[Mm]ap|[Rr]ecord|[Dd]ictionary|[Ll]ist|[Dd]ate-?time|[Tt]imestamp|[Dd]ate|
            [Aa]ny|[Uu]nknown|[Mm]ixed)(?:[^a-z]|$)",
        line
    )?;
    Some(word.len() + marks(&line[word.len()..]))
}

/// The length of the type at the beginning of a line that goes on with a name, so that a
/// small letter may follow ` | null`.
pub(crate) fn prefix_before_name(line: &str, known: &dyn Fn(&str) -> bool) -> Option<usize> {
    let end = prefix(line, known)?;
    Some(end + regex_find!(r"^ *[\\|]+ *null", &line[end..]).map_or(0, str::len))
}

/// Whether a text is the beginning of a type word and not the whole of one.
pub(crate) fn begins(text: &str) -> bool {
    cell(text).is_none() && WORDS.iter().any(|word| word.starts_with(text))
}

/// Whether a type word begins at this place of a line.
pub(crate) fn begins_with_word(line: &str) -> bool {
    regex_is_match!(
        r"^(?:null \||[Ss]tring|[Nn]umber|[Ii]nteger|[Bb]oolean|[Oo]bject|[Aa]rray)",
        line
    )
}

#[cfg(test)]
mod tests;
