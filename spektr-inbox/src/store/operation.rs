//! What operators do with a store, and what remains of it: the record of their actions,
//! the attempts of an entry, and what identifies entries that were deleted.

use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use spektr_types::Timestamp;

use super::model::{FORMER_LENGTH, Filter, NewEntry, stored};
use crate::content::{body_key, content_of};
use crate::hex;

/// Who operates a store, as the record of actions names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator(String);

impl Operator {
    /// Takes the name of an account or a person.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// A record of something that this operator does now.
    #[must_use]
    pub fn record(&self, action: Action, at: Timestamp) -> Record {
        Record { at, actor: self.0.clone(), action, filter: None, details: None }
    }
}

/// What an operator can do with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Entries were made pending again.
    Replay,
    /// Pending entries were made due.
    Retry,
    /// Entries were decoded again, and made pending if that succeeded.
    Redecode,
    /// Entries were deleted.
    Prune,
    /// Everything of a person was deleted.
    Erase,
    /// An entry was closed that had been dealt with by hand.
    Resolve,
    /// Rejected deliveries were verified again and accepted.
    Recover,
    /// Rejected deliveries were deleted.
    Discard,
    /// Entries were read from an export.
    Import,
    /// Entries were written out.
    Export,
    /// The store was told to hand out nothing.
    Pause,
    /// The store was told to hand out entries again.
    Resume,
}

impl Action {
    /// The action in a word, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Retry => "retry",
            Self::Redecode => "redecode",
            Self::Prune => "prune",
            Self::Erase => "erase",
            Self::Resolve => "resolve",
            Self::Recover => "recover",
            Self::Discard => "discard",
            Self::Import => "import",
            Self::Export => "export",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

/// What is recorded of an action, in the transaction that does it. How many entries it
/// affected, the store adds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Record {
    /// When the action began.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: Action,
    /// To which entries, as JSON.
    pub filter: Option<String>,
    /// What else is worth knowing, as JSON. No value of a payload.
    pub details: Option<String>,
}

impl Record {
    /// Adds which entries were meant. A spektr id is recorded as a hash, which an erasure of
    /// that person takes out of the record.
    #[must_use]
    pub fn with_filter(mut self, filter: &Filter) -> Self {
        self.filter = Some(filter_as_json(filter).to_string());
        self
    }

    /// Adds what else is worth knowing, which must not be a value of a payload.
    #[must_use]
    pub fn with_details(mut self, details: &Value) -> Self {
        self.details = Some(details.to_string());
        self
    }
}

fn filter_as_json(filter: &Filter) -> Value {
    let Filter {
        number,
        up_to,
        source,
        id,
        spektr_id,
        wire_type,
        state,
        received_before,
        received_since,
        names,
    } = filter;
    let time = |time: &Option<Timestamp>| time.map(|time| Value::from(time.as_millis()));
    let members = [
        ("number", number.map(Value::from)),
        ("upTo", up_to.map(Value::from)),
        ("source", source.clone().map(Value::from)),
        ("id", id.clone().map(Value::from)),
        ("spektrId", spektr_id.as_deref().map(|id| recorded(id).into())),
        ("type", wire_type.clone().map(Value::from)),
        ("state", state.map(|state| state.as_str().into())),
        ("receivedBefore", time(received_before)),
        ("receivedSince", time(received_since)),
        ("names", names.as_deref().map(|text| recorded(text).into())),
    ];
    let set = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(set.collect::<Map<_, _>>())
}

/// An action in the record. An action that works in steps has a row for each, alike but
/// for the count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Recorded {
    /// Counts up.
    pub number: i64,
    /// When the action began.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done: a word of [`Action`], or of a later version.
    pub action: String,
    /// To which entries, as JSON.
    pub filter: Option<String>,
    /// How many entries were affected.
    pub affected: u64,
    /// What else is worth knowing, as JSON.
    pub details: Option<String>,
}

/// An attempt to handle an entry, after its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Attempt {
    /// Which attempt it was, from 1 since the last replay.
    pub attempt: u32,
    /// When it began, if that is known.
    pub began_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended: `done`, `retry`, `deferred`, `lease_expired`, or the state that the entry was
    /// parked in.
    pub result: String,
    /// The status of the HTTP response, where events are forwarded.
    pub status: Option<u16>,
}

