//! Every conversion of a point in time, in both directions, by exact values.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spektr_types::{Timestamp, TimestampError};
use time::OffsetDateTime;

type Chrono = chrono::DateTime<chrono::Utc>;

/// Milliseconds since the epoch, and the same as RFC 3339.
const MOMENTS: [(i64, &str); 12] = [
    (0, "1970-01-01T00:00:00Z"),
    (1, "1970-01-01T00:00:00.001Z"),
    (999, "1970-01-01T00:00:00.999Z"),
    (86_399_999, "1970-01-01T23:59:59.999Z"),
    (951_782_400_000, "2000-02-29T00:00:00Z"),
    (1_072_915_199_010, "2003-12-31T23:59:59.010Z"),
    (1_672_531_199_000, "2022-12-31T23:59:59Z"),
    (1_709_209_845_120, "2024-02-29T12:30:45.120Z"),
    (1_731_057_600_500, "2024-11-08T09:20:00.500Z"),
    (4_107_542_400_000, "2100-03-01T00:00:00Z"),
    (253_402_207_199_999, "9999-12-30T21:59:59.999Z"),
    (253_402_207_200_000, "9999-12-30T22:00:00Z"),
];

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).expect("in range")
}

#[test]
fn shows_itself_as_rfc_3339() {
    for (millis, text) in MOMENTS {
        assert_eq!(at(millis).to_string(), text);
    }
    assert_eq!(Timestamp::MAX.to_string(), MOMENTS[11].1);
    assert_eq!(format!("{:>21}", at(0)), " 1970-01-01T00:00:00Z");
}

/// Compares every day from 1970 to 2400, which covers a whole cycle of leap years.
#[test]
fn shows_the_dates_that_another_calendar_has() {
    for day in 0..157_100 {
        let time = at(day * 86_400_000);
        let expected = jiff::Timestamp::from_second(day * 86_400).expect("in range").to_string();
        assert_eq!(time.to_string(), expected, "day {day}");
    }
}

#[test]
fn converts_to_the_types_of_others_and_back() {
    for (millis, text) in MOMENTS {
        let time = at(millis);
        let elapsed = Duration::from_millis(millis.unsigned_abs());
        assert_eq!(SystemTime::from(time), UNIX_EPOCH + elapsed);
        assert_eq!(Timestamp::try_from(UNIX_EPOCH + elapsed), Ok(time));

        let expected: jiff::Timestamp = text.parse().expect("RFC 3339");
        assert_eq!(jiff::Timestamp::from(time), expected);
        assert_eq!(Timestamp::try_from(expected), Ok(time));

        let nanoseconds = i128::from(millis) * 1_000_000;
        let expected = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).expect("in range");
        assert_eq!(OffsetDateTime::from(time), expected);
        assert_eq!(Timestamp::try_from(expected), Ok(time));

        let expected: Chrono = text.parse().expect("RFC 3339");
        assert_eq!(Chrono::from(time), expected);
        assert_eq!(Timestamp::try_from(expected), Ok(time));
    }
}

/// Returns the time that each of the four conversions makes of a number of nanoseconds since the
/// epoch.
fn read_from_all(nanoseconds: i64) -> [Result<Timestamp, TimestampError>; 4] {
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    let system = if nanoseconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
    let jiff = jiff::Timestamp::from_nanosecond(nanoseconds.into()).expect("in range");
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into()).expect("in range");
    let chrono = Chrono::from_timestamp_nanos(nanoseconds);
    [system.try_into(), jiff.try_into(), time.try_into(), chrono.try_into()]
}

#[test]
fn drops_what_is_below_a_millisecond() {
    for (nanoseconds, millis) in [
        (999_999, 0),
        (1_000_000, 1),
        (1_999_999, 1),
        (1_731_057_600_500_999_999, 1_731_057_600_500),
    ] {
        assert_eq!(read_from_all(nanoseconds), [Ok(at(millis)); 4], "{nanoseconds} ns");
    }
}

#[test]
fn refuses_what_is_before_1970_even_by_a_nanosecond() {
    let expected = Timestamp::from_millis(-1).expect_err("before 1970");
    for nanoseconds in [-1, -999_999, -1_000_000, -1_731_057_600_500_000_000] {
        assert_eq!(read_from_all(nanoseconds), [Err(expected); 4], "{nanoseconds} ns");
    }
}

#[test]
fn refuses_what_is_after_the_last_point_in_time() {
    let expected = Timestamp::from_millis(i64::MAX).expect_err("out of range");
    let last = Timestamp::MAX;
    // A time less than a millisecond later is truncated to the last valid one.
    let later = Duration::from_nanos(999_999);
    assert_eq!(Timestamp::try_from(SystemTime::from(last) + later), Ok(last));
    assert_eq!(Timestamp::try_from(OffsetDateTime::from(last) + later), Ok(last));
    assert_eq!(Timestamp::try_from(Chrono::from(last) + later), Ok(last));
    assert_eq!(Timestamp::try_from(jiff::Timestamp::from(last) + later), Ok(last));

    let later = Duration::from_millis(1);
    assert_eq!(Timestamp::try_from(SystemTime::from(last) + later), Err(expected));
    assert_eq!(Timestamp::try_from(OffsetDateTime::from(last) + later), Err(expected));
    assert_eq!(Timestamp::try_from(Chrono::from(last) + later), Err(expected));
    assert_eq!(Timestamp::try_from(jiff::Timestamp::from(last) + later), Err(expected));
    assert_eq!(Timestamp::try_from(jiff::Timestamp::MAX), Err(expected));
    assert_eq!(Timestamp::try_from(jiff::Timestamp::MIN), Err(expected));
    assert_eq!(Timestamp::try_from(Chrono::MAX_UTC), Err(expected));
    assert_eq!(Timestamp::try_from(Chrono::MIN_UTC), Err(expected));
    assert_eq!(expected.to_string(), "not a point in time from 1970 to 9999-12-30");
}
