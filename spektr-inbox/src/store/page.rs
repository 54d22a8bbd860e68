//! Entries as an operator looks at them: page by page, the newest first, without their JSON.

use spektr_types::Timestamp;

use super::{Filter, State};
use crate::content::MAX_ID_LENGTH;

/// A page of entries, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Page {
    /// The entries.
    pub entries: Vec<Summary>,
    /// The next page has entries before this number. A page can have fewer entries than were
    /// asked for, or none, and a next one: then [`LOOKED_AT`](Self::LOOKED_AT) entries were
    /// looked at.
    pub next: Option<i64>,
}

impl Page {
    /// How many entries are looked at for a page, whatever a filter leaves out.
    pub const LOOKED_AT: usize = 5000;

    /// Makes a page of what was found, which is one entry more than a page has if there are
    /// more. `edge` is the last entry that was looked at, if there are others behind it.
    pub(super) fn new(mut entries: Vec<Summary>, limit: usize, edge: Option<i64>) -> Self {
        let is_full = entries.len() > limit;
        entries.truncate(limit);
        let last = || entries.last().map(|entry| entry.number);
        let next = if is_full { last() } else { edge };
        Self { entries, next }
    }
}

/// An entry without its JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Summary {
    /// Counts up in the order of arrival.
    pub number: i64,
    /// Where it came from.
    pub source: String,
    /// The event's id, where it is readable.
    pub id: Option<String>,
    /// The end-user's id, where it is readable.
    pub spektr_id: Option<String>,
    /// The wire type, where it is readable.
    pub wire_type: Option<String>,
    /// When the event was created, where it is readable.
    pub created_at: Option<Timestamp>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// What has become of it.
    pub state: State,
    /// Whether its id was there with another content when it arrived.
    pub conflict: bool,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When it is due, or its lease ends, if it is pending.
    pub due_at: Timestamp,
    /// Whether a worker has a lease on it, or had one that has ended.
    pub is_leased: bool,
    /// Why the last attempt failed. It holds what the handler wrote.
    pub reason: Option<String>,
    /// The length of its JSON in bytes.
    pub bytes: u64,
}

impl Summary {
    /// Whether it waits for a later attempt, which a retry makes due.
    #[must_use]
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.state == State::Pending && !self.is_leased && self.due_at > now
    }
}

impl Filter {
    /// Returns the part of the filter that one index finds.
    pub(super) fn indexed(&self) -> Self {
        let id = self.id.clone().filter(|id| id.len() <= MAX_ID_LENGTH);
        let narrow = Self { up_to: self.up_to, ..Self::all() };
        if self.number.is_some() {
            Self { number: self.number, ..narrow }
        } else if id.is_some() {
            Self { id, ..narrow }
        } else if self.spektr_id.is_some() {
            Self { spektr_id: self.spektr_id.clone(), ..narrow }
        } else {
            Self { state: self.state, ..narrow }
        }
    }
}
