//! Tests that every test named in `GUARANTEES.md` exists and runs.

use std::fs;
use std::path::{Path, PathBuf};

/// Limits that keep the document to about a screen: lines of promises, and lines in all.
const MOST_PROMISES: usize = 60;
const MOST_LINES: usize = 100;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the rows of the table of promises: promise, extent, tests.
fn promises(document: &str) -> Vec<[&str; 3]> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.skip(1).map(|row| {
        let cells: Vec<_> = row.split(" | ").collect();
        <[&str; 3]>::try_from(cells).unwrap_or_else(|_| panic!("not three cells: {row}"))
    });
    cells.collect()
}

/// Returns whether a file has a function of that name that the test harness runs.
fn runs(path: &str, name: &str) -> bool {
    let text = read(path);
    let signature = format!("fn {name}(");
    let Some(place) = text.find(&signature) else { return false };
    if path.starts_with("spektr-inbox/src/testing/") {
        // A contract test runs if the macro lists it.
        let list = read("spektr-inbox/src/testing.rs");
        return list.lines().any(|line| line.trim() == name);
    }
    let above = &text[..place];
    let attributes = &above[above.rfind("}\n").map_or(0, |end| end)..];
    attributes.contains("#[test]") || attributes.contains("#[tokio::test")
}

#[test]
fn every_test_that_the_document_names_exists_and_runs() {
    let document = read("spektr-inbox/GUARANTEES.md");
    let promises = promises(&document);
    assert!(!promises.is_empty(), "the table of promises is not found");
    for [promise, _, tests] in promises {
        let named: Vec<_> = tests.split('`').filter(|part| part.contains("::")).collect();
        assert!(!named.is_empty(), "no test holds: {promise}");
        for test in named {
            let (path, name) = test.split_once("::").expect("it contains it");
            assert!(runs(path, name), "{promise}: there is no test {test}");
        }
    }
}

#[test]
fn the_document_fits_a_screen() {
    let document = read("spektr-inbox/GUARANTEES.md");
    assert!(promises(&document).len() <= MOST_PROMISES, "too many promises");
    assert!(document.lines().count() <= MOST_LINES, "too many lines");
}

#[test]
fn a_test_that_is_not_there_or_does_not_run_is_noticed() {
    assert!(!runs("spektr-inbox/tests/guarantees.rs", "no_such_test"));
    assert!(!runs("spektr-inbox/tests/guarantees.rs", "root"));
    assert!(!runs("spektr-inbox/src/testing.rs", "start"));
    assert!(runs("spektr-inbox/tests/guarantees.rs", "the_document_fits_a_screen"));
}
