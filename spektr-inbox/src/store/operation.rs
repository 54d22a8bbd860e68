//! Records of an operator's work on a store: the actions, and the attempts of an entry.

use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use spektr_types::Timestamp;

use super::{Filter, NewEntry, State};
use crate::hex;

/// The operator of an action, and the operator's reason, for the record of actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    name: String,
    reason: Option<String>,
}

impl Operator {
    /// Creates an operator with the name of an account or a person.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), reason: None }
    }

    /// Adds the reason for the actions, such as the number of a ticket. The store keeps it for
    /// good, and no erasure reaches it: it must not contain personal data.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Returns a record of an action by this operator.
    #[must_use]
    pub fn record(&self, action: Action, at: Timestamp) -> Record {
        let record = Record { at, actor: self.name.clone(), action, filter: None, details: None };
        match &self.reason {
            Some(reason) => record.with_detail(REASON, reason.as_str().into()),
            None => record,
        }
    }
}

/// The member of a record's details that has the operator's reason.
const REASON: &str = "reason";

/// An operator's action on a store.
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
    /// An entry was resolved after somebody had handled it by hand.
    Resolve,
    /// Rejected deliveries were verified again and accepted.
    Recover,
    /// Rejected deliveries were deleted.
    Discard,
    /// Entries were read from an export.
    Import,
    /// Entries were written out.
    Export,
    /// A copy of the store is made. The caller records it, with
    /// [`Archive::record`](super::Archive::record).
    Backup,
    /// The store was replaced by a copy. The caller records it.
    Restore,
    /// Missed events were fetched by command. The caller records it.
    Reconcile,
    /// The store was paused.
    Pause,
    /// The store was resumed.
    Resume,
}

impl Action {
    /// Returns the action as a word in lower case.
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
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Reconcile => "reconcile",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

/// The record of an action, written in the transaction of the action. The store adds the number
/// of affected entries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Record {
    /// When the action began.
    pub at: Timestamp,
    /// The operator.
    pub actor: String,
    /// The action.
    pub action: Action,
    /// The filter of the entries, as JSON.
    pub filter: Option<String>,
    /// Further details, as a JSON object. They contain no value of a payload.
    pub details: Option<String>,
}

impl Record {
    /// Adds the filter of the entries. A spektr id is recorded as a hash. An erasure of the
    /// customer removes the hash from the record.
    #[must_use]
    pub fn with_filter(mut self, filter: &Filter) -> Self {
        self.filter = Some(filter_as_json(filter).to_string());
        self
    }

    /// Adds a member to the details. It must not contain a value of a payload.
    #[must_use]
    pub fn with_detail(mut self, name: &str, detail: Value) -> Self {
        let mut details = members(self.details.as_deref());
        details.insert(name.to_owned(), detail);
        self.details = Some(Value::Object(details).to_string());
        self
    }
}

/// Returns the members of a JSON object, and none of another text.
fn members(object: Option<&str>) -> Map<String, Value> {
    object.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
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

/// A recorded action. An action that works in steps has a record per step. The records differ
/// only in the number of affected entries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Recorded {
    /// The number of the record; it increases.
    pub number: i64,
    /// When the action began.
    pub at: Timestamp,
    /// The operator.
    pub actor: String,
    /// The action: a word of [`Action`], or of a later version.
    pub action: String,
    /// The filter of the entries, as JSON.
    pub filter: Option<String>,
    /// The number of affected entries.
    pub affected: u64,
    /// Further details, as a JSON object.
    pub details: Option<String>,
}

impl Recorded {
    /// Returns the operator's reason, if there is one.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let reason = members(self.details.as_deref()).remove(REASON)?;
        reason.as_str().map(str::to_owned)
    }

    /// Replaces the hash of a spektr id in the filter by a word, as an erasure must.
    pub fn erase(&mut self, spektr_id: &str) {
        if let Some(filter) = &mut self.filter {
            *filter = filter.replace(&recorded(spektr_id), ERASED);
        }
    }
}

