//! What the schema says, in the words of a documentation page: every event with
//! the paths of its members, whatever file or definition they come from.

use spektr_codegen::SchemaSet;
use spektr_codegen::model::{Decision, Event, Explained, Member, Model, Ty, TypeKind};
use spektr_doc_reader::Status;

use super::drift::Drift;

/// The documentation page that lists the events. Members that the schema takes
/// from another page are not missed on this one.
const PAGE: &str = "webhooks-events";

/// Levels of objects in objects that are followed.
const MAX_DEPTH: usize = 16;

/// An event of the schema.
pub(super) struct Known<'m> {
    pub(super) event: &'m Event,
    /// Every member by its path, as `fields[].key`, in the schema's order.
    pub(super) members: Vec<(String, Shape)>,
    /// Members that every event has, in either envelope.
    envelope: Vec<(String, Shape)>,
}

/// What the schema says of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The JSON type; `None` for a member that may be anything.
    pub(super) kind: Option<&'static str>,
    /// The JSON type of a list's elements.
    pub(super) items: Option<&'static str>,
    pub(super) nullable: bool,
    /// Whether the page is expected to document it.
    pub(super) expected: bool,
    /// The known values of an open enum.
    pub(super) values: Option<Vec<String>>,
    pub(super) valid_for_seconds: Option<u64>,
    /// Whether it is a point in time, in epoch milliseconds.
    pub(super) is_timestamp: bool,
}

impl<'m> Known<'m> {
    pub(super) fn new(set: &'m SchemaSet, event: &'m Event) -> Self {
        let model = set.model();
        let mut known = Known { event, members: Vec::new(), envelope: Vec::new() };
        for members in [&model.other_envelope, &model.envelope] {
            known.add(model, "", members, true, 0);
            // What is in the payload is the event's own.
            known.members.retain(|(path, _)| path != "data" && !path.contains(['.', '[']));
            known.envelope.append(&mut known.members);
        }
        for members in [&model.envelope, &event.members] {
            known.add(model, "", members, true, 0);
        }
        known
    }

    fn add(
        &mut self,
        model: &Model,
        prefix: &str,
        members: &[Member],
        expected: bool,
        depth: usize,
    ) {
        for member in members {
            let path = format!("{prefix}{}", member.name);
            let elsewhere = member.source.as_ref().is_some_and(|source| source.page != PAGE);
            let expected = expected && !elsewhere;
            let (kind, null) = kind(model, &member.ty);
            let mut inner = &member.ty;
            let mut below = format!("{path}.");
            let mut items = None;
            if let Ty::Array(element) = inner {
                items = self::kind(model, element).0;
                below = format!("{path}[].");
                inner = element;
            }
            let nullable = !member.required || null;
            let named = inner.named().and_then(|name| model.types.get(name)).map(|def| &def.kind);
            let values = named.and_then(known_values);
            let is_timestamp = matches!(named, Some(TypeKind::Timestamp));
            let valid_for_seconds = member.valid_for_seconds;
            let shape =
                Shape { kind, items, nullable, expected, values, valid_for_seconds, is_timestamp };
            self.members.push((path, shape));
            let object = inner.named().and_then(|name| model.types.get(name));
            if let Some(TypeKind::Object(members)) = object.map(|def| &def.kind)
                && depth < MAX_DEPTH
            {
                self.add(model, &below, members, expected, depth + 1);
            }
        }
    }

    pub(super) fn find(&self, path: &str) -> Option<(&str, &Shape)> {
        let found = self.members.iter().find(|(known, _)| known == path);
        found.map(|(path, shape)| (path.as_str(), shape))
    }

    /// Whether every event has this member, in one of the envelopes.
    pub(super) fn is_envelope(&self, path: &str) -> bool {
        self.in_envelope(path).is_some()
    }

    /// Returns what the envelopes say of a member: the one with `eventType` first.
    pub(super) fn in_envelope(&self, path: &str) -> Option<&Shape> {
        self.envelope.iter().find(|(known, _)| known == path).map(|(_, shape)| shape)
    }
}

/// Returns the JSON type, and whether null is one of its values.
fn kind(model: &Model, ty: &Ty) -> (Option<&'static str>, bool) {
    let plain = |kind| (Some(kind), false);
    match ty {
        Ty::String => plain("string"),
        Ty::Boolean => plain("boolean"),
        Ty::Integer => plain("integer"),
        Ty::Number => plain("number"),
        Ty::Array(_) => plain("array"),
        Ty::Map => plain("object"),
        Ty::Named(name) => match model.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Object(_)) => plain("object"),
            Some(TypeKind::Timestamp) => plain("number"),
            Some(TypeKind::Delivered) => (Some("boolean"), true),
            Some(_) => plain("string"),
            None => (None, false),
        },
        _ => (None, false),
    }
}

/// Returns the values of an open enum.
fn known_values(kind: &TypeKind) -> Option<Vec<String>> {
    match kind {
        TypeKind::OpenEnum(values) => {
            Some(values.iter().map(|known| known.value.clone()).collect())
        }
        _ => None,
    }
}

/// Returns the member of a delivery that holds the events.
pub(super) fn batch_member(set: &SchemaSet) -> Option<&str> {
    set.model().batch.first().map(|member| member.name.as_str())
}

/// Words a type as a report does: `array of string or null`.
pub(super) fn words(kind: Option<&str>, items: Option<&str>, nullable: bool) -> String {
    let mut words = kind.unwrap_or("any JSON").to_owned();
    if let Some(items) = items {
        words.push_str(" of ");
        words.push_str(items);
    }
    if nullable {
        words.push_str(" or null");
    }
    words
}

/// Translates a status of the schema.
pub(super) fn status(status: spektr_codegen::model::Status) -> Option<Status> {
    use spektr_codegen::model::Status as Known;
    match status {
        Known::Available => Some(Status::Available),
        Known::Wip => Some(Status::Wip),
        Known::Deprecated => Some(Status::Deprecated),
        _ => None,
    }
}

/// The recorded decisions that account for differences.
pub(super) struct Decisions<'s>(Vec<Record<'s>>);

struct Record<'s> {
    /// Kind, path, was, now.
    difference: [&'s str; 4],
    /// The event that the record names, or whose file it stands in.
    event: Option<&'s str>,
    /// File and id of the decision.
    decision: String,
}

impl<'s> Decisions<'s> {
    /// Collects the decisions of all files. Those of a common file account for
    /// the difference in every event, unless they name one.
    pub(super) fn new(set: &'s SchemaSet) -> Self {
        let mut records = Vec::new();
        for (file, own, decisions) in set.model().decisions() {
            for Decision { id, explains, .. } in decisions {
                for Explained { kind, event, path, was, now, .. } in explains {
                    let difference = [kind, path, was, now].map(String::as_str);
                    let event = Some(event.as_str()).filter(|event| !event.is_empty()).or(own);
                    records.push(Record { difference, event, decision: format!("{file}#{id}") });
                }
            }
        }
        Decisions(records)
    }

    /// Returns the decision that accounts for a difference.
    pub(super) fn explain(&self, drift: &Drift) -> Option<&str> {
        let [path, was, now] =
            [&drift.path, &drift.was, &drift.now].map(|text| text.as_deref().unwrap_or_default());
        let difference = [drift.kind.as_str(), path, was, now];
        let fits = |record: &&Record<'_>| {
            record.difference == difference && record.event.is_none_or(|event| event == drift.event)
        };
        self.0.iter().find(fits).map(|record| record.decision.as_str())
    }
}
