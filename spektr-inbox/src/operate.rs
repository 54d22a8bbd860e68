//! Operations on a store for operators: replay, retry, prune, erase, decode again, move.
//!
//! Each operation works in steps, so that the store accepts deliveries in between. After each
//! step the operation reports how many entries are done, for a progress display. Each step
//! records the action and the [`Operator`] in its own transaction.

mod erase;
mod names;
mod retention;
mod show;
mod transfer;

use std::sync::Arc;

use spektr_types::{Event, Timestamp};
use spektr_verify::danger;

pub use erase::{Belongings, Kind, erase, survey};
pub use retention::Retention;
pub use show::outline;
pub use transfer::{ImportProblem, TransferError, export, import};

use crate::decode::decode;
use crate::intake::intake;
use crate::store::{
    Action, Filter, Operator, Original, Record, State, Store, StoreError, StoreFuture, StoredEntry,
    Tally,
};

/// The number of entries in a step.
const STEP: usize = 500;

/// The number of entries in memory at a time: each can be as large as a body.
const PAGE: usize = 20;

/// Makes entries pending again and resets their number of attempts: dead letters, done entries
/// and parked entries. Each entry is released at most once, whatever workers do meanwhile.
/// Returns the number of entries released.
///
/// Entries that are pending are left alone, and so are bodies that could not be read.
///
/// # Errors
///
/// Returns the errors of the store. The completed steps stay.
pub async fn replay(
    store: &dyn Store,
    operator: &Operator,
    filter: &Filter,
    now: Timestamp,
    progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let record = operator.record(Action::Replay, now).with_filter(filter);
    let step = |last| store.release(filter.clone(), last, STEP, now, Some(record.clone()));
    by_number(step, progress).await
}

/// Repeats a step until it changes no entry. The step gets the number of the last entry done
/// and returns the numbers of the entries that it changed. The numbers only go up, because a
/// changed entry can match the filter again before the last step: a worker may have handled it,
/// or failed again.
async fn by_number<'s>(
    step: impl Fn(i64) -> StoreFuture<'s, Vec<i64>>,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let (mut count, mut last) = (0, 0);
    loop {
        let changed = step(last).await?;
        let Some(end) = changed.iter().max() else { return Ok(count) };
        last = *end;
        count += changed.len() as u64;
        progress(count);
    }
}

