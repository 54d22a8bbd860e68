//! What operators do with a store: replay, prune, decode again, move.
//!
//! Everything works in steps, so that deliveries are accepted meanwhile, and
//! tells after each step how many entries are done, for a display of progress.

mod show;
mod transfer;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use spektr_types::{Entry, Event, Timestamp};
use spektr_verify::danger;
use tokio::time::sleep;

pub use show::outline;
pub use transfer::{ImportProblem, TransferError, export, import};

use crate::Clock;
use crate::clock::before;
use crate::intake::intake;
use crate::store::{Filter, State, Store, StoreError, StoredEntry, accept_patiently};

/// How many entries a step takes.
const STEP: usize = 500;

/// How many entries are in memory at a time: each can be as large as a body.
const PAGE: usize = 20;

/// Makes entries pending again, with no attempts counted: dead letters, what was
/// done already, or what is parked. Each at most once, whatever workers do
/// meanwhile. Returns how many it were.
///
/// Entries that are pending are left alone, and so are bodies that could not be
/// read.
///
/// # Errors
///
/// Those of the store. The steps until then are done.
pub async fn replay(
    store: &dyn Store,
    filter: &Filter,
    now: Timestamp,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    // By their numbers: workers may be done with the first ones, and these match
    // again, before the last ones are released.
    let (mut count, mut last) = (0, 0);
    loop {
        let released = store.release(filter.clone(), last, STEP, now).await?;
        let Some(end) = released.iter().max() else { return Ok(count) };
        last = *end;
        count += released.len() as u64;
        progress(count);
    }
}

/// Deletes entries, apart from those that are pending. Returns how many it were.
///
/// # Errors
///
/// Those of the store. The steps until then are done.
pub async fn prune(
    store: &dyn Store,
    filter: &Filter,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let mut count = 0;
    loop {
        match store.prune(filter.clone(), STEP).await? {
            0 => return Ok(count),
            some => count += some,
        }
        progress(count);
    }
}

/// How long entries are kept.
///
/// What is neither done nor dead is kept until somebody decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a setting that is written as a literal")]
pub struct Retention {
    /// How long after its arrival a done entry is deleted, if ever.
    ///
    /// A duplicate that comes after that is a new event. The sender repeats within
    /// seconds; a reconciliation goes back further.
    pub done: Option<Duration>,
    /// How long after its arrival a dead letter is deleted, if ever.
    pub dead: Option<Duration>,
}

impl Retention {
    /// Deletes what has been kept for long enough. Returns how many entries it
    /// were.
    ///
    /// # Errors
    ///
    /// Those of the store. The steps until then are done.
    pub async fn apply(&self, store: &dyn Store, now: Timestamp) -> Result<u64, StoreError> {
        let mut count = 0;
        for (state, kept) in [(State::Done, self.done), (State::Dead, self.dead)] {
            if let Some(kept) = kept {
                let received_before = Some(before(now, kept));
                let filter = Filter { received_before, ..Filter::state(state) };
                count += prune(store, &filter, |_| {}).await?;
            }
        }
        Ok(count)
    }

    /// Deletes what has been kept for long enough, again and again, for as long as
    /// it runs: spawn it beside the workers. Errors are traced, and the next time
    /// is another attempt.
    pub async fn apply_every(&self, pause: Duration, store: &dyn Store, clock: &dyn Clock) {
        loop {
            match self.apply(store, clock.now()).await {
                Ok(count) => tracing::debug!(count, "entries deleted by age"),
                Err(error) => {
                    tracing::error!(error = &error as &dyn Error, "not deleted by age");
                }
            }
            sleep(pause).await;
        }
    }
}

/// Decodes what could not be decoded or was not known, as after an upgrade, and
/// makes pending what can be handled now. Bodies that can be split by now are
/// replaced by their entries. Returns how many entries and bodies it were.
///
/// # Errors
///
/// Those of the store. The steps until then are done.
pub async fn redecode(
    store: &dyn Store,
    now: Timestamp,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let mut count = 0;
    for state in [State::Malformed, State::Unknown, State::Unreadable] {
        let mut last = 0;
        loop {
            let page = store.list(Filter::state(state), last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last = end.number;
            for entry in page {
                let redecoded = match state {
                    State::Unreadable => split(store, entry).await?,
                    _ if is_known(&entry.raw) => {
                        let filter = Filter { state: Some(state), ..Filter::number(entry.number) };
                        store.release(filter, 0, 1, now).await?.len() as u64
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
    let event = std::str::from_utf8(raw)
        .ok()
        .and_then(|text| Entry::from_json(text).ok())
        .and_then(|entry| entry.decode().ok());
    event.is_some_and(|event| !matches!(event, Event::Unknown(_)))
}

/// Puts the entries of a body in its place; it was authentic when it arrived.
async fn split(store: &dyn Store, body: StoredEntry) -> Result<u64, StoreError> {
    let delivery = danger::assume_verified(body.raw);
    let intake = intake(&Arc::from(body.source), &delivery, body.received_at);
    if intake.unreadable.is_some() {
        return Ok(0);
    }
    accept_patiently(store, intake.entries).await?;
    store.prune(Filter { state: Some(body.state), ..Filter::number(body.number) }, 1).await
}
