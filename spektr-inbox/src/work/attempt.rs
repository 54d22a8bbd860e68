//! One attempt: decode, run the handler under a lease, settle.

use std::sync::Arc;
use std::time::Duration;

use spektr_types::Event;
use tokio::task::{JoinError, JoinSet};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::breaker::{Breaker, DestinationFailure};
use super::handler::{
    DestinationReport, EntryJson, Handler, HandlerError, HandlerErrorKind, Handling, Malformed,
    Received,
};
use super::shared::{ClaimedEntry, STOP_LIMIT, WorkerContext};
use crate::clock::after;
use crate::decode::{Undecodable, decode};
use crate::metrics::type_label;
use crate::store::{Claim, Completion, Lease, Settlement, State};
use crate::trace;

/// The outcome of an attempt, and its name in the metrics.
struct AttemptOutcome {
    result: &'static str,
    settlement: Settlement,
    /// The name in the metrics if the lease is not held any more: lost, unless the handler's
    /// own transaction has ended it.
    otherwise: &'static str,
    /// The status of the HTTP response, if the handler has set one.
    status: Option<u16>,
    /// Whether the reason may be logged: it is a text of this crate, or the handler has allowed
    /// it.
    is_reason_logged: bool,
}

const LOST: &str = "lease_lost";

/// The result in a trace of an attempt that the shutdown of the workers ends, which is not
/// counted.
const STOPPED: &str = "stopped";

/// The result in a trace of an attempt whose outcome the store did not record.
const UNRECORDED: &str = "not_recorded";

impl AttemptOutcome {
    fn new(result: &'static str, settlement: Settlement) -> Self {
        Self { result, settlement, otherwise: LOST, status: None, is_reason_logged: false }
    }

    fn park(state: State, reason: impl Into<String>) -> Self {
        Self::new(state.as_str(), Settlement::Park { state, reason: reason.into() })
    }

    /// Parks with a reason that may be logged, because it contains nothing of the event.
    fn park_and_say(state: State, reason: &'static str) -> Self {
        Self { is_reason_logged: true, ..Self::park(state, reason) }
    }
}

/// The end of an attempt.
enum AttemptEnd {
    /// The attempt has an outcome to record.
    Outcome(AttemptOutcome),
    /// The lease is not held any more, and the handler was stopped.
    Lost,
    /// The handler was stopped together with the workers, and has ended. The lease can be given
    /// back.
    Stopped,
    /// The handler was stopped but is still running, because it does not yield.
    Running,
}

/// Works on a claimed entry until its lease is settled, is lost, or can be given back.
pub(super) async fn attempt<H: Handler>(shared: Arc<WorkerContext<H>>, held: ClaimedEntry) {
    let claim = &held.claim;
    let trace = trace_of(&shared, claim);
    let span = tracing::info_span!(
        "spektr_event",
        number = claim.lease.number,
        event_id = claim.entry.id,
        event_type = claim.entry.wire_type,
        attempt = claim.lease.attempt,
    );
    work(&shared, held, &trace).instrument(span).instrument(trace.clone()).await;
}

/// The span of the attempt in the trace of its entry. The attempt's other span is for the log.
fn trace_of<H>(shared: &WorkerContext<H>, claim: &Claim) -> Span {
    let Claim { lease, entry } = claim;
    let span = tracing::trace_span!(
        target: trace::TARGET,
        parent: None,
        "process",
        otel.name = format_args!("process {}", entry.source),
        otel.kind = "consumer",
        otel.status_code = Empty,
        error.type = Empty,
        messaging.system = trace::SYSTEM,
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = entry.source,
        messaging.message.id = entry.id.as_deref().map(trace::beginning),
        messaging.message.body.size = trace::number(entry.raw.len()),
        spektr.entry = entry.number,
        spektr.event_type = entry.wire_type.as_deref().map(trace::beginning),
        spektr.attempt = i64::from(lease.attempt),
        spektr.result = Empty,
    );
    if let (Some(propagation), Some(accepted)) = (&shared.propagation, entry.trace) {
        propagation.set_parent(&span, accepted);
        if lease.attempt > 1 {
            propagation.link(&span, accepted);
        }
    }
    span
}

