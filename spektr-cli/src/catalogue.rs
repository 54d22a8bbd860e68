//! The events as this tool knows them: what the types say, joined with the
//! generated reference.

use serde::Serialize;
use spektr_types::EventInfo;

use crate::failure::Failure;
use crate::generated::{DETAILS, UNKNOWN};
use crate::output::safe;

/// What the types do not carry about an event.
#[derive(Debug, Serialize)]
pub(crate) struct Details {
    /// Documented name, as `ALERT_RESOLVED`.
    #[serde(skip)]
    pub(crate) name: &'static str,
    /// The name in lower snake case.
    #[serde(skip)]
    pub(crate) module: &'static str,
    /// Its own members, without those of the envelope.
    pub(crate) members: &'static [Member],
    pub(crate) decisions: &'static [Decision],
    #[serde(skip)]
    pub(crate) examples: &'static [Example],
}

/// A member of an event.
#[derive(Debug, Serialize)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) aliases: &'static [&'static str],
    #[serde(rename = "type")]
    pub(crate) ty: &'static str,
    pub(crate) required: bool,
    pub(crate) sensitive: bool,
    pub(crate) description: &'static str,
    /// The values that are known, if it has any.
    #[serde(rename = "known_values", skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) values: &'static [&'static str],
    /// The members of the object, or of each object in the list.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) members: &'static [Member],
}

/// What was chosen where the documentation leaves something open.
#[derive(Debug, Serialize)]
pub(crate) struct Decision {
    pub(crate) id: &'static str,
    pub(crate) about: &'static [&'static str],
    pub(crate) documented: &'static str,
    pub(crate) chosen: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) reviewed: bool,
}

/// A body as it arrives.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) case: &'static str,
    pub(crate) json: &'static str,
}

/// An event, from both sources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) info: &'static EventInfo,
    pub(crate) details: &'static Details,
}

/// Returns all events, in the order of their names.
pub(crate) fn events() -> impl Iterator<Item = Event> {
    spektr_types::catalogue().filter_map(|info| {
        let details = DETAILS.into_iter().find(|details| details.name == info.name())?;
        Some(Event { info, details })
    })
}

/// Returns the event with a documented name, in either case, or a wire type.
pub(crate) fn find(name: &str) -> Result<Event, Failure> {
    events()
        .find(|event| event.info.name().eq_ignore_ascii_case(name))
        .or_else(|| events().find(|event| owns(event.info, name)))
        .or_else(|| events().find(|event| event.info.has_wire_type(name)))
        .ok_or_else(|| {
            let names = events().map(|event| event.details.module);
            Failure::new(format!("there is no event `{}`", safe(name))).hint(did_you_mean(
                name,
                names,
                "`spektr events list` has all names",
            ))
        })
}

/// Tells whether a wire type is the event's own and no alias.
fn owns(info: &EventInfo, wire_type: &str) -> bool {
    info.wire_types().first().is_some_and(|own| own.eq_ignore_ascii_case(wire_type))
}

/// The word before the slash that stands for events that the schema does not know.
pub(crate) const UNKNOWN_EVENT: &str = "unknown";

/// Returns the example that `EVENT` or `EVENT/CASE` names: the case `full` if
/// none is named.
pub(crate) fn example(name: &str) -> Result<&'static Example, Failure> {
    let (name, case) = name.split_once('/').map_or((name, None), |(n, c)| (n, Some(c)));
    let examples = if name.eq_ignore_ascii_case(UNKNOWN_EVENT) {
        UNKNOWN
    } else {
        find(name)?.details.examples
    };
    let found = match case {
        Some(case) => examples.iter().find(|example| example.case == case),
        None => examples.iter().find(|example| example.case == "full").or(examples.first()),
    };
    found.ok_or_else(|| {
        let cases = examples.iter().map(|example| example.case);
        let case = case.unwrap_or_default();
        Failure::new(format!("`{}` has no example `{}`", safe(name), safe(case)))
            .hint(did_you_mean(case, cases, "`spektr events show EVENT` lists the cases"))
    })
}

/// Returns a hint that names the most similar of some names, if one is similar.
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
        assert_eq!(joined.len(), DETAILS.len());
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
            assert_eq!(example(event.details.module).expect("has it").case, "full");
        }
        assert_eq!(example("alert_resolved/minimal").expect("has it").case, "minimal");
    }
}
