//! Type expressions as documentation words them: `string`, `boolean \null`,
//! `Array of Fields`, `string[] | null`.
//!
//! [`cell`] reads a cell that is separate. [`prefix`] finds the length of the longest expression at
//! the beginning of a line whose cells run together.

use lazy_regex::{regex_captures, regex_find, regex_is_match};

use crate::facts::JsonType;
use crate::words::{bare, starts_with};

/// A type as written in a member table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TypeExpr {
    pub(crate) kind: JsonType,
    pub(crate) items: Option<String>,
    pub(crate) nullable: bool,
    pub(crate) optional: bool,
    /// The words of an unknown type.
    pub(crate) said: Option<String>,
}

/// The longest type, in bytes; a longer text is a description.
const LONGEST: usize = 120;

/// The type words of JSON Schema. Pages also use them in running text.
const WORDS: &[&str] = &["string", "number", "integer", "boolean", "object", "array"];

fn kind(word: &str) -> Option<JsonType> {
    Some(match word.to_ascii_lowercase().as_str() {
        "string" | "str" | "text" | "uuid" | "url" | "uri" | "enum" => JsonType::String,
        "number" | "float" | "double" | "decimal" => JsonType::Number,
        "integer" | "int" | "int32" | "int64" | "long" => JsonType::Integer,
        "boolean" | "bool" => JsonType::Boolean,
        "object" | "map" | "record" | "dictionary" => JsonType::Object,
        "array" | "list" => JsonType::Array,
        "date-time" | "datetime" | "timestamp" | "date" | "any" | "unknown" | "mixed" => {
            JsonType::Unknown
        }
        _ => return None,
    })
}

/// Reads a cell that holds only a type; `None` for any other text.
pub(crate) fn cell(text: &str) -> Option<TypeExpr> {
    let text = text.trim().trim_matches(['`', '*']).trim();
    if text.len() > LONGEST {
        return None;
    }
    // Quoted alternatives such as `"add" | "remove"` are strings.
    if regex_is_match!(r#"^(?:(?:"[^|]*"|'[^|]*'|null) *\\? *(?:\| *|$))+$"#, text) {
        let (kind, nullable) = (JsonType::String, text.contains("null"));
        let quoted = text.contains(['"', '\'']);
        return quoted.then(|| TypeExpr { kind, nullable, ..TypeExpr::default() });
    }
    let text = text.replace('`', "");
    let around = regex_captures!("^(?i:(nullable|optional|required|maybe|)[ ?<] *(.*?)>?)$", &text);
    if let Some((all, word, inner)) = around
        && let Some(expr) = plain(inner.trim())
    {
        let null = all.starts_with('?') || regex_is_match!("^(?i:nullable|maybe)$", word);
        let optional = expr.optional || word.eq_ignore_ascii_case("optional");
        return Some(TypeExpr { nullable: expr.nullable || null, optional, ..expr });
    }
    let elements = regex_captures!(r"^\[(.*)\]$", &text);
    if let Some(expr) = elements.and_then(|(_, inner)| plain(inner.trim())) {
        let items = expr.said.unwrap_or_else(|| expr.kind.as_str().to_owned());
        return Some(TypeExpr { kind: JsonType::Array, items: Some(items), said: None, ..expr });
    }
    plain(&text)
}

