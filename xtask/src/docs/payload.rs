//! What a page documents of one event's payload: its tables first, then what
//! only the examples show.

use std::collections::{BTreeMap, BTreeSet};

use spektr_codegen::SchemaSet;
use spektr_codegen::model::Model;
use spektr_doc_reader::{ExampleMember, Kind, Page, Section, Unit};

/// Returns the names of the members around the payload, in both envelopes, and its own.
pub(super) fn envelope(set: &SchemaSet) -> BTreeSet<String> {
    let Model { envelope, other_envelope, .. } = set.model();
    envelope.iter().chain(other_envelope).map(|member| member.name.clone()).collect()
}

/// A documented member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Documented {
    pub(super) path: String,
    /// The JSON type; `None` where the page doesn't say, or not clearly.
    pub(super) kind: Option<&'static str>,
    /// The JSON type of a list's elements.
    pub(super) items: Option<&'static str>,
    /// The type in the page's words, where they are not understood.
    pub(super) said: Option<String>,
    /// What the page calls a list's elements, where that is no JSON type.
    pub(super) items_name: Option<String>,
    /// `None` where only an example or a table without types shows the member.
    pub(super) nullable: Option<bool>,
    /// Whether an example shows that the path is the real one.
    pub(super) shown: bool,
    /// The values that the description quotes.
    pub(super) values: Vec<String>,
    pub(super) valid_for_seconds: Option<u64>,
    pub(super) unit: Option<Unit>,
}

/// Everything that a page documents of one event.
#[derive(Debug, Default)]
pub(super) struct Payload {
    pub(super) members: Vec<Documented>,
    pub(super) wire_types: BTreeSet<String>,
    /// Whether a table lists the members, and not only an example.
    pub(super) has_table: bool,
    /// What the examples show, in their order.
    pub(super) shown: Vec<ExampleMember>,
    /// Headings of the sections that it comes from.
    pub(super) sections: Vec<String>,
    /// The names of the envelopes' members.
    envelope: BTreeSet<String>,
}

impl Payload {
    /// Collects what the page says of an event; `None` where it says nothing of
    /// the payload, as about an event in progress.
    pub(super) fn new(set: &SchemaSet, page: &Page, event: &str) -> Option<Self> {
        let of_event = |section: &&Section| section.events.iter().any(|name| name == event);
        let own: Vec<&Section> = page.sections.iter().filter(of_event).collect();
        let described = |section: &&Section| {
            !section.members.is_empty()
                || section.example.as_ref().is_some_and(|example| !example.members.is_empty())
        };
        if !own.iter().any(described) {
            return None;
        }
        let mut payload = Payload { envelope: envelope(set), ..Payload::default() };
        for section in own.into_iter().chain(&page.common) {
            payload.sections.push(section.heading.clone());
            payload.wire_types.extend(section.wire_types.iter().cloned());
            payload.shown.extend(section.example.iter().flat_map(|it| it.members.clone()));
            payload.add(section);
        }
        Some(payload)
    }

    fn add(&mut self, section: &Section) {
        let shown: BTreeMap<&str, &[Kind]> = section
            .example
            .iter()
            .flat_map(|example| &example.members)
            .map(|member| (member.path.as_str(), member.kinds.as_slice()))
            .collect();
        for member in &section.members {
            let path = member.effective_path();
            let items = member.items.as_deref();
            // Where the words are not understood, a value that is no placeholder
            // tells the type.
            let value = shown.get(path).and_then(|kinds| match kinds {
                [kind] if *kind != Kind::String => json_type(*kind),
                _ => None,
            });
            let typed = member.kind != Kind::Unknown || member.said.is_some();
            let kind = json_type(member.kind).or(value);
            let said = member.said.clone().filter(|said| kind.is_none() && !said.is_empty());
            self.has_table = true;
            self.push(Documented {
                path: path.to_owned(),
                kind,
                said,
                items: items.and_then(items_type),
                items_name: items.filter(|items| items_type(items).is_none()).map(str::to_owned),
                // A table without types says nothing of null either, unless it does.
                nullable: (typed || member.nullable || member.optional)
                    .then_some(member.nullable || member.optional),
                shown: shown.contains_key(path),
                values: member.values.clone(),
                valid_for_seconds: member.valid_for_seconds,
                unit: member.unit,
            });
        }
        // Where the table has `data.x`, an example with `x` alone is one of `data`.
        let around = self.envelope.iter().any(|name| shown.contains_key(name.as_str()));
        let inside = if !around && self.has_below("data") { "data." } else { "" };
        for (path, kinds) in &shown {
            if path.ends_with("[]") {
                continue;
            }
            let path = format!("{inside}{path}");
            let mut types = kinds.iter().filter_map(|kind| json_type(*kind));
            let kind = types.next().filter(|_| types.next().is_none());
            self.push(Documented {
                path,
                kind,
                said: None,
                items: None,
                items_name: None,
                nullable: None,
                shown: true,
                values: Vec::new(),
                valid_for_seconds: None,
                unit: None,
            });
        }
    }

    fn push(&mut self, member: Documented) {
        if !self.members.iter().any(|known| known.path == member.path) {
            self.members.push(member);
        }
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.members.iter().any(|member| member.path == path)
    }

    /// Whether something inside this object or list is documented.
    pub(super) fn has_below(&self, path: &str) -> bool {
        let inner = [format!("{path}."), format!("{path}[].")];
        self.members.iter().any(|member| inner.iter().any(|inner| member.path.starts_with(inner)))
    }

    /// Whether the page shows the event in the envelope with `eventType`.
    pub(super) fn in_event_type(&self) -> bool {
        self.has("eventType") && !self.has("type")
    }

    /// Whether the page shows any of the members that every event has.
    pub(super) fn shows_envelope(&self) -> bool {
        self.envelope.iter().any(|name| name != "data" && self.has(name))
    }

    /// Whether the page shows only what is in `data`, and nothing around it.
    pub(super) fn is_bare(&self) -> bool {
        !self.shows_envelope() && !self.has("data") && !self.has_below("data")
    }
}

/// Returns a kind's name in JSON Schema, if it is a type of values.
fn json_type(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Null | Kind::Unknown => None,
        kind => Some(kind.as_str()),
    }
}

fn items_type(items: &str) -> Option<&'static str> {
    ["string", "number", "integer", "boolean", "object"]
        .into_iter()
        .find(|word| items.eq_ignore_ascii_case(word))
}
