//! The mistakes of examples, one at a time.

use super::*;
use crate::facts::SyntaxFault;

fn read(code: &str) -> (Vec<String>, Vec<(SyntaxFault, usize)>) {
    let mut examples = Examples::default();
    examples.add(code);
    let example = examples.take().expect("it begins like JSON");
    let kinds =
        |kinds: &[JsonType]| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join("|");
    let members =
        example.members.iter().map(|member| format!("{} {}", member.path, kinds(&member.kinds)));
    let problems = example.problems.iter().map(|problem| (problem.kind, problem.line));
    (members.collect(), problems.collect())
}

fn check(code: &str, members: &[&str], problems: &[(SyntaxFault, usize)]) {
    let (found, faults) = read(code);
    assert_eq!(found, members, "{code}");
    assert_eq!(faults, problems, "{code}");
}

#[test]
fn reads_valid_json() {
    check(
        r#"{"a": 1, "b": {"c": [{"d": null}, {"d": "x"}], "e": []}, "f": "\"}"}"#,
        &[
            "a number",
            "b object",
            "b.c array",
            "b.c[] object",
            "b.c[].d null|string",
            "b.e array",
            "f string",
        ],
        &[],
    );
}

/// Code, the members found in it, and the faults with their lines.
type Case = (&'static str, &'static [&'static str], &'static [(SyntaxFault, usize)]);

#[test]
fn reads_on_past_each_mistake() {
    let cases: [Case; 16] = [
        ("{\n\"a\": 1,\n}", &["a number"], &[(SyntaxFault::TrailingComma, 2)]),
        ("{\"a\": [1, 2,]}", &["a array", "a[] number"], &[(SyntaxFault::TrailingComma, 1)]),
        ("{\"a\": 1\n\"b\": 2}", &["a number", "b number"], &[(SyntaxFault::MissingComma, 2)]),
        ("{\"a\" 1}", &["a number"], &[(SyntaxFault::MissingColon, 1)]),
        (
            "{\n\"a\": \"x,\n\"b\": \"y\n}",
            &["a string", "b string"],
            &[(SyntaxFault::UnclosedString, 2), (SyntaxFault::UnclosedString, 3)],
        ),
        ("{\"a\": {\"b\": 1", &["a object", "a.b number"], &[(SyntaxFault::UnclosedBrace, 1)]),
        (
            "{\"a\": [1",
            &["a array", "a[] number"],
            &[(SyntaxFault::UnclosedBracket, 1), (SyntaxFault::UnclosedBrace, 1)],
        ),
        ("{\"a\": \"x\" | \"y\" | null}", &["a string|null"], &[(SyntaxFault::Alternatives, 1)]),
        ("{\"a\": \"x\" or 1}", &["a string|number"], &[(SyntaxFault::Alternatives, 1)]),
        (
            "{\n// one\n\"a\": 1, /* two\n*/ \"b\": 2 # three\n}",
            &["a number", "b number"],
            &[(SyntaxFault::Comment, 2), (SyntaxFault::Comment, 3), (SyntaxFault::Comment, 4)],
        ),
        ("{\"a\": 1, ...}", &["a number"], &[(SyntaxFault::Ellipsis, 1)]),
        ("{\"a\": [...], \"b\": {…}}", &["a array", "b object"], &[(SyntaxFault::Ellipsis, 1)]),
        ("{“a”: ‘x’, 'b': 1}", &["a string", "b number"], &[(SyntaxFault::OtherQuotes, 1)]),
        ("{\na: 1}", &["a number"], &[(SyntaxFault::UnquotedName, 2)]),
        (
            "{\"a\": <number>, \"b\": string, \"c\": what ever}",
            &["a number", "b string", "c unknown"],
            &[(SyntaxFault::UnquotedValue, 1)],
        ),
        ("{\"a\": 1, \"a\": \"x\"}", &["a number|string"], &[(SyntaxFault::DuplicateName, 1)]),
    ];
    for (code, members, problems) in cases {
        check(code, members, problems);
    }
}

#[test]
fn levels_and_names_are_bounded() {
    let deep = format!("{}{}", "{\"a\":".repeat(40), "}".repeat(40));
    let (members, faults) = read(&deep);
    assert_eq!(members.len(), MAX_DEPTH);
    assert_eq!(faults, [(SyntaxFault::TooDeep, 1)]);
    let long = format!("{{\"{}\": 1, \"b\": 2}}", "a".repeat(MAX_NAME + 1));
    check(&long, &["b number"], &[(SyntaxFault::TooDeep, 1)]);
}

#[test]
fn a_batch_is_read_as_its_events() {
    let mut examples = Examples::default();
    examples.add("POST /hook\n\n{\"results\": [{\"id\": 1, \"type\": \"a_b\"}, {\"type\": \"c_d\" | \"e_f\"}]}");
    assert_eq!(examples.batch.as_deref(), Some("results"));
    assert_eq!(examples.wire_types, ["a_b", "c_d", "e_f"]);
    let paths: Vec<&str> = examples.members().keys().map(String::as_str).collect();
    assert_eq!(paths, ["id", "type"]);
    assert_eq!(inline_batch("The body is {\"results\":[…]}, always."), Some("results".to_owned()));
    assert_eq!(inline_batch("A body {\"files\": [\"x\"]} and {id}"), None);
}

#[test]
fn code_that_is_no_json_is_left_alone() {
    let mut examples = Examples::default();
    examples.add("curl -H 'x: {y}' https://example.com");
    examples.add("[link]");
    assert_eq!(examples.take(), None);
}

#[test]
fn finds_the_object_that_a_program_assigns_or_passes_on() {
    for code in ["const event = {\n\"a\": {\n\"b\": 1\n}\n};", "send({\n\"a\": {\n\"b\": 1\n}\n})"]
    {
        check_members(code, &["a object", "a.b number"]);
    }
    check_members("# hooks.py\nreturn [\n{\n\"a\": 1\n}\n]", &["a number"]);
}

#[test]
fn takes_the_escapes_of_markdown_from_names_and_values() {
    let mut examples = Examples::default();
    examples.add(r#"{"a\_b": 1, c\_d: 2, "type": "lamp\_lit"}"#);
    assert_eq!(examples.wire_types, ["lamp_lit"]);
    let paths: Vec<_> = examples.members().keys().map(String::as_str).collect();
    assert_eq!(paths, ["a_b", "c_d", "type"]);
}

fn check_members(code: &str, members: &[&str]) {
    assert_eq!(read(code).0, members, "{code}");
}
