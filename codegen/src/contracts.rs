//! Contracts for programs in other languages, from the same model as the Rust types: a JSON
//! Schema, OpenAPI, AsyncAPI and declarations for TypeScript.
//!
//! `bundle` is for validators and has every rule by which an entry is read. The
//! other contracts share their names, and are for code generators and people. They describe
//! the documented form, and leave out the other forms that the decoder also reads.

pub mod facts;

mod asyncapi;
mod bundle;
mod components;
mod openapi;
mod schemas;
mod select;
mod typescript;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use spektr_json::Json;

use crate::examples::Examples;
use crate::folders::CONTRACTS;
use crate::model::{Event, Member, Model};
use crate::passes::PAYLOAD;
use crate::problem::{Problem, ProblemKind, Problems};
use crate::set::SchemaSet;
use schemas::object;
pub(crate) use schemas::texts;
use select::Envelope;

/// The licence of this project, as an SPDX expression.
const LICENCE: &str = "MIT OR Apache-2.0";

/// Names in the contracts for shapes that are no type in the schema folder.
const DELIVERY: &str = "Delivery";
const ENTRY: &str = "Entry";
const UNKNOWN: &str = "UnknownEvent";
const SPEKTR_EVENT: &str = "SpektrEvent";

/// The note for events with members beside `data`: the documentation does not say where the envelope
/// with `eventType` has them.
const BESIDE_NOTE: &str = "The members that the other envelope has beside `data` may be inside `data` here or \
    beside it; the documentation does not say which.";

/// Returns the contracts, as paths from the workspace's root and texts.
///
/// The examples are pairs of a path below the schema folder and the content.
///
/// # Errors
///
/// Returns all [`Problems`] of the examples, as [`Examples::parse`] finds them, or
/// [`ProblemKind::ReservedName`] if a type has a name that the contracts need.
pub fn contracts<T: AsRef<[u8]>>(
    set: &SchemaSet,
    examples: impl IntoIterator<Item = (String, T)>,
) -> Result<BTreeMap<PathBuf, String>, Problems> {
    let model = set.model();
    let examples = Examples::parse(model, examples)?;
    names_are_free(model)?;
    let files = [
        ("asyncapi.json", asyncapi::file(model, &examples)),
        ("openapi.json", openapi::file(model, &examples)),
        ("spektr.d.ts", typescript::file(model)),
        ("spektr.schema.json", bundle::file(model)),
    ];
    let in_folder = |(name, text)| (PathBuf::from(CONTRACTS).join(name), text);
    Ok(files.into_iter().map(in_folder).collect())
}

/// Fails if a type of the schema folder has a name that the contracts use for something else.
fn names_are_free(model: &Model) -> Result<(), Problems> {
    let made =
        [DELIVERY, ENTRY, UNKNOWN, typescript::UNKNOWN_NAME, typescript::UNLISTED, SPEKTR_EVENT]
            .map(str::to_owned);
    let events =
        model.events.iter().flat_map(|event| [by_event_type(&event.title), payload(event)]);
    let made: BTreeSet<_> =
        made.into_iter().chain([by_event_type(UNKNOWN)]).chain(events).collect();
    let types = model.types.values().map(|def| (&def.name, &def.file, &def.pointer[..]));
    let events = model.events.iter().map(|event| (&event.title, &event.file, ""));
    let common = model.common.iter().map(|common| (&common.title, &common.file, ""));
    let taken = types.chain(events).chain(common).filter(|(name, ..)| made.contains(*name));
    let problem = |(name, file, pointer): (&String, &String, &str)| {
        Problem::new(file, format!("{pointer}/title"), ProblemKind::ReservedName(name.clone()))
    };
    Problems::into_result(taken.map(problem).collect())
}

/// Returns the name of an event's form in the envelope with `eventType`.
fn by_event_type(title: &str) -> String {
    format!("{title}ByEventType")
}

/// Returns the name of the type with all members of an event in one object, for an event with
/// members beside `data`.
fn payload(event: &Event) -> String {
    format!("{}Payload", event.title)
}

/// Tells whether an event has members beside `data`.
fn has_members_beside(event: &Event) -> bool {
    event.members.iter().any(|member| member.name != PAYLOAD)
}

/// Returns the title and the description of an envelope's or the batch's file.
fn shape<'m>(model: &'m Model, file: &str) -> (&'m str, &'m str) {
    let found = model.common.iter().find(|common| common.file == file);
    found.map_or(("", ""), |common| (&common.title, &common.description))
}

/// Returns the name and the schema of the member with an event's wire type, in the given envelope.
fn wire_type_member(model: &Model, event: &Event, envelope: Envelope) -> (String, Json) {
    let name = envelope.wire_type().name;
    let member = members(model, envelope).iter().find(|member| member.name == name);
    let description = member.map_or("", |member| &member.description);
    let schema =
        object([("description", description.into()), ("enum", texts(event.wire_types.iter()))]);
    (name.to_owned(), schema)
}

/// Returns the members of an envelope.
fn members(model: &Model, envelope: Envelope) -> &[Member] {
    match envelope {
        Envelope::Type => &model.envelope,
        Envelope::EventType => &model.other_envelope,
    }
}

/// Returns the object `info` of OpenAPI and AsyncAPI.
fn info(model: &Model) -> Json {
    object([
        ("title", "spektr webhooks".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("description", components::note(model).as_str().into()),
        ("license", object([("name", LICENCE.into())])),
    ])
}

/// Returns the wire types that several events share, each with the titles of these events.
fn shared_wire_types(model: &Model) -> BTreeMap<&str, Vec<&str>> {
    let mut events: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in &model.events {
        for wire_type in event.wire_types.iter() {
            events.entry(wire_type).or_default().push(&event.title);
        }
    }
    events.retain(|_, titles| titles.len() > 1);
    events
}
