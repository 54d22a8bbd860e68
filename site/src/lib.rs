//! Renders the schema files as a reference: static pages.
//!
//! The crate is a pure function from codegen's model to files: it reads and writes no file, and
//! uses no clock and no network. Every fact about an event comes from the model. The pages request
//! only the files beside them, and can be read without the script.
//!
//! Anchors are stable: a member's anchor is its JSON pointer in an entry (`#/data/alertId`), a
//! type's is its name, a decision's is its id. No anchor depends on the order of the schema.

mod changes;
mod code;
mod decision;
mod deliveries;
mod event;
mod link;
mod member;
mod overview;
mod page;
mod search;
mod signature;
mod text;
mod types;

use std::collections::BTreeMap;

use askama::Template;
use spektr_codegen::diff::SchemaChange;
use spektr_codegen::examples::Examples;
use spektr_codegen::model::Model;

pub use askama::Error;

use crate::event::EventView;
use crate::page::Page;

/// The content of the pages.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the one caller is in this workspace")]
pub struct Input<'m> {
    /// The model of the schema files.
    pub model: &'m Model,
    /// The examples of the events.
    pub examples: &'m Examples,
    /// A comparison with another state of the schema files.
    pub since: Option<Since<'m>>,
}

/// A comparison with another state of the schema files.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the one caller is in this workspace")]
pub struct Since<'m> {
    /// The git revision of that state.
    pub revision: &'m str,
    /// The changes since that revision.
    pub changes: &'m [SchemaChange],
}

/// Files that do not depend on the schema.
const ASSETS: [(&str, &str); 3] = [
    ("style.css", include_str!("../assets/style.css")),
    ("site.js", include_str!("../assets/site.js")),
    ("icon.svg", include_str!("../assets/icon.svg")),
];

/// Returns the files of the site: paths relative to its root, and texts.
///
/// # Errors
///
/// Returns [`Error`] if a template cannot be filled in, which is a defect of this crate.
pub fn files(input: &Input<'_>) -> Result<BTreeMap<String, String>, Error> {
    let model = input.model;
    let events: Vec<_> = model.events.iter().map(|it| EventView::new(input, it)).collect();
    let nav: Vec<_> = model.events.iter().map(page::NavEntry::new).collect();
    let page = |path: &str, title: &str| Page::new(path, title, &nav);
    let (types, deliveries) = (types::TypesView::new(model, &events), deliveries::view(input));

    let mut files: BTreeMap<String, String> =
        ASSETS.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    files.insert(search::PATH.into(), search::index(&events, &types, &deliveries));
    files.insert(
        "index.html".into(),
        overview::page(page("index.html", "Events"), &events).render()?,
    );
    for (at, event) in events.iter().enumerate() {
        let path = link::event(event.event);
        let neighbours = event::Neighbours::new(&events, at);
        let page = page(&path, &event.event.name);
        files.insert(path.clone(), event::EventPage { page, event, neighbours }.render()?);
    }
    for (path, text) in [
        (
            "types.html",
            types::TypesPage { page: page("types.html", "Types"), types: &types }.render()?,
        ),
        (
            "deliveries.html",
            deliveries::DeliveriesPage {
                page: page("deliveries.html", "Deliveries"),
                deliveries: &deliveries,
            }
            .render()?,
        ),
        ("signature.html", signature::page(page("signature.html", "Signature")).render()?),
        ("changes.html", changes::page(page("changes.html", "Changes"), input).render()?),
    ] {
        files.insert(path.into(), text);
    }
    Ok(files)
}
