//! `spektr.schema.json`: one JSON Schema for the body of a delivery, with all schemas in it.
//!
//! The file is a compound document: each file of the schema folder that holds a type is a resource
//! under its own `$id`. The schema of an entry adds the rules that need all files.

use spektr_json::Json;

use super::schemas::{
    SchemaDocument, Schemas, all, any, deprecated, described, every, id, not, object, property_mut,
    refer, relative, requires, texts, titled, with_wire_type,
};
use super::select::{self, Envelope};
use super::{DELIVERY, ENTRY, by_event_type, shape, wire_type_member};
use crate::dialect::DRAFT;
use crate::embed;
use crate::envelope::RESULTS;
use crate::model::{Event, Member, Model, TypeDef};
use crate::passes::PAYLOAD;
use crate::problem::RequiredFile;

/// File names in the `$id`s of the whole document, and of the schema of an entry.
const BUNDLE_FILE: &str = "spektr.schema.json";
const ENTRY_FILE: &str = "entry.schema.json";

const DESCRIPTION: &str = "The body of a delivery: a batch of events, or one event alone. Each event is in the \
    envelope with `type` or in the one with `eventType`. The schema accepts the entries that the Rust crate \
    `spektr-types` decodes, and refuses the entries that the crate calls malformed. An event with an unknown wire \
    type is valid whatever else it holds: the crate keeps it as unknown. An event with a known wire type must match \
    that event's schema. The crate differs from this schema in these cases. It reads a wire type in any other case \
    than lower case as the same event; here such an event is valid with any payload. It also reads an entry with \
    `type` and `timestamp`, or with `eventType` and `createdAt`. Of an entry with members of both envelopes it reads \
    the members of the envelope with `type`, and ignores the others. It refuses a repeated member, nesting deeper \
    than 127 levels, a lone surrogate, and a number out of range. `x-sensitive` marks personal data and secrets: \
    keep them out of logs. `x-valid-for-seconds` counts from the event's creation.";

pub(super) fn file(model: &Model) -> String {
    let own_files = model.types.values().filter(|def| def.pointer.is_empty());
    let mut definitions = vec![(ENTRY.to_owned(), entry(model))];
    definitions.extend(own_files.map(|def| (def.name.clone(), common(model, def))));
    for (file, members) in [
        (RequiredFile::TypeEnvelope, &model.envelope),
        (RequiredFile::EventTypeEnvelope, &model.other_envelope),
        (RequiredFile::Batch, &model.batch),
    ] {
        let (title, json) = envelope(model, file.path(), members);
        definitions.push((title, json));
    }
    definitions
        .extend(model.events.iter().map(|event| (event.title.clone(), self::event(model, event))));
    let members = vec![
        ("$schema", DRAFT.into()),
        ("$id", id(BUNDLE_FILE)),
        ("title", DELIVERY.into()),
        ("description", DESCRIPTION.into()),
        ("type", "object".into()),
        ("if", any(vec![says_which(Envelope::Type), says_which(Envelope::EventType)])),
        ("then", refer(ENTRY_FILE)),
        ("else", refer(RequiredFile::Batch.path())),
        ("$defs", Json::Object(definitions)),
    ];
    embed::file("schema", members, usize::MAX)
}

/// Returns the schema of an entry in either envelope.
fn entry(model: &Model) -> Json {
    let (by_type, by_event_type_) = (
        select::rules(model, Envelope::Type, |event| refer(&event.file)),
        select::rules(model, Envelope::EventType, |event| {
            refer(&format!("{}#/$defs/{}", event.file, by_event_type(&event.title)))
        }),
    );
    let branch = |envelope: Envelope, rules| {
        let text = object([("type", "string".into())]);
        let head = object([
            ("properties", object([(envelope.wire_type().name, text)])),
            ("required", texts([envelope.wire_type().name])),
        ]);
        all([head, every(rules)])
    };
    all([
        object([("$id", id(ENTRY_FILE))]),
        titled(
            ENTRY,
            "An event in either envelope: with `type`, or else with `eventType`. Its schema follows from the wire \
             type, and from the members of `data` where two events have one wire type.",
            [object([
                ("type", "object".into()),
                ("if", says_which(Envelope::Type)),
                ("then", branch(Envelope::Type, by_type)),
                ("else", branch(Envelope::EventType, by_event_type_)),
            ])],
        ),
    ])
}

