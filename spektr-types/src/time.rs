//! Points in time, in the units that spektr uses.

mod convert;
mod rfc_3339;

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// The events page gives `createdAt` in milliseconds, and the signature guide gives `timestamp`
/// in seconds, but neither names the unit. On the wire, a number below
/// [`SECONDS_BELOW`](Self::SECONDS_BELOW) is read as seconds, and any other as milliseconds.
/// Fractions of a millisecond are cut off. Negative numbers and times after [`MAX`](Self::MAX)
/// are refused.
///
/// # Examples
///
/// ```
/// use spektr_types::Timestamp;
///
/// let millis: Timestamp = serde_json::from_str("1672531199000")?;
/// let seconds: Timestamp = serde_json::from_str("1672531199")?;
/// assert_eq!(millis, seconds);
/// assert_eq!(millis.as_millis(), 1_672_531_199_000);
/// assert_eq!(serde_json::to_string(&seconds)?, "1672531199000");
/// assert_eq!(seconds.to_string(), "2022-12-31T23:59:59Z");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// `Display` writes RFC 3339 in UTC, with three digits for the milliseconds unless they are 0.
/// A `Timestamp` converts to `SystemTime` and, with the features `jiff-1`, `chrono-0_4` and
/// `time-0_3`, to the types of those crates. The conversions from these types fail if the time
/// is out of the range of `Timestamp`, and drop fractions of a millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last point in time, 9999-12-30T22:00:00Z. All time crates can represent it.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// Numbers below this one are seconds. As seconds, this number is in the year 5138; as
    /// milliseconds, in March 1973.
    pub const SECONDS_BELOW: i64 = 100_000_000_000;

    /// Returns the point in time that is a number of milliseconds after the epoch.
    ///
    /// # Errors
    ///
    /// Fails for negative numbers and for times after [`MAX`](Self::MAX).
    pub fn from_millis(millis: i64) -> Result<Self, TimestampError> {
        if (0..=Self::MAX.0).contains(&millis) { Ok(Self(millis)) } else { Err(TimestampError(())) }
    }

    /// Returns the milliseconds since the epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the epoch.
    pub fn as_seconds(self) -> i64 {
        self.0 / 1000
    }

    /// Returns the point in time that is `seconds` later, at most [`MAX`](Self::MAX).
    pub fn plus_seconds(self, seconds: u64) -> Self {
        let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        Self(self.0.saturating_add(millis).min(Self::MAX.0))
    }

    /// Reads the JSON text of a number; `None` for any other text.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        // The usual form: digits that fit an integer.
        let is_plain =
            (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain {
            let number = text.bytes().fold(0, |all, digit| all * 10 + i64::from(digit - b'0'));
            return Self::from_wire(number).ok();
        }
        serde_json::from_str(text).ok()
    }

    /// Reads a number of seconds or milliseconds.
    fn from_wire(number: i64) -> Result<Self, TimestampError> {
        let seconds = (0..Self::SECONDS_BELOW).contains(&number);
        Self::from_millis(if seconds { number * 1000 } else { number })
    }
}

/// The error for a number that is not a point in time within the range of [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampError(());

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a point in time from 1970 to 9999-12-30")
    }
}

impl std::error::Error for TimestampError {}

/// Writes milliseconds. A time before March 1973 is written in seconds, because its
/// milliseconds would be read as seconds.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 >= Self::SECONDS_BELOW {
            serializer.serialize_i64(self.0)
        } else if self.0 % 1000 == 0 {
            serializer.serialize_i64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("epoch milliseconds or seconds")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Timestamp, E> {
        Timestamp::from_wire(number)
            .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Timestamp, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Timestamp, E> {
        let seconds = number < Timestamp::SECONDS_BELOW as f64;
        let millis = if seconds { (number * 1000.0).round() } else { number };
        // Checks the range before the cast, which would give the nearest integer.
        if (0.0..=Timestamp::MAX.0 as f64).contains(&millis) {
            return Ok(Timestamp(millis as i64));
        }
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

#[cfg(feature = "schemars-1")]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<i64> {
        serde_json::from_str::<Timestamp>(json).ok().map(Timestamp::as_millis)
    }

    #[test]
    fn the_unit_is_told_by_magnitude() {
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("1731057600"), Some(1_731_057_600_000));
        assert_eq!(read("99999999999"), Some(99_999_999_999_000));
        assert_eq!(read("100000000000"), Some(100_000_000_000));
        assert_eq!(read("1672531199000"), Some(1_672_531_199_000));
    }

    #[test]
    fn what_is_written_is_read_as_the_same_time() {
        let around = [0, 1, 999, 1000, 1500, 86_399_999, 99_999_999_999, 100_000_000_000];
        for millis in
            around.into_iter().chain([Timestamp::MAX.0]).chain((0..2000).map(|n| n * 49_999_999))
        {
            let json = serde_json::to_string(&Timestamp(millis)).expect("a number");
            assert_eq!(read(&json), Some(millis), "{json}");
        }
    }

    #[test]
    fn fractions_and_exponents_are_numbers_too() {
        assert_eq!(read("1731057600.5"), Some(1_731_057_600_500));
        assert_eq!(read("1672531199000.9"), Some(1_672_531_199_000));
        assert_eq!(read("1.672531199e12"), Some(1_672_531_199_000));
        assert_eq!(read("-0.0"), Some(0));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        assert_eq!(read("253402207200000"), Some(Timestamp::MAX.as_millis()));
        for json in [
            "-1",
            "253402207200001",
            "9223372036854775808",
            "1e300",
            "-1e300",
            "-0.5",
            "\"1672531199\"",
            "null",
        ] {
            assert_eq!(read(json), None, "{json} is read as a point in time");
        }
    }

    #[test]
    fn adding_seconds_ends_at_the_last_point_in_time() {
        let start = Timestamp::from_millis(500).expect("in range");
        assert_eq!(start.plus_seconds(86_400).as_millis(), 86_400_500);
        assert_eq!(start.plus_seconds(u64::MAX), Timestamp::MAX);
    }
}
