//! Joins spans of `tracing` to traces, by `tracing-opentelemetry`.

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use spektr_inbox::trace::{Propagation, TraceParent};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

pub(super) struct OpenTelemetry;

impl Propagation for OpenTelemetry {
    fn set_parent(&self, span: &Span, parent: TraceParent) {
        // A span that has begun or is not recorded keeps its parent.
        let _kept = span.set_parent(Context::new().with_remote_span_context(remote(parent)));
    }

    fn link(&self, span: &Span, to: TraceParent) {
        span.add_link(remote(to));
    }

    fn context(&self, span: &Span) -> Option<TraceParent> {
        let context = span.context();
        let context = context.span().span_context().clone();
        TraceParent::new(
            u128::from_be_bytes(context.trace_id().to_bytes()),
            u64::from_be_bytes(context.span_id().to_bytes()),
            context.trace_flags().to_u8(),
        )
    }
}

fn remote(parent: TraceParent) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(parent.trace_id().to_be_bytes()),
        SpanId::from_bytes(parent.span_id().to_be_bytes()),
        TraceFlags::new(parent.flags()),
        true,
        TraceState::NONE,
    )
}
