//! Names that the schema files may use, and the Rust names made of them.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// Tells whether a text can be the name of a Rust type or variant.
pub(crate) fn is_type_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_uppercase())
        && chars.all(|rest| rest.is_ascii_alphanumeric())
        && !is_keyword(name)
}

/// Tells whether a text can be a title: a type name with each word in upper camel case. An acronym
/// counts as a word, since typify would write it so.
pub(crate) fn is_title(name: &str) -> bool {
    is_type_name(name) && name.to_upper_camel_case() == name
}

/// The strict and reserved keywords of the edition: no identifier can be one. Keywords
/// that are reserved in some contexts only are valid names, and are not listed.
const KEYWORDS: [&str; 52] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// Tells whether a member's wire name can become a Rust field's name.
pub(crate) fn is_member_name(name: &str) -> bool {
    name.chars().any(|c| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_graphic() && c != '\'' && c != '"' && c != '\\')
}

/// Tells whether a file's name is in lower snake case.
pub(crate) fn is_file_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.to_snake_case() == name
}

pub(crate) fn is_kebab_case(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

/// Tells whether a text has the shape of an ISO 8601 calendar date; does not check that the day
/// exists in the month.
pub(crate) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
    let within = |part: &str, most: &str| digits(part, 2) && ("01"..=most).contains(&part);
    matches!(parts[..], [year, month, day] if digits(year, 4) && within(month, "12") && within(day, "31"))
}

/// Returns the module of a file, as `alert_resolved` for `events/alert_resolved.schema.json`.
pub(crate) fn module(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".schema.json").unwrap_or(name).to_owned()
}

/// Returns the documented name of the event that a file describes.
pub(crate) fn event_name(file: &str) -> String {
    module(file).to_shouty_snake_case()
}

/// Returns the Rust name of the enum variant for a value on the wire.
pub(crate) fn variant(value: &str) -> String {
    value.to_upper_camel_case()
}

/// Returns the Rust name of the field for a member's wire name, as typify makes it:
/// characters that a name cannot contain separate words, `x` is put before a leading digit, and an
/// underscore behind a keyword.
pub(crate) fn field(name: &str) -> String {
    let separated = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "-");
    let field = separated.to_snake_case();
    let first = field.chars().next();
    let prefix = if first.is_some_and(|first| first.is_ascii_alphabetic()) { "" } else { "x" };
    identifier(&format!("{prefix}{field}"))
}

/// Returns the name of an event's Rust module.
pub(crate) fn module_ident(module: &str) -> String {
    identifier(module)
}

fn identifier(name: &str) -> String {
    if is_keyword(name) { format!("{name}_") } else { name.to_owned() }
}

/// Returns a member's wire name in snake case, for use in an example's name.
pub(crate) fn words(name: &str) -> String {
    field(name).trim_end_matches('_').to_owned()
}

/// Tells whether the names of two members become the same field.
pub(crate) fn is_same_field(one: &str, other: &str) -> bool {
    field(one) == field(other)
}

/// Resolves a `$ref` against the file that contains it: `dir/file` for a whole
/// file, `dir/file#/$defs/Name` for a definition.
pub(crate) fn resolve(file: &str, reference: &str) -> String {
    if let Some(fragment) = reference.strip_prefix('#') {
        return format!("{file}#{fragment}");
    }
    let mut path: Vec<&str> = file.split('/').collect();
    path.pop();
    for part in reference.split('/') {
        match part {
            // A path that leads out of the schema folder resolves to no file.
            ".." => match path.pop() {
                Some("..") => path.extend(["..", ".."]),
                Some(_) => {}
                None => path.push(".."),
            },
            "." => {}
            part => path.push(part),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_against_their_file() {
        let file = "events/alert_resolved.schema.json";
        assert_eq!(resolve(file, "../common/user_id.schema.json"), "common/user_id.schema.json");
        assert_eq!(resolve(file, "#/$defs/X"), "events/alert_resolved.schema.json#/$defs/X");
        assert_eq!(resolve(file, "./x.json"), "events/x.json");
        assert_eq!(resolve(file, "../../x.json"), "../x.json");
        assert_eq!(resolve(file, "../../../x/../y.json"), "../../y.json");
    }

    #[test]
    fn fields_and_variants_follow_rust_s_style() {
        for (name, expected) in [
            ("processName", "process_name"),
            ("process_output", "process_output"),
            ("type", "type_"),
            ("risk-score", "risk_score"),
            ("risk.score%", "risk_score"),
            ("2faEnabled", "x2fa_enabled"),
            ("@id", "id"),
            ("_x", "x"),
        ] {
            assert_eq!(field(name), expected);
            assert!(syn::parse_str::<syn::Ident>(&field(name)).is_ok(), "{name}");
        }
        assert_eq!(variant("know_your-customer"), "KnowYourCustomer");
        assert!(is_same_field("processName", "process_name"));
        assert!(!is_same_field("line1", "line_1"));
        assert!(is_same_field("risk-score", "riskScore"));
        assert!(!is_same_field("line1", "line2"));
    }

    /// `KEYWORDS` holds the strict and reserved keywords that the Rust Reference lists for the
    /// edition 2024.
    #[test]
    fn no_keyword_becomes_an_identifier() {
        for keyword in KEYWORDS {
            assert!(!is_type_name(keyword), "{keyword}");
            let lower = keyword.to_ascii_lowercase();
            assert_eq!(field(keyword), format!("{lower}_"));
            assert_eq!(module_ident(&lower), format!("{lower}_"));
        }
        // syn knows the keywords of the older editions.
        let known = KEYWORDS.iter().filter(|name| syn::parse_str::<syn::Ident>(name).is_err());
        assert!(known.count() >= KEYWORDS.len() - 1, "`gen` is the edition's own");
    }

    #[test]
    fn names_that_are_not_identifiers_are_told_apart() {
        for name in ["", "--", "with space", "na\u{ef}ve", "a\"b", "a\\b", "a'b"] {
            assert!(!is_member_name(name), "{name:?} passes as a member's name");
        }
        for name in ["1st", "with-hyphen", "_x", "$ref", "a/b", "a~b"] {
            assert!(is_member_name(name), "{name:?} is refused as a member's name");
        }
        for name in ["", "fooBar", "foo-bar", "1st", "foo__bar", "_foo"] {
            assert!(!is_file_name(name), "{name:?} passes as a file's name");
        }
        for name in ["", "lower", "With_Underscore", "1St", "Self"] {
            assert!(!is_type_name(name), "{name:?} passes as a type's name");
        }
        for name in ["KYCCheck", "DataAB", "with space"] {
            assert!(!is_title(name), "{name:?} passes as a title");
        }
        for name in ["KycCheck", "Line1Item", "Sha256"] {
            assert!(is_title(name), "{name:?} is refused as a title");
        }
    }
}
