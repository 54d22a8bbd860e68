//! What is documented of each event.

use crate::error::Fault;
use crate::view::View;
use crate::{Event, EventType};

/// What is documented of one event.
#[derive(Debug)]
pub struct EventInfo {
    pub(crate) event_type: EventType,
    pub(crate) name: &'static str,
    pub(crate) status: Status,
    pub(crate) wire_types: &'static [&'static str],
    pub(crate) summary: &'static str,
    pub(crate) source: Source,
    /// Paths of members that tell it from events with the same wire type.
    pub(crate) discriminators: &'static [&'static [&'static str]],
    /// Its members that stand beside `data` in the canonical envelope.
    pub(crate) beside: &'static [Beside],
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
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the wire types that mean this event: the canonical one, then
    /// accepted aliases.
    pub fn wire_types(&self) -> &'static [&'static str] {
        self.wire_types
    }

    /// Returns what the event is for.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// Returns where the event is documented.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Tells whether a wire type means this event, without regard to ASCII case.
    /// One wire type can mean several events.
    pub fn has_wire_type(&self, wire_type: &str) -> bool {
        self.wire_types.iter().any(|name| name.eq_ignore_ascii_case(wire_type))
    }
}

/// What the documentation says of an event's availability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Sent today.
    Available,
    /// Work in progress: announced, and possibly without a documented payload.
    Wip,
    /// Still sent, but about to end.
    Deprecated,
}

impl Status {
    /// Returns the status in a word: `available`, `wip` or `deprecated`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Wip => "wip",
            Self::Deprecated => "deprecated",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in the vendor's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Short name of the page.
    pub page: &'static str,
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
pub trait KnownEvent: Into<Event> + sealed::Sealed {
    /// Which event it is.
    const EVENT_TYPE: EventType;
}

pub(crate) mod sealed {
    /// Keeps the trait from being implemented elsewhere.
    pub trait Sealed {
        /// All names that the schema has for members of the event, at any depth,
        /// sorted. Other keys arrived with their values.
        const MEMBER_NAMES: &'static [&'static str];
    }
}

impl Event {
    /// Returns what the documentation says of the event's availability; nothing of
    /// an unknown event.
    pub fn status(&self) -> Option<Status> {
        self.event_type().info().map(EventInfo::status)
    }
}

/// Returns what is documented of every known event.
///
/// # Examples
///
/// ```
/// use spektr_types::{Status, catalogue};
///
/// for event in catalogue().filter(|event| event.status() == Status::Available) {
///     println!("{}: {}", event.name(), event.wire_types().join(", "));
/// }
/// assert!(catalogue().any(|event| event.name() == "ALERT_RESOLVED"));
/// ```
pub fn catalogue() -> impl ExactSizeIterator<Item = &'static EventInfo> {
    crate::generated::CATALOGUE.iter()
}