/// Counts the entries that [`replay`] would make pending, by state and wire type. Changes
/// nothing.
///
/// # Errors
///
/// Returns the errors of the store.
pub async fn would_replay(
    store: &dyn Store,
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<Tally>, StoreError> {
    let mut tallies = store.tally(filter.clone(), now).await?;
    tallies.retain(|tally| !matches!(tally.state, State::Pending | State::Unreadable));
    Ok(tallies)
}

/// Makes pending entries that wait for their next attempt due now, each entry at most once.
/// Their attempts stay counted, and entries that a worker holds are left alone. Returns the
/// number of entries made due.
///
/// # Errors
///
/// Returns the errors of the store. The completed steps stay.
pub async fn retry(
    store: &dyn Store,
    operator: &Operator,
    filter: &Filter,
    now: Timestamp,
    progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let record = operator.record(Action::Retry, now).with_filter(filter);
    let step = |last| store.make_due(filter.clone(), last, STEP, now, Some(record.clone()));
    by_number(step, progress).await
}

/// Counts the entries that [`retry`] would make due, by wire type. Changes nothing.
///
/// # Errors
///
/// Returns the errors of the store.
pub async fn would_retry(
    store: &dyn Store,
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<Tally>, StoreError> {
    let mut tallies = store.tally(filter.clone(), now).await?;
    tallies.retain(|tally| tally.is_waiting);
    Ok(tallies)
}

/// Deletes entries except pending ones. Returns the number of entries deleted. The store keeps
/// a tombstone of each: a deleted entry that a delivery or a reconciliation brings again is a
/// duplicate.
///
/// # Errors
///
/// Returns the errors of the store. The completed steps stay.
pub async fn prune(
    store: &dyn Store,
    operator: &Operator,
    filter: &Filter,
    now: Timestamp,
    progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let record = operator.record(Action::Prune, now).with_filter(filter);
    delete(store, filter, now, Some(record), progress).await
}

async fn delete(
    store: &dyn Store,
    filter: &Filter,
    now: Timestamp,
    record: Option<Record>,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let mut count = 0;
    loop {
        match store.prune(filter.clone(), STEP, now, record.clone()).await? {
            0 => return Ok(count),
            some => count += some,
        }
        progress(count);
    }
}

/// Marks an entry as resolved because an operator has handled it by hand. The entry may have
/// any state except done. An attempt in progress loses its lease. Returns whether there was
/// such an entry.
///
/// The reason stays with the entry and in the record of actions, in place of the operator's.
///
/// # Errors
///
/// Returns the errors of the store.
pub async fn resolve(
    store: &dyn Store,
    operator: &Operator,
    number: i64,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let operator = operator.clone().with_reason(reason);
    let record = operator.record(Action::Resolve, now).with_filter(&Filter::number(number));
    store.resolve(number, reason.to_owned(), record).await
}

/// Pauses the store: it hands out no more entries, to any process, until [`resume`]. Attempts
/// in progress end normally, and deliveries are accepted as before. Returns `false` if the
/// store was paused already.
///
/// # Errors
///
/// Returns the errors of the store.
pub async fn pause(
    store: &dyn Store,
    operator: &Operator,
    now: Timestamp,
) -> Result<bool, StoreError> {
    store.set_paused(true, operator.record(Action::Pause, now)).await
}

/// Ends a [`pause`]. Returns `false` if the store was not paused.
///
/// # Errors
///
/// Returns the errors of the store.
pub async fn resume(
    store: &dyn Store,
    operator: &Operator,
    now: Timestamp,
) -> Result<bool, StoreError> {
    store.set_paused(false, operator.record(Action::Resume, now)).await
}

/// Deletes rejected deliveries from the quarantine: all, or those that arrived before a time.
/// Returns the number of deliveries deleted.
///
/// # Errors
///
/// Returns the errors of the store. The completed steps stay.
pub async fn empty_quarantine(
    store: &dyn Store,
    operator: &Operator,
    received_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let filter = Filter { received_before, ..Filter::all() };
    let record = operator.record(Action::Discard, now).with_filter(&filter);
    discard(store, received_before, Some(record)).await
}

async fn discard(
    store: &dyn Store,
    received_before: Option<Timestamp>,
    record: Option<Record>,
) -> Result<u64, StoreError> {
    let (mut count, mut last) = (0, 0);
    loop {
        let page = store.quarantined(last, PAGE).await?;
        let Some(end) = page.last() else { return Ok(count) };
        last = end.number;
        let is_meant = |at| received_before.is_none_or(|before| at < before);
        let old = page.iter().filter(|one| is_meant(one.rejected.received_at));
        let numbers: Vec<_> = old.map(|one| one.number).collect();
        count += store.discard(numbers, record.clone()).await?;
    }
}

/// Decodes malformed, unknown and unreadable entries again, for example after an upgrade, and
/// makes pending the entries that this version can decode. A body that this version can split
/// is replaced by its entries. Returns the number of entries released and bodies replaced.
///
/// # Errors
///
/// Returns the errors of the store. The completed steps stay.
pub async fn redecode(
    store: &dyn Store,
    operator: &Operator,
    now: Timestamp,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let record = operator.record(Action::Redecode, now);
    let mut count = 0;
    for state in [State::Malformed, State::Unknown, State::Unreadable] {
        let mut last = 0;
        loop {
            let page = store.list(Filter::state(state), last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last = end.number;
            for entry in page {
                let redecoded = match state {
                    State::Unreadable => split(store, entry, record.clone()).await?,
                    _ if is_known(&entry.raw) => {
                        let filter = Filter { state: Some(state), ..Filter::number(entry.number) };
                        store.release(filter, 0, 1, now, Some(record.clone())).await?.len() as u64
                    }
                    _ => 0,
                };
                count += redecoded;
            }
            progress(count);
        }
    }
    Ok(count)
}

fn is_known(raw: &[u8]) -> bool {
    decode(raw).is_ok_and(|event| !matches!(event, Event::Unknown(_)))
}

/// Replaces a body by its entries. The body was verified when it arrived.
async fn split(store: &dyn Store, body: StoredEntry, record: Record) -> Result<u64, StoreError> {
    let delivery = danger::assume_verified(body.raw);
    let intake = intake(&Arc::from(body.source), &delivery, body.received_at);
    if intake.unreadable.is_some() {
        return Ok(0);
    }
    let replaced = store.replace(Original::Body(body.number), intake.entries, record).await?;
    Ok(u64::from(replaced.is_some()))
}
