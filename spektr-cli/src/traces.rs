//! Traces of deliveries, for an OpenTelemetry collector: the feature `otel`.
//!
//! spektr-inbox and forwarding create the spans. Without the feature, no subscriber records a span,
//! and it costs one check of a flag.

#[cfg(feature = "otel")]
mod environment;
#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod propagation;
#[cfg(feature = "otel")]
mod started;
#[cfg(not(feature = "otel"))]
mod without;

#[cfg(feature = "otel")]
pub(crate) use self::started::Traces;
#[cfg(not(feature = "otel"))]
pub(crate) use self::without::Traces;
use crate::collector::Collector;
use crate::config::Config;
use crate::config::settings::OTLP_ENDPOINT;
use crate::failure::Failure;

/// Returns the collector that an argument or the configuration names.
///
/// # Errors
///
/// A collector is named, but the tool is built without the feature.
pub(crate) fn collector(
    argument: Option<Collector>,
    config: &Config,
) -> Result<Option<Collector>, Failure> {
    let collector = OTLP_ENDPOINT.chosen(argument, config);
    if collector.is_some() && !cfg!(feature = "otel") {
        return Err(Failure::new(
            "this tool is built without the feature otel, which exports traces",
        )
        .hint(
            "build it with that feature: cargo install --locked --path spektr-cli --features otel; \
                 or remove --otlp-endpoint, SPEKTR_SERVE_OTLP_ENDPOINT and serve.otlp_endpoint",
        ));
    }
    Ok(collector)
}
