//! Curves, as paths of SVG.

use std::fmt::Write as _;
use std::time::Duration;

use super::figures::Sample;

/// The size of a curve in units of SVG; a page stretches it.
pub(super) const WIDTH: f64 = 300.0;
pub(super) const HEIGHT: f64 = 60.0;

/// Values over time.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Curve {
    /// A point is a position from 0 to 1 in the shown period, and a value. An unknown value makes
    /// a gap in the curve.
    points: Vec<(f64, Option<f64>)>,
}

impl Curve {
    /// Applies a function to each interval: to its earlier and its later sample.
    pub(super) fn of_intervals(
        samples: &[Sample],
        span: Duration,
        value: impl Fn(&Sample, &Sample) -> Option<f64>,
    ) -> Self {
        let of = |pair: &[Sample]| match pair {
            [earlier, later] => vec![
                (place(samples, span, earlier), value(earlier, later)),
                (place(samples, span, later), value(earlier, later)),
            ],
            _ => Vec::new(),
        };
        Self { points: samples.windows(2).flat_map(of).collect() }
    }

    /// Applies a function to each sample.
    pub(super) fn of_moments(
        samples: &[Sample],
        span: Duration,
        value: impl Fn(&Sample) -> Option<f64>,
    ) -> Self {
        let of = |sample| (place(samples, span, sample), value(sample));
        Self { points: samples.iter().map(of).collect() }
    }

    pub(super) fn most(&self) -> Option<f64> {
        self.points.iter().filter_map(|(_, value)| *value).reduce(f64::max)
    }

    /// Returns the path of the line. The value `top` is at the upper edge.
    pub(super) fn line(&self, top: f64) -> String {
        let mut path = String::new();
        for run in self.runs() {
            for (index, point) in run.iter().enumerate() {
                let (x, y) = corner(*point, top);
                // Writing to a string does not fail.
                let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { "M" } else { "L" });
            }
            if run.len() == 1 {
                // A single point: a line without length is drawn as a dot.
                path.push_str("h0");
            }
        }
        path
    }

    /// Returns the path of the area below the line.
    pub(super) fn area(&self, top: f64) -> String {
        let mut path = String::new();
        for run in self.runs().filter(|run| run.len() > 1) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let _ = write!(path, "M{:.1} {HEIGHT:.1}", corner(*first, top).0);
            for point in &run {
                let (x, y) = corner(*point, top);
                let _ = write!(path, "L{x:.1} {y:.1}");
            }
            let _ = write!(path, "L{:.1} {HEIGHT:.1}Z", corner(*last, top).0);
        }
        path
    }

    /// Returns the runs of points between gaps.
    fn runs(&self) -> impl Iterator<Item = Vec<(f64, f64)>> {
        let runs = self.points.split(|(_, value)| value.is_none());
        let known = |run: &[(f64, Option<f64>)]| -> Vec<_> {
            run.iter().filter_map(|(x, value)| Some((*x, (*value)?))).collect()
        };
        runs.map(known).filter(|run| !run.is_empty())
    }
}

/// Returns the position of a sample, from 0 to 1. The last sample is at 1.
fn place(samples: &[Sample], span: Duration, sample: &Sample) -> f64 {
    let end = samples.last().map_or(sample.at, |last| last.at);
    let before_end = end.saturating_sub(sample.at).as_secs_f64();
    (1.0 - before_end / span.as_secs_f64()).max(0.0)
}

fn corner((x, value): (f64, f64), top: f64) -> (f64, f64) {
    // Without a margin, the edges would cut the line.
    const MARGIN: f64 = 2.0;
    let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
    (x * WIDTH, HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(100);

    fn samples(figures: &[(u64, u64)]) -> Vec<Sample> {
        let sample = |(at, accepted): &(u64, u64)| Sample {
            at: Duration::from_secs(*at),
            accepted: *accepted,
            ..Sample::default()
        };
        figures.iter().map(sample).collect()
    }

    #[test]
    fn a_rate_is_a_step_from_the_one_sample_to_the_next() {
        let samples = samples(&[(50, 0), (75, 10), (100, 10)]);
        let rate =
            |earlier: &Sample, later: &Sample| Some((later.accepted - earlier.accepted) as f64);
        let values = Curve::of_intervals(&samples, SPAN, rate);
        assert_eq!(values.most(), Some(10.0));
        assert_eq!(values.line(10.0), "M150.0 2.0L225.0 2.0L225.0 58.0L300.0 58.0");
        assert_eq!(
            values.area(10.0),
            "M150.0 60.0L150.0 2.0L225.0 2.0L225.0 58.0L300.0 58.0L300.0 60.0Z"
        );
    }

    #[test]
    fn what_is_not_known_is_a_gap_and_a_value_alone_is_a_dot() {
        let samples = samples(&[(0, 4), (40, 0), (60, 2), (100, 4)]);
        let known = |sample: &Sample| (sample.accepted > 0).then_some(sample.accepted as f64);
        let values = Curve::of_moments(&samples, SPAN, known);
        assert_eq!(values.line(4.0), "M0.0 2.0h0M180.0 30.0L300.0 2.0");
        assert_eq!(values.area(4.0), "M180.0 60.0L180.0 30.0L300.0 2.0L300.0 60.0Z");
        let nothing = Curve::of_moments(&samples, SPAN, |_| None);
        assert_eq!((nothing.most(), nothing.line(1.0)), (None, String::new()));
        // All zero: the line is at the bottom.
        let zero = Curve::of_moments(&samples[..1], SPAN, |_| Some(0.0));
        assert_eq!(zero.line(0.0), "M300.0 58.0h0");
    }
}
