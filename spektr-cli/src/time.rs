//! Points in time and spans of time, as people write and read them.

use std::time::{Duration, SystemTime};

use spektr_types::Timestamp;
use spektr_verify::UnixSeconds;

/// Reads epoch seconds or an RFC 3339 time.
pub(crate) fn parse(text: &str) -> Result<UnixSeconds, String> {
    // The last second of the year 9999. A larger number must be in milliseconds; nothing else
    // would reveal the wrong unit.
    const LAST: u64 = 253_402_300_799;
    if let Ok(seconds) = text.parse::<u64>() {
        return if seconds <= LAST {
            Ok(UnixSeconds::new(seconds))
        } else {
            Err("epoch seconds are expected, and these look like milliseconds".to_owned())
        };
    }
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        "expected epoch seconds (1731057600) or RFC 3339 (2024-11-08T09:20:00Z)".to_owned()
    })?;
    u64::try_from(time.as_second())
        .map(UnixSeconds::new)
        .map_err(|_| "the time is before 1970".to_owned())
}

/// Reads a span of time: `90`, `90s`, `5m`, `2h`, `1d`, `250ms`. A number without a unit means
/// seconds.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err("expected a number and ms, s, m, h or d, as 5m".to_owned()),
    };
    let number = number.parse::<u64>().map_err(|_| "expected a number, as 5m".to_owned())?;
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(|| "that is more time than can be counted".to_owned())
}

/// Reads the age at which something is deleted. Requires a unit, because a number alone could mean
/// days or seconds.
pub(crate) fn parse_age(text: &str) -> Result<Duration, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a unit is missing, as in 30d for thirty days".to_owned());
    }
    parse_span(text)
}

/// A point in time, either fixed or relative to the current time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    At(Timestamp),
    Ago(Duration),
}

impl Moment {
    /// Reads `2h` for two hours ago, epoch seconds, or an RFC 3339 time.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.ends_with(['s', 'm', 'h', 'd']) {
            return parse_span(text).map(Self::Ago);
        }
        let seconds =
            parse(text).map_err(|message| format!("{message}, or 2h for two hours ago"))?;
        // `parse` returns whole seconds, so the milliseconds of an RFC 3339 time are parsed here.
        let millis = text.parse::<jiff::Timestamp>().map_or_else(
            |_| seconds.as_secs().saturating_mul(1000).try_into().unwrap_or(i64::MAX),
            jiff::Timestamp::as_millisecond,
        );
        Ok(Self::At(timestamp(millis)))
    }

    pub(crate) fn as_of(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(span) => {
                let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
                timestamp(now.as_millis().saturating_sub(span))
            }
        }
    }
}

fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis.clamp(0, Timestamp::MAX.as_millis())).unwrap_or(Timestamp::MAX)
}

/// The current time.
pub(crate) fn now() -> UnixSeconds {
    SystemTime::now().into()
}

/// Returns a time as RFC 3339, in UTC.
pub(crate) fn rfc_3339(time: UnixSeconds) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("second {time} after 1970"), |time| time.to_string())
}

/// Returns a span of time in its two largest units, for example `1 h 2 min`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let two = |large: u64, one: &str, rest: u64, other: &str| {
        if rest == 0 { format!("{large} {one}") } else { format!("{large} {one} {rest} {other}") }
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings_of_a_time_as_the_same() {
        let expected = Ok(UnixSeconds::new(1_731_057_600));
        for text in ["1731057600", "2024-11-08T09:20:00Z", "2024-11-08T10:20:00+01:00"] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_times_that_could_be_misread() {
        let message = |text| parse(text).expect_err(text);
        assert!(message("1731057600000").contains("milliseconds"));
        assert!(message("2024-11-08").starts_with("expected epoch seconds"));
        assert!(message("2024-11-08T09:20:00").starts_with("expected epoch seconds"));
        assert_eq!(message("1969-12-31T23:59:59Z"), "the time is before 1970");
    }

    #[test]
    fn reads_spans_with_and_without_unit() {
        let seconds = |text| parse_span(text).map(|span| span.as_secs());
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("5m"), Ok(300));
        assert_eq!(seconds("2h"), Ok(7_200));
        assert_eq!(seconds("1d"), Ok(86_400));
        assert_eq!(parse_span("250ms"), Ok(Duration::from_millis(250)));
        for text in ["", "m", "5 m", "-5m", "1.5h", "5w", "99999999999999999999"] {
            assert!(seconds(text).is_err_and(|m| m.starts_with("expected")), "{text}");
        }
    }

    #[test]
    fn an_age_has_a_unit() {
        assert_eq!(parse_age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        for text in ["30", ""] {
            assert!(parse_age(text).is_err_and(|m| m.starts_with("a unit is missing")), "{text}");
        }
    }

    #[test]
    fn reads_moments_as_times_and_as_spans_until_now() {
        let now = timestamp(1_731_057_600_500);
        let millis = |text| Moment::parse(text).map(|moment| moment.as_of(now).as_millis());
        assert_eq!(millis("2h"), Ok(now.as_millis() - 7_200_000));
        assert_eq!(millis("1731057600"), Ok(1_731_057_600_000));
        assert_eq!(millis("2024-11-08T09:20:00.25Z"), Ok(1_731_057_600_250));
        assert_eq!(millis("9999999999d"), Ok(0));
        for text in ["yesterday", "2w", "", "h", "2024-11-08"] {
            assert!(millis(text).is_err_and(|m| m.starts_with("expected")), "{text}");
        }
    }

    #[test]
    fn writes_spans_in_two_units() {
        let text = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(text(0), "0 s");
        assert_eq!(text(300), "5 min");
        assert_eq!(text(301), "5 min 1 s");
        assert_eq!(text(3_725), "1 h 2 min");
        assert_eq!(text(90_000), "1 d 1 h");
    }
}