/// Reads a type without a prefix such as `nullable` and without brackets around it.
fn plain(text: &str) -> Option<TypeExpr> {
    // A list of a type that the page defines, such as `Field[]`.
    let named = regex_captures!(r"^([A-Z][A-Za-z0-9_]*)\[\]$", text);
    if let Some((_, name)) = named.filter(|(_, name)| kind(name).is_none()) {
        let (kind, items) = (JsonType::Array, Some(name.to_owned()));
        return Some(TypeExpr { kind, items, ..TypeExpr::default() });
    }
    let (head, null, word, of, inside) = regex_captures!(
        r"^(null *[\\|/]+ *)?(?i:(date-time|[a-z]+[0-9]*))\b(?: of (\w+)|<([^>]*)>)?",
        text
    )?;
    let mut kind = kind(word)?;
    let said = (kind == JsonType::Unknown).then(|| word.to_owned());
    if kind != JsonType::Array && !of.is_empty() {
        return None;
    }
    let inside = Some(bare(inside)).filter(|inside| kind == JsonType::Array && !inside.is_empty());
    let of = Some(singular(of)).filter(|of| !of.is_empty());
    let mut items = of.or(inside).map(str::to_owned);
    let marks = marks(&text[head.len()..]);
    if marks.starts_with('[') {
        kind = JsonType::Array;
        items.get_or_insert_with(|| word.to_ascii_lowercase());
    }
    let nullable = !null.is_empty() || marks.contains("null");
    let optional = regex_is_match!(r"\?|optional|undefined", marks);
    let rest = text[head.len() + marks.len()..].trim();
    let format = regex_captures!(r"^(?:\(([^()]*)\)|\[([^\[\]]*)\])$", rest);
    if let (JsonType::Array, Some((_, round, square))) = (kind, format) {
        let word = bare(if round.is_empty() { square } else { round });
        items = Some(self::kind(word).map_or(word, |kind| kind.as_str()).to_owned());
    }
    // A format such as `string (uuid)`, or the values of an enumeration.
    let formatted =
        regex_is_match!(r"^(?i:|<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]|[,: -]*(?:enum|one of).*)$", rest);
    if formatted || starts_with(text, "enum:") {
        return Some(TypeExpr { kind, items, nullable, optional, said });
    }
    // A union such as `string | number` is a type, but of no known kind.
    let nullable = nullable || rest.contains("null");
    let (kind, items, said) = (JsonType::Unknown, None, Some(text.to_owned()));
    let other = regex_is_match!(r"^(?i:[|/\\]|or )", rest);
    other.then_some(TypeExpr { kind, items, nullable, optional, said })
}

/// Returns the JSON Schema word for a word such as `strings`, and any other name unchanged.
fn singular(name: &str) -> &str {
    let fits = |word: &&&str| starts_with(name, word) && ["", "s"].contains(&&name[word.len()..]);
    WORDS.iter().find(fits).map_or(name, |word| word)
}

/// Returns the marks that follow a type and belong to it: `[]`, ` \null`, ` or null`, `
/// (nullable)`, `, optional`, `?`.
fn marks(text: &str) -> &str {
    let marks = regex_find!(
        r"(?x)^(?:\[\])*(?:\?
            | (?:\ *[\\|/,]+\ *(?:or\ )?|\ +or\ +)(?:null(?:able)?|optional|undefined)
            | \ +nullable | \ *\((?:or\ )?(?:null(?:able)?|optional|undefined)\))*",
        text
    );
    marks.unwrap_or_default()
}

/// Returns the length of the type at the beginning of a line whose cells run together. `known`
/// recognises the names that the page uses for its types.
pub(crate) fn prefix(line: &str, known: &dyn Fn(&str) -> bool) -> Option<usize> {
    let (head, items) = regex_captures!(
        r"(?x)^(?:null\ *[\\|/]+\ *)?(?:[Aa]rray\ of\ (\w{1,64}) | [Aa]rray(?:<[^>]{0,64}>)?
            | [Ss]tring|[Nn]umber|[Ii]nteger|[Bb]oolean|[Oo]bject)",
        line
    )?;
    let end = head.len() - items.len() + name_of_items(items, known);
    Some(end + marks(&line[end..]).len())
}

/// Returns the length of the type's name in `FieldsList`, where a description follows the name. The
/// name is a word of JSON Schema, the longest name that is known, or else ends before the second
/// capital letter.
fn name_of_items(name: &str, known: &dyn Fn(&str) -> bool) -> usize {
    if let Some(word) = regex_find!("^(?i:string|number|integer|boolean|object|array)s?", name) {
        return word.len();
    }
    let mut ends = (1..=name.len()).rev().filter(|&end| name.is_char_boundary(end));
    let hump = || regex_find!("^.[^A-Z]*", name).map_or(0, str::len);
    ends.find(|&end| known(&name[..end])).unwrap_or_else(hump)
}

/// Returns the length of a less common type at the beginning of a line whose cells run together:
/// `timestampWhen it came to be`.
pub(crate) fn rare_prefix(line: &str) -> Option<usize> {
    let word = regex_find!("^[A-Za-z][a-z]*(?:-?time|32|64)?", line)?;
    kind(word)?;
    Some(word.len() + marks(&line[word.len()..]).len())
}

/// Whether a text is an incomplete type word.
pub(crate) fn begins(text: &str) -> bool {
    cell(text).is_none() && WORDS.iter().any(|word| word.starts_with(text))
}

#[cfg(test)]
mod tests;