/// Records the outcome of an attempt in the trace.
fn ended(trace: &Span, result: &'static str) {
    trace.record("spektr.result", result);
    if result != "done" {
        trace.record("otel.status_code", "ERROR");
        trace.record("error.type", result);
    }
}

async fn work<H: Handler>(shared: &Arc<WorkerContext<H>>, held: ClaimedEntry, trace: &Span) {
    let lease = held.claim.lease;
    let event_type = type_label(held.claim.entry.wire_type.as_deref());
    match outcome(shared, held, trace).await {
        AttemptEnd::Outcome(outcome) => {
            ended(trace, settle(shared, lease, outcome, event_type).await);
        }
        AttemptEnd::Lost => {
            ended(trace, LOST);
            shared.metrics.attempted(event_type, LOST);
            tracing::warn!("the lease was lost, and the attempt given up");
        }
        // The lease stays among the idle ones, which the workers give back together.
        AttemptEnd::Stopped => return ended(trace, STOPPED),
        AttemptEnd::Running => {
            ended(trace, STOPPED);
            tracing::warn!("the handler does not stop: its lease must expire");
        }
    }
    shared.idle().remove(&lease.token);
}

/// Records the outcome of the attempt, and returns the outcome's name.
async fn settle<H: Handler>(
    shared: &Arc<WorkerContext<H>>,
    lease: Lease,
    outcome: AttemptOutcome,
    event_type: &'static str,
) -> &'static str {
    let AttemptOutcome { result, settlement, otherwise, status, is_reason_logged } = outcome;
    let now = shared.clock.now();
    let due_at = settlement.due_at(now);
    // Other reasons stay in the store: they may contain data that the handler wrote.
    let reason = settlement.reason().filter(|_| is_reason_logged).map(str::to_owned);
    let reason = reason.as_deref();
    let is_parked = matches!(settlement, Settlement::Park { .. });
    let next_attempt = matches!(settlement, Settlement::Retry { .. }).then_some(due_at);
    let settled = shared.store.settle_with_status(lease, settlement, status, now).await;
    shared.outages.settle.note(&settled);
    match settled {
        Ok(true) => {
            shared.metrics.attempted(event_type, result);
            // One line for each failed attempt. A deferred attempt needs none: either the
            // breaker has logged the outage, or the handler chose to defer.
            if is_parked {
                tracing::warn!(result, reason, "the event is parked, until somebody looks");
            } else if let Some(next_attempt) = next_attempt {
                tracing::warn!(%next_attempt, reason, "the attempt has failed");
            } else {
                tracing::debug!(result, reason, "attempt ended");
            }
            result
        }
        Ok(false) => {
            shared.metrics.attempted(event_type, otherwise);
            if otherwise == LOST {
                tracing::warn!(result, "the lease was lost before the end");
            }
            otherwise
        }
        // The lease expires, and the event is handled again.
        Err(_) => UNRECORDED,
    }
}

