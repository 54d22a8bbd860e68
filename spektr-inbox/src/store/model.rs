//! What goes into a store and comes out of it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use spektr_types::Timestamp;
use spektr_verify::{HeaderSource, SignatureHeader};
use thiserror::Error;

use super::StoreError;
use crate::content::{VERSION, content_of, former_content_of};
use crate::hex;

/// What has become of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum State {
    /// Waits for a worker, for its next attempt, or for the end of a lease.
    Pending,
    /// A handler has accepted it.
    Done,
    /// Given up: a handler said so, or the attempts are exhausted.
    Dead,
    /// Cannot be decoded by this version.
    Malformed,
    /// Has a wire type that this version does not know.
    Unknown,
    /// A whole body that cannot be split into entries.
    Unreadable,
    /// Has the id of an earlier entry, and another content.
    Conflict,
    /// An operator has dealt with it by hand, and said how.
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

    /// The state in a word, in lower case.
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

/// The text is none of the words of [`State`].
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
    /// Where it came from: ids of different sources don't collide.
    pub source: Arc<str>,
    /// What makes it the same event within its source: `id:` and the id, or a hash
    /// where there is no id of at most
    /// [`MAX_ID_LENGTH`](crate::intake::MAX_ID_LENGTH) bytes.
    pub key: String,
    /// Hash of what must be equal for it to be the same content.
    pub content: [u8; 32],
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
    /// The state to begin with: pending or unreadable, and any when imported.
    pub state: State,
    /// The JSON of the entry, or the body, byte for byte.
    pub raw: Bytes,
}

/// How many bytes the hash has as stores have kept it before it had a version.
pub(super) const FORMER_LENGTH: usize = 32;

/// A content as stores keep it: the version of the hash, and the hash.
pub(super) fn stored(content: &[u8; 32]) -> [u8; 33] {
    let mut stored = [VERSION; 33];
    stored[1..].copy_from_slice(content);
    stored
}

impl NewEntry {
    /// The content as stores keep it: the version of the hash, and the hash.
    pub(super) fn stored_content(&self) -> [u8; 33] {
        stored(&self.content)
    }

    /// An entry that is stored to see whether that can be done, and never kept.
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
        }
    }

    /// The content as stores have kept it that were written before the hash had a version.
    /// Other contents can have the same.
    pub(crate) fn former_content(&self) -> [u8; FORMER_LENGTH] {
        former_content_of(&self.key, &self.raw)
    }

    /// Whether what is stored under the same key and former content, which can be another,
    /// is the same.
    pub(super) fn is_content_of(&self, raw: &[u8]) -> bool {
        self.content == content_of(&self.key, raw)
    }
}

impl fmt::Debug for NewEntry {
    /// Shows what identifies the entry, not what it holds.
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

/// What became of an entry that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acceptance {
    /// It is stored, under a number that counts up in the order of arrival.
    Stored(i64),
    /// It is there already and was not stored again.
    Duplicate,
    /// It is stored, and its key was there with another content.
    Conflict(i64),
}

/// What the store knows of an entry that is not to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// It is there: to accept it would find a duplicate.
    Same,
    /// Its key is there with another content only.
    OtherContent,
    /// Its key is not there.
    Absent,
}

/// What a worker wants to work on.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct ClaimRequest {
    /// Tells one worker process from another.
    pub owner: i64,
    /// The current time.
    pub now: Timestamp,
    /// How long the leases last.
    pub lease: Duration,
    /// How many entries at most.
    pub limit: usize,
    /// One at a time per spektr id: only entries that no pending one of the same
    /// spektr id precedes, by `createdAt`, or by arrival where that is equal, and
    /// none while a lease is held on another of that spektr id.
    /// Where `createdAt` is not readable, the time of arrival stands for it.
    pub ordered: bool,
    /// In order, none that comes after a dead one of its spektr id: until that is resolved,
    /// replayed or deleted, it holds back what is later. Without order, it means nothing.
    pub hold_on_dead: bool,
    /// A due time further in the future than this was set by a clock that has
    /// been put back since, so the entry is due, unless `owner` itself holds it.
    pub horizon: Duration,
}

/// The right to work on an entry until some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Lease {
    /// The number of the entry.
    pub number: i64,
    /// Who holds it.
    pub owner: i64,
    /// Which attempt it is for, from 1. A replay begins to count anew.
    pub attempt: u32,
    /// Tells it from every other lease of the store, earlier and later ones.
    pub token: i64,
}

/// How many attempts at an entry are kept.
pub const MAX_ATTEMPTS_KEPT: usize = 20;

/// How an attempt has ended that nobody has settled.
pub(super) const LEASE_EXPIRED: &str = "lease_expired";

