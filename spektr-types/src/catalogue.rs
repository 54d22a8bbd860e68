//! What is documented of each event.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::error::Fault;
use crate::view::View;
use crate::{Event, EventType, UnknownValue};

/// What is documented of one event.
#[derive(Debug)]
pub struct EventInfo {
    pub(crate) event_type: EventType,
    pub(crate) name: &'static str,
    pub(crate) status: EventStatus,
    pub(crate) wire_types: WireTypes,
    pub(crate) summary: &'static str,
    pub(crate) source: EventSource,
    /// Paths of members that tell it from events with the same wire type.
    pub(crate) discriminators: &'static [&'static [&'static str]],
    /// Its members that stand beside `data` in the canonical envelope.
    pub(crate) beside: &'static [Beside],
    /// Whether an entry's head has all of its members.
    pub(crate) is_in_head: bool,
    pub(crate) read: fn(&View<'_, '_>) -> Result<Event, Fault>,
}

impl EventInfo {
    /// Returns which event this is about.
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// Returns the documented name, as `ALERT_RESOLVED`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what the documentation says of the event's availability.
    pub fn status(&self) -> EventStatus {
        self.status
    }

    /// Returns the wire types that mean this event.
    pub fn wire_types(&self) -> WireTypes {
        self.wire_types
    }

    /// Returns what the event is for.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// Returns where the event is documented.
    pub fn source(&self) -> EventSource {
        self.source
    }

    /// Tells whether a wire type means this event, without regard to ASCII case.
    /// One wire type can mean several events.
    pub fn has_wire_type(&self, wire_type: &str) -> bool {
        self.owns_wire_type(wire_type)
            || self.wire_types.accepted.iter().any(|name| name.eq_ignore_ascii_case(wire_type))
    }

    /// Tells whether a wire type is the event's canonical one, without regard to ASCII
    /// case.
    pub(crate) fn owns_wire_type(&self, wire_type: &str) -> bool {
        self.wire_types.canonical.eq_ignore_ascii_case(wire_type)
    }
}

/// The wire types that mean an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WireTypes {
    /// The event's own, which serializing writes.
    pub canonical: &'static str,
    /// Others that are read as this event. Other events may have them too.
    pub accepted: &'static [&'static str],
}

impl WireTypes {
    /// Returns the canonical one, then the others.
    pub fn iter(self) -> impl Iterator<Item = &'static str> + Clone {
        std::iter::once(self.canonical).chain(self.accepted.iter().copied())
    }
}

/// What the documentation says of an event's availability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventStatus {
    /// Sent today.
    Available,
    /// Work in progress: announced, and possibly without a documented payload.
    Wip,
    /// Still sent, but about to end.
    Deprecated,
}

impl EventStatus {
    const ALL: [Self; 3] = [Self::Available, Self::Wip, Self::Deprecated];

    /// Returns the status in a word: `available`, `wip` or `deprecated`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Wip => "wip",
            Self::Deprecated => "deprecated",
        }
    }
}

impl fmt::Display for EventStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EventStatus {
    type Err = EventStatusError;

    /// Reads the word that [`as_str`](Self::as_str) returns.
    fn from_str(text: &str) -> Result<Self, EventStatusError> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or(EventStatusError(()))
    }
}

/// A text that is the word of no [`EventStatus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventStatusError(());

impl fmt::Display for EventStatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = EventStatus::ALL.map(EventStatus::as_str).join(", ");
        write!(f, "the status of an event is one of {words}")
    }
}

impl std::error::Error for EventStatusError {}

/// A place in the vendor's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventSource {
    /// Short name of the page.
    pub page: &'static str,
    /// Version of the documentation, where the page has one.
    pub version: Option<&'static str>,
    /// Heading of the section.
    pub section: &'static str,
    /// Date on which the page was read, as `2026-11-23`.
    pub captured: &'static str,
}

/// A member that stands beside `data` in the canonical envelope, and inside of
/// it in the other.
#[derive(Debug)]
pub(crate) struct Beside {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) required: bool,
}

impl Beside {
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// A struct that stands for a documented event; only this crate implements it.
pub trait KnownEvent: Into<Event> + TryFrom<Event, Error = Event> + sealed::Sealed {
    /// Which event it is.
    const EVENT_TYPE: EventType;
}

pub(crate) mod sealed {
    /// Keeps the trait from being implemented elsewhere.
    pub trait Sealed {
        /// For each member of the event with aliases, at any depth, its names: its own
        /// first.
        const ALIASES: &'static [&'static [&'static str]];
    }
}

impl From<&str> for EventType {
    fn from(wire_type: &str) -> Self {
        let owner = catalogue().find(|info| info.owns_wire_type(wire_type));
        let info = owner.or_else(|| catalogue().find(|info| info.has_wire_type(wire_type)));
        match info {
            Some(info) => info.event_type.clone(),
            None => Self::Unknown(UnknownValue::new(wire_type)),
        }
    }
}

impl PartialOrd for EventType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventType {
    /// Compares wire types, so that an event that becomes known keeps its place.
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// Returns what is documented of every known event.
///
/// # Examples
///
/// ```
/// use spektr_types::{EventStatus, catalogue};
///
/// for event in catalogue().filter(|event| event.status() == EventStatus::Available) {
///     println!("{}: {}", event.name(), event.wire_types().canonical);
/// }
/// assert!(catalogue().any(|event| event.name() == "ALERT_RESOLVED"));
/// ```
pub fn catalogue() -> impl ExactSizeIterator<Item = &'static EventInfo> {
    crate::generated::CATALOGUE.iter()
}
