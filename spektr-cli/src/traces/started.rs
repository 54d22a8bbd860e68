//! Starts the export of traces, and ends it.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use spektr_inbox::Metrics;
use spektr_inbox::trace::{Propagation, TARGET};
use tokio::runtime::{Builder, Runtime};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::registry::LookupSpan;

use super::environment;
use super::export::{BoundedProcessor, CountingExporter, ExportProgress, PostingClient};
use super::propagation::OpenTelemetry;
use crate::client::Client;
use crate::collector::Collector;
use crate::failure::Failure;

/// The name of the service, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` has one.
const SERVICE: &str = "spektr";

/// The time limit for the last spans when the service ends.
const LINGER: Duration = Duration::from_secs(3);

/// The export of traces.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    /// The runtime of the requests to the collector.
    runtime: Runtime,
    collector: String,
}

impl Traces {
    /// Starts the export to a collector, or else to the collector that the environment names.
    /// Returns `None` without a collector.
    pub(crate) fn start(
        collector: Option<Collector>,
        metrics: &Metrics,
    ) -> Result<Option<Self>, Failure> {
        const LOST: &str =
            "Spans that were not exported: the collector took none, or the queue was full";
        let collector = match collector {
            Some(collector) => Some(collector),
            None => environment::collector()?,
        };
        let Some(collector) = collector else { return Ok(None) };
        let Collector(url) = &collector;
        let cannot = |error: &dyn std::error::Error| {
            Failure::caused_by("cannot start the export of traces", error)
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("traces")
            .enable_all()
            .build()
            .map_err(|error| cannot(&error))?;
        let (queue, timeout) = (environment::queue()?, environment::timeout()?);
        let lost = metrics.count("spans_lost", LOST);
        let progress = Arc::new(ExportProgress::new(collector.shown(), queue, lost));
        let client = {
            let _of_the_timers = runtime.enter();
            Client::new(url.clone(), timeout, &environment::tls_files()?)?
        };
        let posting = PostingClient {
            client,
            runtime: runtime.handle().clone(),
            progress: Arc::clone(&progress),
        };
        let otlp = SpanExporter::builder()
            .with_http()
            .with_http_client(posting)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url.to_string())
            .with_timeout(timeout)
            .build()
            .map_err(|error| cannot(&error))?;
        let exporter = CountingExporter { otlp, progress: Arc::clone(&progress) };
        // The builder reads the other settings from the environment.
        let batches = BatchConfigBuilder::default().with_max_queue_size(queue).build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_span_processor(BoundedProcessor { batches, progress })
            .build();
        Ok(Some(Self { provider, runtime, collector: collector.shown() }))
    }

    /// Returns the layer that turns the spans of [`TARGET`] into spans of OpenTelemetry.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let of_a_trace = FilterFn::new(|metadata| metadata.target() == TARGET);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            // Otherwise, the first entry into a span would start it, and its parent could no longer be
            // set.
            .with_context_activation(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(of_a_trace.with_max_level_hint(LevelFilter::TRACE))
    }

    /// Returns the propagation for the receiver and the workers.
    pub(crate) fn propagation(&self) -> Arc<dyn Propagation> {
        Arc::new(OpenTelemetry)
    }

    /// Returns host and port of the collector.
    pub(crate) fn collector(&self) -> &str {
        &self.collector
    }

    /// Sends the waiting spans within [`LINGER`].
    pub(crate) fn end(self) {
        if self.provider.shutdown_with_timeout(LINGER).is_err() {
            tracing::warn!(
                collector = self.collector,
                "the collector has not taken the last spans in time"
            );
        }
        // Gives up requests that have no answer yet.
        self.runtime.shutdown_background();
    }
}

/// Returns the attributes of the service, including the attributes in variables of OpenTelemetry.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = || Resource::builder().with_attribute(version.clone());
    let named = resource().build();
    let name = named.get(&Key::new("service.name"));
    let is_unknown = name.is_none_or(|name| name.as_str().starts_with("unknown_service"));
    if is_unknown { resource().with_service_name(SERVICE).build() } else { named }
}