/// Decodes the entry and runs the handler.
async fn outcome<H: Handler>(
    shared: &Arc<WorkerContext<H>>,
    held: ClaimedEntry,
    trace: &Span,
) -> AttemptEnd {
    let ClaimedEntry { claim: Claim { lease, entry }, until, permit } = held;
    // The claim has waited longer than the lease lasts.
    if until.is_some_and(|end| end <= Instant::now()) {
        return AttemptEnd::Lost;
    }
    if lease.attempt > shared.options.max_attempts {
        let reason = "attempts exhausted: the last one did not come to an end";
        return AttemptEnd::Outcome(AttemptOutcome::park_and_say(State::Dead, reason));
    }
    let decoded = match decode(&entry.raw) {
        Ok(Event::Unknown(unknown)) if !shared.options.unknown_events => {
            shared.metrics.unknown(unknown.event_type().as_str());
            let reason = "the wire type is not known";
            return AttemptEnd::Outcome(AttemptOutcome::park_and_say(State::Unknown, reason));
        }
        Ok(event) => Ok(event),
        Err(Undecodable { reason, is_text }) => {
            if lease.attempt == 1 {
                shared.metrics.malformed(type_label(entry.wire_type.as_deref()));
            }
            match &shared.of_malformed {
                Some(function) if is_text => Err((reason, Arc::clone(function))),
                _ => return AttemptEnd::Outcome(AttemptOutcome::park(State::Malformed, reason)),
            }
        }
    };
    let completion = Completion::new(lease);
    let received_at = entry.received_at;
    let status = DestinationReport::default();
    let received = Received {
        event: (),
        number: entry.number,
        source: entry.source,
        attempt: lease.attempt,
        received_at: entry.received_at,
        conflict: entry.conflict,
        completion: completion.clone(),
        status: status.clone(),
        raw: EntryJson(entry.raw),
    };
    let handler = Arc::clone(&shared.handler);
    let handling: Handling = match decoded {
        Ok(event) => {
            let ((), received) = received.replace(event);
            Box::pin(async move { handler.handle(received).await }.instrument(trace.clone()))
        }
        Err((reason, function)) => {
            let malformed = Malformed { reason, event_id: entry.id, wire_type: entry.wire_type };
            let ((), received) = received.replace(malformed);
            Box::pin(async move { function(received).await }.instrument(trace.clone()))
        }
    };
    permit.begin(shared.clock.now());
    let began = Instant::now();
    let result = match run(shared, &completion, until, handling).await {
        Ok(result) => result,
        Err(end) => return end,
    };
    shared.metrics.handler_took(began.elapsed());
    // A reason that is not from the handler is a text of this crate.
    let is_reason_logged = result.as_ref().err().is_none_or(HandlerError::is_reason_logged);
    let mut outcome = match result {
        // If the transaction was committed, this settlement finds no lease and changes nothing.
        // If it was rolled back, the event is not done.
        Ok(()) if completion.has_begun() => {
            let reason = "the handler's transaction was not committed".to_owned();
            failed(shared, lease, reason, Duration::ZERO)
        }
        Ok(()) if status.is_not_asked() => AttemptOutcome::new("done", Settlement::Done),
        Ok(()) => {
            shared.options.breaker.succeeded(shared.clock.now(), &shared.metrics);
            AttemptOutcome::new("done", Settlement::Done)
        }
        Err(error) => {
            let reason = error.reason();
            match error.kind() {
                HandlerErrorKind::Permanent => AttemptOutcome::park(State::Dead, reason),
                HandlerErrorKind::Retry => failed(shared, lease, reason, Duration::ZERO),
                HandlerErrorKind::Defer(pause) => deferred(shared, pause, reason),
                HandlerErrorKind::Destination { retry_after } => {
                    let now = shared.clock.now();
                    let failure = DestinationFailure {
                        number: lease.number,
                        now,
                        retry_after,
                        reason: &reason,
                    };
                    if shared.options.breaker.failed(&permit, &failure, &shared.metrics) {
                        failed(shared, lease, reason, retry_after.unwrap_or_default())
                    } else {
                        // Due at once, because the breaker decides when the entry is claimed
                        // again.
                        deferred(shared, Duration::ZERO, reason)
                    }
                }
            }
        }
    };
    if let Settlement::Retry { reason, .. } | Settlement::Defer { reason, .. } = &outcome.settlement
    {
        let is_over = |age| after(received_at, age) <= shared.clock.now();
        if shared.options.give_up_after.is_some_and(is_over) {
            outcome = AttemptOutcome::park(State::Dead, format!("given up for its age: {reason}"));
        }
    }
    if completion.may_be_done() {
        outcome.otherwise = "done";
    }
    outcome.status = status.told();
    outcome.is_reason_logged = is_reason_logged;
    AttemptEnd::Outcome(outcome)
}

/// Returns an outcome with another attempt; this attempt does not count.
fn deferred<H>(shared: &WorkerContext<H>, pause: Duration, reason: String) -> AttemptOutcome {
    // A longer pause would look like the due time of a clock that has been put back.
    let pause = pause.min(shared.options.longest());
    let due_at = after(shared.clock.now(), pause);
    AttemptOutcome::new("deferred", Settlement::Defer { due_at, reason })
}

