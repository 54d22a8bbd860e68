//! The queue: workers get pending entries under leases.

use std::time::Duration;

use spektr_inbox::spektr_types::Timestamp;
use spektr_inbox::store::{
    Attempt, Claim, ClaimRequest, Lease, Pause, Queue, Record, Settlement, StoreError, StoreFuture,
};
use spektr_inbox::tokio::sync::watch;

use super::{Data, Held, MemoryStore, Row};

impl Queue for MemoryStore {
    fn arrivals(&self) -> watch::Receiver<()> {
        self.arrivals.subscribe()
    }

    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Claim>> {
        Box::pin(async move { Ok(self.data()?.claim(&request)) })
    }

    fn extend(
        &self,
        mut leases: Vec<Lease>,
        now: Timestamp,
        duration: Duration,
    ) -> StoreFuture<'_, Vec<Lease>> {
        Box::pin(async move {
            let mut data = self.data()?;
            leases.retain(|lease| {
                let row = data.held(lease);
                row.map(|row| row.entry.due_at = Lease::end(now, duration)).is_some()
            });
            Ok(leases)
        })
    }

    fn give_back(&self, leases: Vec<Lease>, now: Timestamp) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let mut data = self.data()?;
            let mut count = 0;
            for lease in &leases {
                let Some(row) = data.held(lease) else { continue };
                row.held = None;
                row.entry.attempts -= 1;
                row.entry.due_at = now;
                count += 1;
            }
            self.arrivals.changed(count > 0);
            Ok(count)
        })
    }

    fn settle_with_status(
        &self,
        lease: Lease,
        settlement: Settlement,
        status: Option<u16>,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let mut data = self.data()?;
            let Some(row) = data.held(&lease) else { return Ok(false) };
            if row.entry.attempts != lease.attempt {
                return Err(StoreError::Lease { number: lease.number });
            }
            row.end_attempt(settlement.result(), status, now);
            row.entry.attempts -= settlement.uncounted();
            row.entry.state = settlement.state();
            row.entry.due_at = settlement.due_at(now);
            row.entry.reason = settlement.reason().map(str::to_owned);
            Ok(true)
        })
    }

    fn set_paused(&self, is_paused: bool, record: Record) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let mut data = self.data()?;
            if is_paused == data.pause.is_some() {
                return Ok(false);
            }
            let pause = Pause { since: record.at, by: record.actor.clone() };
            data.pause = is_paused.then_some(pause);
            data.write(record, 0);
            self.arrivals.changed(!is_paused);
            Ok(true)
        })
    }

    fn pause(&self) -> StoreFuture<'_, Option<Pause>> {
        Box::pin(async move { Ok(self.data()?.pause.clone()) })
    }
}

impl Data {
    fn claim(&mut self, request: &ClaimRequest) -> Vec<Claim> {
        if self.pause.is_some() {
            return Vec::new();
        }
        let is_waited_for = |other: &Row, row: &Row| {
            request.is_waited_for(&other.entry, other.holder(), &row.entry)
        };
        let may_be_claimed = |row: &&Row| {
            row.is_pending()
                && request.is_due(&row.entry, row.holder())
                && !self.rows.values().any(|other| is_waited_for(other, row))
        };
        let free = self.rows.values().filter(may_be_claimed);
        let mut free: Vec<_> = free.map(|row| (row.entry.due_at, row.entry.number)).collect();
        free.sort_unstable();
        free.truncate(request.limit);
        free.into_iter().filter_map(|(_, number)| self.lease(number, request)).collect()
    }

    fn lease(&mut self, number: i64, request: &ClaimRequest) -> Option<Claim> {
        let token = self.next_number();
        let row = self.rows.get_mut(&number)?;
        row.end_attempt(Attempt::LEASE_EXPIRED, None, request.now);
        row.held = Some(Held { owner: request.owner, token, began_at: request.now });
        row.entry.attempts += 1;
        row.entry.due_at = Lease::end(request.now, request.lease);
        let lease = Lease { number, owner: request.owner, attempt: row.entry.attempts, token };
        Some(Claim { lease, entry: row.entry.clone() })
    }

    /// Returns the row that a lease holds.
    fn held(&mut self, lease: &Lease) -> Option<&mut Row> {
        self.rows.get_mut(&lease.number).filter(|row| {
            let held = row.held.as_ref().map(|held| (held.owner, held.token));
            row.is_pending() && held == Some((lease.owner, lease.token))
        })
    }
}
