//! Conversions to and from the types of the time crates, one feature each.
//!
//! All of them reach further back than [`Timestamp`], which begins in 1970.

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
use super::{Timestamp, TimestampError};

#[cfg(feature = "jiff")]
impl TryFrom<Timestamp> for jiff::Timestamp {
    type Error = TimestampError;

    fn try_from(time: Timestamp) -> Result<Self, TimestampError> {
        jiff::Timestamp::from_millisecond(time.as_millis()).map_err(|_| TimestampError(()))
    }
}

#[cfg(feature = "jiff")]
impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = TimestampError;

    /// Cuts off fractions of a millisecond.
    fn try_from(time: jiff::Timestamp) -> Result<Self, TimestampError> {
        Self::from_millis(time.as_millisecond())
    }
}

#[cfg(feature = "time")]
impl TryFrom<Timestamp> for time::OffsetDateTime {
    type Error = TimestampError;

    fn try_from(time: Timestamp) -> Result<Self, TimestampError> {
        let nanoseconds = i128::from(time.as_millis()) * 1_000_000;
        time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).map_err(|_| TimestampError(()))
    }
}

#[cfg(feature = "time")]
impl TryFrom<time::OffsetDateTime> for Timestamp {
    type Error = TimestampError;

    /// Cuts off fractions of a millisecond.
    fn try_from(time: time::OffsetDateTime) -> Result<Self, TimestampError> {
        let millis = time.unix_timestamp_nanos() / 1_000_000;
        Self::from_millis(i64::try_from(millis).map_err(|_| TimestampError(()))?)
    }
}

#[cfg(feature = "chrono")]
impl TryFrom<Timestamp> for chrono::DateTime<chrono::Utc> {
    type Error = TimestampError;

    fn try_from(time: Timestamp) -> Result<Self, TimestampError> {
        Self::from_timestamp_millis(time.as_millis()).ok_or(TimestampError(()))
    }
}

#[cfg(feature = "chrono")]
impl TryFrom<chrono::DateTime<chrono::Utc>> for Timestamp {
    type Error = TimestampError;

    /// Cuts off fractions of a millisecond.
    fn try_from(time: chrono::DateTime<chrono::Utc>) -> Result<Self, TimestampError> {
        Self::from_millis(time.timestamp_millis())
    }
}
