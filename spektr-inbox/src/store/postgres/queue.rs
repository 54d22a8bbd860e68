//! The queue of the store: claims, leases, and the pause.

use std::sync::Arc;
use std::time::Duration;

use spektr_types::Timestamp;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;

use super::settle::{Ending, settle};
use super::{PostgresStore, claim, lease, lend, operate, pause, within};
use crate::store::{
    Claim, ClaimRequest, Lease, Pause, Queue, Record, Settlement, StoreError, StoreFuture,
};

/// The pause before a lease is settled again.
const SETTLE_PAUSE: Duration = Duration::from_millis(100);

/// The number of groups in which a lease is tried before it is settled alone. A group leaves out
/// locked rows, and the claim of another worker can lock the row of a held lease until it commits.
const GROUP_TRIES: usize = 2;

impl Queue for PostgresStore {
    fn arrivals(&self) -> Receiver<()> {
        self.arrivals.subscribe()
    }

    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Claim>> {
        let now = self.given(request.now);
        lend!(self.work, self.timeout, |one| claim::claim(&mut one, &request, now).await)
    }

    fn extend(
        &self,
        leases: Vec<Lease>,
        now: Timestamp,
        duration: Duration,
    ) -> StoreFuture<'_, Vec<Lease>> {
        let now = self.given(now);
        lend!(self.work, self.timeout, |one| {
            lease::extend(&mut one, &leases, now, duration).await
        })
    }

    fn give_back(&self, leases: Vec<Lease>, now: Timestamp) -> StoreFuture<'_, u64> {
        let now = self.given(now);
        lend!(self.work, self.timeout, |one| {
            let given_back = lease::give_back(&mut one, &leases, now).await;
            given_back.inspect(|count| self.arrivals.changed(*count > 0))
        })
    }

    fn settle_with_status(
        &self,
        lease: Lease,
        settlement: Settlement,
        status: Option<u16>,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        let ending = Ending { lease, settlement, status, at: now, now: self.given(now) };
        Box::pin(within(self.timeout, self.settle_again(ending)))
    }

    fn set_paused(&self, is_paused: bool, record: Record) -> StoreFuture<'_, bool> {
        operate!(self, |one| {
            let set = pause::set(&mut one, is_paused, &record).await;
            set.inspect(|is_change| self.arrivals.changed(*is_change && !is_paused))
        })
    }

    fn pause(&self) -> StoreFuture<'_, Option<Pause>> {
        operate!(self, |one| pause::pause(&mut one).await)
    }
}

impl PostgresStore {
    /// Returns the caller's time, if callers' times are used.
    fn given(&self, now: Timestamp) -> Option<i64> {
        self.callers_clock.then_some(now.as_millis())
    }

    /// Settles a lease together with others, or alone if the groups have left it out.
    /// Tries again if the connection fails: otherwise each restart of the server would make the
    /// event be handled again.
    async fn settle_again(&self, ending: Ending) -> Result<bool, StoreError> {
        let ending = Arc::new(ending);
        let mut failed = None;
        for _ in 0..GROUP_TRIES {
            match self.gathering.settle(&ending).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(fault) => {
                    failed = fault.is_of_the_connection().then_some(fault);
                    break;
                }
            }
        }
        loop {
            let mut connection = match self.work.take().await {
                Ok(connection) => connection,
                Err(fault) if !fault.is_of_the_connection() => return Err(fault.into()),
                Err(_) => {
                    sleep(SETTLE_PAUSE).await;
                    continue;
                }
            };
            match settle(&mut connection, &ending).await {
                Ok(held) => {
                    connection.give_back();
                    return match failed {
                        // It is unknown whether the lease was settled before the connection
                        // failed, or was lost before that.
                        Some(fault) if !held => Err(StoreError::from(fault)),
                        _ => Ok(held),
                    };
                }
                Err(fault) if !fault.is_of_the_connection() => return Err(fault.into()),
                Err(fault) => failed = Some(fault),
            }
            sleep(SETTLE_PAUSE).await;
        }
    }
}
