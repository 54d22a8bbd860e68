//! The figures of a store.

use spektr_types::Timestamp;

use super::State;

/// The number of entries with a state and a wire type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Tally {
    /// The state.
    pub state: State,
    /// The wire type as it arrived, if readable.
    pub wire_type: Option<String>,
    /// Whether the entries are pending, without a lease, and due later.
    pub is_waiting: bool,
    /// The number of entries.
    pub count: u64,
}

/// The figures of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Stats {
    /// The number of pending entries.
    pub pending: u64,
    /// The number of dead entries.
    pub dead: u64,
    /// The number of pending entries that come after a dead entry of their spektr id. With
    /// [`hold_on_dead`] the dead entry holds them back. Only 1000 dead entries are examined: with
    /// more, the number is a lower bound.
    ///
    /// [`hold_on_dead`]: super::ClaimRequest::hold_on_dead
    pub behind_dead: u64,
    /// The number of malformed entries.
    pub malformed: u64,
    /// The number of entries with an unknown wire type.
    pub unknown: u64,
    /// The number of whole bodies that cannot be split.
    pub unreadable: u64,
    /// The number of entries with the id of an earlier entry and another content.
    pub conflict: u64,
    /// The number of rejected deliveries in quarantine.
    pub quarantined: u64,
    /// The time of the pause, if the store is paused.
    pub paused_since: Option<Timestamp>,
    /// The time of arrival of the pending entry that arrived first. If the clock was put back
    /// in between, it can be the earliest arrival time of all pending entries instead.
    pub oldest_pending: Option<Timestamp>,
    /// The time of arrival of the entry that was stored last.
    pub newest: Option<Timestamp>,
    /// The time by the clock of the database, if the database can be on another machine.
    pub clock: Option<Timestamp>,
    /// The number of writes that wait for the store.
    pub queued: usize,
    /// The limit of waiting writes; 0 if there is none.
    pub queue_limit: usize,
}

impl Stats {
    /// Returns how many entries of a state wait for a worker or for an operator: 0 for done and
    /// resolved.
    #[must_use]
    pub fn backlog(&self, state: State) -> u64 {
        match state {
            State::Pending => self.pending,
            State::Dead => self.dead,
            State::Malformed => self.malformed,
            State::Unknown => self.unknown,
            State::Unreadable => self.unreadable,
            State::Conflict => self.conflict,
            State::Done | State::Resolved => 0,
        }
    }

    /// Sets the number that [`backlog`](Self::backlog) returns.
    pub fn set_backlog(&mut self, state: State, count: u64) {
        match state {
            State::Pending => self.pending = count,
            State::Dead => self.dead = count,
            State::Malformed => self.malformed = count,
            State::Unknown => self.unknown = count,
            State::Unreadable => self.unreadable = count,
            State::Conflict => self.conflict = count,
            State::Done | State::Resolved => {}
        }
    }
}
