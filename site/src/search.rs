//! Renders the search index: a script with data, because a page opened from a file cannot fetch
//! anything.

use serde_json::json;
use spektr_codegen::facts;

use crate::deliveries::DeliveriesView;
use crate::event::EventView;
use crate::text::Text;
use crate::types::TypesView;

pub(crate) const PATH: &str = "search-index.js";

/// Kinds of results, in the order in which equally good matches are shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SearchKind {
    Event,
    WireType,
    Member,
    Type,
    Value,
    Header,
}

impl SearchKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::WireType => "wire type",
            Self::Member => "member",
            Self::Type => "type",
            Self::Value => "value",
            Self::Header => "header",
        }
    }
}

/// An entry of the index.
struct SearchEntry {
    text: String,
    kind: SearchKind,
    /// The owner of the result, or its meaning.
    about: String,
    href: String,
}

/// Returns the script: a list with text, kind, context and address of each event, wire type,
/// member, type, known value and header.
pub(crate) fn index(
    events: &[EventView<'_>],
    types: &TypesView<'_>,
    deliveries: &DeliveriesView<'_>,
) -> String {
    let mut entries = Vec::new();
    let mut add = |text: &str, kind, about: &str, href: String| {
        entries.push(SearchEntry { text: text.to_owned(), kind, about: about.to_owned(), href });
    };
    for view in events {
        add(&view.event.name, SearchKind::Event, &view.event.description, view.href());
        for wire_type in view.event.wire_types.iter() {
            let href = format!("{}#wire-types", view.href());
            add(wire_type, SearchKind::WireType, &view.event.name, href);
        }
        for row in &view.rows {
            let href = format!("{}#{}", view.href(), row.anchor);
            add(&row.path(), SearchKind::Member, &view.event.name, href);
        }
    }
    for part in &deliveries.parts {
        for row in &part.rows {
            let href = format!("deliveries.html#{}", row.anchor);
            add(&row.path(), SearchKind::Member, &part.title().plain(), href);
        }
    }
    for view in &types.0 {
        let href = format!("types.html#{}", view.anchor);
        add(&view.def.name, SearchKind::Type, &view.def.description, href.clone());
        for value in view.known_values() {
            add(&value.value, SearchKind::Value, &view.def.name, href.clone());
        }
        for row in &view.rows {
            add(
                &row.path(),
                SearchKind::Member,
                &view.def.name,
                format!("types.html#{}", row.anchor),
            );
        }
    }
    for header in &facts::HEADERS {
        let href = format!("signature.html#{}", header.name);
        add(header.name, SearchKind::Header, &Text(header.description).plain(), href);
    }
    entries.sort_by_key(|entry| entry.kind);
    let lines = entries.iter().map(|entry| {
        let SearchEntry { text, kind, about, href } = entry;
        json!([text, kind.as_str(), about, href]).to_string()
    });
    format!("globalThis.searchIndex = [\n{}\n];\n", lines.collect::<Vec<_>>().join(",\n"))
}
