//! Erasure: lists the records that name a person by kind, and then deletes them by kind.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::json;
use spektr_types::Timestamp;

use super::PAGE;
use super::names::{has_string, has_word};
use crate::store::{Action, Erased, Erasure, Filter, Operator, State, Store, StoreError};

/// A kind of record that can name a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Entries with the person's spektr id, in any state.
    Entries,
    /// Entries with another spektr id, or without a readable one, in any state, whose JSON
    /// contains the person's id as a string.
    Mentions,
    /// Bodies that are not JSON and contain the id as a string or a word. They can contain
    /// events of other customers.
    Bodies,
    /// Rejected deliveries in the quarantine that contain the id, as a string or a word.
    Rejected,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Entries, Self::Mentions, Self::Bodies, Self::Rejected];

    /// Returns the kind as a word in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Mentions => "mentions",
            Self::Bodies => "bodies",
            Self::Rejected => "rejected",
        }
    }
}

/// The records that name a person, by kind.
#[derive(Clone, Default)]
pub struct Belongings {
    spektr_id: String,
    entries: BTreeMap<State, u64>,
    mentions: Vec<i64>,
    bodies: Vec<i64>,
    rejected: Vec<i64>,
}

impl Belongings {
    /// Returns how many records of a kind there are.
    #[must_use]
    pub fn count(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Entries => self.entries.values().sum(),
            Kind::Mentions | Kind::Bodies | Kind::Rejected => self.numbers(kind).len() as u64,
        }
    }

    /// Returns the numbers of the records of a kind, in ascending order: of entries, or of
    /// deliveries in the quarantine. Empty for [`Kind::Entries`], which are only counted.
    #[must_use]
    pub fn numbers(&self, kind: Kind) -> &[i64] {
        match kind {
            Kind::Entries => &[],
            Kind::Mentions => &self.mentions,
            Kind::Bodies => &self.bodies,
            Kind::Rejected => &self.rejected,
        }
    }

    /// Returns how many entries of the person are in each state; states without entries are
    /// absent.
    #[must_use]
    pub fn states(&self) -> &BTreeMap<State, u64> {
        &self.entries
    }
}

impl std::fmt::Debug for Belongings {
    /// Shows the counts without the spektr id.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(Kind::ALL.map(|kind| (kind.as_str(), self.count(kind)))).finish()
    }
}

/// How many entry numbers the store searches per call, so that it can serve other calls in
/// between.
const RANGE: i64 = 10_000;

/// Finds the records that name a person by a spektr id. The search reads every entry, some
/// thousand at a time, and takes a while in a large store. Entries that arrive meanwhile may be
/// missed.
///
/// # Errors
///
/// Returns the errors of the store.
pub async fn survey(store: &dyn Store, spektr_id: &str) -> Result<Belongings, StoreError> {
    let mut found = Belongings { spektr_id: spektr_id.to_owned(), ..Belongings::default() };
    if spektr_id.is_empty() {
        return Ok(found);
    }
    for state in State::ALL {
        let filter = Filter { spektr_id: Some(spektr_id.to_owned()), ..Filter::state(state) };
        match store.count(filter).await? {
            0 => {}
            some => drop(found.entries.insert(state, some)),
        }
    }
    let mut last = 0;
    let mut range_end = 0;
    loop {
        let candidates =
            Filter { names: Some(spektr_id.to_owned()), up_to: Some(range_end), ..Filter::all() };
        let page = store.list(candidates, last, PAGE).await?;
        let Some(end) = page.last() else {
            // The next range begins at the next existing entry, however large the gap in
            // numbers.
            let next = store.list(Filter::all(), range_end, 1).await?;
            let Some(next) = next.first() else { break };
            last = next.number - 1;
            range_end = last.saturating_add(RANGE);
            continue;
        };
        last = end.number;
        for entry in page.iter().filter(|entry| entry.spektr_id.as_deref() != Some(spektr_id)) {
            let is_json = serde_json::from_slice::<IgnoredAny>(&entry.raw).is_ok();
            if has_string(&entry.raw, spektr_id) {
                let kind = if is_json { &mut found.mentions } else { &mut found.bodies };
                kind.push(entry.number);
            } else if !is_json && has_word(&entry.raw, spektr_id) {
                found.bodies.push(entry.number);
            }
        }
    }
    let mut last = 0;
    loop {
        let page = store.quarantined(last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        let names = |body: &[u8]| has_string(body, spektr_id) || has_word(body, spektr_id);
        let named = page.iter().filter(|one| names(&one.rejected.body));
        found.rejected.extend(named.map(|one| one.number));
    }
    Ok(found)
}

/// Deletes the records of some kinds that a [`survey`] has found, in one transaction. With
/// [`Kind::Entries`] it also deletes entries of the person that arrived since the survey,
/// tombstones of entries that were deleted earlier, and the details that name the person in the
/// record of actions. Nothing that identifies the person remains, so an event that the sender
/// lists or delivers again counts as new. The record of actions keeps that an erasure happened,
/// and how many records of each kind the survey had found, and not of whom.
///
/// # Errors
///
/// Returns the errors of the store. After an error, nothing is erased.
pub async fn erase(
    store: &dyn Store,
    operator: &Operator,
    found: &Belongings,
    kinds: &[Kind],
    now: Timestamp,
) -> Result<Erased, StoreError> {
    let counts: BTreeMap<_, _> =
        kinds.iter().map(|kind| (kind.as_str(), found.count(*kind))).collect();
    let record = operator.record(Action::Erase, now).with_detail("found", json!(counts));
    let of = |kind: Kind| match kinds.contains(&kind) {
        true => found.numbers(kind).to_vec(),
        false => Vec::new(),
    };
    let has_id = kinds.contains(&Kind::Entries) && !found.spektr_id.is_empty();
    let erasure = Erasure {
        spektr_id: has_id.then(|| found.spektr_id.clone()),
        mentions: of(Kind::Mentions),
        bodies: of(Kind::Bodies),
        rejected: of(Kind::Rejected),
    };
    store.erase(erasure, Some(record)).await
}
