//! The documented payload of one event: the members in its tables, then the members that only
//! examples show.

use std::collections::{BTreeMap, BTreeSet};

use spektr_codegen::SchemaSet;
use spektr_codegen::model::Model;
use spektr_doc_reader::{ExampleMember, JsonType, Page, Section};

use super::known::MemberShape;

/// Returns the names of the members of both envelopes, including the payload's.
pub(super) fn envelope(set: &SchemaSet) -> BTreeSet<String> {
    let Model { envelope, other_envelope, .. } = set.model();
    envelope.iter().chain(other_envelope).map(|member| member.name.clone()).collect()
}

/// All that a page documents about one event's payload.
#[derive(Debug, Default)]
pub(super) struct DocumentedPayload {
    pub(super) members: Vec<MemberShape>,
    pub(super) wire_types: BTreeSet<String>,
    /// Whether a table lists the members, not only an example.
    pub(super) has_table: bool,
    /// The members that the examples show, in their order.
    pub(super) shown: Vec<ExampleMember>,
    /// The headings of the sections with these members.
    pub(super) sections: Vec<String>,
    /// The names of the envelopes' members.
    envelope: BTreeSet<String>,
}

impl DocumentedPayload {
    /// Collects the members of an event; `None` if the page documents no payload, as for an event
    /// in progress.
    pub(super) fn new(set: &SchemaSet, page: &Page, event: &str) -> Option<Self> {
        let own = page.sections_of(event);
        if own.clone().all(|section| section.members.is_empty() && shown(section).next().is_none())
        {
            return None;
        }
        let mut payload =
            DocumentedPayload { envelope: envelope(set), ..DocumentedPayload::default() };
        for section in own.chain(&page.common) {
            payload.sections.push(section.heading.clone());
            payload.wire_types.extend(section.wire_types.iter().cloned());
            payload.shown.extend(shown(section).cloned());
            payload.add(section);
        }
        Some(payload)
    }

    fn add(&mut self, section: &Section) {
        let shown = shown(section).map(|member| (member.path.as_str(), member.kinds.as_slice()));
        let shown: BTreeMap<&str, &[JsonType]> = shown.collect();
        self.has_table |= !section.members.is_empty();
        for member in &section.members {
            let path = member.effective_path();
            let items = member.items.as_deref();
            // If the type is unknown, an example value that is not a placeholder shows it.
            let value = shown.get(path).and_then(|kinds| match kinds {
                [kind] if *kind != JsonType::String => json_type(*kind),
                _ => None,
            });
            let kind = json_type(member.kind).or(value);
            // Without a type, a row states nothing about null, unless it says nullable or optional.
            let null = member.nullable || member.optional;
            let typed = member.kind != JsonType::Unknown || member.said.is_some();
            self.push(MemberShape {
                path: path.to_owned(),
                kind,
                items: items.and_then(items_type),
                nullable: (typed || null).then_some(null),
                values: Some(member.values.clone()),
                valid_for_seconds: member.valid_for_seconds,
                unit: member.unit,
                said: member.said.clone().filter(|said| kind.is_none() && !said.is_empty()),
                items_name: items.filter(|it| items_type(it).is_none()).map(str::to_owned),
                shown: shown.contains_key(path),
                ..MemberShape::default()
            });
        }
        // If the table has `data.x` and the example only `x`, the example shows the contents of
        // `data`.
        let around = self.envelope.iter().any(|name| shown.contains_key(name.as_str()));
        let inside = if !around && self.has_below("data") { "data." } else { "" };
        for (path, kinds) in shown.iter().filter(|(path, _)| !path.ends_with("[]")) {
            let mut types = kinds.iter().filter_map(|kind| json_type(*kind));
            let kind = types.next().filter(|_| types.next().is_none());
            let path = format!("{inside}{path}");
            self.push(MemberShape { path, kind, shown: true, ..MemberShape::default() });
        }
    }

    fn push(&mut self, member: MemberShape) {
        if !self.has(&member.path) {
            self.members.push(member);
        }
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.members.iter().any(|member| member.path == path)
    }

    /// Whether a member inside this object or list is documented.
    pub(super) fn has_below(&self, path: &str) -> bool {
        let inner = [format!("{path}."), format!("{path}[].")];
        self.members.iter().any(|member| inner.iter().any(|inner| member.path.starts_with(inner)))
    }

    /// Whether the page shows the event in the envelope with `eventType`.
    pub(super) fn in_event_type(&self) -> bool {
        self.has("eventType") && !self.has("type")
    }

    /// Whether the page shows any member of the envelopes.
    pub(super) fn shows_envelope(&self) -> bool {
        self.envelope.iter().any(|name| name != "data" && self.has(name))
    }

    /// Whether the page shows only the contents of `data`, without an envelope.
    pub(super) fn is_bare(&self) -> bool {
        !self.shows_envelope() && !self.has("data") && !self.has_below("data")
    }
}

/// Returns the members that the examples of a section show.
fn shown(section: &Section) -> impl Iterator<Item = &ExampleMember> {
    section.example.iter().flat_map(|example| &example.members)
}

/// Returns the JSON Schema name of a kind, if values can have this type.
fn json_type(kind: JsonType) -> Option<&'static str> {
    Some(kind.as_str()).filter(|_| !matches!(kind, JsonType::Null | JsonType::Unknown))
}

fn items_type(items: &str) -> Option<&'static str> {
    ["string", "number", "integer", "boolean", "object"]
        .into_iter()
        .find(|word| items.eq_ignore_ascii_case(word))
}
