//! Metrics with their names and descriptions, in the order in which they are rendered.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Metric;

/// The prefix of every name.
pub(super) const PREFIX: &str = "spektr_inbox_";

/// Metrics that are shown together or not at all.
#[derive(Default)]
pub(super) struct Figures(Vec<Figure>);

struct Figure {
    name: String,
    help: &'static str,
    metric: Box<dyn Metric>,
}

impl Figures {
    /// Adds a metric and returns it for counting. Rendering appends `_total` to the names of
    /// counters.
    pub(super) fn add<M: Metric + Clone>(
        &mut self,
        name: &'static str,
        help: &'static str,
        metric: M,
    ) -> M {
        let kept = Box::new(metric.clone());
        self.0.push(Figure { name: format!("{PREFIX}{name}"), help, metric: kept });
        metric
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        for Figure { name, help, metric } in &self.0 {
            let metric_encoder =
                encoder.encode_descriptor(name, help, None, metric.metric_type())?;
            metric.encode(metric_encoder)?;
        }
        Ok(())
    }
}
