//! State that the attempts of one worker share: store, handler, options and the leases held.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::breaker::{Breaker, Permit};
use super::handler::{Handling, Malformed, Received};
use super::outage::Outages;
use crate::store::{Claim, ClaimRequest, Lease, Store, StoreError};
use crate::trace::Propagation;
use crate::{Clock, Metrics};

/// How long to wait for an aborted handler until it yields. If it does not, its lease is not
/// given back.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(5);

pub(super) struct WorkerContext<H> {
    pub(super) store: Arc<dyn Store>,
    pub(super) handler: Arc<H>,
    /// The function for entries that cannot be decoded, if there is one.
    pub(super) of_malformed: Option<OfMalformed>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Metrics,
    pub(super) options: WorkerOptions,
    /// Whether handlers must stop.
    pub(super) stop: watch::Sender<bool>,
    pub(super) outages: Outages,
    pub(super) propagation: Option<Arc<dyn Propagation>>,
    pub(super) owner: i64,
    pub(super) idle: Mutex<HashMap<i64, Lease>>,
}

pub(super) type OfMalformed = Arc<dyn Fn(Received<Malformed>) -> Handling + Send + Sync>;

/// A claimed entry, and the least end of its lease: `None` is forever.
pub(super) struct ClaimedEntry {
    pub(super) claim: Claim,
    pub(super) until: Option<Instant>,
    pub(super) permit: Permit,
}

#[derive(Debug)]
pub(super) struct WorkerOptions {
    pub(super) concurrency: usize,
    pub(super) ordered: bool,
    pub(super) hold_on_dead: bool,
    pub(super) unknown_events: bool,
    pub(super) lease: Duration,
    pub(super) handler_timeout: Duration,
    pub(super) max_attempts: u32,
    pub(super) give_up_after: Option<Duration>,
    pub(super) backoff: Backoff,
    pub(super) breaker: Breaker,
    pub(super) poll: Duration,
    pub(super) shutdown_timeout: Duration,
}

impl WorkerOptions {
    /// The longest time that an entry waits, unless its destination asks for longer.
    pub(super) fn longest(&self) -> Duration {
        self.backoff.longest().max(self.lease)
    }

    /// Returns the horizon: a later due time was set by a clock that has been put back since.
    fn horizon(&self) -> Duration {
        let longest = self.longest().max(Breaker::LONGEST_RETRY_AFTER);
        longest.saturating_add(Duration::from_secs(60))
    }
}

impl<H> WorkerContext<H> {
    /// Claims entries. Returns them with the least end of their leases, or `None` if no attempt
    /// is permitted now.
    pub(super) async fn claim(
        &self,
        limit: usize,
    ) -> Result<Option<Vec<ClaimedEntry>>, StoreError> {
        let (limit, mut permit) = self.options.breaker.permit(limit, self.clock.now());
        if limit == 0 {
            return Ok(None);
        }
        let began = Instant::now();
        let request = ClaimRequest {
            owner: self.owner,
            now: self.clock.now(),
            lease: self.options.lease,
            limit,
            ordered: self.options.ordered,
            hold_on_dead: self.options.hold_on_dead,
            horizon: self.options.horizon(),
        };
        let claims = self.store.claim(request).await?;
        self.idle().extend(claims.iter().map(|claim| (claim.lease.token, claim.lease)));
        let until = began.checked_add(self.options.lease);
        let held =
            claims.into_iter().map(|claim| ClaimedEntry { claim, until, permit: permit.share() });
        Ok(Some(held.collect()))
    }

    /// Returns the leases held while no handler runs: before it starts, or after it has ended.
    pub(super) fn idle(&self) -> MutexGuard<'_, HashMap<i64, Lease>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back the leases of attempts that were aborted.
    pub(super) async fn give_back(&self) {
        let leases: Vec<Lease> = self.idle().drain().map(|(_, lease)| lease).collect();
        if leases.is_empty() {
            return;
        }
        match self.store.give_back(leases, self.clock.now()).await {
            Ok(count) => tracing::info!(count, "leases given back"),
            Err(error) => tracing::warn!(
                error = &error as &dyn Error,
                "cannot give back leases: their entries are due when the leases expire"
            ),
        }
    }
}
