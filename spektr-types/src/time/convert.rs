//! Conversions to and from the time types of the standard library and of the time crates, with
//! one feature for each crate.
//!
//! All of these types can hold every [`Timestamp`], and also times before 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Timestamp, TimestampError};

const NANOSECONDS: i128 = 1_000_000;

/// Returns the time that is this number of nanoseconds after the epoch, in whole milliseconds.
/// It rounds down, so a time before 1970 stays out of range.
fn from_nanoseconds(nanoseconds: i128) -> Result<Timestamp, TimestampError> {
    let millis = i64::try_from(nanoseconds.div_euclid(NANOSECONDS));
    Timestamp::from_millis(millis.map_err(|_| TimestampError(()))?)
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_millis(time.as_millis().unsigned_abs())
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampError;

    /// Drops fractions of a millisecond.
    fn try_from(time: SystemTime) -> Result<Self, TimestampError> {
        let elapsed = time.duration_since(UNIX_EPOCH).map_err(|_| TimestampError(()))?;
        from_nanoseconds(i128::try_from(elapsed.as_nanos()).map_err(|_| TimestampError(()))?)
    }
}

#[cfg(feature = "jiff-1")]
impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        // jiff's last second is that of `Timestamp::MAX`, so no time is changed.
        Self::from_millisecond(time.as_millis()).unwrap_or(Self::MAX)
    }
}

#[cfg(feature = "jiff-1")]
impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = TimestampError;

    /// Drops fractions of a millisecond.
    fn try_from(time: jiff::Timestamp) -> Result<Self, TimestampError> {
        from_nanoseconds(time.as_nanosecond())
    }
}

#[cfg(feature = "time-0_3")]
impl From<Timestamp> for time::OffsetDateTime {
    fn from(time: Timestamp) -> Self {
        Self::UNIX_EPOCH + time::Duration::milliseconds(time.as_millis())
    }
}

#[cfg(feature = "time-0_3")]
impl TryFrom<time::OffsetDateTime> for Timestamp {
    type Error = TimestampError;

    /// Drops fractions of a millisecond.
    fn try_from(time: time::OffsetDateTime) -> Result<Self, TimestampError> {
        from_nanoseconds(time.unix_timestamp_nanos())
    }
}

#[cfg(feature = "chrono-0_4")]
impl From<Timestamp> for chrono::DateTime<chrono::Utc> {
    fn from(time: Timestamp) -> Self {
        // chrono's years have six digits, so no time is changed.
        Self::from_timestamp_millis(time.as_millis()).unwrap_or(Self::MAX_UTC)
    }
}

#[cfg(feature = "chrono-0_4")]
impl TryFrom<chrono::DateTime<chrono::Utc>> for Timestamp {
    type Error = TimestampError;

    /// Drops fractions of a millisecond.
    fn try_from(time: chrono::DateTime<chrono::Utc>) -> Result<Self, TimestampError> {
        // Rounds down, as `from_nanoseconds` does.
        Self::from_millis(time.timestamp_millis())
    }
}