/// What identifies an entry that was deleted, so that it is not stored again as new.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Tombstone {
    /// SHA-256 of the source.
    pub source_hash: Vec<u8>,
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    /// The content, as the entry had it.
    pub content: Vec<u8>,
    /// SHA-256 of the spektr id, if the entry had one. An erasure finds the tombstone by it.
    pub spektr_hash: Option<Vec<u8>>,
    /// When the entry was deleted.
    pub pruned_at: Timestamp,
}

impl Tombstone {
    /// Puts the present hash in the place of one that an earlier version has made, while the
    /// JSON is still there: other contents can have that one.
    pub(super) fn with_present_content(mut self, raw: Option<&[u8]>) -> Self {
        if let Some(raw) = raw.filter(|_| self.content.len() == FORMER_LENGTH) {
            // The key says whether it is a body, and of the key there is only its hash.
            let body = body_key(raw);
            let key = if self.key_hash == hash(&body) { body } else { String::new() };
            self.content = stored(&content_of(&key, raw)).to_vec();
        }
        self
    }

    /// Returns the hashes of key and source and the content of the last one of a page,
    /// behind which the next page begins.
    pub(super) fn place(last: Option<&Self>) -> (&[u8], &[u8], &[u8]) {
        last.map_or((&[], &[], &[]), |last| (&last.key_hash, &last.source_hash, &last.content))
    }
}

/// Returns what a text is known by in tombstones, records of actions, and PostgreSQL's
/// indexes.
pub(super) fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Returns what stands for a spektr id in the record of actions.
pub(super) fn recorded(spektr_id: &str) -> String {
    format!("sha256:{}", hex::encode(&hash(spektr_id)))
}

/// The placeholder after the person was erased.
pub(super) const ERASED: &str = "erased";

/// What is to be erased, in one transaction.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Erasure {
    /// Every entry with this spektr id, in whatever state; the tombstones of those that were
    /// deleted before; and the hash of the id in the record of actions.
    pub spektr_id: Option<String>,
    /// Other entries that name the person, by their numbers.
    pub mentions: Vec<i64>,
    /// Bodies that cannot be read and name the person, by their numbers.
    pub bodies: Vec<i64>,
    /// Rejected deliveries, by their numbers in the quarantine.
    pub rejected: Vec<i64>,
}

impl Erasure {
    /// Every entry with a spektr id, and nothing else.
    #[must_use]
    pub fn of(spektr_id: impl Into<String>) -> Self {
        Self { spektr_id: Some(spektr_id.into()), ..Self::default() }
    }
}

impl fmt::Debug for Erasure {
    /// Shows how much it is, and not of whom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Erasure")
            .field("mentions", &self.mentions.len())
            .field("bodies", &self.bodies.len())
            .field("rejected", &self.rejected.len())
            .finish_non_exhaustive()
    }
}

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Erased {
    /// How many entries with the spektr id.
    pub entries: u64,
    /// How many other entries.
    pub mentions: u64,
    /// How many bodies that cannot be read.
    pub bodies: u64,
    /// How many rejected deliveries.
    pub rejected: u64,
    /// How many tombstones of entries with the spektr id.
    pub tombstones: u64,
    /// Whether the database could not overwrite it in its files: somebody reads the log of
    /// SQLite, or PostgreSQL's `VACUUM` failed. Another erasure tries again.
    pub is_in_files: bool,
}

impl Erased {
    /// Returns the number of all that were erased.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.entries + self.mentions + self.bodies + self.rejected + self.tombstones
    }
}

/// What entries are read from, some time after it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Original {
    /// An entry that is a body which could not be split, by its number.
    Body(i64),
    /// A rejected delivery, by its number in the quarantine.
    Rejected(i64),
}

/// An entry of another store, with what became of it there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Imported {
    /// The entry, with the state that it had.
    pub entry: NewEntry,
    /// Whether it was flagged as a conflict. If so, it has the state of `entry`, whatever is
    /// here. Otherwise it is flagged, and parked if it is pending, if its key is here with
    /// another content.
    pub conflict: bool,
    /// How many attempts were counted.
    pub attempts: u32,
    /// When it is due, if it is pending. Otherwise at its arrival.
    pub due_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// Its attempts, the first one first.
    pub history: Vec<Attempt>,
}
