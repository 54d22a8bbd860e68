//! Whether a store hands out entries.

use spektr_types::Timestamp;

use super::Record;
use crate::clock::from_millis;

/// The name of the note that is there while a store hands out nothing.
pub(crate) const PAUSED: &str = "paused";

/// Since when a store hands out nothing, and who has said so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Who did it.
    pub by: String,
}

impl Pause {
    /// The text of the note.
    pub(super) fn text(record: &Record) -> String {
        format!("{} {}", record.at.as_millis(), record.actor)
    }

    /// Reads the note, which says that there is a pause whatever it holds.
    pub(super) fn of(text: &str) -> Self {
        let (since, by) = text.split_once(' ').unwrap_or((text, ""));
        Self { since: from_millis(since.parse().unwrap_or(0)), by: by.to_owned() }
    }
}
