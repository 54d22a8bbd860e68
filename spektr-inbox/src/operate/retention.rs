//! How long entries are kept, by state.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use spektr_types::Timestamp;
use tokio::time::sleep;

use super::{STEP, delete, discard};
use crate::Clock;
use crate::clock::{before, from_millis};
use crate::store::{Filter, State, Store, StoreError, WATERMARK};

/// How long entries are kept after their arrival, by what has become of them. Pending
/// entries are kept until they are handled, however old.
///
/// A deleted entry leaves a tombstone. Until that is deleted too, the same event is a
/// duplicate if it comes again, from the sender or from a reconciliation. A tombstone is
/// kept for as long as a reconciliation can still read that far: one that fails for months
/// goes on at its watermark. So a source or base URL that is no longer reconciled keeps
/// its tombstones, unless its watermark moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a setting that is written as a literal")]
pub struct Retention {
    /// When a done or resolved entry is deleted, if ever.
    pub done: Option<Duration>,
    /// When a dead letter is deleted, if ever.
    pub dead: Option<Duration>,
    /// When an entry is deleted that is malformed, unknown, unreadable or a conflict, if
    /// ever.
    pub parked: Option<Duration>,
    /// When a rejected delivery is deleted from the quarantine, if ever.
    pub rejected: Option<Duration>,
    /// How long after the deletion of an entry its tombstone is deleted at the earliest, if
    /// ever. Longer than a reconciliation that is told since when to read goes back: what was
    /// deleted before that is stored as new.
    pub known: Option<Duration>,
}

/// By how much the clocks of sender and receiver may differ, and the overlap of a
/// reconciliation, for a tombstone to be kept for long enough.
const SLACK: Duration = Duration::from_secs(24 * 3600);

impl Retention {
    /// Deletes what has been kept for long enough. Returns the number of entries and
    /// rejected deliveries deleted.
    ///
    /// # Errors
    ///
    /// Those of the store. The steps until then are done.
    pub async fn apply(&self, store: &dyn Store, now: Timestamp) -> Result<u64, StoreError> {
        let kept = [
            (State::Done, self.done),
            (State::Resolved, self.done),
            (State::Dead, self.dead),
            (State::Malformed, self.parked),
            (State::Unknown, self.parked),
            (State::Unreadable, self.parked),
            (State::Conflict, self.parked),
        ];
        let mut count = 0;
        for (state, kept) in kept {
            if let Some(kept) = kept {
                let received_before = Some(before(now, kept));
                let filter = Filter { received_before, ..Filter::state(state) };
                count += delete(store, &filter, now, None, |_| {}).await?;
            }
        }
        if let Some(kept) = self.rejected {
            count += discard(store, Some(before(now, kept)), None).await?;
        }
        if let Some(known) = self.known {
            let sources = read_from(store).await?;
            while store.forget(before(now, known), sources.clone(), STEP).await? > 0 {}
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

/// Of each source that was reconciled, the time from which on events may be read again.
async fn read_from(store: &dyn Store) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let mut sources = BTreeMap::new();
    for (name, text) in store.notes().await? {
        let rest = name.strip_prefix(WATERMARK);
        let Some((source, _url)) = rest.and_then(|rest| rest.rsplit_once(' ')) else { continue };
        // Who mends a watermark that cannot be read may reach back to any time.
        let watermark = from_millis(text.parse().unwrap_or(0));
        let from = before(watermark, SLACK);
        let earliest = sources.entry(source.to_owned()).or_insert(from);
        *earliest = from.min(*earliest);
    }
    Ok(sources.into_iter().collect())
}
