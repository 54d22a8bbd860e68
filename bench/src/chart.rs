//! Draws curves as SVG, on logarithmic axes.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 70.0;

/// Colours that colour-blind readers can tell apart.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"];

/// A drawing of curves that share their axes.
pub struct Chart {
    /// The title.
    pub title: String,
    /// Time and place of the measurement.
    pub note: String,
    /// Label of the horizontal axis.
    pub x: &'static str,
    /// Label of the vertical axis.
    pub y: &'static str,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// Points of one curve. All coordinates are larger than 0.
pub struct Curve {
    /// The label beside the curve.
    pub name: String,
    /// The points, from left to right.
    pub points: Vec<(f64, f64)>,
}

impl Chart {
    /// Returns the drawing.
    pub fn svg(&self) -> String {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let x = Axis::new(points().map(|point| point.0), LEFT, WIDTH - RIGHT);
        let y = Axis::new(points().map(|point| point.1), HEIGHT - BOTTOM, TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
        );
        text(&mut svg, (LEFT, 25.0), "start\" font-size=\"15", &self.title);
        text(&mut svg, (LEFT, HEIGHT - 10.0), "start\" fill=\"#666", &self.note);
        text(&mut svg, ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 32.0), "middle", self.x);
        text(&mut svg, (8.0, TOP - 10.0), "start", self.y);
        for value in x.ticks() {
            let at = x.place(value);
            line(&mut svg, (at, TOP), (at, HEIGHT - BOTTOM));
            text(&mut svg, (at, HEIGHT - BOTTOM + 16.0), "middle", &label(value));
        }
        for value in y.ticks() {
            let at = y.place(value);
            line(&mut svg, (LEFT, at), (WIDTH - RIGHT, at));
            text(&mut svg, (LEFT - 6.0, at + 4.0), "end", &label(value));
        }
        for (index, curve) in self.curves.iter().enumerate() {
            let colour = COLOURS[index % COLOURS.len()];
            let places: Vec<_> = curve
                .points
                .iter()
                .map(|(right, up)| format!("{:.1},{:.1}", x.place(*right), y.place(*up)))
                .collect();
            let _written = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                places.join(" ")
            );
            let down = TOP + 10.0 + 20.0 * index as f64;
            let style = format!("start\" fill=\"{colour}");
            text(&mut svg, (WIDTH - RIGHT + 12.0, down), &style, &curve.name);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// A logarithmic axis, from a least to a largest value.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut least, mut most) = (f64::MAX, f64::MIN_POSITIVE);
        for value in values {
            (least, most) = (least.min(value), most.max(value));
        }
        // A margin, so that the axis has a length even for a single value.
        Self { least: least * 0.9, most: most * 1.1, from, to }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value / self.least).ln() / (self.most / self.least).ln();
        self.from + share * (self.to - self.from)
    }

    /// Returns the ticks within the axis: 1, 2 and 5 times each power of ten.
    fn ticks(&self) -> Vec<f64> {
        let powers = self.least.log10().floor() as i32..=self.most.log10().ceil() as i32;
        let ticks = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(power)));
        ticks.filter(|tick| (self.least..=self.most).contains(tick)).collect()
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _written = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// Adds a text. `style` is the text's anchor, and may have further attributes behind it.
fn text(svg: &mut String, at: (f64, f64), style: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _written = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{style}\">{text}</text>",
        at.0, at.1
    );
}

fn label(value: f64) -> String {
    // Powers of ten below 1 are not exact, so the number is rounded.
    let rounded = format!("{value:.6}");
    rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_where_its_value_is_on_both_axes() {
        let x = Axis { least: 1.0, most: 100.0, from: 0.0, to: 200.0 };
        assert_eq!(x.place(10.0), 100.0);
        let labels: Vec<_> = x.ticks().into_iter().map(label).collect();
        assert_eq!(labels.join(" "), "1 2 5 10 20 50 100");
        let chart = Chart {
            title: "a < b".to_owned(),
            note: String::new(),
            x: "x",
            y: "y",
            curves: vec![Curve { name: "one".to_owned(), points: vec![(1.0, 1.0), (10.0, 0.5)] }],
        };
        let svg = chart.svg();
        assert_eq!((svg.matches("<polyline").count(), svg.matches("a &lt; b").count()), (1, 1));
    }
}
