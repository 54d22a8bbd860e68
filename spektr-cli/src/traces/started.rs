//! Makes the parts of OpenTelemetry, and ends them.

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

use super::export::{Bounded, Exporter, Posting, Progress};
use super::propagation::OpenTelemetry;
use super::{Endpoint, environment};
use crate::client::Client;
use crate::failure::Failure;

/// The name of the service, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` has one.
const SERVICE: &str = "spektr";

/// How long the spans that wait may take at the end.
const LINGER: Duration = Duration::from_secs(3);

/// The export of traces.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    /// On which the spans are sent.
    runtime: Runtime,
    collector: String,
}

impl Traces {
    /// Starts to export to an endpoint, or to that of the environment; `None` if there is none.
    pub(crate) fn start(
        endpoint: Option<Endpoint>,
        metrics: &Metrics,
    ) -> Result<Option<Self>, Failure> {
        const LOST: &str =
            "Spans that were not exported: the collector took none, or the queue was full";
        let endpoint = match endpoint {
            Some(endpoint) => Some(endpoint),
            None => environment::endpoint()?,
        };
        let Some(endpoint) = endpoint else { return Ok(None) };
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
        let collector = endpoint.collector();
        let lost = metrics.count("spans_lost", LOST);
        let progress = Arc::new(Progress::new(collector.clone(), queue, lost));
        let client = {
            let _of_the_timers = runtime.enter();
            Client::new(endpoint.0.clone(), timeout, &environment::tls_files()?)?
        };
        let posting =
            Posting { client, runtime: runtime.handle().clone(), progress: Arc::clone(&progress) };
        let otlp = SpanExporter::builder()
            .with_http()
            .with_http_client(posting)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.0.to_string())
            .with_timeout(timeout)
            .build()
            .map_err(|error| cannot(&error))?;
        let exporter = Exporter { otlp, progress: Arc::clone(&progress) };
        // The rest is read from the environment.
        let batches = BatchConfigBuilder::default().with_max_queue_size(queue).build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_span_processor(Bounded { batches, progress })
            .build();
        Ok(Some(Self { provider, runtime, collector }))
    }

    /// Returns what makes spans of a trace out of those of `tracing`, and of no others.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let of_a_trace = FilterFn::new(|metadata| metadata.target() == TARGET);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            // Otherwise a span begins when it is entered, and its parent can't be set any more.
            .with_context_activation(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(of_a_trace.with_max_level_hint(LevelFilter::TRACE))
    }

    /// Returns what joins these traces to those of others.
    pub(crate) fn propagation(&self) -> Arc<dyn Propagation> {
        Arc::new(OpenTelemetry)
    }

    /// Returns host and port of the collector.
    pub(crate) fn collector(&self) -> &str {
        &self.collector
    }

    /// Sends the spans that wait, for as long as [`LINGER`].
    pub(crate) fn end(self) {
        if self.provider.shutdown_with_timeout(LINGER).is_err() {
            tracing::warn!(
                collector = self.collector,
                "the collector has not taken the last spans in time"
            );
        }
        // A request that has had no answer until now gets none.
        self.runtime.shutdown_background();
    }
}

/// Says which service it is, by the variables of OpenTelemetry.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = || Resource::builder().with_attribute(version.clone());
    let named = resource().build();
    let name = named.get(&Key::new("service.name"));
    let is_unknown = name.is_none_or(|name| name.as_str().starts_with("unknown_service"));
    if is_unknown { resource().with_service_name(SERVICE).build() } else { named }
}
