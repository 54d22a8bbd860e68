//! The routes of a receiver: the endpoint for deliveries, health checks and metrics.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use tokio::time::{Instant, timeout};

use super::Receiver;
use super::delivery::shown;
use crate::server::Delivered;

/// How long the store may take to answer `/metrics`. After that, `/metrics` shows the store as
/// down.
const FIGURES_TIMEOUT: Duration = Duration::from_secs(1);

impl Receiver {
    /// Returns a router with the endpoint, `POST` at a path, to merge into your own. The path
    /// with a trailing slash is the same endpoint.
    ///
    /// Behind [`Server`](crate::Server) the router is safe to expose; any other server needs a
    /// timeout for headers and a limit of connections of its own.
    pub fn router(&self, path: &str) -> Router {
        self.0.metrics.begin(&self.0.source);
        let endpoint = || post(receive).fallback(other_method);
        let mut router = Router::new().route(path, endpoint());
        if !path.ends_with('/') {
            router = router.route(&format!("{path}/"), endpoint());
        }
        router.with_state(self.clone())
    }

    /// Returns the router of a server that does nothing else: the endpoint, and a 404 for every
    /// other path. The 404 is logged and counted, because a sender may be configured to a wrong
    /// path by mistake.
    pub fn router_alone(&self, path: &str) -> Router {
        self.router(path).fallback_service(any(other_path).with_state(self.clone()))
    }

    /// Returns a router for operators: `GET` at `/health/live`, `/health/ready` and `/metrics`.
    /// Do not expose it to the public: a readiness check writes to the disk.
    pub fn operations(&self) -> Router {
        Router::new()
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self.clone())
    }

    /// Counts a request that is not answered with 200, and logs a sample of such requests.
    fn rejected(&self, reason: &'static str, log: impl FnOnce(u64)) {
        self.0.metrics.rejected(reason);
        if let Some(suppressed) = self.0.samples.take(reason) {
            log(suppressed);
        }
    }
}

async fn receive(State(receiver): State<Receiver>, request: Request) -> Response {
    let began = Instant::now();
    let metrics = receiver.metrics();
    match receiver.receive(request).await {
        Ok(()) => {
            metrics.delivery_took(began.elapsed());
            (StatusCode::OK, Extension(Delivered)).into_response()
        }
        Err(failure) => {
            let (reason, status) = (failure.reason(), failure.status());
            receiver.rejected(reason, |suppressed| {
                tracing::warn!(
                    reason,
                    status = status.as_u16(),
                    error = &failure as &dyn std::error::Error,
                    suppressed,
                    "delivery rejected",
                );
            });
            (status, status.canonical_reason().unwrap_or_default()).into_response()
        }
    }
}

/// Answers a request to the endpoint that is not a POST.
async fn other_method(State(receiver): State<Receiver>, request: Request) -> Response {
    receiver.rejected("method_unknown", |suppressed| {
        tracing::warn!(method = shown(request.method().as_str()), suppressed, "not a POST");
    });
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response()
}

/// Answers a request to a path other than the endpoint's.
async fn other_path(State(receiver): State<Receiver>, request: Request) -> Response {
    receiver.rejected("path_unknown", |suppressed| {
        tracing::warn!(
            method = shown(request.method().as_str()),
            path = shown(request.uri().path()),
            suppressed,
            "there is no endpoint at this path",
        );
    });
    StatusCode::NOT_FOUND.into_response()
}

async fn live(State(receiver): State<Receiver>) -> (StatusCode, &'static str) {
    match receiver.ended() {
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
        None => (StatusCode::OK, "ok"),
    }
}

async fn ready(State(receiver): State<Receiver>) -> Response {
    let report = receiver.readiness().await;
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], report.to_json()).into_response()
}

async fn metrics(State(receiver): State<Receiver>) -> Response {
    let inner = &*receiver.0;
    let stats = timeout(FIGURES_TIMEOUT, inner.store.stats()).await;
    match stats {
        Ok(Ok(stats)) => inner.metrics.stats(&stats, inner.clock.now()),
        Ok(Err(_)) | Err(_) => inner.metrics.no_stats(),
    }
    inner.metrics.keys(&inner.verifier);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], inner.metrics.render()).into_response()
}
