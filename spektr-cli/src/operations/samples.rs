//! Keeps samples of the figures of the last hour and day, in two rings in memory. Longer periods
//! are left to Prometheus.

use std::collections::VecDeque;
use std::time::Duration;

use super::figures::Sample;

/// The number of intervals in a ring.
const INTERVALS: u32 = 180;

/// The period that the curves show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Hour,
    Day,
}

impl Period {
    pub(super) fn duration(self) -> Duration {
        match self {
            Self::Hour => Duration::from_secs(3600),
            Self::Day => Duration::from_secs(24 * 3600),
        }
    }

    /// Returns the length of an interval.
    pub(super) fn interval(self) -> Duration {
        self.duration() / INTERVALS
    }
}

/// The samples of the last hour and of the last day.
pub(super) struct Samples {
    hour: VecDeque<Sample>,
    day: VecDeque<Sample>,
}

impl Samples {
    /// Creates the rings with a first sample: the start of the process, when all figures are zero.
    pub(super) fn new() -> Self {
        let first = || VecDeque::from([Sample::default()]);
        Self { hour: first(), day: first() }
    }

    /// Adds a sample to each ring whose latest sample is at least one interval old.
    pub(super) fn add(&mut self, sample: &Sample) {
        for (ring, span) in [(&mut self.hour, Period::Hour), (&mut self.day, Period::Day)] {
            let is_due = |last: &Sample| sample.at >= last.at + span.interval();
            if !ring.back().is_none_or(is_due) {
                continue;
            }
            ring.push_back(sample.clone());
            while ring.front().is_some_and(|first| first.at + span.duration() < sample.at) {
                ring.pop_front();
            }
        }
    }

    /// Returns the samples of a period that ends now, and the sample of now.
    pub(super) fn of(&self, span: Period, now: &Sample) -> Vec<Sample> {
        let ring = match span {
            Period::Hour => &self.hour,
            Period::Day => &self.day,
        };
        let is_shown =
            |sample: &&Sample| sample.at + span.duration() >= now.at && sample.at < now.at;
        let mut shown: Vec<_> = ring.iter().filter(is_shown).cloned().collect();
        // A rate over less than half an interval says little. Without the latest sample, the
        // interval before it extends to now.
        let is_moment = |last: &Sample| now.at < last.at + span.interval() / 2;
        if shown.len() > 1 && shown.last().is_some_and(is_moment) {
            shown.pop();
        }
        shown.push(now.clone());
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seconds: u64) -> Sample {
        Sample { at: Duration::from_secs(seconds), accepted: seconds, ..Sample::default() }
    }

    fn seconds(samples: &[Sample]) -> Vec<u64> {
        samples.iter().map(|sample| sample.at.as_secs()).collect()
    }

    #[test]
    fn an_hour_and_a_day_are_remembered_and_no_more() {
        let mut samples = Samples::new();
        let (every, days) = (Period::Hour.interval().as_secs(), 3);
        assert_eq!((every, Period::Day.interval().as_secs()), (20, 480));
        let last = days * 24 * 3600;
        for at in (every..=last).step_by(20) {
            samples.add(&sample(at));
            // A sample within an interval is not kept.
            samples.add(&sample(at + 1));
        }
        let hour = seconds(&samples.of(Period::Hour, &sample(last + 19)));
        let expected: Vec<_> = (last - 3600 + 20..=last).step_by(20).chain([last + 19]).collect();
        assert_eq!(hour, expected);
        let day = seconds(&samples.of(Period::Day, &sample(last + 479)));
        let expected: Vec<_> =
            (last - 86_400 + 480..=last).step_by(480).chain([last + 479]).collect();
        assert_eq!(day, expected);
        assert!(samples.hour.len() <= 181 && samples.day.len() <= 181);
    }

    #[test]
    fn what_is_shown_begins_with_the_start_and_ends_with_now() {
        let mut samples = Samples::new();
        assert_eq!(seconds(&samples.of(Period::Hour, &sample(3))), [0, 3]);
        samples.add(&sample(20));
        samples.add(&sample(40));
        assert_eq!(seconds(&samples.of(Period::Hour, &sample(50))), [0, 20, 40, 50]);
        // Nine seconds are less than half an interval, and join the interval before them.
        assert_eq!(seconds(&samples.of(Period::Hour, &sample(49))), [0, 20, 49]);
        assert_eq!(seconds(&samples.of(Period::Day, &sample(49))), [0, 49]);
    }
}
