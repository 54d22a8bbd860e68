//! The terms for which a page has several words: the status of an event, the unit of a time.

use serde::Serialize;

/// How finished an event is, in the words of the schema files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Status {
    /// Delivered today.
    Available,
    /// Announced, work in progress.
    Wip,
    /// Still documented, about to go.
    Deprecated,
}

impl Status {
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
pub enum Unit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}
