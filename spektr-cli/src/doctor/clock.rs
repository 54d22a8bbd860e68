//! The clock of this machine, compared with the clock of another machine.

use std::time::Duration;

use super::Finding;
use crate::time;

/// The tolerated difference of two clocks. A header has no fractions of a second, and `serve`
/// warns from this difference on.
const TOLERANCE: Duration = Duration::from_secs(2);

const REMEDY: &str =
    "set the clock that is wrong; `timedatectl` says whether this machine's is synchronized";

/// Judges by how many milliseconds this machine's clock is ahead of another clock. A difference of
/// `too_far` or more is a fault.
pub(super) fn clock(whose: &str, ahead_ms: i64, too_far: Duration) -> Finding {
    let subject = format!("clock of {whose}");
    let difference = Duration::from_millis(ahead_ms.unsigned_abs());
    if difference <= TOLERANCE {
        return Finding::ok(subject, "the same as this machine's");
    }
    let direction = if ahead_ms > 0 { "ahead" } else { "behind" };
    let text = format!("this machine's clock is {} {direction}", time::span(rounded(difference)));
    if difference < too_far {
        Finding::warning(subject, text, REMEDY)
    } else {
        Finding::fault(subject, text, REMEDY)
    }
}

/// Rounds to a second; from two minutes on, to a minute.
fn rounded(difference: Duration) -> Duration {
    let unit = if difference < Duration::from_secs(120) { 1_000 } else { 60_000 };
    let units = (difference.as_millis() + unit / 2) / unit;
    Duration::from_millis(u64::try_from(units * unit).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn a_difference_counts_from_two_seconds_on_and_is_a_fault_where_it_is_too_far() {
        let judged = |ahead_ms| {
            let finding = clock("them", ahead_ms, Duration::from_secs(300));
            (finding.level, finding.text)
        };
        let same = "the same as this machine's".to_owned();
        assert_eq!(judged(2_000), (Severity::Ok, same.clone()));
        assert_eq!(judged(-2_000), (Severity::Ok, same));
        let text = |text: &str| format!("this machine's clock is {text}");
        assert_eq!(judged(2_600), (Severity::Warning, text("3 s ahead")));
        assert_eq!(judged(-299_999), (Severity::Warning, text("5 min behind")));
        assert_eq!(judged(300_000), (Severity::Fault, text("5 min ahead")));
        assert_eq!(judged(-3_599_400), (Severity::Fault, text("1 h behind")));
    }
}
