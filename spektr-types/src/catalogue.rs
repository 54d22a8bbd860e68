//! The catalogue: the documented facts of each event.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::entries::Entry;
use crate::{EntryError, Event, EventType, UnknownValue};

/// The documented facts of one event.
#[derive(Debug)]
pub struct EventInfo {
    pub(crate) event_type: EventType,
    pub(crate) name: &'static str,
    pub(crate) status: EventStatus,
    pub(crate) wire_types: WireTypes,
    pub(crate) summary: &'static str,
    pub(crate) source: EventSource,
    /// Paths of members that only this event has, among the events with the same wire type.
    pub(crate) discriminators: &'static [&'static [&'static str]],
    /// The event's members beside `data` in the canonical envelope.
    pub(crate) beside: &'static [Beside],
    /// Whether an entry's head can hold all members of the event.
    pub(crate) is_in_head: bool,
    pub(crate) read: fn(&Entry<'_>, &'static Self) -> Result<Event, EntryError>,
}

impl EventInfo {
    /// Returns the event type that this entry of the catalogue describes.
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// Returns the documented name, such as `ALERT_RESOLVED`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the event's availability according to the documentation.
    pub fn status(&self) -> EventStatus {
        self.status
    }

    /// Returns the wire types that mean this event.
    pub fn wire_types(&self) -> WireTypes {
        self.wire_types
    }

    /// Returns the purpose of the event.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// Returns the place in the documentation that describes the event.
    pub fn source(&self) -> EventSource {
        self.source
    }

    /// Returns whether a wire type can mean this event, without regard to ASCII case. One wire
    /// type can mean several events.
    pub fn has_wire_type(&self, wire_type: &str) -> bool {
        // A wire type is nearly always the canonical one in the same case, so compare that
        // first.
        self.wire_types.canonical == wire_type
            || self.owns_wire_type(wire_type)
            || self.wire_types.accepted.iter().any(|name| name.eq_ignore_ascii_case(wire_type))
    }

    /// Returns whether a wire type is the event's canonical one, without regard to ASCII case.
    pub(crate) fn owns_wire_type(&self, wire_type: &str) -> bool {
        self.wire_types.canonical.eq_ignore_ascii_case(wire_type)
    }
}

/// The wire types that mean an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WireTypes {
    /// The event's own wire type, which serialization writes.
    pub canonical: &'static str,
    /// Other wire types that are read as this event. Other events may have them too.
    pub accepted: &'static [&'static str],
}

impl WireTypes {
    /// Returns the canonical wire type, then the others.
    pub fn iter(self) -> impl Iterator<Item = &'static str> + Clone {
        std::iter::once(self.canonical).chain(self.accepted.iter().copied())
    }
}

/// An event's availability according to the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventStatus {
    /// The event is sent today.
    Available,
    /// Work in progress: the event is announced, possibly without a documented payload.
    Wip,
    /// The event is still sent, but will end.
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

/// The error for a text that is not the word of an [`EventStatus`].
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
    /// Version of the documentation, if the page has one.
    pub version: Option<&'static str>,
    /// Heading of the section.
    pub section: &'static str,
    /// Date on which the page was read, such as `2026-11-23`.
    pub captured: &'static str,
}

/// A member that is beside `data` in the canonical envelope, and inside `data` in the other
/// envelope.
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

/// The struct of a documented event. Only this crate implements the trait.
pub trait KnownEvent: Into<Event> + TryFrom<Event, Error = Event> + sealed::Sealed {
    /// The event type of the struct.
    const EVENT_TYPE: EventType;
}

pub(crate) mod sealed {
    /// Prevents implementations of the trait in other crates.
    pub trait Sealed {
        /// The names of each member of the event that has aliases, at any depth. The member's
        /// own name is the first.
        const ALIASES: &'static [&'static [&'static str]];
    }
}

/// Returns the events that a wire type can mean, without regard to ASCII case, in the
/// order of the catalogue.
pub(crate) fn candidates(
    wire_type: &str,
) -> impl Iterator<Item = &'static EventInfo> + Clone + use<> {
    let mut found = crate::generated::candidates(wire_type.as_bytes());
    if found.is_empty() && wire_type.bytes().any(|byte| byte.is_ascii_uppercase()) {
        found = crate::generated::candidates(wire_type.to_ascii_lowercase().as_bytes());
    }
    found.iter().filter_map(|place| crate::generated::CATALOGUE.get(*place))
}

/// Returns the candidate whose canonical wire type is this one, or else the first candidate.
pub(crate) fn owner(
    mut candidates: impl Iterator<Item = &'static EventInfo> + Clone,
    wire_type: &str,
) -> Option<&'static EventInfo> {
    let owner = candidates.clone().find(|info| info.owns_wire_type(wire_type));
    owner.or_else(|| candidates.next())
}

impl From<&str> for EventType {
    fn from(wire_type: &str) -> Self {
        match owner(candidates(wire_type), wire_type) {
            Some(info) => info.event_type.clone(),
            None => Self::Unknown(UnknownValue::new(wire_type)),
        }
    }
}

/// Compares wire types without regard to ASCII case, like every other comparison of them.
impl PartialEq for EventType {
    fn eq(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }
}

impl Eq for EventType {}

impl Hash for EventType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        lower_case(self).for_each(|byte| state.write_u8(byte));
        state.write_u8(0xff);
    }
}

fn lower_case(event_type: &EventType) -> impl Iterator<Item = u8> {
    event_type.as_str().bytes().map(|byte| byte.to_ascii_lowercase())
}

impl PartialOrd for EventType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventType {
    /// Compares wire types, so that an event that becomes known keeps its place.
    fn cmp(&self, other: &Self) -> Ordering {
        lower_case(self).cmp(lower_case(other))
    }
}

/// Returns the documented facts of every known event.
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
