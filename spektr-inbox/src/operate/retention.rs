//! How long entries are kept, by state.

use std::error::Error;
use std::time::Duration;

use spektr_types::Timestamp;
use tokio::time::sleep;

use super::{STEP, delete, discard};
use crate::Clock;
use crate::clock::before;
use crate::store::{Filter, State, Store, StoreError};

/// How long entries are kept after their arrival, by what has become of them. Pending
/// entries are kept until they are handled, however old.
///
/// A deleted entry leaves a tombstone. Until that is deleted too, the same event is a
/// duplicate if it comes again, from the sender or from a reconciliation.
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
    /// How long after the deletion of an entry its tombstone is deleted, if ever.
    pub known: Option<Duration>,
}

impl Retention {
    /// How long after its arrival an event is known at least; `None` if for ever. A
    /// reconciliation that reaches further back stores what was deleted as new.
    #[must_use]
    pub fn memory(&self) -> Option<Duration> {
        let known = self.known?;
        let kept = [self.done, self.dead, self.parked].into_iter().flatten().min()?;
        Some(kept.saturating_add(known))
    }

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
            while store.forget(before(now, known), STEP).await? > 0 {}
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
