//! What the attempts of one worker share: store, handler, options and the leases that are held.

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
use crate::{Clock, Metrics};

/// How long a handler that was stopped is waited for until it yields. Where it does not, its
/// lease is not given back.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Shared<H> {
    pub(super) store: Arc<dyn Store>,
    pub(super) handler: Arc<H>,
    /// What handles entries that cannot be decoded, if they are handled.
    pub(super) of_malformed: Option<OfMalformed>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Metrics,
    pub(super) options: Options,
    /// Whether handlers are to be stopped.
    pub(super) stop: watch::Sender<bool>,
    pub(super) outages: Outages,
    pub(super) owner: i64,
    pub(super) idle: Mutex<HashMap<i64, Lease>>,
}

pub(super) type OfMalformed = Arc<dyn Fn(Received<Malformed>) -> Handling + Send + Sync>;

/// A claimed entry, and up to when its lease lasts at least: forever, if that is no time.
pub(super) struct Held {
    pub(super) claim: Claim,
    pub(super) until: Option<Instant>,
    pub(super) permit: Permit,
}

#[derive(Debug)]
pub(super) struct Options {
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

impl Options {
    /// The longest time for which an entry waits, unless its destination asks for longer.
    pub(super) fn longest(&self) -> Duration {
        self.backoff.longest().max(self.lease)
    }

    /// A time further off than this was set by a clock that has been put back since.
    fn horizon(&self) -> Duration {
        let longest = self.longest().max(Breaker::LONGEST_RETRY_AFTER);
        longest.saturating_add(Duration::from_secs(60))
    }
}

impl<H> Shared<H> {
    /// Claims entries, with the time up to which the leases last at least. `None` if there is
    /// nothing to ask the store for.
    pub(super) async fn claim(&self, limit: usize) -> Result<Option<Vec<Held>>, StoreError> {
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
        let held = claims.into_iter().map(|claim| Held { claim, until, permit: permit.share() });
        Ok(Some(held.collect()))
    }

    /// The leases that are held while no handler runs: not yet, or not any more.
    pub(super) fn idle(&self) -> MutexGuard<'_, HashMap<i64, Lease>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back the leases of attempts that were stopped.
    pub(super) async fn give_back(&self) {
        let leases: Vec<Lease> = self.idle().drain().map(|(_, lease)| lease).collect();
        if leases.is_empty() {
            return;
        }
        match self.store.give_back(leases, self.clock.now()).await {
            Ok(count) => tracing::info!(count, "leases given back"),
            Err(error) => tracing::warn!(
                error = &error as &dyn Error,
                "leases are not given back: the entries are due when they expire"
            ),
        }
    }
}