/// A finished attempt to handle an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Attempt {
    /// The number of the attempt, from 1 since the last replay.
    pub attempt: u32,
    /// When the attempt began, if known.
    pub began_at: Option<Timestamp>,
    /// When the attempt ended.
    pub ended_at: Timestamp,
    /// The result: [`LEASE_EXPIRED`](Self::LEASE_EXPIRED), or that of the
    /// [`Settlement`](super::Settlement): `done`, `retry`, `deferred`, or the state in which the
    /// entry was parked.
    pub result: String,
    /// The status of the HTTP response, if the event was forwarded.
    pub status: Option<u16>,
}

impl Attempt {
    /// The result of an attempt whose lease expired before it was settled.
    pub const LEASE_EXPIRED: &'static str = "lease_expired";
}

/// Returns the hash that represents a text in tombstones, records of actions, and PostgreSQL's
/// indexes.
pub(super) fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Returns the text that represents a spektr id in the record of actions.
pub(super) fn recorded(spektr_id: &str) -> String {
    format!("sha256:{}", hex::encode(&hash(spektr_id)))
}

/// The text that replaces a spektr id in records after an erasure.
pub(super) const ERASED: &str = "erased";

/// The records to erase in one transaction.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Erasure {
    /// Every entry with this spektr id, in any state; the tombstones of its deleted entries;
    /// and the hash of the id in the record of actions.
    pub spektr_id: Option<String>,
    /// Other entries that name the person, by their numbers.
    pub mentions: Vec<i64>,
    /// Unreadable bodies that name the person, by their numbers.
    pub bodies: Vec<i64>,
    /// Rejected deliveries, by their numbers in the quarantine.
    pub rejected: Vec<i64>,
}

impl Erasure {
    /// Selects every entry with a spektr id, and nothing else.
    #[must_use]
    pub fn of(spektr_id: impl Into<String>) -> Self {
        Self { spektr_id: Some(spektr_id.into()), ..Self::default() }
    }
}

impl fmt::Debug for Erasure {
    /// Shows the counts without the spektr id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Erasure")
            .field("mentions", &self.mentions.len())
            .field("bodies", &self.bodies.len())
            .field("rejected", &self.rejected.len())
            .finish_non_exhaustive()
    }
}

/// The result of an erasure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Erased {
    /// The number of entries with the spektr id.
    pub entries: u64,
    /// The number of other entries.
    pub mentions: u64,
    /// The number of unreadable bodies.
    pub bodies: u64,
    /// The number of rejected deliveries.
    pub rejected: u64,
    /// The number of tombstones of entries with the spektr id.
    pub tombstones: u64,
    /// Whether the data may still be in the database's files, because the database could not
    /// overwrite it: another connection reads the log of SQLite, or PostgreSQL's `VACUUM`
    /// failed. Another erasure tries again.
    pub is_in_files: bool,
}

impl Erased {
    /// Returns the number of all erased records.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.entries + self.mentions + self.bodies + self.rejected + self.tombstones
    }
}

/// The original that entries are read from, some time after it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Original {
    /// An entry with a body that could not be split, by its number.
    Body(i64),
    /// A rejected delivery, by its number in the quarantine.
    Rejected(i64),
}

/// An entry of another store, with its outcome there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Imported {
    /// The entry, in the state that it had.
    pub entry: NewEntry,
    /// Whether the other store flagged it as a conflict. A flagged entry keeps the state of
    /// `entry`, whatever this store contains. Any other entry is flagged if this store has its
    /// key with another content, and is then parked if it is pending.
    pub conflict: bool,
    /// The number of counted attempts.
    pub attempts: u32,
    /// When the entry is due, if it is pending. `None` means at its arrival.
    pub due_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// The attempts, the earliest first.
    pub history: Vec<Attempt>,
}

impl Imported {
    /// Returns the due time to store with the entry.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        self.due_at.filter(|_| self.entry.state == State::Pending).unwrap_or(self.entry.received_at)
    }

    /// Returns the attempts with tokens of leases that no store hands out: negative ones, in the
    /// order of the history.
    pub(super) fn numbered_history(&self) -> impl Iterator<Item = (i64, &Attempt)> {
        let first = -i64::try_from(self.history.len()).unwrap_or(i64::MAX);
        (first..).zip(&self.history)
    }
}
