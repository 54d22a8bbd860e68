//! One attempt: decode, run the handler under a lease, settle.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use spektr_types::{Entry, EntryError, Event};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};
use tracing::Instrument as _;

use super::handler::{Handler, HandlerError, Raw, Received};
use super::pool::{Held, Shared};
use crate::clock::after;
use crate::store::{Claim, Completion, Lease, Settlement, State, StoredEntry};

/// What an attempt came to, and its name in the metrics.
struct Outcome {
    result: &'static str,
    settlement: Settlement,
    /// The name if the lease is not held any more: it was lost, unless a transaction of
    /// the handler's own has ended it.
    otherwise: &'static str,
}

const LOST: &str = "lease_lost";

impl Outcome {
    fn park(state: State, reason: impl Into<String>) -> Self {
        let settlement = Settlement::Park { state, reason: reason.into() };
        Self { result: state.as_str(), settlement, otherwise: LOST }
    }
}

/// Works on a claimed entry until its lease is settled or lost.
pub(super) async fn attempt<H: Handler>(shared: Arc<Shared<H>>, held: Held) {
    let claim = &held.claim;
    let span = tracing::info_span!(
        "spektr_event",
        number = claim.lease.number,
        event_id = claim.entry.id,
        event_type = claim.entry.wire_type,
        attempt = claim.lease.attempt,
    );
    let token = claim.lease.token;
    work(&shared, held).instrument(span).await;
    shared.held().remove(&token);
}

async fn work<H: Handler>(shared: &Arc<Shared<H>>, held: Held) {
    let lease = held.claim.lease;
    let Some(outcome) = outcome(shared, held).await else {
        shared.metrics.handled(LOST);
        tracing::warn!("the lease was lost, and the attempt given up");
        return;
    };
    let is_parked = matches!(outcome.settlement, Settlement::Park { .. });
    let settled = shared.store.settle(lease, outcome.settlement, shared.clock.now()).await;
    match settled {
        Ok(true) => {
            shared.metrics.handled(outcome.result);
            if is_parked {
                // The reason stays in the store: it holds what the handler wrote.
                tracing::warn!(
                    result = outcome.result,
                    "the event is parked, until somebody looks"
                );
            } else {
                tracing::debug!(result = outcome.result, "attempt ended");
            }
        }
        Ok(false) => {
            shared.metrics.handled(outcome.otherwise);
            if outcome.otherwise == LOST {
                tracing::warn!(result = outcome.result, "the lease was lost before the end");
            }
        }
        // The lease expires, and the event is handled once more.
        Err(error) => tracing::error!(error = &error as &dyn Error, "the outcome is not stored"),
    }
}

/// Runs the attempt; `None` if the lease was lost meanwhile.
async fn outcome<H: Handler>(shared: &Arc<Shared<H>>, held: Held) -> Option<Outcome> {
    let Held { claim: Claim { lease, entry }, until } = held;
    if lease.attempt > shared.options.max_attempts {
        let reason = "attempts exhausted: the last one did not come to an end";
        return Some(Outcome::park(State::Dead, reason));
    }
    let event = match decode(&entry) {
        Ok(Event::Unknown(unknown)) if !shared.options.unknown_events => {
            shared.metrics.unknown(unknown.event_type().as_str());
            return Some(Outcome::park(State::Unknown, "the wire type is not known"));
        }
        Ok(event) => event,
        Err(reason) => {
            shared.metrics.malformed();
            return Some(Outcome::park(State::Malformed, reason));
        }
    };
    let completion = Completion::new(lease);
    let received = Received {
        event,
        number: entry.number,
        source: entry.source,
        attempt: lease.attempt,
        received_at: entry.received_at,
        conflict: entry.conflict,
        completion: completion.clone(),
        raw: Raw(entry.raw),
    };
    let began = Instant::now();
    let result = run(shared, &completion, until, received).await?;
    shared.metrics.handler_took(began.elapsed());
    let mut outcome = match result {
        // Where the transaction has been committed, this finds no lease, and nothing is
        // left to do. Where it was rolled back, the event is not done.
        Ok(()) if completion.has_begun() => {
            failed(shared, lease, "the handler's transaction was not committed".to_owned())
        }
        Ok(()) => Outcome { result: "done", settlement: Settlement::Done, otherwise: LOST },
        Err(Failed { permanent: true, reason }) => Outcome::park(State::Dead, reason),
        Err(Failed { reason, .. }) => failed(shared, lease, reason),
    };
    if completion.may_be_done() {
        outcome.otherwise = "done";
    }
    Some(outcome)
}

