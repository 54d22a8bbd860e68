//! The endpoint: from a request to its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use spektr_types::Entries;
use spektr_verify::{SignedContent, Verifier, VerifyError};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use super::message::{Delivery, Printer};
use crate::capture::Headers;
use crate::client::{Client, Reply};
use crate::commands::diagnose;
use crate::failure::{Answer, Failure};
use crate::http;
use crate::keys::SecretText;
use crate::record::Recorder;
use crate::runtime::Signals;

/// The largest body that is read.
const MAX_BODY: usize = 16 << 20;

/// The largest body for which a mismatch is diagnosed: each of hundreds of attempts reads the
/// whole body.
const MAX_DIAGNOSED: usize = 256 << 10;

/// The largest number of mismatches that are diagnosed.
const MAX_DIAGNOSES: u64 = 20;

/// The time that deliveries under way get to finish when the endpoint ends.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) struct Endpoint {
    pub(super) verifier: Verifier,
    pub(super) secrets: Vec<SecretText>,
    pub(super) content: SignedContent,
    pub(super) recorder: Option<Recorder>,
    pub(super) forward: Option<Client>,
    pub(super) printer: Printer,
    /// The number of deliveries until the endpoint ends, if `--count` sets one.
    pub(super) rest: Option<AtomicU64>,
    pub(super) progress: EndpointProgress,
}

/// The state that the deliveries of a run share.
#[derive(Default)]
pub(super) struct EndpointProgress {
    enough: Notify,
    has_failed: AtomicBool,
    /// The number of mismatches diagnosed so far. It is limited, so that a stranger cannot keep
    /// the machine busy.
    diagnosed: AtomicU64,
}

impl Endpoint {
    /// Verifies, prints, records and forwards a delivery; returns the answer.
    fn take(&self, target: &str, headers: &Headers, body: &Bytes) -> Response {
        let verdict =
            self.verifier.verify(headers, body).map(|verified| verified.key_id().cloned());
        let advice = match &verdict {
            Err(VerifyError::SignatureMismatch { .. }) => self.diagnose(headers, body),
            _ => None,
        };
        let recorded =
            self.recorder.as_ref().map(|recorder| recorder.record(target, headers, body));
        let forwarded = self.forward.as_ref().map(|client| {
            // This thread may block.
            Handle::current().block_on(client.post(&http::end_to_end(headers), body.clone()))
        });
        let entries = verdict.as_ref().ok().map(|_| Entries::parse(body));
        let is_acknowledged = match &forwarded {
            Some(Ok(reply)) => reply.status == Client::ACKNOWLEDGED,
            Some(Err(_)) => false,
            None => true,
        };
        let is_recorded = !matches!(recorded, Some(Err(_)));
        if verdict.is_err() || !is_acknowledged || !is_recorded {
            self.progress.has_failed.store(true, Ordering::Relaxed);
        }
        self.printer.delivery(&Delivery {
            bytes: body.len(),
            verdict: &verdict,
            entries: entries.as_ref(),
            advice,
            recorded: recorded.as_ref(),
            forwarded: forwarded.as_ref(),
        });
        match forwarded {
            Some(Ok(reply)) => passed_back(reply),
            Some(Err(_)) => StatusCode::BAD_GATEWAY.into_response(),
            None if verdict.is_ok() => StatusCode::OK.into_response(),
            None => StatusCode::UNAUTHORIZED.into_response(),
        }
    }

    /// Looks for a construction that gives the signature with the configured keys.
    fn diagnose(&self, headers: &Headers, body: &[u8]) -> Option<Vec<diagnose::DiagnosisMatch>> {
        if body.len() > MAX_DIAGNOSED
            || self.progress.diagnosed.fetch_add(1, Ordering::Relaxed) >= MAX_DIAGNOSES
        {
            return None;
        }
        diagnose::find(headers, body, &self.secrets, &self.content).ok().map(|found| found.matches)
    }

    /// Counts a delivery whose answer is ready.
    fn count(&self) {
        if let Some(rest) = &self.rest {
            if rest.fetch_sub(1, Ordering::Relaxed) == 1 {
                self.progress.enough.notify_one();
            }
        }
    }
}

/// Serves until the number of deliveries is reached, or a signal comes.
pub(super) async fn serve(
    listener: TcpListener,
    endpoint: Endpoint,
    mut signals: Signals,
) -> Result<Answer, Failure> {
    let endpoint = Arc::new(endpoint);
    let router = Router::new().fallback(receive).with_state(Arc::clone(&endpoint));
    let (stop, stopped) = watch::channel(false);
    let ender = Arc::clone(&endpoint);
    tokio::spawn(async move {
        tokio::select! {
            () = signals.next() => {}
            () = ender.progress.enough.notified() => {}
        }
        let _ = stop.send(true);
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(is_true(stopped.clone()));
    let out_of_patience = async {
        is_true(stopped).await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        served = served => {
            served.map_err(|error| Failure::caused_by("cannot go on listening", &error))?;
        }
        () = out_of_patience => {}
    }
    Ok(Answer::from_yes(!endpoint.progress.has_failed.load(Ordering::Relaxed)))
}

async fn is_true(mut flag: watch::Receiver<bool>) {
    // An error means that the sender is gone, and the flag stays as it is.
    let _ = flag.wait_for(|is_true| *is_true).await;
}

async fn receive(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let headers = http::all(&parts.headers);
    let taker = Arc::clone(&endpoint);
    // Forwarding and recording block the thread.
    let response = tokio::task::spawn_blocking(move || taker.take(&target, &headers, &body)).await;
    endpoint.count();
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn passed_back(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    // A body that is too long is not passed back, and neither are its headers.
    let Some(body) = reply.body else { return status.into_response() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in http::end_to_end(&reply.headers) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