/// Accepts an object that has the wire type's member of an envelope; null counts as absent.
fn says_which(envelope: Envelope) -> Json {
    let name = envelope.wire_type().name;
    let null = object([("type", "null".into())]);
    all([requires(name), object([("properties", object([(name, not(null))]))])])
}

/// Returns the resource of a type that has a file of its own.
fn common(model: &Model, def: &TypeDef) -> Json {
    let schemas = Schemas { model, document: SchemaDocument::Resource(&def.file) };
    all([
        object([("$id", id(&def.file))]),
        schemas.definition(def),
        own_types(model, &def.file, []),
    ])
}

/// Returns the definitions of the types under a file's `$defs`, followed by `more`.
fn own_types<const N: usize>(model: &Model, file: &str, more: [(String, Json); N]) -> Json {
    let schemas = Schemas { model, document: SchemaDocument::Resource(file) };
    let own = model.types.values().filter(|def| def.file == file && !def.pointer.is_empty());
    let own = own.map(|def| (def.name.clone(), schemas.definition(def)));
    let definitions: Vec<_> = own.chain(more).collect();
    object((!definitions.is_empty()).then_some(("$defs", Json::Object(definitions))))
}

/// Returns the title and the resource of an envelope or of the batch.
fn envelope(model: &Model, file: &str, members: &[Member]) -> (String, Json) {
    let (title, description) = shape(model, file);
    let schemas = Schemas { model, document: SchemaDocument::Resource(file) };
    let mut object_ = schemas.object(members);
    // The model has no type for the entries of a batch.
    if let Some(results) = property_mut(&mut object_, RESULTS.name) {
        results.put("items", refer(&relative(file, ENTRY_FILE)));
    }
    let head = object([("$id", id(file))]);
    (title.to_owned(), all([head, titled(title, description, [object_])]))
}

/// Returns the resource of an event. The resource has two schemas: its own describes the envelope
/// with `type`, and the one under its `$defs` describes the envelope with `eventType`.
fn event(model: &Model, event: &Event) -> Json {
    let schemas = Schemas { model, document: SchemaDocument::Resource(&event.file) };
    let own = with_wire_type(
        wire_type_member(model, event, Envelope::Type),
        schemas.object(&event.members),
    );
    let envelope = refer(&relative(&event.file, RequiredFile::TypeEnvelope.path()));
    let other = (by_event_type(&event.title), in_event_type_envelope(model, event));
    all([
        object([("$id", id(&event.file))]),
        titled(&event.title, &described(event), [deprecated(event), envelope, own]),
        own_types(model, &event.file, [other]),
    ])
}

/// Returns the schema of an event in the envelope with `eventType`. Members that the other envelope
/// has beside `data` may be inside `data` here, or beside it.
fn in_event_type_envelope(model: &Model, event: &Event) -> Json {
    let schemas = Schemas { model, document: SchemaDocument::Resource(&event.file) };
    let inside = |member: &Member| {
        let data = schemas.object([member]);
        object([("required", texts([PAYLOAD])), ("properties", object([(PAYLOAD, data)]))])
    };
    let rules = event.members.iter().map(|member| {
        let condition = match member.name == PAYLOAD {
            true => select::is_nested(event),
            false => select::is_inside(member),
        };
        object([("if", condition), ("then", inside(member)), ("else", schemas.object([member]))])
    });
    let envelope = refer(&relative(&event.file, RequiredFile::EventTypeEnvelope.path()));
    let rules = every(rules.collect());
    let description = format!("{} In the envelope with `eventType`.", event.description);
    titled(&by_event_type(&event.title), &description, [deprecated(event), envelope, rules])
}
