//! The age at which entries are deleted, by state.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use spektr_types::Timestamp;
use tokio::time::sleep;

use super::{STEP, delete, discard};
use crate::Clock;
use crate::clock::{before, from_millis};
use crate::store::{Filter, State, Store, StoreError, WATERMARK};

/// How long entries are kept after their arrival, by state. Pending entries are kept until they
/// are handled, however old.
///
/// A deleted entry leaves a tombstone. Until the tombstone is deleted too, the same event is a
/// duplicate if the sender or a reconciliation brings it again. A tombstone is kept as long as
/// a reconciliation can still read back to its event: a reconciliation that fails for months
/// goes on from its watermark. Therefore a source or base URL that is no longer reconciled
/// keeps its tombstones unless its watermark moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a setting that is written as a literal")]
pub struct Retention {
    /// The age at which a done or resolved entry is deleted, if ever.
    pub done: Option<Duration>,
    /// The age at which a dead letter is deleted, if ever.
    pub dead: Option<Duration>,
    /// The age at which a malformed, unknown, unreadable or conflicting entry is deleted, if
    /// ever.
    pub parked: Option<Duration>,
    /// The age at which a rejected delivery is deleted from the quarantine, if ever.
    pub rejected: Option<Duration>,
    /// The age at which a tombstone may be deleted, counted from the deletion of its entry, if
    /// ever. Choose it longer than any reconciliation with an explicit start goes back: an
    /// event whose tombstone is gone is stored as new.
    pub known: Option<Duration>,
}

/// How long before its watermark a source keeps tombstones. Covers the difference of the clocks
/// of sender and receiver, and the overlap of a reconciliation.
const SLACK: Duration = Duration::from_secs(24 * 3600);

impl Retention {
    /// Deletes entries, rejected deliveries and tombstones that have reached their age. Returns
    /// the number of entries and rejected deliveries deleted.
    ///
    /// # Errors
    ///
    /// Returns the errors of the store. The completed steps stay.
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

    /// Calls [`apply`](Self::apply) again and again with a pause in between, and never returns:
    /// spawn it beside the workers. Errors are logged, and the next round tries again.
    pub async fn apply_every(&self, pause: Duration, store: &dyn Store, clock: &dyn Clock) {
        loop {
            match self.apply(store, clock.now()).await {
                Ok(count) => tracing::debug!(count, "deleted expired entries"),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn Error,
                        "cannot delete expired entries; will try again"
                    );
                }
            }
            sleep(pause).await;
        }
    }
}

/// Returns for each reconciled source the time from which events may be read again.
async fn read_from(store: &dyn Store) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let mut sources = BTreeMap::new();
    for (name, text) in store.notes().await? {
        let rest = name.strip_prefix(WATERMARK);
        let Some((source, _url)) = rest.and_then(|rest| rest.rsplit_once(' ')) else { continue };
        // An operator who repairs an unreadable watermark may set it to any time.
        let watermark = from_millis(text.parse().unwrap_or(0));
        let from = before(watermark, SLACK);
        let earliest = sources.entry(source.to_owned()).or_insert(from);
        *earliest = from.min(*earliest);
    }
    Ok(sources.into_iter().collect())
}
