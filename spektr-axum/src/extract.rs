//! The extractor: cheap checks first, then the body up to its limit, then the verification.
//! Nothing is parsed here.

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

/// The configuration for receiving deliveries. Put it into the state of the router;
/// [`SpektrWebhook`] takes it from there.
///
/// Clones are cheap.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    verifier: Arc<Verifier>,
    body_limit: usize,
}

impl WebhookConfig {
    /// The limit of a body's size, unless configured: 8 MiB.
    pub const DEFAULT_BODY_LIMIT: usize = 8 * 1024 * 1024;

    /// Creates a configuration that accepts what the verifier accepts. Warns, by `tracing`, if
    /// the verifier accepts unsigned deliveries.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        if verifier.keys().is_none() {
            tracing::warn!("unsigned deliveries are accepted, from any sender");
        }
        Self { verifier: Arc::new(verifier), body_limit: Self::DEFAULT_BODY_LIMIT }
    }

    /// Sets the limit of a body's size, in bytes.
    ///
    /// A batch over the limit is lost: the sender repeats it three times and then drops it. The
    /// limit protects the server's memory: one body per request that names a known key.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Returns the verifier.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

/// A verified delivery, as an argument of a handler.
///
/// It dereferences to [`Verified`]: `entries()`, `body()`, `key_id()`. Because it consumes the
/// body, it must be the handler's last argument.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct SpektrWebhook(pub Verified<Bytes>);

impl SpektrWebhook {
    /// Returns a span for the work on this delivery: key id and length, never content.
    ///
    /// If that work awaits, pass the span to `tracing`'s `Instrument::instrument`.
    #[must_use]
    pub fn span(&self) -> Span {
        tracing::info_span!(
            "spektr_delivery",
            key_id = self.key_id().map(tracing::field::display),
            bytes = self.body().len(),
        )
    }

    /// Returns a span for the work on one entry: its event id and wire type, never its payload.
    /// Each is cut to its first 128 characters, because a sender can choose any length.
    #[must_use]
    pub fn entry_span(&self, entry: &Entry<'_>) -> Span {
        tracing::info_span!(
            "spektr_event",
            event_id = entry.id().as_deref().map(beginning),
            event_type = entry.wire_type().as_deref().map(beginning),
        )
    }
}

/// Returns the beginning of an untrusted text, as long as a trace records it.
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

/// Returns whether there is exactly one content type and it is JSON, with or without
/// parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// Returns the announced length, if there is one. The body itself is checked against the limit
/// in any case.
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

/// Returns whether the limit was exceeded, here or in a layer that wraps the error.
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

/// Maps an error of the verification: an expired key is the sender's fault only while another
/// key is valid.
fn reject(verifier: &Verifier, source: VerifyError) -> Rejection {
    let ours = verifier.keys().is_some_and(|keys| !keys.has_valid_key_at(verifier.now()));
    if ours { Rejection::Misconfigured { source } } else { Rejection::Unauthenticated { source } }
}
