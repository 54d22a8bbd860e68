//! Entries: new ones and stored ones, their states, and what became of storing them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use spektr_types::Timestamp;
use thiserror::Error;

use crate::content::{VERSION, content_of, former_content_of};
use crate::trace::TraceParent;

/// The state of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum State {
    /// The entry waits for a worker, for its next attempt, or for the end of a lease.
    Pending,
    /// A handler has accepted the entry.
    Done,
    /// The entry is given up: a handler returned a permanent error, or the attempts are
    /// exhausted.
    Dead,
    /// This version cannot decode the entry.
    Malformed,
    /// The entry has a wire type that this version does not know.
    Unknown,
    /// The entry is a whole body that cannot be split into entries.
    Unreadable,
    /// The entry has the id of an earlier entry with another content.
    Conflict,
    /// An operator has handled the entry by hand, and given a reason.
    Resolved,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Done,
        Self::Dead,
        Self::Malformed,
        Self::Unknown,
        Self::Unreadable,
        Self::Conflict,
        Self::Resolved,
    ];

    /// States of entries that wait for a worker or for an operator.
    pub(crate) const BACKLOG: [Self; 6] = [
        Self::Pending,
        Self::Dead,
        Self::Malformed,
        Self::Unknown,
        Self::Unreadable,
        Self::Conflict,
    ];

    /// Returns the state as a word in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
            Self::Conflict => "conflict",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a [`State`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the state is none of pending, done, dead, malformed, unknown, unreadable, conflict, resolved"
)]
#[non_exhaustive]
pub struct NoSuchState;

impl FromStr for State {
    type Err = NoSuchState;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or(NoSuchState)
    }
}

/// An entry to be stored. [`intake`](crate::intake) makes them.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct NewEntry {
    /// The source of the entry: equal ids of different sources are different events.
    pub source: Arc<str>,
    /// The identity of the event within its source: `id:` and the id, or a hash if there is no
    /// id of at most [`MAX_ID_LENGTH`](crate::intake::MAX_ID_LENGTH) bytes.
    pub key: String,
    /// The hash of the content: equal hashes mean the same content.
    pub content: [u8; 32],
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
    /// The initial state: pending or unreadable; for an imported entry, any state.
    pub state: State,
    /// The JSON of the entry, or the body, byte for byte.
    pub raw: Bytes,
    /// The span that accepts the entry, if there is a trace. The span is not part of the
    /// content.
    pub trace: Option<TraceParent>,
}

/// The length of a stored hash in bytes from before hashes had a version.
pub(super) const FORMER_LENGTH: usize = 32;

/// Returns a content hash as stores keep it: the version of the hash, and the hash.
pub(super) fn stored(content: &[u8; 32]) -> [u8; 33] {
    let mut stored = [VERSION; 33];
    stored[1..].copy_from_slice(content);
    stored
}

/// Returns the time by which an entry has its place in its lane, before its number: when the event
/// was created, or when it arrived if that is unknown.
fn order_at(created_at: Option<Timestamp>, received_at: Timestamp) -> Timestamp {
    created_at.unwrap_or(received_at)
}

impl NewEntry {
    /// Returns the entry's content hash as stores keep it: the version of the hash, and the
    /// hash.
    pub(super) fn stored_content(&self) -> [u8; 33] {
        stored(&self.content)
    }

    /// Returns the state in which to store the entry: a conflict is parked. `conflict` tells
    /// whether the entry's source and key are in the store with other contents only.
    #[must_use]
    pub fn state_if(&self, conflict: bool) -> State {
        match self.state {
            State::Pending if conflict => State::Conflict,
            state => state,
        }
    }

    /// Returns the time by which the entry has its place in its lane.
    pub(super) fn order_at(&self) -> Timestamp {
        order_at(self.created_at, self.received_at)
    }

    /// Returns what this entry, which is in the store, tells of a new one. Of all entries and
    /// tombstones in the store, the least [`Presence`] counts.
    #[must_use]
    pub fn presence(&self, new: &Self) -> Presence {
        if (&self.source, &self.key) != (&new.source, &new.key) {
            Presence::Absent
        } else if self.content == new.content {
            Presence::Same
        } else {
            Presence::OtherContent
        }
    }

