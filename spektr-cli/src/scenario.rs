//! Scenarios: the events of one customer's story, in order, with shared ids.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use spektr_json::Json;
use spektr_types::EnvelopeKey as Key;

use crate::catalogue::{self, Scenario, Step, did_you_mean};
use crate::delivery::Ids;
use crate::failure::Failure;
use crate::input;
use crate::terminal::safe;

/// An example of a scenario file, for the hint of an error.
const EXAMPLE: &str = "for example {\"description\": \"An alert.\", \"shared\": [\"spektrId\"], \"steps\": \
     [{\"send\": [\"alert_created\"]}, {\"after\": 5, \"send\": [\"alert_resolved\"]}]}";

/// Tells whether every event has its own value of a member, so that it cannot be shared.
fn is_own(name: &str) -> bool {
    let own = [Key::Id, Key::WireType, Key::EventType, Key::CreatedAt, Key::Timestamp];
    own.iter().any(|key| key.name() == name)
}

impl Step {
    pub(crate) fn pause(&self) -> Duration {
        Duration::from_secs(self.after.into())
    }
}

impl Scenario {
    /// Finds a scenario of the schema by its name. A name that ends in `.json` is the path of a
    /// file.
    pub(crate) fn find(name: &str) -> Result<Self, Failure> {
        if !name.ends_with(".json") {
            return catalogue::scenarios().get(name).cloned().ok_or_else(|| {
                let names = catalogue::scenarios().keys().map(String::as_str);
                let all = names.clone().collect::<Vec<_>>().join(", ");
                let otherwise =
                    format!("the scenarios are {all}; the name of your own file must end in .json");
                Failure::new(format!("there is no scenario `{}`", safe(name)))
                    .hint(did_you_mean(name, names, &otherwise))
            });
        }
        let refused = |what: String| {
            Failure::new(format!("{} is not a scenario: {what}", safe(name))).hint(EXAMPLE)
        };
        let text = input::bytes(Path::new(name))?;
        let scenario: Self =
            serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        if scenario.steps.is_empty() || scenario.steps.iter().any(|step| step.send.is_empty()) {
            return Err(refused("it has no steps, or a step that sends nothing".to_owned()));
        }
        if let Some(name) = scenario.shared.iter().find(|name| is_own(name)) {
            let name = safe(name);
            return Err(refused(format!(
                "each event has its own `{name}`, which cannot be shared"
            )));
        }
        Ok(scenario)
    }

    /// Returns a name in `shared` that no event has as a member.
    pub(crate) fn unshared(&self, events: &[Vec<Json>]) -> Option<&str> {
        let has = |name: &str| events.iter().flatten().any(|event| event.has_member(name));
        self.shared.iter().map(String::as_str).find(|name| !has(name))
    }

    /// Returns the sum of all pauses.
    pub(crate) fn pauses(&self) -> Duration {
        self.steps.iter().map(Step::pause).sum()
    }

    /// Begins the story of a new customer.
    pub(crate) fn begin(&self) -> Story<'_> {
        Story { shared: &self.shared, values: BTreeMap::new() }
    }
}

/// The values that the events of one customer share.
pub(crate) struct Story<'s> {
    shared: &'s [String],
    values: BTreeMap<&'s str, String>,
}

impl Story<'_> {
    /// Replaces the shared ids in an entry by the ids of this story.
    pub(crate) fn share(&mut self, entry: &mut Json, ids: &mut Ids) {
        match entry {
            Json::Object(members) => {
                for (name, value) in members {
                    match (self.shared.iter().find(|shared| *shared == name), &mut *value) {
                        (Some(shared), Json::String(text)) => {
                            let new = || ids.next_like(text);
                            text.clone_from(self.values.entry(shared).or_insert_with(new));
                        }
                        _ => self.share(value, ids),
                    }
                }
            }
            Json::Array(elements) => elements.iter_mut().for_each(|one| self.share(one, ids)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(step: &Step) -> impl Iterator<Item = Json> {
        step.send.iter().map(|name| {
            let example = catalogue::example(name).expect("there is one");
            Json::parse(example.json.get().as_bytes()).expect("JSON")
        })
    }

    #[test]
    fn the_events_of_a_story_share_ids_and_decode_and_two_stories_share_none() {
        let mut ids = Ids::new();
        for (name, scenario) in catalogue::scenarios() {
            let customers = [0, 1].map(|_| {
                let mut story = scenario.begin();
                for mut entry in scenario.steps.iter().flat_map(templates) {
                    let before = entry.clone();
                    story.share(&mut entry, &mut ids);
                    let (text, customer) = (entry.to_string(), entry.get("spektrId").cloned());
                    assert_ne!(customer, before.get("spektrId").cloned(), "{name}");
                    assert_eq!(
                        customer.as_ref().and_then(Json::as_str),
                        story.values.get("spektrId").map(String::as_str),
                        "{name}"
                    );
                    let decoded = spektr_types::Entry::from_json(&text).expect("JSON").decode();
                    let info = decoded.expect("it is valid").event_type().info();
                    assert!(info.is_some(), "{name}: {text}");
                }
                // If no event of the story has the name, the name is a mistake.
                let used: Vec<_> = story.values.keys().copied().collect();
                let mut named: Vec<_> = scenario.shared.iter().map(String::as_str).collect();
                named.sort_unstable();
                assert_eq!(used, named, "{name}");
                story.values.into_values().collect::<Vec<_>>()
            });
            let [one, other] = customers;
            assert!(one.iter().all(|id| !other.contains(id)), "{name}");
        }
    }

    #[test]
    fn a_new_id_begins_as_the_example_does_and_keeps_nothing_else_of_it() {
        let scenario: Scenario =
            serde_json::from_str(r#"{"description":"d","shared":["a","b"],"steps":[]}"#)
                .expect("JSON");
        let mut entry = Json::parse(
            br#"{"a":"spk_1","x":{"b":"plain","a":"spk_2","c":"spk_1"},"l":[{"a":null}]}"#,
        )
        .expect("JSON");
        scenario.begin().share(&mut entry, &mut Ids::new());
        let text = |pointer| entry.pointer(pointer).and_then(Json::as_str).expect("a text");
        assert_eq!(text("/a"), text("/x/a"));
        assert!(text("/a").starts_with("spk_") && text("/a").len() == 28, "{}", text("/a"));
        assert!(!text("/x/b").contains("plain"));
        assert_eq!(text("/x/c"), "spk_1");
        assert_eq!(entry.pointer("/l/0/a"), Some(&Json::Null));
    }
}
