//! Type expressions in the words of pages.

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
        ("string or number", "unknown"),
        ("timestamp", "unknown"),
        ("nullable string", "string|null"),
        ("?string", "string|null"),
        ("Nullable<string>", "string|null"),
        ("optional string", "string?"),
        ("<string | null>", "string|null"),
        ("string | undefined", "string?"),
        ("string | null | undefined", "string?|null"),
        ("string<uuid>", "string"),
        ("string enum", "string"),
        ("enum: a, b", "string"),
        ("string, one of a or b", "string"),
        ("Record<string, any>", "object"),
        ("array[string]", "array of string"),
        ("array (string)", "array of string"),
        ("[integer]", "array of integer"),
        ("Field[]", "array of Field"),
    ];
    for (text, expected) in cases {
        assert_eq!(cell(text).as_ref().map(short).as_deref(), Some(expected), "{text}");
    }
    for text in ["", "Event ID.", "The string of it", "stringent", "strings", "null", "x | y", "("]
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
        let found = prefix(line, &known).map(|end| {
            let expr = cell(&line[..end]).expect("a type");
            (short(&expr), &line[end..])
        });
        assert_eq!(found, Some((expected.to_owned(), rest)), "{line}");
    }
    assert_eq!(prefix("Event ID.", &known), None);
    let line = "string | nullnoteA note";
    let end = prefix(line, &known).expect("a type");
    let expr = cell(&line[..end]).expect("a type");
    assert_eq!((short(&expr).as_str(), end), ("string|null", "string | null".len()));
}
