//! Sites for tests: the one of this workspace's schema, and those of small schemas.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};

use spektr_codegen::SchemaSet;
use spektr_codegen::examples::Examples;
use spektr_site::{Input, Since};
use spektr_tests::corpus;
use spektr_tests::fixtures::Files;

/// The files of a site, by their paths.
pub(crate) type Site = BTreeMap<String, String>;

/// Returns the schema of this workspace, and its site.
pub(crate) fn real() -> (SchemaSet, Site) {
    let set = corpus::schema_set();
    let site = site(&set, corpus::example_texts(), None);
    (set, site)
}

/// Returns the site of small schemas and the given examples.
pub(crate) fn small(files: &Files, examples: &[(&str, &str)]) -> Site {
    site(&parse(files), texts(examples), None)
}

/// Parses small schemas, which must have no problem.
pub(crate) fn parse(files: &Files) -> SchemaSet {
    SchemaSet::parse(files.list()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Returns the examples as paths below the schema folder and texts.
pub(crate) fn texts(examples: &[(&str, &str)]) -> Vec<(String, String)> {
    examples
        .iter()
        .map(|(event, body)| (format!("examples/{event}/full.json"), (*body).into()))
        .collect()
}

/// Returns the site of a set of schemas.
pub(crate) fn site(
    set: &SchemaSet,
    examples: Vec<(String, String)>,
    since: Option<Since<'_>>,
) -> Site {
    let model = set.model();
    let examples = Examples::parse(model, examples).unwrap_or_else(|problems| panic!("{problems}"));
    spektr_site::files(&Input { model, examples: &examples, since })
        .expect("templates are filled in")
}

/// The full example of the event in every small set.
pub(crate) const PING: (&str, &str) = (
    "ping",
    r#"{
        "id": "e", "spektrId": "s", "workspaceId": "w", "type": "ping", "delivered": true,
        "createdAt": 1672531199000
    }"#,
);

/// Returns the pages of a site: path and text.
pub(crate) fn pages(site: &Site) -> impl Iterator<Item = (&str, &str)> {
    site.iter()
        .filter(|(path, _)| path.ends_with(".html"))
        .map(|(path, text)| (path.as_str(), text.as_str()))
}

/// Returns the values of an attribute, in the order of the page.
pub(crate) fn attribute(page: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    let values = page.split(&start).skip(1).map(|rest| {
        let (value, _) = rest.split_once('"').expect("an attribute ends");
        value.replace("&#38;", "&").replace("&#39;", "'").replace("&#34;", "\"")
    });
    values.collect()
}

/// Returns the anchors of a page.
pub(crate) fn ids(page: &str) -> BTreeSet<String> {
    attribute(page, "id").into_iter().collect()
}
