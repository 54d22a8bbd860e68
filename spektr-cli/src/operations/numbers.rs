//! Formats numbers and times for people.

use std::time::Duration;

use spektr_inbox::{Clock as _, SystemClock};
use spektr_types::Timestamp;

use crate::time;

/// Formats a whole number, with commas between thousands.
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a number below 100 with three digits, and a greater one as a whole number.
pub(super) fn short(number: f64) -> String {
    let digits = match number.abs() {
        small if small < 10.0 => 2,
        some if some < 100.0 => 1,
        _ => return whole(number.round() as u64),
    };
    let text = format!("{number:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Formats a duration that is given in seconds.
pub(super) fn taken(seconds: f64) -> String {
    match seconds {
        short_one if short_one < 1.0 => format!("{} ms", short(seconds * 1000.0)),
        _ => format!("{} s", short(seconds)),
    }
}

/// Formats a number of bytes in the largest unit that fits.
pub(crate) fn bytes(count: u64) -> String {
    let mut rest = count as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if rest < 1024.0 {
            break;
        }
        (rest, unit) = (rest / 1024.0, next);
    }
    format!("{} {unit}", short(rest))
}

/// A point in time as pages show it: in UTC, and its distance from now.
#[derive(Clone, Debug)]
pub(super) struct When {
    /// As RFC 3339, for programs.
    pub(super) exact: String,
    /// UTC to the second, for people.
    pub(super) shown: String,
    /// The distance from now, for example `4 min ago` or `in 4 min`.
    pub(super) distance: String,
}

impl When {
    pub(super) fn new(at: Timestamp) -> Self {
        Self::as_of(at, SystemClock::new().now())
    }

    fn as_of(at: Timestamp, now: Timestamp) -> Self {
        let exact = at.to_string();
        // 2024-11-08T09:20:00.123Z
        let shown = exact.get(..19).map_or_else(|| exact.clone(), |text| text.replace('T', " "));
        let millis = now.as_millis() - at.as_millis();
        let span = time::span(Duration::from_millis(millis.unsigned_abs()));
        let distance = if millis >= 0 { format!("{span} ago") } else { format!("in {span}") };
        Self { exact, shown, distance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact_where_they_are_counts() {
        let numbers = [0, 12, 999, 1000, 1_234_567].map(whole);
        assert_eq!(numbers, ["0", "12", "999", "1,000", "1,234,567"]);
        let numbers = [0.0, 0.004, 1.0, 9.994, 12.34, 99.94, 123.4, 12345.6].map(short);
        assert_eq!(numbers, ["0", "0", "1", "9.99", "12.3", "99.9", "123", "12,346"]);
        assert_eq!([0.0005, 0.25, 2.5, 10.0].map(taken), ["0.5 ms", "250 ms", "2.5 s", "10 s"]);
        let sizes = [0, 1023, 1536, 5 << 30].map(bytes);
        assert_eq!(sizes, ["0 B", "1,023 B", "1.5 KiB", "5 GiB"]);
    }

    #[test]
    fn a_time_is_shown_to_the_second_and_by_its_distance() {
        let at = |millis| Timestamp::from_millis(millis).expect("a time");
        let now = at(1_700_000_000_000);
        let when = When::as_of(at(1_699_999_755_500), now);
        assert_eq!(when.exact, "2023-11-14T22:09:15.500Z");
        assert_eq!((&*when.shown, &*when.distance), ("2023-11-14 22:09:15", "4 min 4 s ago"));
        assert_eq!(When::as_of(at(1_700_000_060_000), now).distance, "in 1 min");
    }
}
