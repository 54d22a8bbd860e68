//! The pauses between attempts.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The pauses between attempts: doubling from the first to the longest, each shortened at
/// random by up to a half, so that events that failed together are not tried again together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// Creates a backoff with the pause after the first attempt, and the longest pause.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// Returns the shortest and the longest time from the first attempt to the last, without
    /// the duration of the attempts themselves.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use spektr_inbox::Backoff;
    ///
    /// let backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(60));
    /// assert_eq!(backoff.horizon(3), Duration::from_secs(3)..=Duration::from_secs(6));
    /// ```
    #[must_use]
    pub fn horizon(&self, attempts: u32) -> RangeInclusive<Duration> {
        // After this many attempts, each pause is the longest.
        const DOUBLED: u32 = 33;
        let pauses = attempts.saturating_sub(1);
        let sum = |random| {
            let early = (1..=pauses.min(DOUBLED)).map(|attempt| self.after(attempt, random));
            let late = self.after(u32::MAX, random).checked_mul(pauses.saturating_sub(DOUBLED));
            early.fold(late.unwrap_or(Duration::MAX), Duration::saturating_add)
        };
        sum(1.0)..=sum(0.0)
    }

    pub(super) const fn longest(&self) -> Duration {
        self.longest
    }

    /// Returns the pause after an attempt, counted from 1; `random` is from 0 up to 1.
    pub(crate) fn after(&self, attempt: u32, random: f64) -> Duration {
        let doubled = 2_u32.checked_pow(attempt.saturating_sub(1));
        let full = doubled.and_then(|factor| self.first.checked_mul(factor));
        let full = full.unwrap_or(self.longest).min(self.longest);
        // Half of a duration always fits in a duration, whatever the rounding.
        full.saturating_sub((full / 2).mul_f64(random))
    }
}

impl Default for Backoff {
    /// Pauses from a second to an hour.
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(3600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_never_overflow() {
        let backoff = Backoff::default();
        let seconds = |attempt| backoff.after(attempt, 0.0).as_secs();
        assert_eq!([1, 2, 3, 12, 13, 40, u32::MAX].map(seconds), [1, 2, 4, 2048, 3600, 3600, 3600]);
    }

    #[test]
    fn the_horizon_is_the_sum_of_the_pauses() {
        let backoff = Backoff::default();
        let seconds = |attempts| {
            let horizon = backoff.horizon(attempts);
            (horizon.start().as_secs(), horizon.end().as_secs())
        };
        assert_eq!([0, 1, 2, 3].map(seconds), [(0, 0), (0, 0), (0, 1), (1, 3)]);
        // From four hours to eight: 1 + 2 + … + 2048, and an hour seven times.
        assert_eq!(seconds(20), (14_647, 29_295));
        let many = backoff.horizon(1_000_000);
        assert_eq!(many.end().as_secs(), 4095 + (999_999 - 12) * 3600);
        let endless = Backoff::new(Duration::MAX, Duration::MAX);
        assert_eq!(endless.horizon(u32::MAX), Duration::MAX..=Duration::MAX);
    }

    #[test]
    fn chance_shortens_a_pause_by_up_to_a_half() {
        let backoff = Backoff::new(Duration::from_secs(8), Duration::from_secs(8));
        assert_eq!(backoff.after(1, 0.5), Duration::from_secs(6));
        assert_eq!(backoff.after(1, 1.0), Duration::from_secs(4));
        let endless = Backoff::new(Duration::MAX, Duration::MAX);
        assert_eq!(endless.after(1, 0.0), Duration::MAX);
        assert!(endless.after(1, 1.0) >= Duration::MAX / 2);
    }
}
