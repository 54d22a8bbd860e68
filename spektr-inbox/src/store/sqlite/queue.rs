//! The queue of the store: claims, leases, and the pause.

use std::time::{Duration, Instant};

use spektr_types::Timestamp;
use tokio::sync::watch::Receiver;

use super::{SqliteStore, claim, lease, pause};
use crate::clock::after;
use crate::store::{Claim, ClaimRequest, Lease, Pause, Queue, Record, Settlement, StoreFuture};

impl Queue for SqliteStore {
    fn arrivals(&self) -> Receiver<()> {
        self.arrivals.subscribe()
    }

    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Claim>> {
        let asked = Instant::now();
        Box::pin(self.writer.work(false, move |connection| {
            let request = ClaimRequest { now: later(request.now, asked), ..request.clone() };
            claim::claim(connection, &request)
        }))
    }

    fn extend(
        &self,
        leases: Vec<Lease>,
        now: Timestamp,
        duration: Duration,
    ) -> StoreFuture<'_, Vec<Lease>> {
        let asked = Instant::now();
        Box::pin(self.writer.work(false, move |connection| {
            lease::extend(connection, &leases, Lease::end(later(now, asked), duration))
        }))
    }

    fn give_back(&self, leases: Vec<Lease>, now: Timestamp) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let giving = move |connection: &_| lease::give_back(connection, &leases, now);
            let done = self.writer.work(true, giving).await;
            done.inspect(|count| self.arrivals.changed(*count > 0))
        })
    }

    fn settle_with_status(
        &self,
        lease: Lease,
        settlement: Settlement,
        status: Option<u16>,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        Box::pin(self.writer.work(true, move |connection| {
            lease::settle(connection, lease, &settlement, status, now)
        }))
    }

    fn set_paused(&self, is_paused: bool, record: Record) -> StoreFuture<'_, bool> {
        self.write_and_wake(
            move |connection| pause::set(connection, is_paused, &record),
            move |is_change| *is_change && !is_paused,
        )
    }

    fn pause(&self) -> StoreFuture<'_, Option<Pause>> {
        self.read(pause::pause)
    }
}

/// Returns the time after a job has waited for its turn, so that no lease is handed out
/// expired. Counts whole seconds: less does not matter to a lease, and a test's clock does not
/// advance by itself.
fn later(now: Timestamp, asked: Instant) -> Timestamp {
    after(now, Duration::from_secs(asked.elapsed().as_secs()))
}
