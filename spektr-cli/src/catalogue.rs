//! The events that this tool knows: the facts of spektr-types, joined with the generated
//! reference.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use spektr_types::EventInfo;

use crate::failure::Failure;
use crate::terminal::safe;

/// The reference that codegen writes for this tool.
#[expect(clippy::unreachable, reason = "a test parses the embedded reference")]
static REFERENCE: LazyLock<Reference> = LazyLock::new(|| {
    serde_json::from_str(include_str!("generated/reference.json"))
        .unwrap_or_else(|error| unreachable!("the embedded reference is not valid: {error}"))
});

#[derive(Deserialize)]
struct Reference {
    envelope: Vec<EventMember>,
    other_envelope: Vec<EventMember>,
    events: Vec<EventDetails>,
    shared_decisions: Vec<SharedDecisions>,
    unknown: Vec<EventExample>,
    scenarios: BTreeMap<String, Scenario>,
}

/// Facts about an event that spektr-types does not have.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct EventDetails {
    /// Documented name, for example `ALERT_RESOLVED`.
    #[serde(skip_serializing)]
    pub(crate) name: String,
    /// The name in lower snake case.
    #[serde(skip_serializing)]
    pub(crate) module: String,
    /// The event's own members, without the members of the envelope.
    pub(crate) members: Vec<EventMember>,
    pub(crate) decisions: Vec<Decision>,
    #[serde(skip_serializing)]
    pub(crate) examples: Vec<EventExample>,
}

/// A member of an event.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct EventMember {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) aliases: Vec<String>,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) required: bool,
    pub(crate) sensitive: bool,
    pub(crate) description: String,
    /// The known values, if the schema lists any.
    #[serde(rename = "known_values", skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
    /// The members of the object, or of each object in the list. Empty for an object inside an
    /// object of the same type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) members: Vec<EventMember>,
}

/// A decision about a question that the documentation leaves open.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Decision {
    pub(crate) id: String,
    pub(crate) about: Vec<String>,
    pub(crate) documented: String,
    pub(crate) chosen: String,
    pub(crate) reason: String,
    pub(crate) reviewed: bool,
}

/// The decisions about a type or an envelope that several events share.
#[derive(Debug, Deserialize)]
pub(crate) struct SharedDecisions {
    /// Name of the type or envelope.
    pub(crate) of: String,
    pub(crate) decisions: Vec<Decision>,
}

/// An example of an entry.
#[derive(Debug, Deserialize)]
pub(crate) struct EventExample {
    pub(crate) case: String,
    /// The JSON of the entry, on one line.
    #[serde(rename = "body")]
    pub(crate) json: Box<RawValue>,
}

/// Returns the members that every event has in the envelope with `type`.
pub(crate) fn envelope() -> &'static [EventMember] {
    &REFERENCE.envelope
}

/// Returns the members of the envelope with `eventType`. Its `data` holds the payload.
pub(crate) fn other_envelope() -> &'static [EventMember] {
    &REFERENCE.other_envelope
}

/// The story of one customer, in the form of a scenario file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) description: String,
    /// Names of members whose text is the same in all events of one story, and differs between
    /// stories.
    pub(crate) shared: Vec<String>,
    pub(crate) steps: Vec<Step>,
}

/// Events that are sent in one delivery.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// The pause before the delivery, in seconds.
    #[serde(default)]
    pub(crate) after: u32,
    /// The events, each as `EVENT` or `EVENT/CASE`.
    pub(crate) send: Vec<String>,
}

/// Returns the scenarios by name.
pub(crate) fn scenarios() -> &'static BTreeMap<String, Scenario> {
    &REFERENCE.scenarios
}

/// Returns the decisions that concern more than one event.
pub(crate) fn shared_decisions() -> &'static [SharedDecisions] {
    &REFERENCE.shared_decisions
}

/// An event, with the facts from both sources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CatalogueEvent {
    pub(crate) info: &'static EventInfo,
    pub(crate) details: &'static EventDetails,
}

