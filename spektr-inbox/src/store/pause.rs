//! The pause of a store.

use spektr_types::Timestamp;

use super::Record;
use crate::clock::from_millis;

/// The name of the note that exists while a store is paused.
pub(crate) const PAUSED: &str = "paused";

/// The begin of a pause, and its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Pause {
    /// When the pause began.
    pub since: Timestamp,
    /// The operator who paused the store.
    pub by: String,
}

impl Pause {
    /// Returns the text of the note.
    pub(super) fn text(record: &Record) -> String {
        format!("{} {}", record.at.as_millis(), record.actor)
    }

    /// Parses the note. The note means a pause whatever its text is.
    pub(super) fn of(text: &str) -> Self {
        let (since, by) = text.split_once(' ').unwrap_or((text, ""));
        Self { since: from_millis(since.parse().unwrap_or(0)), by: by.to_owned() }
    }
}
