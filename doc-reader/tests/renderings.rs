//! The same page in every rendering gives the same facts.

mod support;

use spektr_doc_reader::{Page, read};
use std::path::Path;
use support::{PageModel, webhooks};

/// Reads every rendering and returns the facts, which must be equal.
fn facts(model: &PageModel) -> Page {
    let [(first, text), rest @ ..] = support::renderings(model);
    let expected = read(text.as_bytes()).unwrap_or_else(|error| panic!("{first}: {error}"));
    for (name, text) in rest {
        let page = read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let texts = [&expected, &page].map(|page| format!("{page:#?}"));
        let [left, right] = texts.each_ref().map(|text| text.lines());
        // The first line that differs says more than two whole pages.
        assert_eq!(
            left.zip(right).find(|(left, right)| left != right),
            None,
            "{first} and {name} differ"
        );
        assert!(expected == page, "{first} and {name} differ in length");
    }
    expected
}

#[test]
fn every_rendering_of_the_fixture_gives_these_facts() {
    let page = facts(&webhooks::page());
    let json = serde_json::to_string_pretty(&page).expect("facts are JSON");
    insta::assert_snapshot!(json);
}

#[test]
fn committed_pages_are_what_the_model_renders() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    for (name, text) in support::renderings(&webhooks::page()) {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_PAGES").is_some() {
            std::fs::write(&path, &text).expect("the folder can be written");
        }
        let committed = std::fs::read_to_string(&path).expect("the page is committed");
        assert!(committed == text, "{name} is stale: run this test with UPDATE_PAGES=1");
    }
}
