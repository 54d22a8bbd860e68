//! What workers give to a store and get from it: claims, leases and settlements.

use std::time::Duration;

use spektr_types::Timestamp;

use super::{State, StoredEntry};
use crate::clock::after;

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
