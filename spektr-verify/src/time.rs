//! The clock as an input, in the unit of the signature headers.
//!
//! Only [`SystemClock`] reads the system's clock.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time in whole seconds since 1970-01-01T00:00:00Z.
///
/// A separate type, because the times inside the events are in milliseconds: a mix-up would
/// reject every delivery, or accept any.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use spektr_verify::UnixSeconds;
///
/// let signed_at = UnixSeconds::new(1_731_057_600);
/// assert_eq!(UnixSeconds::from(UNIX_EPOCH + Duration::from_secs(1_731_057_600)), signed_at);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UnixSeconds(u64);

impl UnixSeconds {
    /// 9999-12-31T23:59:59Z, the last second with a year of four digits.
    pub(crate) const END_OF_9999: Self = Self(253_402_300_799);

    /// Creates a point in time from the number of seconds since the epoch.
    #[must_use]
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the number of seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns the distance of two points in time, in either order.
    #[must_use]
    pub const fn abs_diff(self, other: Self) -> Duration {
        Duration::from_secs(self.0.abs_diff(other.0))
    }
}

impl From<SystemTime> for UnixSeconds {
    /// Drops the fraction of a second. A time before 1970 becomes 1970, which no tolerance
    /// accepts as a time of signing.
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tells a [`Verifier`](crate::Verifier) what time it is.
///
/// Closures are clocks, so a test can say `.with_clock(|| UnixSeconds::new(1_731_057_600))`.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> UnixSeconds;
}

impl<F> Clock for F
where
    F: Fn() -> UnixSeconds + Send + Sync + 'static,
{
    fn now(&self) -> UnixSeconds {
        self()
    }
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The operating system's clock.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    fn now(&self) -> UnixSeconds {
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_before_1970_is_read_as_1970() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(UnixSeconds::from(before), UnixSeconds::new(0));
    }

    #[test]
    fn the_distance_of_two_times_does_not_depend_on_their_order_or_overflow() {
        let (first, last) = (UnixSeconds::new(0), UnixSeconds::new(u64::MAX));
        assert_eq!(first.abs_diff(last), Duration::from_secs(u64::MAX));
        assert_eq!(last.abs_diff(first), Duration::from_secs(u64::MAX));
    }
}
