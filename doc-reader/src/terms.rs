//! Terms that pages word in several ways: the status of an event, the unit of a time.

use serde::Serialize;

/// The status of an event, in the words of the schema files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EventStatus {
    /// Delivered now.
    Available,
    /// Announced, work in progress.
    Wip,
    /// Still documented, to be removed.
    Deprecated,
}

impl EventStatus {
    /// Returns the word that the schema files use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Wip => "wip",
            Self::Deprecated => "deprecated",
        }
    }
}

/// A unit of points in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}
