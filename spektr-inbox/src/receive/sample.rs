//! Samples of equal log lines: anybody can cause such lines.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The number of lines of a kind that are logged in a [`PERIOD`].
const LINES: u64 = 5;
const PERIOD: Duration = Duration::from_secs(10);

/// Counts the lines of each kind. Kinds are few and fixed.
#[derive(Default)]
pub(super) struct Samples(Mutex<HashMap<&'static str, Period>>);

struct Period {
    began: Instant,
    lines: u64,
}

impl Samples {
    /// Returns `Some` if a line is to be logged now: the number of lines suppressed in the last
    /// period.
    pub(super) fn take(&self, kind: &'static str) -> Option<u64> {
        self.take_at(kind, Instant::now())
    }

    fn take_at(&self, kind: &'static str, now: Instant) -> Option<u64> {
        let mut periods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let period = periods.entry(kind).or_insert(Period { began: now, lines: 0 });
        let mut suppressed = 0;
        if now.saturating_duration_since(period.began) >= PERIOD {
            suppressed = period.lines.saturating_sub(LINES);
            *period = Period { began: now, lines: 0 };
        }
        period.lines += 1;
        (period.lines <= LINES).then_some(suppressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_lines_of_each_kind_pass_and_the_rest_is_counted() {
        let samples = Samples::default();
        let start = Instant::now();
        let passed =
            |now, kind| (0..100).filter_map(|_| samples.take_at(kind, now)).collect::<Vec<_>>();
        assert_eq!(passed(start, "a"), [0; 5]);
        assert!(passed(start + PERIOD / 2, "a").is_empty());
        assert_eq!(passed(start + PERIOD / 2, "b"), [0; 5]);
        assert_eq!(passed(start + PERIOD, "a"), [195, 0, 0, 0, 0]);
    }
}
