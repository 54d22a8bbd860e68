//! Reads the record of actions, and formats actions for people and as JSON.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use spektr_inbox::store::{Recorded, Store};
use spektr_types::Timestamp;

use crate::failure::Failure;
use crate::terminal::{count, faint, safe, safe_lines};

/// Calls a function with each action, the earliest first, until the function fails. An action that worked in steps has a record for each step: these
/// records are merged into one action.
pub(super) async fn each(
    store: &dyn Store,
    mut found: impl FnMut(Recorded) -> Result<(), Failure>,
) -> Result<(), Failure> {
    const PAGE: usize = 500;
    let mut last = 0;
    let mut earlier: Option<Recorded> = None;
    loop {
        let page = store.actions(last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        for action in page {
            match &mut earlier {
                Some(earlier) if is_same(earlier, &action) => earlier.affected += action.affected,
                _ => {
                    if let Some(complete) = earlier.replace(action) {
                        found(complete)?;
                    }
                }
            }
        }
    }
    earlier.map_or(Ok(()), found)
}

fn is_same(one: &Recorded, other: &Recorded) -> bool {
    let Recorded { number: _, at, actor, action, filter, affected: _, details } = one;
    (at, actor, action, filter, details)
        == (&other.at, &other.actor, &other.action, &other.filter, &other.details)
}

/// An action in JSON.
#[derive(Serialize)]
pub(super) struct ActionRow {
    at: String,
    by: String,
    action: String,
    filter: Option<Box<RawValue>>,
    affected: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Box<RawValue>>,
}

impl ActionRow {
    pub(super) fn new(action: &Recorded) -> Self {
        let json = |text: &Option<String>| serde_json::from_str(text.as_deref()?).ok();
        Self {
            at: action.at.to_string(),
            by: action.actor.clone(),
            action: action.action.clone(),
            filter: json(&action.filter),
            affected: action.affected,
            details: json(&action.details),
        }
    }
}

/// Returns an action as a line: time, operator, action, number of records, filter and details.
pub(super) fn line(action: &Recorded) -> String {
    let (filter, details) = (members(&action.filter), members(&action.details));
    let words = filter.iter().chain(&details).map(|(name, value)| in_words(name, value));
    format!(
        "{:24}  {:12}  {:9}  {}  {}\n",
        action.at.to_string(),
        safe(&action.actor),
        safe(&action.action),
        count(action.affected, "record", "records"),
        faint(&words.collect::<Vec<_>>().join(", ")),
    )
}

/// Returns the members of a filter or of the details.
pub(super) fn members(object: &Option<String>) -> Map<String, Value> {
    object.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Formats a member of a filter, or of the details, as text: its name, then its value. A time is in
/// the form of RFC 3339.
fn in_words(name: &str, value: &Value) -> String {
    let is_time = matches!(name, "receivedBefore" | "receivedSince");
    let millis = value.as_i64().filter(|_| is_time);
    let value = match (millis.map(Timestamp::from_millis), value) {
        (Some(Ok(time)), _) => time.to_string(),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    };
    match name {
        // Quoted, so that no reason looks like a filter; and whole, unlike other values.
        "reason" => format!("reason \"{}\"", safe_lines(&value)),
        _ => format!("{} {}", safe(name), safe(&value)),
    }
}