/// An entry that a worker may work on.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Claim {
    /// The right to do so.
    pub lease: Lease,
    /// The entry.
    pub entry: StoredEntry,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// The handler has accepted the event.
    Done,
    /// Another attempt is due at some time.
    Retry {
        /// When.
        due_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Another attempt is due at some time, and this one does not count.
    Defer {
        /// When.
        due_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// The entry leaves the queue in a state other than done.
    Park {
        /// Dead, malformed or unknown.
        state: State,
        /// Why.
        reason: String,
    },
}

impl Settlement {
    /// How the attempt has ended, in a word.
    pub(super) fn result(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retry { .. } => "retry",
            Self::Defer { .. } => "deferred",
            Self::Park { state, .. } => state.as_str(),
        }
    }

    /// How many attempts the entry has less after it: the claim has counted this one.
    pub(super) fn uncounted(&self) -> u32 {
        u32::from(matches!(self, Self::Defer { .. }))
    }

    /// The state, the due time and the reason that the entry is left with.
    pub(crate) fn parts(&self, now: Timestamp) -> (State, Timestamp, Option<&str>) {
        match self {
            // It keeps no reason of an earlier attempt, which may hold what is private.
            Self::Done => (State::Done, now, None),
            Self::Retry { due_at, reason } | Self::Defer { due_at, reason } => {
                (State::Pending, *due_at, Some(reason))
            }
            Self::Park { state, reason } => (*state, now, Some(reason)),
        }
    }
}

/// An entry as it is in the store.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct StoredEntry {
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
    /// Why the last attempt failed. It holds what the handler wrote.
    pub reason: Option<String>,
    /// The JSON of the entry, or the body, byte for byte.
    pub raw: Bytes,
}

impl fmt::Debug for StoredEntry {
    /// Shows what identifies the entry, not what it holds.
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

/// Which entries are meant: those that match everything that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Filter {
    /// The number.
    pub number: Option<i64>,
    /// A number up to this.
    pub up_to: Option<i64>,
    /// Where it came from.
    pub source: Option<String>,
    /// The event's id.
    pub id: Option<String>,
    /// The end-user's id.
    pub spektr_id: Option<String>,
    /// The wire type as it arrived, without regard to ASCII case.
    pub wire_type: Option<String>,
    /// The state.
    pub state: Option<State>,
    /// Arrived before this time.
    pub received_before: Option<Timestamp>,
    /// Arrived at this time or later.
    pub received_since: Option<Timestamp>,
    /// May name this text: its bytes contain the text, or a backslash, which can spell the
    /// text in another way.
    pub names: Option<String>,
}

impl Filter {
    /// Means every entry.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Means the entries in a state.
    #[must_use]
    pub fn state(state: State) -> Self {
        Self { state: Some(state), ..Self::default() }
    }

    /// Means one entry.
    #[must_use]
    pub fn number(number: i64) -> Self {
        Self { number: Some(number), ..Self::default() }
    }
}

/// How many entries have a state and a wire type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Tally {
    /// The state.
    pub state: State,
    /// The wire type as it arrived, where it is readable.
    pub wire_type: Option<String>,
    /// Whether they are pending, without a lease, and due later.
    pub is_waiting: bool,
    /// How many there are.
    pub count: u64,
}

/// Figures of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Stats {
    /// How many entries are pending.
    pub pending: u64,
    /// How many are dead.
    pub dead: u64,
    /// How many are pending and come after a dead one of their spektr id, which holds them back
    /// where [`ClaimRequest::hold_on_dead`] is asked for. Of the dead ones, 1000 are looked at: with
    /// more, it is a lower bound.
    pub behind_dead: u64,
    /// How many are malformed.
    pub malformed: u64,
    /// How many have an unknown wire type.
    pub unknown: u64,
    /// How many are whole bodies that cannot be split.
    pub unreadable: u64,
    /// How many have the id of an earlier entry, and another content.
    pub conflict: u64,
    /// How many rejected deliveries are in quarantine.
    pub quarantined: u64,
    /// Since when the store hands out nothing, if that is so.
    pub paused_since: Option<Timestamp>,
    /// When the pending entry arrived that came first. If the clock was put back in between, it
    /// can be the earliest time of a pending entry instead.
    pub oldest_pending: Option<Timestamp>,
    /// When the entry arrived that was stored last.
    pub newest: Option<Timestamp>,
    /// The time by the clock of the database, where that is another machine's.
    pub clock: Option<Timestamp>,
    /// How many writes wait for the store.
    pub queued: usize,
    /// How many writes can wait; 0 if there is no such limit.
    pub queue_limit: usize,
}

impl Stats {
    /// Returns how many entries of a state wait for a worker or for an operator: none of
    /// those that are done or resolved.
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

    /// Sets the figure that [`backlog`](Self::backlog) returns.
    pub(super) fn set_backlog(&mut self, state: State, count: u64) {
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

/// A delivery that was rejected.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Rejected {
    /// When it arrived.
    pub received_at: Timestamp,
    /// The code of why it was rejected.
    pub reason: String,
    /// The signature headers that it had, each as often as it did.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Rejected {
    /// Shows why it was rejected, not what it holds.
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
    /// Counts up.
    pub number: i64,
    /// The delivery.
    pub rejected: Rejected,
}

impl Rejected {
    /// Takes the signature headers out of a request's headers.
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

    /// The headers as stores keep them: a JSON list of pairs of name and value, that in
    /// hexadecimal digits.
    pub(super) fn headers_to_json(&self) -> Result<String, StoreError> {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers.map(|(name, value)| (name, hex::encode(value))).collect();
        serde_json::to_string(&headers)
            .map_err(|source| StoreError::Database { source: Box::new(source) })
    }

    /// Reads what [`headers_to_json`](Self::headers_to_json) made.
    pub(super) fn headers_from_json(json: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
        let headers: Vec<(String, String)> = serde_json::from_slice(json).ok()?;
        let headers = headers.into_iter();
        headers.map(|(name, value)| Some((name, hex::decode(&value)?))).collect()
    }
}
