//! Each problem of a schema is reported with file, pointer and remedy: one case for each rule of
//! the dialect, which breaks only that rule.

mod schema_problems {
    pub(crate) mod decisions;
    pub(crate) mod envelopes;
    pub(crate) mod events;
    pub(crate) mod files;
    pub(crate) mod members;
    pub(crate) mod names;
    mod reading;
    pub(crate) mod support;
    pub(crate) mod wire_types;
}

use spektr_codegen::SchemaSet;

use crate::schema_problems::support::Case;
use crate::schema_problems::{decisions, envelopes, events, files, members, names, wire_types};

/// Every case of every module.
fn all() -> impl Iterator<Item = &'static Case> {
    let lists = [
        files::CASES,
        events::CASES,
        envelopes::CASES,
        wire_types::CASES,
        names::CASES,
        members::CASES,
        decisions::CASES,
    ];
    lists.into_iter().flatten()
}

#[test]
fn each_text_names_file_place_fault_and_remedy() {
    let texts: Vec<_> =
        all().map(|case| format!("{}\n{}\n", case.name, (case.files)().problems())).collect();
    insta::assert_snapshot!("texts", texts.join("\n"));
}

#[test]
fn no_remedy_repeats_what_is_wrong() {
    for case in all() {
        for problem in (case.files)().problems().iter() {
            let (what, remedy) = (problem.kind.to_string(), problem.kind.remedy());
            assert!(!what.contains(&remedy) && !remedy.contains(&what), "{what}: {remedy}");
            let said = remedy.strip_prefix("write ").unwrap_or(&remedy);
            assert!(!what.contains(said), "{what}: {remedy}");
        }
    }
}

#[test]
fn problems_do_not_depend_on_the_order_of_the_files() {
    for case in all() {
        let mut files = (case.files)().list();
        files.reverse();
        let reversed = SchemaSet::parse(files).expect_err("the files are not in order");
        assert_eq!(reversed, (case.files)().problems(), "{}", case.name);
    }
}