/// Another attempt, unless this was the last.
fn failed<H>(shared: &Shared<H>, lease: Lease, reason: String) -> Outcome {
    if lease.attempt >= shared.options.max_attempts {
        return Outcome::park(State::Dead, format!("attempts exhausted: {reason}"));
    }
    let pause = shared.options.backoff.after(lease.attempt, fastrand::f64());
    let due_at = after(shared.clock.now(), pause);
    let settlement = Settlement::Retry { due_at, reason };
    Outcome { result: "retry", settlement, otherwise: LOST }
}

fn decode(entry: &StoredEntry) -> Result<Event, String> {
    let text = std::str::from_utf8(&entry.raw).map_err(|_| "the entry is not UTF-8".to_owned())?;
    let entry = Entry::from_json(text).map_err(|error| error.to_string())?;
    entry.decode().map_err(|error: EntryError| error.to_string())
}

struct Failed {
    permanent: bool,
    reason: String,
}

impl From<HandlerError> for Failed {
    fn from(error: HandlerError) -> Self {
        Self { permanent: error.is_permanent(), reason: error.reason() }
    }
}

/// Runs the handler in a task of its own, so that its panic stays there, while
/// the lease is extended. `None` if the lease was lost; the handler is stopped.
async fn run<H: Handler>(
    shared: &Arc<Shared<H>>,
    completion: &Completion,
    until: Option<Instant>,
    received: Received,
) -> Option<Result<(), Failed>> {
    // A set ends its task when it is dropped, which a handle does not.
    let mut task = JoinSet::new();
    let handler = Arc::clone(&shared.handler);
    let limit = shared.options.handler_timeout;
    task.spawn(async move { timeout(limit, handler.handle(received)).await }.in_current_span());
    let failed = |reason: &str| Err(Failed { permanent: false, reason: reason.to_owned() });
    tokio::select! {
        ended = task.join_next() => Some(match ended {
            Some(Ok(Ok(Ok(())))) => Ok(()),
            Some(Ok(Ok(Err(error)))) => Err(error.into()),
            Some(Ok(Err(_))) => failed("the handler took too long"),
            Some(Err(error)) if error.is_panic() => failed("the handler panicked"),
            Some(Err(_)) | None => failed("the handler was stopped"),
        }),
        () = lost(shared, completion, until) => None,
    }
}

/// Extends the lease again and again; ends when it is lost, or may be.
async fn lost<H: Handler>(
    shared: &Arc<Shared<H>>,
    completion: &Completion,
    mut until: Option<Instant>,
) {
    let duration = shared.options.lease;
    let period = (duration / 3).max(Duration::from_millis(1));
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is now, when the lease is new.
    ticks.tick().await;
    loop {
        let extending = async {
            ticks.tick().await;
            let began = Instant::now();
            let now = shared.clock.now();
            (began, shared.store.extend(vec![completion.lease()], now, duration).await)
        };
        // The store may not answer, and others may reach it: this end needs no store.
        let extended = match until {
            Some(end) => timeout_at(end, extending).await,
            None => Ok(extending.await),
        };
        let is_lost = match extended {
            Ok((_, Ok(held))) if held.is_empty() => true,
            Ok((began, Ok(_))) => {
                until = began.checked_add(duration);
                false
            }
            Ok((_, Err(error))) => {
                tracing::warn!(error = &error as &dyn Error, "the lease is not extended");
                false
            }
            Err(_) => true,
        };
        if is_lost && completion.may_be_done() {
            // Its own transaction has ended the lease, or keeps others from the entry until
            // it ends. What the handler still does, it may end in peace.
            return std::future::pending().await;
        }
        if is_lost {
            return;
        }
    }
}
