//! Pages of entries for operators: the newest first, without their JSON.

use spektr_types::Timestamp;

use super::{Filter, State, StoredEntry};
use crate::content::MAX_ID_LENGTH;

/// A page of entries, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Page {
    /// The entries.
    pub entries: Vec<Summary>,
    /// The next page has entries before this number. A page can have fewer entries than
    /// requested, or none, although there is a next page: then [`LOOKED_AT`](Self::LOOKED_AT)
    /// entries were examined.
    pub next: Option<i64>,
}

impl Page {
    /// The number of entries that are examined for a page, including those that do not match.
    pub const LOOKED_AT: usize = 5000;

    /// Makes a page of the entries found. If there are more than `limit`, at least one more is
    /// passed in. `edge` is the number of the last examined entry, if there are others beyond it.
    #[must_use]
    pub fn new(mut entries: Vec<Summary>, limit: usize, edge: Option<i64>) -> Self {
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
    /// The number of the entry; it increases in the order of arrival.
    pub number: i64,
    /// The source of the entry.
    pub source: String,
    /// The event's id, if readable.
    pub id: Option<String>,
    /// The customer's spektr id, if readable.
    pub spektr_id: Option<String>,
    /// The wire type, if readable.
    pub wire_type: Option<String>,
    /// When the event was created, if readable.
    pub created_at: Option<Timestamp>,
    /// When the entry arrived.
    pub received_at: Timestamp,
    /// The state.
    pub state: State,
    /// Whether its id was in the store with another content when it arrived.
    pub conflict: bool,
    /// The number of attempts that have begun.
    pub attempts: u32,
    /// For a pending entry, the time at which it is due or its lease ends.
    pub due_at: Timestamp,
    /// Whether a worker has a lease on the entry, or had one that has expired.
    pub is_leased: bool,
    /// Why the last attempt failed, in the handler's words.
    pub reason: Option<String>,
    /// The length of the JSON in bytes.
    pub bytes: u64,
}

impl Summary {
    /// Makes the summary of an entry. `is_leased` tells whether a worker has a lease on it, or had
    /// one that has expired.
    #[must_use]
    pub fn of(entry: &StoredEntry, is_leased: bool) -> Self {
        Self {
            number: entry.number,
            source: entry.source.clone(),
            id: entry.id.clone(),
            spektr_id: entry.spektr_id.clone(),
            wire_type: entry.wire_type.clone(),
            created_at: entry.created_at,
            received_at: entry.received_at,
            state: entry.state,
            conflict: entry.conflict,
            attempts: entry.attempts,
            due_at: entry.due_at,
            is_leased,
            reason: entry.reason.clone(),
            bytes: entry.raw.len() as u64,
        }
    }

    /// Returns whether the entry waits for a later attempt, so that a retry would make it due.
    #[must_use]
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.state == State::Pending && !self.is_leased && self.due_at > now
    }
}

impl Filter {
    /// Returns the part of the filter that a single index can serve.
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