/// Returns an outcome with another attempt after at least the pause `asked`, or a dead letter
/// after the last attempt.
fn failed<H>(
    shared: &WorkerContext<H>,
    lease: Lease,
    reason: String,
    asked: Duration,
) -> AttemptOutcome {
    if lease.attempt >= shared.options.max_attempts {
        return AttemptOutcome::park(State::Dead, format!("attempts exhausted: {reason}"));
    }
    let pause = shared.options.backoff.after(lease.attempt, fastrand::f64());
    let pause = pause.max(asked.min(Breaker::LONGEST_RETRY_AFTER));
    let due_at = after(shared.clock.now(), pause);
    AttemptOutcome::new("retry", Settlement::Retry { due_at, reason })
}

/// Runs the handler in a task of its own, so that a panic stays there, and extends the lease
/// meanwhile. If the lease is lost or the workers stop, the handler is aborted. The function
/// then waits until the handler has ended, because the handler only stops where it yields.
async fn run<H: Handler>(
    shared: &Arc<WorkerContext<H>>,
    completion: &Completion,
    mut until: Option<Instant>,
    handling: Handling,
) -> Result<Result<(), HandlerError>, AttemptEnd> {
    let mut stop = shared.stop.subscribe();
    if *stop.borrow() {
        return Err(AttemptEnd::Stopped);
    }
    let lease = completion.lease();
    // While the handler runs, nobody gives the lease back.
    shared.idle().remove(&lease.token);
    let mut task = JoinSet::new();
    let limit = shared.options.handler_timeout;
    task.spawn(timeout(limit, handling).in_current_span());
    let end = tokio::select! {
        ended = task.join_next() => {
            shared.idle().insert(lease.token, lease);
            return Ok(result(ended).unwrap_or_else(|| failure("the handler was stopped")));
        }
        () = lost(shared, completion, &mut until) => AttemptEnd::Lost,
        _ = stop.wait_for(|is_wanted| *is_wanted) => AttemptEnd::Stopped,
    };
    task.abort_all();
    let left = until.map(|end| end.saturating_duration_since(Instant::now()));
    let limit = match end {
        // A lease that has expired need not be given back.
        AttemptEnd::Stopped => left.map_or(STOP_LIMIT, |left| left.min(STOP_LIMIT)),
        _ => STOP_LIMIT,
    };
    let Ok(ended) = timeout(limit, task.join_next()).await else { return Err(AttemptEnd::Running) };
    shared.idle().insert(lease.token, lease);
    // The handler may have finished before it was aborted.
    result(ended).ok_or(end)
}

type JoinedHandler = Result<Result<Result<(), HandlerError>, Elapsed>, JoinError>;

/// Returns the result of the handler; `None` if it was aborted.
fn result(ended: Option<JoinedHandler>) -> Option<Result<(), HandlerError>> {
    match ended? {
        Ok(Ok(result)) => Some(result),
        Ok(Err(_)) => Some(failure("the handler took too long")),
        Err(error) if error.is_panic() => Some(failure("the handler panicked")),
        Err(_) => None,
    }
}

fn failure(reason: &str) -> Result<(), HandlerError> {
    Err(HandlerError::retry(reason).with_reason_logged())
}

/// Extends the lease again and again. Returns when the lease is lost, or may be.
async fn lost<H: Handler>(
    shared: &Arc<WorkerContext<H>>,
    completion: &Completion,
    until: &mut Option<Instant>,
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
        // The deadline does not depend on the store: the store may not answer this worker while
        // it answers others.
        let extended = match *until {
            Some(end) => timeout_at(end, extending).await,
            None => Ok(extending.await),
        };
        if let Ok((_, answer)) = &extended {
            shared.outages.extend.note(answer);
        }
        let is_lost = match extended {
            Ok((_, Ok(held))) if held.is_empty() => true,
            Ok((began, Ok(_))) => {
                *until = began.checked_add(duration);
                false
            }
            Ok((_, Err(_))) => false,
            Err(_) => true,
        };
        if is_lost && completion.may_be_done() {
            // The handler's own transaction has ended the lease, or keeps other workers from
            // the entry until it ends. Let the handler finish the rest of its work.
            return std::future::pending().await;
        }
        if is_lost {
            return;
        }
    }
}
