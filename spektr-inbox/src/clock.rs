//! Time as an input: only [`SystemClock`] reads the system's time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spektr_types::Timestamp;

/// Tells the inbox what time it is. Closures are clocks.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync + 'static> Clock for F {
    fn now(&self) -> Timestamp {
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
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Returns the point in time for a number of milliseconds since the epoch, clamped to valid
/// times.
pub(crate) fn from_millis(millis: i64) -> Timestamp {
    let millis = millis.clamp(0, Timestamp::MAX.as_millis());
    Timestamp::from_millis(millis).unwrap_or(Timestamp::MAX)
}

/// Returns the point in time a duration later.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    from_millis(time.as_millis().saturating_add(millis))
}

/// Returns the point in time a duration earlier.
pub(crate) fn before(time: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    from_millis(time.as_millis().saturating_sub(millis))
}

/// Returns the duration, but at most a year, so that it can be added to any point in time.
pub(crate) fn at_most_a_year(duration: Duration) -> Duration {
    duration.min(Duration::from_secs(365 * 24 * 3600))
}
