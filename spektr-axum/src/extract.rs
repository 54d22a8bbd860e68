//! The extractor: cheap checks first, then the body up to its limit, then the
//! verification. Nothing is parsed here.

use std::error::Error;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use spektr_types::Entry;
use spektr_verify::{Verified, Verifier, VerifyError};
use tracing::Span;

use crate::rejection::Rejection;

/// How deliveries are received: put it into the state of the router, from which
/// [`SpektrWebhook`] takes it.
///
/// Clones are cheap.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    verifier: Arc<Verifier>,
    body_limit: usize,
}

impl WebhookConfig {
    /// The largest body that is read, unless configured: 8 MiB.
    pub const DEFAULT_BODY_LIMIT: usize = 8 * 1024 * 1024;

    /// Receives what a verifier accepts. Warns, by `tracing`, if that is
    /// everything.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        if verifier.keys().is_none() {
            tracing::warn!("unsigned deliveries are accepted, from whoever sends them");
        }
        Self { verifier: Arc::new(verifier), body_limit: Self::DEFAULT_BODY_LIMIT }
    }

    /// Sets the largest body that is read, in bytes.
    ///
    /// A batch over the limit is lost: the sender repeats it three times and
    /// then drops it. What this protects is the server's memory, one body per
    /// request that names a known key.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The verifier.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

/// A delivery that has been verified, as an argument of a handler.
///
/// It lends everything that [`Verified`] has: `entries()`, `body()`, `key_id()`.
/// As it consumes the body, it must be the handler's last argument.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct SpektrWebhook(pub Verified<Bytes>);

impl SpektrWebhook {
    /// A span for the work on this delivery: key id and length, never content.
    ///
    /// Hand it to `tracing`'s `Instrument::instrument` where that work awaits.
    #[must_use]
    pub fn span(&self) -> Span {
        tracing::info_span!(
            "spektr_delivery",
            key_id = self.key_id().map(tracing::field::display),
            bytes = self.body().len(),
        )
    }

    /// A span for the work on one entry: its event id and wire type, never its
    /// payload. Of each it has the first 128 characters, because what arrives may
    /// be of any length.
    #[must_use]
    pub fn entry_span(&self, entry: &Entry<'_>) -> Span {
        tracing::info_span!(
            "spektr_event",
            event_id = entry.id().as_deref().map(beginning),
            event_type = entry.wire_type().as_deref().map(beginning),
        )
    }
}

/// As much of a text from outside as a trace records.
fn beginning(text: &str) -> &str {
    const CHARACTERS: usize = 128;
    let end = text.char_indices().nth(CHARACTERS).map(|(end, _)| end);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

impl Deref for SpektrWebhook {
    type Target = Verified<Bytes>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S> FromRequest<S> for SpektrWebhook
where
    WebhookConfig: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let config = WebhookConfig::from_ref(state);
        let result = receive(request, &config).await;
        if let Err(rejection) = &result {
            tracing::warn!(
                reason = rejection.reason(),
                status = rejection.status().as_u16(),
                error = rejection as &dyn Error,
                "delivery rejected",
            );
        }
        result.map(Self)
    }
}

async fn receive(request: Request, config: &WebhookConfig) -> Result<Verified<Bytes>, Rejection> {
    let (head, body) = request.into_parts();
    if !is_json(&head.headers) {
        return Err(Rejection::UnsupportedMediaType);
    }
    // Buffer no body for a request that names no known key.
    let verifier = config.verifier();
    let reject = |error| reject(verifier, error);
    verifier.check_headers_at(&head.headers, verifier.now()).map_err(reject)?;
    if announced_length(&head.headers).is_some_and(|length| length > config.body_limit as u64) {
        return Err(Rejection::BodyTooLarge);
    }
    let body = read(body, config.body_limit).await?;
    verifier.verify(&head.headers, body).map_err(reject)
}

/// Whether there is exactly one content type and it is JSON, with parameters or
/// without.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// The length that the sender announces, where it does; the body itself is held
/// against the limit in any case.
fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Rejection> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(source) if is_over_limit(&*source) => Err(Rejection::BodyTooLarge),
        Err(source) => Err(Rejection::BodyUnreadable { source }),
    }
}

/// Whether the limit here or, wrapped once more, that of a layer was exceeded.
fn is_over_limit(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An expired key is the sender's fault only while there is a valid one.
fn reject(verifier: &Verifier, source: VerifyError) -> Rejection {
    let ours = verifier.keys().is_some_and(|keys| !keys.has_valid_key_at(verifier.now()));
    if ours { Rejection::Misconfigured { source } } else { Rejection::Unauthenticated { source } }
}
