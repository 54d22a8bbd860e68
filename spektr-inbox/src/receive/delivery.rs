//! One delivery: verifies it, and stores it if it is authentic.

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use spektr_verify::{Verified, VerifyError};
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::memory::BodyMemory;
use super::refusal::Refusal;
use super::storing::failed;
use super::{Receiver, body};
use crate::intake::{self, intake};
use crate::server::Peer;
use crate::store::longer_for;
use crate::trace::{self, TraceParent};

impl Receiver {
    /// Verifies a delivery and stores it.
    pub(super) async fn receive(&self, request: Request) -> Result<(), Refusal> {
        let inner = &*self.0;
        let (head, body) = request.into_parts();
        let verifier = &inner.verifier;
        // Without signatures, requiring JSON keeps out browsers: they can post other types
        // across sites.
        if verifier.keys().is_none() && !is_json(&head.headers) {
            return Err(Refusal::MediaType);
        }
        // Without signature headers no body is read. With an unknown key the body is read all
        // the same: otherwise the difference would reveal which key ids exist.
        let now = verifier.now();
        match verifier.check_headers_at(&head.headers, now) {
            Err(error) if inner.quarantine.is_none() => {
                let failure = self.unauthentic(error);
                if !failure.is_about_the_key() {
                    return Err(failure);
                }
            }
            _ => {}
        }
        let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
        let reading = body::read(body, &head.headers, inner.body_limit, &inner.memory, peer);
        let (body, held) =
            timeout(inner.body_timeout, reading).await.map_err(|_| Refusal::BodyTimeout)??;
        let delivery = match verifier.verify(&head.headers, body.clone()) {
            Ok(delivery) => {
                inner.health.was_in_time();
                delivery
            }
            Err(error) => {
                if let VerifyError::TimestampInFuture { ahead } = &error {
                    inner.health.was_early(&body, inner.clock.now(), *ahead);
                }
                self.quarantine(&head.headers, body, &error).await;
                return Err(self.unauthentic(error));
            }
        };
        let trace = self.delivery(&head, &delivery);
        let received = self.keep(delivery, &held).instrument(trace.clone()).await;
        let status = received.as_ref().map_or_else(Refusal::status, |()| StatusCode::OK);
        trace.record("http.response.status_code", i64::from(status.as_u16()));
        received.inspect_err(|failure| failed(&trace, failure.reason()))
    }

    /// Returns the span of an authentic delivery. A refused delivery has no span, because
    /// anybody can send one and claim that it belongs to a trace.
    fn delivery(&self, head: &Parts, delivery: &Verified<Bytes>) -> Span {
        let path = shown(head.uri.path());
        let span = tracing::trace_span!(
            target: trace::TARGET,
            "delivery",
            otel.name = format_args!("POST {path}"),
            otel.kind = "server",
            otel.status_code = Empty,
            error.type = Empty,
            http.request.method = "POST",
            http.route = path,
            http.request.body.size = trace::number(delivery.body().len()),
            http.response.status_code = Empty,
            spektr.key_id = delivery.key_id().map(tracing::field::display),
        );
        let propagation = self.0.propagation.as_ref();
        if let Some((propagation, parent)) = propagation.zip(TraceParent::of(&head.headers)) {
            propagation.set_parent(&span, parent);
        }
        span
    }

    /// Stores an authentic delivery.
    async fn keep(&self, delivery: Verified<Bytes>, held: &BodyMemory) -> Result<(), Refusal> {
        let inner = &*self.0;
        // Reserve the memory before entries are made of the body.
        held.grow_by(intake::size(&delivery)).await?;
        let intake = intake(&inner.source, &delivery, inner.clock.now());
        let bytes = delivery.body().len();
        let longer = longer_for(intake.entries.len(), bytes);
        // After a timeout, the commit may still happen: the sender's next attempt is then a
        // duplicate.
        let storing =
            timeout(inner.commit_timeout.saturating_add(longer), self.store(intake, bytes));
        storing.await.map_err(|_| Refusal::CommitTimeout)?.map_err(Refusal::Store)?;
        inner.metrics.delivered(delivery.key_id());
        Ok(())
    }

    /// Maps an error of the verification: an expired key is the sender's fault only while
    /// another key is valid.
    fn unauthentic(&self, source: VerifyError) -> Refusal {
        let verifier = &self.0.verifier;
        match verifier.keys() {
            Some(keys) if !keys.has_valid_key_at(verifier.now()) => Refusal::NoValidKey(source),
            _ => Refusal::Unauthentic(source),
        }
    }
}

/// Returns whether there is exactly one content type and it is JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// Returns the beginning of a text that a client has chosen.
pub(super) fn shown(text: &str) -> &str {
    const LONGEST: usize = 100;
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, ready};
    use std::time::Duration;

    use axum::body::Body;
    use hyper::body::Frame;
    use spektr_verify::danger;
    use tokio::time::{Instant, Sleep, sleep};

    use super::*;
    use crate::store::sqlite::SqliteOptions;

    const PAUSE: Duration = Duration::from_millis(100);

    /// A body that sends one byte after each pause and never ends.
    struct Drip(Pin<Box<Sleep>>);

    impl hyper::body::Body for Drip {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            ready!(self.0.as_mut().poll(context));
            self.0.as_mut().reset(Instant::now() + PAUSE);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" ")))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_byte_by_byte_does_not_gain_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteOptions::new(folder.path().join("inbox.db")).open().unwrap();
        let verifier = danger::verifier_that_accepts_unsigned_deliveries();
        let receiver = Receiver::new(Arc::new(store), verifier);
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::new(Drip(Box::pin(sleep(PAUSE)))))
            .unwrap();
        let began = Instant::now();
        let refused = receiver.receive(request).await;
        assert!(matches!(refused, Err(Refusal::BodyTimeout)), "{refused:?}");
        // By tokio's paused clock, which advances when no task is ready.
        assert_eq!(began.elapsed().as_secs(), Receiver::DEFAULT_BODY_TIMEOUT.as_secs());
    }
}
