//! Names: which are allowed in the schema files, and what they become in Rust.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// Tells whether a text can be the name of a Rust type or variant.
pub(crate) fn is_type_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_uppercase())
        && chars.all(|rest| rest.is_ascii_alphanumeric())
        && name != "Self"
}

/// Tells whether a text can be a title: the name of a type in which each word is
/// capitalised, acronyms too, since typify would write them so.
pub(crate) fn is_title(name: &str) -> bool {
    is_type_name(name) && name.to_upper_camel_case() == name
}

/// Tells whether a member's wire name can become a Rust field's name.
pub(crate) fn is_member_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic())
        && chars.all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
}

/// Tells whether an event's file name can become a module's name as it is.
pub(crate) fn is_module_name(name: &str) -> bool {
    is_member_name(name) && field(name) == name
}

/// Tells whether a file's name is in lower snake case.
pub(crate) fn is_file_name(name: &str) -> bool {
    is_member_name(name) && name.to_snake_case() == name
}

pub(crate) fn is_kebab_case(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

/// Tells whether a text has the shape of an ISO 8601 calendar date; the length of
/// months is not looked at.
pub(crate) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
    let within = |part: &str, most: &str| digits(part, 2) && ("01"..=most).contains(&part);
    matches!(parts[..], [year, month, day] if digits(year, 4) && within(month, "12") && within(day, "31"))
}

/// Returns `alert_resolved` for `events/alert_resolved.schema.json`.
pub(crate) fn module(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".schema.json").unwrap_or(name).to_owned()
}

/// Returns the documented name that belongs to an event's file.
pub(crate) fn event_name(file: &str) -> String {
    module(file).to_shouty_snake_case()
}

/// Returns the Rust name of an enum's variant for a value on the wire.
pub(crate) fn variant(value: &str) -> String {
    value.to_upper_camel_case()
}

/// Returns the Rust name of a field for a member's wire name. Keywords get a
/// trailing underscore, as typify does it.
pub(crate) fn field(name: &str) -> String {
    let field = name.to_snake_case();
    if syn::parse_str::<syn::Ident>(&field).is_ok() { field } else { format!("{field}_") }
}

/// Returns a member's wire name in the words of an example's name.
pub(crate) fn words(name: &str) -> String {
    name.to_snake_case()
}

/// Tells whether two members' names would become the same field, or the same
/// variant of the enum by which the field is found.
pub(crate) fn is_same_field(one: &str, other: &str) -> bool {
    field(one) == field(other) || variant(one) == variant(other)
}

/// Resolves a `$ref` against the file it stands in: `dir/file` for a whole
/// file, `dir/file#/$defs/Name` for a definition.
pub(crate) fn resolve(file: &str, reference: &str) -> String {
    if let Some(fragment) = reference.strip_prefix('#') {
        return format!("{file}#{fragment}");
    }
    let mut path: Vec<&str> = file.split('/').collect();
    path.pop();
    for part in reference.split('/') {
        match part {
            // What leads out of the schema folder leads nowhere.
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
        assert_eq!(field("processName"), "process_name");
        assert_eq!(field("process_output"), "process_output");
        assert_eq!(field("type"), "type_");
        assert_eq!(variant("know_your-customer"), "KnowYourCustomer");
        assert!(is_same_field("processName", "process_name"));
        assert!(is_same_field("line1", "line_1"));
        assert!(!is_same_field("line1", "line2"));
    }

    #[test]
    fn names_that_are_not_identifiers_are_told_apart() {
        for name in ["", "1st", "with-hyphen", "with space", "naïve", "_x"] {
            assert!(!is_member_name(name), "{name:?} passes as a member's name");
        }
        for name in ["", "fooBar", "foo-bar", "1st", "mod", "type", "foo__bar"] {
            assert!(!is_module_name(name), "{name:?} passes as a module's name");
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
