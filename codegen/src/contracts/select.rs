//! Writes the rules that decide which event an entry is, as conditions of JSON Schema.
//!
//! `spektr-types` implements the same rules in `entries/entry.rs` and `view.rs`.

use spektr_json::Json;

use super::schemas::{any, not, object, requires, texts};
use crate::discriminators;
use crate::envelope::{EVENT_TYPE, KeyedMember, WIRE_TYPE};
use crate::model::{Event, Member, Model};
use crate::passes::PAYLOAD;

/// An entry's envelope.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    Type,
    EventType,
}

impl Envelope {
    /// Returns the member that holds the wire type.
    pub(super) fn wire_type(self) -> KeyedMember {
        match self {
            Envelope::Type => WIRE_TYPE,
            Envelope::EventType => EVENT_TYPE,
        }
    }
}

/// Returns rules for an entry in an envelope: for each event, the condition under which its schema
/// applies. `reference` returns a reference to that schema. An entry that meets no rule's condition
/// is an unknown event.
pub(super) fn rules(
    model: &Model,
    envelope: Envelope,
    reference: impl Fn(&Event) -> Json,
) -> Vec<Json> {
    let mut rules = Vec::new();
    for event in &model.events {
        let (shared, own): (Vec<_>, Vec<_>) = event
            .wire_types
            .iter()
            .partition(|wire_type| others(model, event, wire_type).count() > 0);
        if !own.is_empty() {
            rules.push(rule(vec![wire_type_is(envelope, own)], vec![reference(event)]));
        }
        for wire_type in shared {
            let is_it = || wire_type_is(envelope, [wire_type]);
            let others: Vec<_> = others(model, event, wire_type)
                .map(|other| has_discriminator(model, envelope, other))
                .collect();
            let none_of_others = not(any(others));
            let own = has_discriminator(model, envelope, event);
            rules.push(rule(
                vec![is_it(), own.clone()],
                vec![reference(event), none_of_others.clone()],
            ));
            if event.wire_types.canonical.eq_ignore_ascii_case(wire_type) {
                rules.push(rule(vec![is_it(), not(own), none_of_others], vec![reference(event)]));
            }
        }
    }
    rules
}

/// Returns the other events that have this wire type too.
fn others<'m>(
    model: &'m Model,
    event: &'m Event,
    wire_type: &'m str,
) -> impl Iterator<Item = &'m Event> {
    model.events.iter().filter(move |other| {
        let mut names = other.wire_types.iter();
        other.name != event.name && names.any(|name| name.eq_ignore_ascii_case(wire_type))
    })
}

fn rule(conditions: Vec<Json>, consequences: Vec<Json>) -> Json {
    object([("if", both(conditions)), ("then", both(consequences))])
}

fn both(mut schemas: Vec<Json>) -> Json {
    match schemas.len() {
        1 => schemas.remove(0),
        _ => object([("allOf", Json::Array(schemas))]),
    }
}

fn wire_type_is<'w>(envelope: Envelope, names: impl IntoIterator<Item = &'w String>) -> Json {
    let names = object([("enum", texts(names))]);
    object([("properties", object([(envelope.wire_type().name, names)]))])
}

fn has_discriminator(model: &Model, envelope: Envelope, event: &Event) -> Json {
    let pointers = event.discriminators.iter();
    let paths = pointers.flat_map(|pointer| discriminators::paths(model, event, pointer));
    any(paths
        .map(|path| match (envelope, &path[..]) {
            (Envelope::Type, path) => has(path),
            (Envelope::EventType, [PAYLOAD, ..]) => object([
                ("if", is_nested(event)),
                ("then", has(&[&[PAYLOAD], &path[..]].concat())),
                ("else", has(&path)),
            ]),
            (Envelope::EventType, path) => any(vec![has(&[&[PAYLOAD], path].concat()), has(path)]),
        })
        .collect())
}

/// Accepts an object that has a member at a path.
pub(super) fn has(path: &[&str]) -> Json {
    match path {
        [] => object([]),
        [name, rest @ ..] => {
            let mut parts = vec![("type", "object".into()), ("required", texts([name]))];
            if !rest.is_empty() {
                parts.push(("properties", object([(*name, has(rest))])));
            }
            object(parts)
        }
    }
}

/// Accepts an entry in the envelope with `eventType` whose `data` holds the whole payload,
/// including the members that the other envelope has beside `data`.
pub(super) fn is_nested(event: &Event) -> Json {
    let required = event.members.iter().filter(|member| member.required);
    let beside = required.filter(|member| member.name != PAYLOAD).flat_map(Member::all_names);
    inside(any(std::iter::once(PAYLOAD).chain(beside).map(requires).collect()))
}

/// Accepts an entry that has the member inside `data`, under any of the member's names.
pub(super) fn is_inside(member: &Member) -> Json {
    inside(any(member.all_names().map(requires).collect()))
}

fn inside(schema: Json) -> Json {
    let data = [object([("type", "object".into())]), schema];
    object([
        ("required", texts([PAYLOAD])),
        ("properties", object([(PAYLOAD, super::schemas::all(data))])),
    ])
}
