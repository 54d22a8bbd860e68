//! The type [`Traces`] in a tool that is built without the feature `otel`.

use std::convert::Infallible;
use std::sync::Arc;

use spektr_inbox::Metrics;
use spektr_inbox::trace::Propagation;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Identity;

use crate::collector::Collector;
use crate::failure::Failure;

/// A type without values, so that its methods never run.
pub(crate) struct Traces(Infallible);

impl Traces {
    /// Starts nothing. A named collector is an error of [`collector`](super::collector). The
    /// variables of OpenTelemetry are no error, because they often apply to a whole environment.
    pub(crate) fn start(_: Option<Collector>, _: &Metrics) -> Result<Option<Self>, Failure> {
        Ok(None)
    }

    pub(crate) fn layer<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        match self.0 {}
        #[allow(unreachable_code, reason = "it says which layer it would be")]
        Identity::new()
    }

    pub(crate) fn propagation(&self) -> Arc<dyn Propagation> {
        match self.0 {}
    }

    pub(crate) fn collector(&self) -> &str {
        match self.0 {}
    }

    pub(crate) fn end(self) {
        match self.0 {}
    }
}