/// Returns all events, in the order of their names.
pub(crate) fn events() -> impl Iterator<Item = CatalogueEvent> {
    spektr_types::catalogue().filter_map(|info| {
        let details = REFERENCE.events.iter().find(|details| details.name == info.name())?;
        Some(CatalogueEvent { info, details })
    })
}

/// Finds an event by its documented name, ignoring case, or by a wire type.
pub(crate) fn find(name: &str) -> Result<CatalogueEvent, Failure> {
    events()
        .find(|event| event.info.name().eq_ignore_ascii_case(name))
        .or_else(|| events().find(|event| owns(event.info, name)))
        .or_else(|| events().find(|event| event.info.has_wire_type(name)))
        .ok_or_else(|| {
            let names = events().map(|event| event.details.module.as_str());
            Failure::new(format!("there is no event `{}`", safe(name))).hint(did_you_mean(
                name,
                names,
                "`spektr events list` has all names",
            ))
        })
}

/// Tells whether a wire type is the event's canonical one, not an alias.
fn owns(info: &EventInfo, wire_type: &str) -> bool {
    info.wire_types().canonical.eq_ignore_ascii_case(wire_type)
}

/// The name before the slash that selects examples of events unknown to the schema.
pub(crate) const UNKNOWN_EVENT: &str = "unknown";

/// Finds the example that `EVENT` or `EVENT/CASE` names. `EVENT` alone means the case `full`, or
/// the first case if the event has no case `full`.
pub(crate) fn example(name: &str) -> Result<&'static EventExample, Failure> {
    let (name, case) = name.split_once('/').map_or((name, None), |(n, c)| (n, Some(c)));
    let examples = if name.eq_ignore_ascii_case(UNKNOWN_EVENT) {
        &REFERENCE.unknown
    } else {
        &find(name)?.details.examples
    };
    let found = match case {
        Some(case) => examples.iter().find(|example| example.case == case),
        None => examples.iter().find(|example| example.case == "full").or(examples.first()),
    };
    found.ok_or_else(|| {
        let cases = examples.iter().map(|example| example.case.as_str());
        let case = case.unwrap_or_default();
        Failure::new(format!("`{}` has no example `{}`", safe(name), safe(case)))
            .hint(did_you_mean(case, cases, "`spektr events show EVENT` lists the cases"))
    })
}

/// Returns the hint `otherwise`, after the most similar name if one is similar enough.
pub(crate) fn did_you_mean<'n>(
    name: &str,
    names: impl Iterator<Item = &'n str>,
    otherwise: &str,
) -> String {
    const SIMILAR: f64 = 0.8;
    let name = name.to_ascii_lowercase();
    names
        .map(|candidate| (strsim::jaro_winkler(&name, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or_else(
            || otherwise.to_owned(),
            |(_, candidate)| format!("did you mean `{candidate}`? {otherwise}"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sources_have_the_same_events() {
        let joined: Vec<_> = events().map(|event| event.info.name()).collect();
        let documented: Vec<_> = spektr_types::catalogue().map(EventInfo::name).collect();
        assert_eq!(joined, documented);
        assert_eq!(joined.len(), REFERENCE.events.len());
    }

    #[test]
    fn an_event_goes_by_its_name_in_either_case_and_by_its_wire_type() {
        for name in ["ALERT_RESOLVED", "alert_resolved"] {
            assert_eq!(find(name).expect("known").info.name(), "ALERT_RESOLVED");
        }
        assert_eq!(find("customer_tag_add").expect("known").info.name(), "CUSTOMER_TAG_ADDED");
    }

    #[test]
    fn every_event_has_the_cases_that_are_sent_by_default() {
        for event in events() {
            assert_eq!(example(&event.details.module).expect("has it").case, "full");
        }
        assert_eq!(example("alert_resolved/minimal").expect("has it").case, "minimal");
    }
}
