//! Figures of this process. They are read from the metrics text that Prometheus reads, so that a
//! page and a monitor show the same figures.

use std::time::Duration;

use spektr_inbox::store::Stats;

const PREFIX: &str = "spektr_inbox_";

/// Metrics in the text format of OpenMetrics.
pub(super) struct MetricsText<'t>(&'t str);

impl<'t> MetricsText<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// Returns the sum of the series with a name and with labels that contain a text; `None`
    /// without such a series.
    pub(super) fn sum(&self, name: &str, label: &str) -> Option<f64> {
        let of_name = |line: &'t str| {
            let rest = line.strip_prefix(PREFIX)?.strip_prefix(name)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            let is_meant = labels.is_empty() || labels.starts_with('{');
            let value = value.parse::<f64>().ok()?;
            (is_meant && labels.contains(label)).then_some(value)
        };
        self.0.lines().filter_map(of_name).fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
    }

    fn count(&self, name: &str, label: &str) -> u64 {
        // Counts are whole numbers, and small enough for a float to hold exactly.
        self.sum(name, label).unwrap_or_default() as u64
    }

    /// Returns the bounds of a histogram's buckets in seconds, with the number of observations
    /// within each bound.
    fn buckets(&self, name: &str) -> Vec<(f64, u64)> {
        let of_name = |line: &str| {
            let rest = line.strip_prefix(PREFIX)?.strip_prefix(name)?;
            let (bound, value) = rest.strip_prefix("_bucket{le=\"")?.split_once("\"} ")?;
            Some((bound.parse().ok().filter(|bound: &f64| bound.is_finite())?, value.parse().ok()?))
        };
        self.0.lines().filter_map(of_name).collect()
    }
}

/// The figures at a point in time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// The time since the start of the process.
    pub(super) at: Duration,
    /// Stored entries: entries with a new id, conflicts, and unreadable bodies.
    pub(super) accepted: u64,
    /// Attempts that ended with an accepted entry.
    pub(super) handled: u64,
    /// Attempts with any other result.
    pub(super) failed: u64,
    /// Requests that were not answered with 200.
    pub(super) refused: u64,
    pub(super) latency: LatencyHistogram,
    /// The figures of the store, if it has answered.
    pub(super) store: Option<Stats>,
    /// The age of the pending entry that arrived first, in seconds.
    pub(super) oldest: u64,
}

/// The durations of the deliveries that were answered with 200.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LatencyHistogram {
    pub(super) count: u64,
    pub(super) seconds: f64,
    /// Bounds in seconds, with the number of deliveries within each bound.
    buckets: Vec<(f64, u64)>,
}

impl Sample {
    pub(super) fn read(metrics: &MetricsText<'_>, at: Duration) -> Self {
        let handled = metrics.count("attempts_total", "result=\"done\"");
        let delivery = "delivery_duration_seconds";
        Self {
            at,
            accepted: [
                "entries_accepted_total",
                "entries_conflict_total",
                "bodies_unreadable_total",
            ]
            .map(|name| metrics.count(name, ""))
            .iter()
            .sum(),
            handled,
            failed: metrics.count("attempts_total", "") - handled,
            refused: metrics.count("deliveries_rejected_total", ""),
            latency: LatencyHistogram {
                count: metrics.count(&format!("{delivery}_count"), ""),
                seconds: metrics.sum(&format!("{delivery}_sum"), "").unwrap_or_default(),
                buckets: metrics.buckets(delivery),
            },
            store: None,
            oldest: 0,
        }
    }
}

impl LatencyHistogram {
    /// Returns the durations of the deliveries since an earlier moment.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let before = |bound: f64| {
            earlier.buckets.iter().find(|(other, _)| *other == bound).map_or(0, |(_, count)| *count)
        };
        let buckets = self.buckets.iter();
        Self {
            count: self.count.saturating_sub(earlier.count),
            seconds: self.seconds - earlier.seconds,
            buckets: buckets
                .map(|(bound, count)| (*bound, count.saturating_sub(before(*bound))))
                .collect(),
        }
    }

    /// Returns the lowest bound that at least 99 of 100 deliveries are within, in seconds. It is
    /// infinite if no bucket is large enough, and `None` without deliveries.
    pub(super) fn bound_of_99_percent(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let is_enough = |count: u64| u128::from(count) * 100 >= u128::from(self.count) * 99;
        let bound = self.buckets.iter().find(|(_, count)| is_enough(*count));
        Some(bound.map_or(f64::INFINITY, |(bound, _)| *bound))
    }

    /// The mean, in seconds.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.seconds / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# TYPE spektr_inbox_entries_accepted counter
spektr_inbox_entries_accepted_total{source=\"a\",type=\"x\"} 3
spektr_inbox_entries_accepted_total{source=\"b c} 9\",type=\"x\"} 4
spektr_inbox_entries_conflict_total{source=\"a\",type=\"x\"} 1
spektr_inbox_bodies_unreadable_total{source=\"a\"} 2
spektr_inbox_attempts_total{type=\"x\",result=\"done\"} 5
spektr_inbox_attempts_total{type=\"y\",result=\"done\"} 1
spektr_inbox_attempts_total{type=\"x\",result=\"retry\"} 2
spektr_inbox_attempts_total{type=\"x\",result=\"dead\"} 1
spektr_inbox_deliveries_rejected_total{reason=\"other\"} 7
spektr_inbox_delivery_duration_seconds_sum 0.5
spektr_inbox_delivery_duration_seconds_count 200
spektr_inbox_delivery_duration_seconds_bucket{le=\"0.001\"} 197
spektr_inbox_delivery_duration_seconds_bucket{le=\"0.01\"} 198
spektr_inbox_delivery_duration_seconds_bucket{le=\"+Inf\"} 200
spektr_inbox_destination_up 0
# EOF
";

    #[test]
    fn reads_counts_gauges_and_buckets() {
        let metrics = MetricsText::new(TEXT);
        let sample = Sample::read(&metrics, Duration::ZERO);
        assert_eq!((sample.accepted, sample.handled, sample.failed, sample.refused), (10, 6, 3, 7));
        assert_eq!((sample.latency.count, sample.latency.mean()), (200, Some(0.0025)));
        assert_eq!(metrics.sum("destination_up", ""), Some(0.0));
        assert_eq!(metrics.sum("destination", ""), None);
    }

    #[test]
    fn the_bound_of_99_percent_is_that_of_the_deliveries_since_then() {
        let latency = |count, buckets: &[(f64, u64)]| LatencyHistogram {
            count,
            seconds: 0.0,
            buckets: buckets.to_vec(),
        };
        let before = latency(100, &[(0.001, 100), (0.01, 100)]);
        let after = latency(200, &[(0.001, 198), (0.01, 199)]);
        assert_eq!(after.bound_of_99_percent(), Some(0.001));
        assert_eq!(after.since(&before).bound_of_99_percent(), Some(0.01));
        assert_eq!(
            latency(100, &[(0.001, 1), (0.01, 98)]).bound_of_99_percent(),
            Some(f64::INFINITY)
        );
        assert_eq!(before.since(&before).bound_of_99_percent(), None);
        assert_eq!(before.since(&before).mean(), None);
    }
}
