//! Lists each event of the schema with the paths of its members, as a documentation page does.

use spektr_codegen::SchemaSet;
use spektr_codegen::model::{Event, ExplainedDifference, Member, Model, Ty, TypeKind};
use spektr_doc_reader::TimeUnit;

use super::drift::Drift;

/// The documentation page with the table of events. Members that the schema takes from another page
/// are not expected on this page.
const PAGE: &str = "webhooks-events";

/// The most levels of nested objects that are followed.
const MAX_DEPTH: usize = 16;

/// One member, as described by the schema or by a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MemberShape {
    /// The path, such as `fields[].key`.
    pub(super) path: String,
    /// The JSON type; `None` for a member of any type, or if the page does not state the type
    /// clearly.
    pub(super) kind: Option<&'static str>,
    /// The JSON type of a list's elements.
    pub(super) items: Option<&'static str>,
    /// `None` if only an example or a table without types shows the member.
    pub(super) nullable: Option<bool>,
    /// The schema's known values, or the values that the page's description quotes.
    pub(super) values: Option<Vec<String>>,
    pub(super) valid_for_seconds: Option<u64>,
    pub(super) unit: Option<TimeUnit>,
    /// From the schema: whether the page is expected to document the member.
    pub(super) expected: bool,
    /// From a page: the words of an unknown type.
    pub(super) said: Option<String>,
    /// From a page: its name for the list's elements, if that is not a JSON type.
    pub(super) items_name: Option<String>,
    /// From a page: whether an example confirms the path.
    pub(super) shown: bool,
}

impl MemberShape {
    /// Returns the type in the words of a report: `array of string or null`.
    pub(super) fn words(&self) -> String {
        if let Some(said) = &self.said {
            return said.clone();
        }
        let items = self.items.map(|items| format!(" of {items}")).unwrap_or_default();
        let null = if self.nullable == Some(true) { " or null" } else { "" };
        format!("{}{items}{null}", self.kind.unwrap_or("any JSON"))
    }
}

/// An event of the schema.
pub(super) struct SchemaEvent {
    /// Every member, in the schema's order.
    pub(super) members: Vec<MemberShape>,
    /// The members of both envelopes, those of the envelope with `eventType` first.
    envelope: Vec<MemberShape>,
}

impl SchemaEvent {
    pub(super) fn new(set: &SchemaSet, event: &Event) -> Self {
        let model = set.model();
        let (mut members, mut envelope) = (Vec::new(), Vec::new());
        for shared in [&model.other_envelope, &model.envelope] {
            add(&mut envelope, model, "", shared, true);
        }
        // The contents of the payload belong to the event.
        envelope.retain(|shape| shape.path != "data" && !shape.path.contains(['.', '[']));
        for own in [&model.envelope, &event.members] {
            add(&mut members, model, "", own, true);
        }
        SchemaEvent { members, envelope }
    }

    pub(super) fn find(&self, path: &str) -> Option<&MemberShape> {
        self.members.iter().find(|known| known.path == path)
    }

    /// Returns a member as the envelopes describe it.
    pub(super) fn in_envelope(&self, path: &str) -> Option<&MemberShape> {
        self.envelope.iter().find(|known| known.path == path)
    }
}

fn add(
    shapes: &mut Vec<MemberShape>,
    model: &Model,
    prefix: &str,
    members: &[Member],
    expected: bool,
) {
    for member in members {
        let path = format!("{prefix}{}", member.name);
        let elsewhere = member.source.as_ref().is_some_and(|source| source.page != PAGE);
        let expected = expected && !elsewhere;
        let (kind, null) = kind(model, &member.ty);
        let (items, below) = match &member.ty {
            Ty::Array(element) => (self::kind(model, element).0, format!("{path}[].")),
            _ => (None, format!("{path}.")),
        };
        let named = member.ty.named().and_then(|name| model.types.get(name)).map(|def| &def.kind);
        shapes.push(MemberShape {
            path,
            kind,
            items,
            nullable: Some(!member.required || null),
            values: match named {
                Some(TypeKind::OpenEnum(values)) => {
                    Some(values.iter().map(|known| known.value.clone()).collect())
                }
                _ => None,
            },
            valid_for_seconds: member.valid_for_seconds,
            unit: matches!(named, Some(TypeKind::Timestamp)).then_some(TimeUnit::Milliseconds),
            expected,
            ..MemberShape::default()
        });
        if let Some(TypeKind::Object(members)) = named
            && below.matches('.').count() <= MAX_DEPTH
        {
            add(shapes, model, &below, members, expected);
        }
    }
}

/// Returns the JSON type, and whether null is one of its values.
fn kind(model: &Model, ty: &Ty) -> (Option<&'static str>, bool) {
    let kind = match ty {
        Ty::String => "string",
        Ty::Boolean => "boolean",
        Ty::Integer => "integer",
        Ty::Number => "number",
        Ty::Array(_) => "array",
        Ty::Map => "object",
        Ty::Named(_) => match model.kind(ty) {
            Some(TypeKind::Object(_)) => "object",
            Some(TypeKind::Timestamp) => "number",
            Some(TypeKind::Delivered) => return (Some("boolean"), true),
            Some(_) => "string",
            None => return (None, false),
        },
        _ => return (None, false),
    };
    (Some(kind), false)
}

/// Returns the member of a delivery that holds the events.
pub(super) fn batch_member(set: &SchemaSet) -> Option<&str> {
    set.model().batch.first().map(|member| member.name.as_str())
}

/// Returns the decision that explains a difference, as file and id. A decision of a common file
/// explains the difference in every event, unless it names one event.
pub(super) fn decision(set: &SchemaSet, drift: &Drift) -> Option<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let difference =
        [drift.kind.as_str(), &text(&drift.path), &text(&drift.was), &text(&drift.now)]
            .map(str::to_owned);
    set.model().decisions().find_map(|(file, own, decisions)| {
        let fits = |record: &&ExplainedDifference| {
            let event = Some(record.event.as_str()).filter(|event| !event.is_empty()).or(own);
            [&record.kind, &record.path, &record.was, &record.now] == difference.each_ref()
                && event.is_none_or(|event| event == drift.event)
        };
        let decision =
            decisions.iter().find(|decision| decision.explains.iter().any(|it| fits(&it)))?;
        Some(format!("{file}#{}", decision.id))
    })
}
