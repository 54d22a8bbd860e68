//! The schemas that OpenAPI and AsyncAPI share, and the examples of a delivery.

use std::collections::BTreeSet;

use spektr_json::Json;

use super::schemas::{
    SchemaDocument, Schemas, all, any, component, deprecated, described, object, property_mut,
    texts, titled, with_wire_type,
};
use super::select::Envelope;
use super::{
    BESIDE_NOTE, DELIVERY, ENTRY, UNKNOWN, by_event_type, has_members_beside, members, payload,
    shape, shared_wire_types, wire_type_member,
};
use crate::envelope::RESULTS;
use crate::examples::{Examples, FULL};
use crate::model::{Event, Model, TypeKind};
use crate::passes::PAYLOAD;
use crate::problem::RequiredFile;

/// Returns the note that readers of the documents need: open sets, shared wire types, sensitive
/// members.
pub(super) fn note(model: &Model) -> String {
    let mut text = "The vendor documents two envelopes and does not say which one is sent: an event has `type`, or \
                    `eventType`. Expect events, members and values that are not listed here."
        .to_owned();
    for (wire_type, titles) in shared_wire_types(model) {
        let titles = titles.join(" or ");
        text.push_str(&format!(
            " The wire type `{wire_type}` can be {titles}: the members of `data` tell them apart."
        ));
    }
    text.push_str(
        " Wire types are in lower case here; receivers of this project read any other case as the same. \
         `x-sensitive` marks personal data and secrets, to be kept out of logs. The schemas are for \
         generators of code and for people; validate with `spektr.schema.json`, which has all rules.",
    );
    text
}

/// Returns the schemas by name.
pub(super) fn schemas(model: &Model, examples: &Examples) -> Json {
    let schemas = Schemas { model, document: SchemaDocument::Component };
    let mut found = vec![
        (DELIVERY.to_owned(), delivery(model)),
        batch(model, &schemas),
        (ENTRY.to_owned(), entry(model)),
    ];
    for event in &model.events {
        found.push((event.title.clone(), self::event(model, event, &schemas, examples)));
        found.push((by_event_type(&event.title), in_event_type_envelope(model, event, &schemas)));
        if has_members_beside(event) {
            let description = format!("All members of {} in one object.", event.name);
            let whole = schemas.object(&event.members);
            found.push((payload(event), titled(&payload(event), &description, [whole])));
        }
    }
    found.extend([Envelope::Type, Envelope::EventType].map(|it| unknown(model, it)));
    for (envelope, file) in [
        (Envelope::Type, RequiredFile::TypeEnvelope),
        (Envelope::EventType, RequiredFile::EventTypeEnvelope),
    ] {
        let (title, description) = shape(model, file.path());
        let members = schemas.object(members(model, envelope));
        found.push((title.to_owned(), titled(title, description, [members])));
    }
    let types = model.types.values();
    let named = types.filter(|def| matches!(def.kind, TypeKind::Object(_)));
    found.extend(named.map(|def| (def.name.clone(), schemas.definition(def))));
    Json::Object(found)
}

fn delivery(model: &Model) -> Json {
    let (batch, _) = shape(model, RequiredFile::Batch.path());
    let choices = any(vec![component(batch), component(ENTRY)]);
    titled(
        DELIVERY,
        "The body of a delivery: a batch, as is documented, or one event alone, as some examples show.",
        [choices],
    )
}

fn batch(model: &Model, schemas: &Schemas<'_>) -> (String, Json) {
    let (title, description) = shape(model, RequiredFile::Batch.path());
    let mut members = schemas.object(&model.batch);
    if let Some(results) = property_mut(&mut members, RESULTS.name) {
        results.put("items", component(ENTRY));
    }
    (title.to_owned(), titled(title, description, [members]))
}

fn entry(model: &Model) -> Json {
    let known = model
        .events
        .iter()
        .flat_map(|event| [component(&event.title), component(&by_event_type(&event.title))]);
    let unknown = [component(UNKNOWN), component(&by_event_type(UNKNOWN))];
    let choices = any(known.chain(unknown).collect());
    titled(ENTRY, "An event in either envelope: with `type`, or with `eventType`.", [choices])
}

fn event(model: &Model, event: &Event, schemas: &Schemas<'_>, examples: &Examples) -> Json {
    let own = with_wire_type(
        wire_type_member(model, event, Envelope::Type),
        schemas.object(&event.members),
    );
    let full = examples.of(&event.module).iter().find(|example| example.case == FULL);
    let full = full.map(|full| ("examples", Json::Array(vec![full.body.clone()])));
    let envelope = shape(model, RequiredFile::TypeEnvelope.path()).0;
    titled(
        &event.title,
        &described(event),
        [deprecated(event), extends(envelope, own), object(full)],
    )
}

fn in_event_type_envelope(model: &Model, event: &Event, schemas: &Schemas<'_>) -> Json {
    let mut members: Vec<_> = event.members.clone();
    let beside = has_members_beside(event);
    for member in members.iter_mut().filter(|member| member.name != PAYLOAD) {
        member.required = false;
    }
    let mut own = schemas.object(&members);
    if beside
        && let Some(data) = property_mut(&mut own, PAYLOAD)
        && let Some(member) = event.members.iter().find(|member| member.name == PAYLOAD)
    {
        let alone = schemas.value(&member.ty, !member.required);
        let sensitive = member.sensitive.then_some(("x-sensitive", Json::Bool(true)));
        *data = all([
            object([("description", member.description.as_str().into())]),
            any(vec![component(&payload(event)), alone]),
            object(sensitive),
        ]);
    }
    let own = with_wire_type(wire_type_member(model, event, Envelope::EventType), own);
    let envelope = shape(model, RequiredFile::EventTypeEnvelope.path()).0;
    let mut description = format!("{}\n\nIn the envelope with `eventType`.", described(event));
    if beside {
        description = format!("{description} {BESIDE_NOTE}");
    }
    let title = by_event_type(&event.title);
    titled(&title, &description, [deprecated(event), extends(envelope, own)])
}

fn extends(envelope: &str, own: Json) -> Json {
    object([("allOf", Json::Array(vec![component(envelope), own]))])
}

fn unknown(model: &Model, envelope: Envelope) -> (String, Json) {
    let title = match envelope {
        Envelope::Type => UNKNOWN.to_owned(),
        Envelope::EventType => by_event_type(UNKNOWN),
    };
    let name = envelope.wire_type().name;
    let names = model.events.iter().flat_map(|event| event.wire_types.iter().map(String::as_str));
    let names: BTreeSet<_> = names.collect();
    let names: Vec<_> = names.into_iter().collect();
    // Code generators ignore `not`, and support patterns.
    let other = format!("^(?!(?:{})$)", names.join("|"));
    let wire_type = object([
        ("description", "A wire type that no schema here has.".into()),
        ("type", "string".into()),
        ("pattern", other.as_str().into()),
    ]);
    let schema = object([
        ("type", "object".into()),
        ("properties", object([(name, wire_type)])),
        ("required", texts([name])),
    ]);
    let description =
        format!("An event that no schema here describes, with `{name}`. Keep it as it arrived.");
    (title.clone(), titled(&title, &description, [schema]))
}

/// Returns the examples of whole deliveries, each with its case's name.
pub(super) fn deliveries(examples: &Examples) -> impl Iterator<Item = (&str, &Json)> {
    examples.of("batch").iter().map(|example| (example.case.as_str(), &example.body))
}
