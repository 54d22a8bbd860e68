//! The data types of stores.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use spektr_types::Timestamp;
use spektr_verify::{HeaderSource, SignatureHeader};
use thiserror::Error;

use super::StoreError;
use crate::clock::after;
use crate::content::{VERSION, content_of, former_content_of};
use crate::hex;
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

/// A worker's request for entries.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct ClaimRequest {
    /// Identifies the worker process.
    pub owner: i64,
    /// The current time.
    pub now: Timestamp,
    /// The duration of the leases.
    pub lease: Duration,
    /// The greatest number of entries to return.
    pub limit: usize,
    /// Hands out one entry at a time per spektr id: the pending entry that comes first by
    /// `createdAt`, or by arrival if `createdAt` is equal. None while a worker holds a lease on
    /// another entry of that spektr id. An entry without a readable `createdAt` counts with its
    /// time of arrival.
    pub ordered: bool,
    /// With `ordered`, hands out no entry that comes after a dead entry of its spektr id: the
    /// dead entry holds back later ones until it is resolved, replayed or deleted. Without
    /// `ordered`, this has no effect.
    pub hold_on_dead: bool,
    /// A due time further in the future than this was set by a clock that has been put back
    /// since. Such an entry is due, unless `owner` itself holds it.
    pub horizon: Duration,
}

impl ClaimRequest {
    /// Returns whether a pending entry is due: its time has come, or was set by a clock that has
    /// been put back since. `holder` is the owner of the entry's lease, also of an expired one.
    ///
    /// This and [`is_waited_for`](Self::is_waited_for) are the rules of every claim; stores with
    /// SQL have them as conditions.
    #[must_use]
    pub fn is_due(&self, entry: &StoredEntry, holder: Option<i64>) -> bool {
        entry.due_at <= self.now || (self.is_misdated(entry) && holder != Some(self.owner))
    }

    /// Returns whether `other` must be dealt with before `entry` can be claimed. Without
    /// [`ordered`](Self::ordered) no entry waits for another. `holder` is the owner of the lease
    /// of `other`, also of an expired one.
    #[must_use]
    pub fn is_waited_for(
        &self,
        other: &StoredEntry,
        holder: Option<i64>,
        entry: &StoredEntry,
    ) -> bool {
        if !self.ordered || !entry.shares_lane_with(other) {
            return false;
        }
        match other.state {
            State::Pending => {
                other.is_before(entry) || (holder.is_some() && !self.is_due(other, holder))
            }
            State::Dead => self.hold_on_dead && other.is_before(entry),
            _ => false,
        }
    }

    fn is_misdated(&self, entry: &StoredEntry) -> bool {
        entry.due_at > after(self.now, self.horizon)
    }
}

/// The right to work on an entry for a limited time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Lease {
    /// The number of the entry.
    pub number: i64,
    /// The worker process that holds the lease.
    pub owner: i64,
    /// The number of the attempt, from 1. A replay restarts the count.
    pub attempt: u32,
    /// A number that no other lease of the store has, neither earlier nor later.
    pub token: i64,
}

impl Lease {
    /// Returns when a lease ends that lasts for a duration from now: with too long a duration, at
    /// the last time of all.
    #[must_use]
    pub fn end(now: Timestamp, duration: Duration) -> Timestamp {
        after(now, duration)
    }
}

/// How many attempts of an entry are kept.
pub const MAX_ATTEMPTS_KEPT: usize = 20;

/// An entry that is handed out to a worker.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Claim {
    /// The lease on the entry.
    pub lease: Lease,
    /// The entry.
    pub entry: StoredEntry,
}

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// The handler has accepted the event.
    Done,
    /// The attempt failed, and another one follows.
    Retry {
        /// When the next attempt is due.
        due_at: Timestamp,
        /// The reason of the failure.
        reason: String,
    },
    /// The attempt does not count, and another one follows.
    Defer {
        /// When the next attempt is due.
        due_at: Timestamp,
        /// The reason of the deferral.
        reason: String,
    },
    /// The entry leaves the queue in a state other than done.
    Park {
        /// Dead, malformed or unknown.
        state: State,
        /// The reason for this state.
        reason: String,
    },
}

impl Settlement {
    /// Returns the result of the attempt as a word, for [`Attempt::result`](super::Attempt).
    #[must_use]
    pub fn result(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retry { .. } => "retry",
            Self::Defer { .. } => "deferred",
            Self::Park { state, .. } => state.as_str(),
        }
    }

    /// Returns by how much to lower the number of attempts, which the claim has raised by one:
    /// 1 for an attempt that does not count, otherwise 0.
    #[must_use]
    pub fn uncounted(&self) -> u32 {
        u32::from(matches!(self, Self::Defer { .. }))
    }

    /// Returns the state of the entry from now on.
    #[must_use]
    pub fn state(&self) -> State {
        match self {
            Self::Done => State::Done,
            Self::Retry { .. } | Self::Defer { .. } => State::Pending,
            Self::Park { state, .. } => *state,
        }
    }

    /// Returns the due time to store with the entry.
    #[must_use]
    pub fn due_at(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Done | Self::Park { .. } => now,
            Self::Retry { due_at, .. } | Self::Defer { due_at, .. } => *due_at,
        }
    }

    /// Returns the reason to store with the entry, in place of the earlier one. A done entry
    /// keeps no reason of an earlier attempt, because it may contain private data.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Retry { reason, .. } | Self::Defer { reason, .. } | Self::Park { reason, .. } => {
                Some(reason)
            }
        }
    }
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
    /// [`ClaimRequest::hold_on_dead`] the dead entry holds them back. Only 1000 dead entries
    /// are examined: with more, the number is a lower bound.
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

/// A rejected delivery.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Rejected {
    /// When the delivery arrived.
    pub received_at: Timestamp,
    /// The code of the reason for the rejection.
    pub reason: String,
    /// The signature headers of the request, including repeated ones.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Rejected {
    /// Shows the reason for the rejection, not the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("reason", &self.reason)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A rejected delivery, and its number in the quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Quarantined {
    /// The number of the delivery; it increases.
    pub number: i64,
    /// The delivery.
    pub rejected: Rejected,
}

impl Rejected {
    /// Returns the signature headers among a request's headers.
    pub(crate) fn signature_headers(headers: &http::HeaderMap) -> Vec<(String, Vec<u8>)> {
        let names = [
            SignatureHeader::Algorithm,
            SignatureHeader::Timestamp,
            SignatureHeader::KeyId,
            SignatureHeader::Signature,
        ];
        headers
            .headers()
            .filter(|(name, _)| names.iter().any(|header| header.name().eq_ignore_ascii_case(name)))
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .collect()
    }

    /// Returns the headers as stores keep them: a JSON list of pairs of name and value, the
    /// value in hexadecimal digits.
    pub(super) fn headers_to_json(&self) -> Result<String, StoreError> {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers.map(|(name, value)| (name, hex::encode(value))).collect();
        serde_json::to_string(&headers)
            .map_err(|source| StoreError::Database { source: Box::new(source) })
    }

    /// Parses the JSON of [`headers_to_json`](Self::headers_to_json).
    pub(super) fn headers_from_json(json: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
        let headers: Vec<(String, String)> = serde_json::from_slice(json).ok()?;
        let headers = headers.into_iter();
        headers.map(|(name, value)| Some((name, hex::decode(&value)?))).collect()
    }
}
