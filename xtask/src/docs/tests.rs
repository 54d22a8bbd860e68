//! Tests of the comparison and the workflow, on the reader's fixture page and changed copies of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use spektr_codegen::SchemaSet;
use spektr_doc_reader::Page;

use super::compare::compare;
use super::drift::{DriftKind, DriftReport};
use super::scope::Scope;
use crate::workspace;

mod changes;
mod layouts;
mod only;
mod reading;
mod scaffolding;
mod wordings;
mod workflow;

const TODAY: &str = "2027-01-31";

const RENDERINGS: [&str; 5] = [
    "webhooks.md",
    "webhooks.html",
    "webhooks.run-together.txt",
    "webhooks.one-per-line.txt",
    "webhooks.tabs.txt",
];

/// Returns the text of a committed fixture page.
pub(super) fn fixture(name: &str) -> String {
    let path = workspace::root().join("doc-reader/tests/pages").join(name);
    fs::read_to_string(path).expect("the fixture page is committed")
}

fn page(text: &str) -> Page {
    spektr_doc_reader::read(text.as_bytes()).expect("the page can be read")
}

/// Returns the folder of the schema that belongs to the fixture page. Its events are separate from
/// the product's schema, which may change.
pub(super) fn fixture_schema() -> PathBuf {
    workspace::root().join("xtask/src/docs/tests/schema")
}

fn schema() -> SchemaSet {
    workspace::schema_set(&fixture_schema()).expect("the schema is in order")
}

fn report(text: &str) -> DriftReport {
    compare(&page(text), &schema(), &Scope::Page)
}

const REWORDED: [DriftKind; 6] = [
    DriftKind::RowReworded,
    DriftKind::SectionReworded,
    DriftKind::ExampleReworded,
    DriftKind::TableReworded,
    DriftKind::MemberReworded,
    DriftKind::TextReworded,
];

/// Returns the differences in meaning, one per line. A page with other meaning also has other
/// words, which [`reworded`] returns.
fn drift(text: &str) -> Vec<String> {
    differences(text, |kind| !REWORDED.contains(&kind))
}

/// Returns the parts with text that nobody has read.
fn reworded(text: &str) -> Vec<String> {
    differences(text, |kind| REWORDED.contains(&kind))
}

fn differences(text: &str, wanted: impl Fn(DriftKind) -> bool) -> Vec<String> {
    let report = report(text);
    let drift = report.drift.iter().filter(|drift| wanted(drift.kind));
    drift.map(|drift| format!("{}: {drift}", drift.event)).collect()
}

/// Returns the fixture page with some texts replaced, each of which must occur.
fn changed(changes: &[(&str, &str)]) -> String {
    let mut text = fixture("webhooks.md");
    for (from, to) in changes {
        assert!(text.contains(from), "the fixture page has no {from:?}");
        text = text.replace(from, to);
    }
    text
}

pub(super) fn copy(from: &Path, to: &Path) {
    for path in workspace::files_below(from).expect("the schema folder can be listed") {
        let target = to.join(path.strip_prefix(from).expect("it lies in the folder"));
        fs::create_dir_all(target.parent().expect("it lies in a folder")).expect("can create");
        fs::copy(&path, &target).expect("can copy");
    }
}

/// Returns a temporary copy of the fixture page's schema.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(&fixture_schema(), folder.path());
    folder
}

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = workspace::files_below(folder).expect("the folder can be listed");
    let name = |path: &Path| path.strip_prefix(folder).expect("inside").display().to_string();
    files.iter().map(|path| (name(path), fs::read_to_string(path).expect("text"))).collect()
}

/// Returns the decisions of a schema folder that nobody has accepted.
fn unreviewed(folder: &Path) -> Vec<String> {
    let set = workspace::schema_set(folder).expect("the schema is in order");
    let decisions = set.model().decisions();
    let open = decisions.flat_map(|(file, _, decisions)| {
        let open = decisions.iter().filter(|decision| !decision.reviewed);
        open.map(move |decision| format!("{file}#{}", decision.id))
    });
    open.collect()
}

/// Files written by `docs scaffold` must not be merged before somebody has reviewed every decision
/// in them.
#[test]
fn gate_nothing_in_the_schema_is_unreviewed() {
    let open = unreviewed(&workspace::root().join("schema"));
    assert_eq!(open, [""; 0], "look at these decisions and set their state to `accepted`");
}

#[test]
fn every_rendering_of_the_fixture_page_agrees_with_the_schema() {
    for name in RENDERINGS {
        let report = report(&fixture(name));
        assert_eq!(report.drift, [], "{name}");
        assert!(report.is_clean(), "{name}: {:?} {:?}", report.notes, report.problems);
        assert_eq!(report.explained.len(), 5, "{name}");
    }
}

#[test]
fn explains_list_no_difference_that_is_gone() {
    // An explanation without a difference is stale: the page now agrees with the decision.
    let report = report(&fixture("webhooks.md"));
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for explained in &report.explained {
        *used.entry(explained.decision.as_str()).or_default() += 1;
    }
    let set = schema();
    let mut recorded = BTreeSet::new();
    for (file, _, decisions) in set.model().decisions() {
        let recording = decisions.iter().filter(|decision| !decision.explains.is_empty());
        recorded.extend(recording.map(|decision| format!("{file}#{}", decision.id)));
    }
    let used: Vec<&str> = used.into_keys().collect();
    let recorded: Vec<String> = recorded.into_iter().collect();
    assert_eq!(used, recorded);
}
