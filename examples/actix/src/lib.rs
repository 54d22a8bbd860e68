//! The endpoint: it verifies a delivery over the raw body, stores its entries, and only then
//! answers 200.
//!
//! [`Refusal`] lists the statuses, which are those of spektr-inbox.
//!
//! Unlike spektr-inbox's receiver, it does not limit the memory of all bodies together: each
//! request whose headers name a known key can hold [a body](Webhooks::with_body_limit) before its
//! signature is verified. To limit that, put a proxy in front that limits the connections, or await
//! a permit of a `tokio::sync::Semaphore` before reading the body, and hold it until the entries
//! are stored.

mod refusal;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::rt::time::timeout;
use actix_web::{HttpRequest, HttpResponse, web};
use spektr_inbox::bytes::Bytes;
use spektr_inbox::intake::{DEFAULT_SOURCE, intake};
use spektr_inbox::store::Store;
use spektr_inbox::{Clock as _, SystemClock};
use spektr_verify::{HeaderSource, Verified, Verifier, VerifyError};

pub use refusal::Refusal;

/// The path of the endpoint.
pub const PATH: &str = "/webhooks/spektr";

/// The endpoint's state. Clones are cheap; each thread of the server has one.
#[derive(Clone)]
pub struct Webhooks {
    verifier: Verifier,
    store: Arc<dyn Store>,
    source: Arc<str>,
    body_limit: usize,
    body_timeout: Duration,
    commit_timeout: Duration,
}

impl Webhooks {
    /// The default limit of a body: 8 MiB.
    pub const DEFAULT_BODY_LIMIT: usize = 8 * 1024 * 1024;

    /// The default time limit for the arrival of a body: 10 s.
    pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);

    /// The default time limit of a commit: 5 s, and more for a [large
    /// delivery](Self::with_commit_timeout).
    pub const DEFAULT_COMMIT_TIMEOUT: Duration = Duration::from_secs(5);

    /// Returns an endpoint that stores the deliveries that a verifier accepts.
    #[must_use]
    pub fn new(verifier: Verifier, store: Arc<dyn Store>) -> Self {
        Self {
            verifier,
            store,
            source: DEFAULT_SOURCE.into(),
            body_limit: Self::DEFAULT_BODY_LIMIT,
            body_timeout: Self::DEFAULT_BODY_TIMEOUT,
            commit_timeout: Self::DEFAULT_COMMIT_TIMEOUT,
        }
    }

    /// Sets the limit of a body, in bytes.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the time limit for the arrival of a body.
    #[must_use]
    pub fn with_body_timeout(mut self, duration: Duration) -> Self {
        self.body_timeout = duration;
        self
    }

    /// Sets the time limit of a commit, after which the sender is told to try again. A large
    /// delivery gets a millisecond more for each of its entries and for each KiB.
    ///
    /// A commit that has begun still finishes. The sender's next attempt then finds the entries
    /// stored, and is answered with 200.
    #[must_use]
    pub fn with_commit_timeout(mut self, duration: Duration) -> Self {
        self.commit_timeout = duration;
        self
    }

    /// Adds the endpoint to an application: `App::new().configure(webhooks.routes())`.
    pub fn routes(&self) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        let state = web::Data::new(self.clone());
        move |config| {
            config.app_data(state).route(PATH, web::post().to(receive));
        }
    }

    async fn receive(&self, request: HttpRequest, body: web::Payload) -> Result<(), Refusal> {
        let delivery = self.authenticate(request.headers(), body).await?;
        let entries = intake(&self.source, &delivery, SystemClock::new().now()).entries;
        // An empty batch has nothing to store.
        if entries.is_empty() {
            return Ok(());
        }
        let longer = (entries.len() + delivery.body().len() / 1024) as u64;
        let limit = self.commit_timeout.saturating_add(Duration::from_millis(longer));
        timeout(limit, self.store.accept(entries))
            .await
            .map_err(|_| Refusal::CommitTimeout)?
            .map_err(Refusal::Store)?;
        Ok(())
    }

    /// Makes the cheap checks first, so that no body is buffered for a request without a known key.
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        body: web::Payload,
    ) -> Result<Verified<Bytes>, Refusal> {
        if !is_json(headers) {
            return Err(Refusal::MediaType);
        }
        let signature = Headers(headers);
        let refuse = |error| self.refuse(error);
        self.verifier.check_headers_at(&signature, self.verifier.now()).map_err(refuse)?;
        if announced_length(headers).is_some_and(|length| length > self.body_limit as u64) {
            return Err(Refusal::TooLarge);
        }
        // `web::Bytes` and `web::Json` have limits of their own, and `web::Json` parses before the
        // verification, so the payload is read by hand.
        let body = timeout(self.body_timeout, body.to_bytes_limited(self.body_limit))
            .await
            .map_err(|_| Refusal::TooSlow)?
            .map_err(|_| Refusal::TooLarge)?
            .map_err(|_| Refusal::BrokenOff)?;
        self.verifier.verify(&signature, body).map_err(refuse)
    }

    /// Blames an expired key on the sender only while another key is valid.
    fn refuse(&self, error: VerifyError) -> Refusal {
        match self.verifier.keys() {
            Some(keys) if !keys.has_valid_key_at(self.verifier.now()) => Refusal::NoValidKey(error),
            _ => Refusal::NotAuthentic(error),
        }
    }
}

async fn receive(
    webhooks: web::Data<Webhooks>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Refusal> {
    webhooks.receive(request, body).await.inspect_err(|refusal| {
        tracing::warn!(
            reason = refusal.reason(),
            error = refusal as &dyn std::error::Error,
            "delivery refused",
        );
    })?;
    Ok(HttpResponse::Ok().finish())
}

/// The headers of actix-web, whose `http` crate has another version than spektr-verify's.
struct Headers<'r>(&'r HeaderMap);

impl HeaderSource for Headers<'_> {
    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        // The iterator yields each value of a repeated header.
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

/// Tells whether there is exactly one content type, and it is JSON, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE);
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
