//! The event as one type: its availability, and reading it from either envelope.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{Entry, Event, EventInfo, EventStatus};

impl Event {
    /// Returns the event's availability according to the documentation, if the event is known.
    pub fn status(&self) -> Option<EventStatus> {
        self.event_type().info().map(EventInfo::status)
    }
}

/// Reads an event from the JSON of either envelope, like [`Entry::decode`]. For events that
/// arrive, use [`Entry::decode`] itself: its errors say more, and keep the entry that cannot be
/// decoded.
///
/// Only `serde_json` can read an event, from a text or a `Value`, because reading needs the
/// JSON text. Reading fails inside containers that buffer, such as `#[serde(flatten)]` and
/// untagged enums.
///
/// # Examples
///
/// ```
/// use spektr_types::{Event, EventType};
///
/// let event: Event = serde_json::from_str(
///     r#"{"id":"e1","spektrId":"s1","eventType":"step_init","timestamp":1731057600}"#,
/// )?;
/// let job = serde_json::to_string(&event)?;
/// assert_eq!(serde_json::from_str::<Event>(&job)?, event);
/// assert_eq!(event.event_type(), EventType::StepInit);
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let entry = Entry::from_json(raw.get()).map_err(D::Error::custom)?;
        entry.decode().map_err(D::Error::custom)
    }
}
