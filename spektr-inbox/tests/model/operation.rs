//! The operations of a store and its answers, in types that the model and the stores share.

use sha2::{Digest as _, Sha256};
use spektr_inbox::store::{
    Acceptance, Claim, Erased, Filter, Lease, NewEntry, Original, Record, Settlement, State,
};
use spektr_inbox::testing::entries;
use spektr_types::Timestamp;

/// An event or a body that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) source: String,
    /// Identifies the event: the id, or else the whole event.
    pub(crate) key: String,
    /// Identifies the content.
    pub(crate) content: String,
    pub(crate) id: Option<String>,
    pub(crate) person: Option<String>,
    pub(crate) wire_type: Option<String>,
    pub(crate) created_at: Option<i64>,
    pub(crate) received_at: i64,
    pub(crate) state: State,
    pub(crate) raw: String,
}

impl Arrival {
    /// Returns the lane: the spektr id and the source.
    pub(crate) fn lane(&self) -> Option<(&str, &str)> {
        self.person.as_deref().map(|person| (person, self.source.as_str()))
    }

    /// Returns the entries that a receiver makes of the text.
    pub(crate) fn as_new(&self, now: i64) -> Vec<NewEntry> {
        entries(&self.source, &self.raw, time(now))
    }
}

/// An operation of a store, with all its arguments.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Accept(Vec<Arrival>),
    Claim {
        owner: i64,
        lease: i64,
        horizon: i64,
        limit: usize,
        order: Order,
    },
    Extend {
        leases: Vec<Lease>,
        duration: i64,
    },
    GiveBack(Vec<Lease>),
    Settle {
        lease: Lease,
        settlement: Settlement,
        status: Option<u16>,
    },
    Release {
        filter: Filter,
        after: i64,
        limit: usize,
        record: Record,
    },
    MakeDue {
        filter: Filter,
        after: i64,
        limit: usize,
        record: Record,
    },
    Prune {
        filter: Filter,
        limit: usize,
        record: Record,
    },
    Resolve {
        number: i64,
        record: Record,
    },
    Replace {
        original: Original,
        arrivals: Vec<Arrival>,
        record: Record,
    },
    Erase {
        person: String,
        mentions: Vec<i64>,
        bodies: Vec<i64>,
        rejected: Vec<i64>,
        record: Record,
    },
    Quarantine {
        body: String,
        max_count: usize,
    },
    Discard {
        numbers: Vec<i64>,
        record: Record,
    },
    Forget {
        before: i64,
        source: Option<(String, i64)>,
    },
    SetPaused {
        is_paused: bool,
        record: Record,
    },
    Note {
        name: String,
        text: String,
    },
}

/// What the entries of a lane wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Entries wait for nothing.
    None,
    /// Entries wait for earlier pending entries.
    Pending,
    /// Entries wait for earlier pending entries and dead letters.
    PendingAndDead,
}

/// The answer to an operation.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Accepted(Vec<Acceptance>),
    Claimed(Vec<Claim>),
    Leases(Vec<Lease>),
    /// Numbers in any order.
    Numbers(Vec<i64>),
    Replaced(Option<Vec<Acceptance>>),
    Erased(Erased),
    Count(u64),
    Flag(bool),
    /// The number of a new delivery in quarantine.
    Number(i64),
    Nothing,
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        fn sorted(numbers: &[i64]) -> Vec<i64> {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers
        }
        match (self, other) {
            (Self::Accepted(one), Self::Accepted(two)) => one == two,
            (Self::Claimed(one), Self::Claimed(two)) => {
                let parts = |claim: &Claim| (claim.lease, claim.entry.clone());
                one.iter().map(parts).eq(two.iter().map(parts))
            }
            (Self::Leases(one), Self::Leases(two)) => one == two,
            (Self::Numbers(one), Self::Numbers(two)) => sorted(one) == sorted(two),
            (Self::Replaced(one), Self::Replaced(two)) => one == two,
            (Self::Erased(one), Self::Erased(two)) => one == two,
            (Self::Count(one), Self::Count(two)) => one == two,
            (Self::Flag(one), Self::Flag(two)) => one == two,
            (Self::Number(one), Self::Number(two)) => one == two,
            (Self::Nothing, Self::Nothing) => true,
            _ => false,
        }
    }
}

/// Returns the point in time of a number of milliseconds.
pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

/// Returns the milliseconds of a point in time.
pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_millis()
}

/// Returns the hash of a text in tombstones and in the record of actions, in hexadecimal
/// digits.
pub(crate) fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns whether a text may contain another one. A backslash can escape any character.
pub(crate) fn may_name(raw: &str, text: &str) -> bool {
    raw.contains(text) || raw.contains('\\')
}