    /// Returns an entry that tests whether the store can store, and is never kept.
    pub(super) fn probe() -> Self {
        const BYTES: usize = 16 * 1024;
        Self {
            source: "probe".into(),
            key: format!("probe:{}", fastrand::u64(..)),
            content: [0; 32],
            id: None,
            spektr_id: None,
            wire_type: None,
            created_at: None,
            received_at: Timestamp::MAX,
            state: State::Unreadable,
            raw: Bytes::from(vec![0; BYTES]),
            trace: None,
        }
    }

    /// Returns the content hash as version 1 computed it, for comparison with rows from before
    /// the hash had a version. Different contents can have the same former hash.
    pub(crate) fn former_content(&self) -> [u8; FORMER_LENGTH] {
        former_content_of(&self.key, &self.raw)
    }

    /// Returns whether a stored entry with the same key and former hash has the same content:
    /// former hashes can collide.
    pub(super) fn is_content_of(&self, raw: &[u8]) -> bool {
        self.content == content_of(&self.key, raw)
    }
}

impl fmt::Debug for NewEntry {
    /// Shows the identity of the entry, not its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEntry")
            .field("source", &self.source)
            .field("id", &self.id)
            .field("wire_type", &self.wire_type)
            .field("state", &self.state)
            .field("bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}

/// The outcome of storing an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acceptance {
    /// The entry is stored. Its number increases in the order of arrival.
    Stored(i64),
    /// The entry was in the store already and was not stored again.
    Duplicate,
    /// The entry is stored, and its key was in the store with another content.
    Conflict(i64),
}

impl Acceptance {
    /// Makes the outcome of an entry that is stored under a number. `conflict` tells whether its
    /// source and key were in the store with other contents only.
    #[must_use]
    pub fn stored(number: i64, conflict: bool) -> Self {
        if conflict { Self::Conflict(number) } else { Self::Stored(number) }
    }

    /// Returns the number of the entry, unless it was a duplicate.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Stored(number) | Self::Conflict(number) => Some(*number),
            Self::Duplicate => None,
        }
    }

    /// Returns whether the entry was stored now.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.number().is_some()
    }
}

/// Whether a store has an entry. What is found in several rows is in order: the least counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Presence {
    /// The store has it: accepting the entry would find a duplicate.
    Same,
    /// The store has its key only with another content.
    OtherContent,
    /// The store does not have the entry's key.
    Absent,
}

/// An entry in a store.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct StoredEntry {
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
    /// Why the last attempt failed, in the handler's words.
    pub reason: Option<String>,
    /// The JSON of the entry, or the body, byte for byte.
    pub raw: Bytes,
    /// The span that accepted the entry, if there was a trace.
    pub trace: Option<TraceParent>,
}

impl StoredEntry {
    /// Makes an entry of a store from a new one. `conflict` tells whether the entry's source and
    /// key are in the store with other contents only.
    #[must_use]
    pub fn new(number: i64, new: &NewEntry, conflict: bool) -> Self {
        Self {
            number,
            source: new.source.as_ref().to_owned(),
            id: new.id.clone(),
            spektr_id: new.spektr_id.clone(),
            wire_type: new.wire_type.clone(),
            created_at: new.created_at,
            received_at: new.received_at,
            state: new.state_if(conflict),
            conflict,
            attempts: 0,
            due_at: new.received_at,
            reason: None,
            raw: new.raw.clone(),
            trace: new.trace,
        }
    }

    /// Returns whether another entry is in the same lane: of the same spektr id and source. An
    /// entry without a spektr id is alone.
    #[must_use]
    pub fn shares_lane_with(&self, other: &Self) -> bool {
        self.number != other.number
            && self.spektr_id.is_some()
            && (&self.spektr_id, &self.source) == (&other.spektr_id, &other.source)
    }

    /// Returns whether the entry comes before another one in the order of a lane: by creation, or
    /// by arrival if that is unknown, and then by number.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        let place = |entry: &Self| (order_at(entry.created_at, entry.received_at), entry.number);
        place(self) < place(other)
    }
}

impl fmt::Debug for StoredEntry {
    /// Shows the identity of the entry, not its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEntry")
            .field("number", &self.number)
            .field("id", &self.id)
            .field("wire_type", &self.wire_type)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .field("bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}
