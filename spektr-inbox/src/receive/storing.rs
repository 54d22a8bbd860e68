//! Stores the entries of an authentic delivery, with a span and counts of the outcomes.

use bytes::Bytes;
use spektr_verify::Verified;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::Receiver;
use crate::intake::{Intake, Unreadable, intake};
use crate::metrics::type_label;
use crate::store::{Acceptance, NewEntry, StoreError};
use crate::trace;

impl Receiver {
    /// Stores the entries of a delivery, as the endpoint does after the verification. For
    /// deliveries that arrive in another way.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Reception::accept`]. After an error, nothing of the delivery is
    /// stored.
    ///
    /// [`Reception::accept`]: crate::store::Reception::accept
    pub async fn accept(&self, delivery: &Verified<Bytes>) -> Result<Vec<Acceptance>, StoreError> {
        let intake = intake(&self.0.source, delivery, self.0.clock.now());
        self.store(intake, delivery.body().len()).await
    }

    /// Stores entries, if there are any, and counts them.
    pub(super) async fn store(
        &self,
        intake: Intake,
        bytes: usize,
    ) -> Result<Vec<Acceptance>, StoreError> {
        let Intake { mut entries, unreadable } = intake;
        let types = type_labels(&entries);
        let trace = self.acceptance(&mut entries, bytes);
        let accepting = async {
            if entries.is_empty() { Ok(Vec::new()) } else { self.0.store.accept(entries).await }
        };
        let accepted = accepting.instrument(trace.clone()).await.inspect_err(|_| {
            failed(&trace, "store_failed");
        })?;
        if !trace.is_disabled() {
            let count = |is: fn(&Acceptance) -> bool| {
                trace::number(accepted.iter().filter(|one| is(one)).count())
            };
            trace.record("spektr.stored", count(|one| matches!(one, Acceptance::Stored(_))));
            trace.record("spektr.duplicates", count(|one| matches!(one, Acceptance::Duplicate)));
            trace.record("spektr.conflicts", count(|one| matches!(one, Acceptance::Conflict(_))));
        }
        self.count(&accepted, &types, unreadable.as_ref(), bytes);
        Ok(accepted)
    }

    /// Returns the span of an acceptance, and stores it in the entries.
    fn acceptance(&self, entries: &mut [NewEntry], bytes: usize) -> Span {
        let id = match &*entries {
            [one] => one.id.as_deref().map(trace::beginning),
            _ => None,
        };
        let span = tracing::trace_span!(
            target: trace::TARGET,
            "accept",
            otel.name = format_args!("accept {}", self.0.source),
            otel.kind = "producer",
            otel.status_code = Empty,
            error.type = Empty,
            messaging.system = trace::SYSTEM,
            messaging.operation.name = "accept",
            messaging.operation.type = "send",
            messaging.destination.name = &*self.0.source,
            messaging.batch.message_count = trace::number(entries.len()),
            messaging.message.id = id,
            messaging.message.body.size = trace::number(bytes),
            spektr.stored = Empty,
            spektr.duplicates = Empty,
            spektr.conflicts = Empty,
        );
        let propagation = self.0.propagation.as_ref();
        if let Some(context) = propagation.and_then(|propagation| propagation.context(&span)) {
            for entry in entries {
                entry.trace = Some(context);
            }
        }
        span
    }

    /// Counts the outcomes of a delivery's entries.
    pub(super) fn count(
        &self,
        accepted: &[Acceptance],
        types: &[&'static str],
        unreadable: Option<&Unreadable>,
        bytes: usize,
    ) {
        let inner = &*self.0;
        if let Some(error) = unreadable {
            tracing::error!(%error, bytes, "a body is kept whole");
        }
        let (metrics, source) = (&inner.metrics, &*inner.source);
        for (acceptance, event_type) in accepted.iter().zip(types) {
            match acceptance {
                Acceptance::Stored(_) if unreadable.is_some() => metrics.unreadable(source),
                Acceptance::Stored(_) => metrics.accepted(source, event_type),
                Acceptance::Duplicate => metrics.duplicate(source, event_type),
                Acceptance::Conflict(number) => {
                    metrics.conflict(source, event_type);
                    tracing::warn!(number, "an id was there with another content");
                }
            }
        }
    }
}

/// Marks a span as failed.
pub(super) fn failed(trace: &Span, reason: &'static str) {
    trace.record("otel.status_code", "ERROR");
    trace.record("error.type", reason);
}

/// Returns the labels of the entries' types, for metrics.
pub(super) fn type_labels(entries: &[NewEntry]) -> Vec<&'static str> {
    entries.iter().map(|entry| type_label(entry.wire_type.as_deref())).collect()
}
