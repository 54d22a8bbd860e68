//! Log lines and pauses of workers while the store fails: only changes of state are logged, and
//! the pauses grow.

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use crate::store::StoreError;

/// The longest pause between two failing claims.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The least time between two outages of the same operation that are logged, so that a store
/// that fails now and then does not fill the log.
const GAP: Duration = Duration::from_secs(60);

/// The operations of the workers. Each of them can fail while the others succeed.
#[derive(Debug)]
pub(super) struct Outages {
    pub(super) claim: Outage,
    pub(super) extend: Outage,
    pub(super) settle: Outage,
}

impl Outages {
    pub(super) fn new() -> Self {
        let outage = |operation| Outage { operation, state: Mutex::default() };
        Self { claim: outage("claim"), extend: outage("extend"), settle: outage("settle") }
    }
}

/// The state of an operation, and which outages of it were logged.
#[derive(Debug)]
pub(super) struct Outage {
    operation: &'static str,
    state: Mutex<OutageState>,
}

#[derive(Debug, Default)]
struct OutageState {
    /// When the current outage began.
    began: Option<Instant>,
    failures: u32,
    is_logged: bool,
    /// When the last outage was logged.
    logged: Option<Instant>,
    /// The number of outages since then that were not logged.
    suppressed: u64,
}

impl Outage {
    /// Notes the result of the operation; logs the beginning and the end of an outage.
    pub(super) fn note<T>(&self, result: &Result<T, StoreError>) {
        let (operation, now) = (self.operation, Instant::now());
        match result {
            Err(error) => {
                if let Some(suppressed) = self.state().fail(now) {
                    tracing::error!(
                        operation,
                        error = error as &dyn Error,
                        suppressed,
                        "the store fails: further errors are counted and not logged"
                    );
                }
            }
            Ok(_) => {
                if let Some((lasted, failures)) = self.state().succeed(now) {
                    let seconds = lasted.as_secs();
                    tracing::info!(operation, seconds, failures, "the store works again");
                }
            }
        }
    }

    /// Returns how long to wait before the next claim: `poll`, or longer after failures in a
    /// row.
    pub(super) fn pause(&self, poll: Duration, random: f64) -> Duration {
        match self.state().failures {
            0 => poll,
            failures => Backoff::new(poll, LONGEST_PAUSE.max(poll)).after(failures, random),
        }
    }

    fn state(&self) -> MutexGuard<'_, OutageState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OutageState {
    /// Returns `Some` if this failure must be logged: with the number of outages that were not
    /// logged since the last logged outage.
    fn fail(&mut self, now: Instant) -> Option<u64> {
        self.failures = self.failures.saturating_add(1);
        if self.began.is_some() {
            return None;
        }
        self.began = Some(now);
        self.is_logged =
            self.logged.is_none_or(|logged| now.saturating_duration_since(logged) >= GAP);
        if !self.is_logged {
            self.suppressed += 1;
            return None;
        }
        self.logged = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }

    /// Returns `Some` if the end of the outage is to be logged: its duration, and the number of
    /// its failures.
    fn succeed(&mut self, now: Instant) -> Option<(Duration, u32)> {
        let failures = std::mem::take(&mut self.failures);
        let began = self.began.take()?;
        self.is_logged.then(|| (now.saturating_duration_since(began), failures))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Duration = Duration::from_millis(200);
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn an_outage_of_any_length_is_logged_at_its_beginning_and_its_end() {
        let start = Instant::now();
        let mut state = OutageState::default();
        assert_eq!(state.fail(start), Some(0));
        let logged = (1..18_000).filter_map(|count| state.fail(start + POLL * count)).count();
        assert_eq!(logged, 0);
        assert_eq!(state.succeed(start + HOUR), Some((HOUR, 18_000)));
        assert_eq!(state.succeed(start + HOUR), None);
    }

    #[test]
    fn a_store_that_fails_every_other_time_is_logged_once_a_minute() {
        let start = Instant::now();
        let mut state = OutageState::default();
        let (mut begun, mut ended, mut suppressed) = (0, 0, 0);
        for count in 0..9000 {
            let now = start + POLL * 2 * count;
            if let Some(untold) = state.fail(now) {
                begun += 1;
                suppressed += untold;
            }
            ended += u32::from(state.succeed(now + POLL).is_some());
        }
        assert_eq!((begun, ended), (60, 60));
        // The outages of the last minute have not been reported yet.
        assert_eq!(begun + suppressed + state.suppressed, 9000);
    }

    #[test]
    fn claims_that_fail_are_repeated_less_and_less_often() {
        let outage = Outages::new().claim;
        assert_eq!(outage.pause(POLL, 1.0), POLL);
        let (mut elapsed, mut claims) = (Duration::ZERO, 0);
        while elapsed < HOUR {
            outage.note::<()>(&Err(StoreError::Overloaded));
            claims += 1;
            // The shortest pause that jitter gives.
            elapsed += outage.pause(POLL, 1.0);
        }
        assert!(claims < 1450, "{claims}");
        outage.note(&Ok(()));
        assert_eq!(outage.pause(POLL, 1.0), POLL);
        assert_eq!(outage.pause(HOUR, 0.0), HOUR);
    }
}
