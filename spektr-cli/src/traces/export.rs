//! Sends spans to the collector, and counts the spans that it does not take.
//!
//! A span waits in a bounded queue, which a thread of the SDK empties. No caller waits for room: if
//! the queue is full, the span is lost and counted.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use spektr_inbox::Count;
use tokio::runtime::Handle;

use crate::client::Client;
use crate::http;

/// The state of the export.
pub(super) struct ExportProgress {
    /// The largest number of waiting spans.
    bound: usize,
    /// The number of waiting spans, including the spans that are being sent.
    waiting: AtomicUsize,
    outage: Mutex<Outage>,
    is_fullness_logged: AtomicBool,
    lost: Count,
    collector: String,
}

#[derive(Default)]
struct Outage {
    is_logged: bool,
    /// The number of spans that the outage has cost.
    lost: u64,
    /// The reason why the last request had no answer, in words.
    reason: Option<String>,
}

impl ExportProgress {
    pub(super) fn new(collector: String, bound: usize, lost: Count) -> Self {
        Self {
            bound,
            waiting: AtomicUsize::new(0),
            outage: Mutex::default(),
            is_fullness_logged: AtomicBool::new(false),
            lost,
            collector,
        }
    }

    /// Takes a place in the queue. Returns whether there was a free place.
    fn enter(&self) -> bool {
        let taken = self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, |waiting| {
            (waiting < self.bound).then_some(waiting + 1)
        });
        if taken.is_ok() {
            return true;
        }
        self.lost.add(1);
        if !self.is_fullness_logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                bound = self.bound,
                "the queue of spans is full: lost spans are counted, and not logged again"
            );
        }
        false
    }

    /// Counts a batch by its result, and logs the start and the end of an outage.
    fn ended(&self, spans: usize, result: &OTelSdkResult) {
        self.waiting.fetch_sub(spans, Ordering::AcqRel);
        let collector = &*self.collector;
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(()) => {
                if outage.is_logged {
                    tracing::info!(
                        collector,
                        lost = outage.lost,
                        "the collector takes spans again"
                    );
                }
                *outage = Outage::default();
            }
            Err(error) => {
                let spans = spans as u64;
                self.lost.add(spans);
                outage.lost += spans;
                if !outage.is_logged {
                    let reason = outage.reason.take().unwrap_or_else(|| error.to_string());
                    tracing::warn!(
                        collector,
                        reason,
                        "the collector refuses spans: they are lost and counted until it accepts spans again"
                    );
                    outage.is_logged = true;
                }
            }
        }
    }

    fn no_answer(&self, reason: String) {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner).reason = Some(reason);
    }
}

impl fmt::Debug for ExportProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportProgress").field("collector", &self.collector).finish_non_exhaustive()
    }
}

/// Bounds the number of waiting spans.
#[derive(Debug)]
pub(super) struct BoundedProcessor {
    pub(super) batches: BatchSpanProcessor,
    pub(super) progress: Arc<ExportProgress>,
}

impl SpanProcessor for BoundedProcessor {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.progress.enter() {
            self.batches.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Sends batches, and reports each result to [`ExportProgress`].
#[derive(Debug)]
pub(super) struct CountingExporter {
    pub(super) otlp: opentelemetry_otlp::SpanExporter,
    pub(super) progress: Arc<ExportProgress>,
}

impl SpanExporter for CountingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.otlp.export(batch).await;
        self.progress.ended(spans, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.otlp.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

/// Posts with the tool's own client. The exporter's thread belongs to no runtime, so posting has
/// a runtime, which deliveries do not share.
pub(super) struct PostingClient {
    pub(super) client: Client,
    pub(super) runtime: Handle,
    pub(super) progress: Arc<ExportProgress>,
}

impl HttpClient for PostingClient {
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let (client, headers) = (self.client.clone(), http::all(&head.headers));
            let posting = self.runtime.spawn(async move { client.post(&headers, body).await });
            let reply = posting.await?.map_err(|error| {
                self.progress.no_answer(error.to_string());
                error.to_string()
            })?;
            let mut response = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            Ok(response.body(reply.body.unwrap_or_default())?)
        })
    }
}

impl fmt::Debug for PostingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostingClient").field("progress", &self.progress).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::error::OTelSdkError;

    use super::*;

    fn progress(bound: usize) -> ExportProgress {
        ExportProgress::new("127.0.0.1:4318".to_owned(), bound, Count::default())
    }

    #[test]
    fn what_does_not_fit_into_the_queue_is_lost_and_counted() {
        let progress = progress(2);
        assert_eq!([(); 4].map(|()| progress.enter()), [true, true, false, false]);
        assert_eq!(progress.lost.value(), 2);
        progress.ended(2, &Ok(()));
        assert!(progress.enter());
        assert_eq!(progress.lost.value(), 2);
    }

    #[test]
    fn an_outage_counts_the_spans_that_it_costs_and_makes_room_for_others() {
        let progress = progress(3);
        let failed = Err(OTelSdkError::InternalFailure("marker".to_owned()));
        for expected in [3, 6] {
            assert_eq!([(); 3].map(|()| progress.enter()), [true; 3]);
            progress.ended(3, &failed);
            assert_eq!(progress.lost.value(), expected);
            assert!(progress.outage.lock().expect("nobody panics").is_logged);
        }
        assert_eq!(progress.waiting.load(Ordering::Relaxed), 0);
        progress.ended(0, &Ok(()));
        assert!(!progress.outage.lock().expect("nobody panics").is_logged);
    }
}
