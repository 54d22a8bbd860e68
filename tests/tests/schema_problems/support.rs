//! Small sets of files that break one rule, and the expected problems.

use spektr_codegen::{Named, Problem, ProblemKind};
use spektr_tests::fixtures::{Event, Files};

/// Returns the smallest set with one more member of its event.
pub(crate) fn note(keywords: &str) -> Files {
    let member = format!(r#""note": {{ "description": "A note.", {keywords} }}"#);
    Files::base().event(&Event::new("ping", "Ping").members(&member, r#""note""#))
}

pub(crate) fn optional_note(keywords: &str) -> Files {
    let member = format!(r#""note": {{ "description": "A note.", {keywords} }}"#);
    Files::base().event(&Event::new("ping", "Ping").members(&member, ""))
}

pub(crate) fn decision(about: &str) -> Files {
    decisions(&format!(
        r#"{{ "id": "a-name", "about": [{about}], "documented": "This.", "chosen": "That.", "reason": "So.", "state": "accepted" }}"#
    ))
}

pub(crate) fn decisions(list: &str) -> Files {
    let keywords = format!(r#""x-decisions": [{list}]"#);
    Files::base().event(&Event::new("ping", "Ping").keywords(&keywords))
}

pub(crate) fn discriminated(module: &str, title: &str, wire_types: &str, member: &str) -> Event {
    Event::new(module, title)
        .wire_types(wire_types)
        .discriminators(&format!(r#""/{member}""#))
        .members(
            &format!(r#""{member}": {{ "description": "A member.", "type": "string" }}"#),
            &format!(r#""{member}""#),
        )
}

/// Returns two objects of `common/`, each with a member that contains the other.
pub(crate) fn two_objects(from_one: &str, from_other: &str) -> Files {
    let object = |member: &str| {
        format!(
            r#""type": "object", "properties": {{ "next": {{ "description": "The next.", {member} }} }}, "required": []"#
        )
    };
    Files::base().common("one", "One", &object(from_one)).common(
        "other",
        "Other",
        &object(from_other),
    )
}

pub(crate) fn keyword(name: &str) -> ProblemKind {
    ProblemKind::Keyword(name.to_owned())
}

pub(crate) fn wrong_value(expected: &str, found: &str) -> ProblemKind {
    ProblemKind::WrongValue { expected: expected.to_owned(), found: found.to_owned() }
}

pub(crate) fn duplicate(named: Named, name: &str, other: &str) -> ProblemKind {
    ProblemKind::Duplicate { named, name: name.to_owned(), other: other.to_owned() }
}

pub(crate) fn not_a_name(named: Named, name: &str) -> ProblemKind {
    ProblemKind::NotAnIdentifier { named, name: name.to_owned() }
}

/// Returns the smallest set, with keywords added to a member of a file.
pub(crate) fn with_keywords(file: &str, member: &str, keywords: &str) -> Files {
    let start = format!("\"{member}\": {{");
    Files::base().edit(file, &start, &format!("{start} {keywords},"))
}

/// A rule, a set of files that breaks it, and the problems that are expected.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) files: fn() -> Files,
    pub(crate) expected: fn() -> Vec<Expected>,
}

/// File, JSON pointer and kind of a problem.
pub(crate) type Expected = (&'static str, &'static str, ProblemKind);

/// Makes a test of each case, and a list of all cases.
macro_rules! cases {
    ($($name:ident: $files:expr => [$($expected:expr),+];)+) => {
        pub(crate) const CASES: &[crate::schema_problems::support::Case] = &[$(crate::schema_problems::support::Case {
            name: stringify!($name),
            files: || $files,
            expected: || vec![$($expected),+],
        }),+];

        $(
            #[test]
            fn $name() {
                crate::schema_problems::support::check(CASES, stringify!($name));
            }
        )+
    };
}
pub(crate) use cases;

pub(crate) fn check(cases: &[Case], name: &str) {
    let case = cases.iter().find(|case| case.name == name).expect("the case is in the list");
    let problems = (case.files)().problems();
    let found: Vec<_> = problems.iter().map(parts).collect();
    assert_eq!(found, (case.expected)(), "{problems}");
}

pub(crate) fn parts(problem: &Problem) -> (&str, &str, ProblemKind) {
    (&problem.file, &problem.pointer, problem.kind.clone())
}
