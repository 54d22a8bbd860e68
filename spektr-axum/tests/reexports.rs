//! Tests that the crates of the public interface's types are re-exported.

use spektr_axum::axum_core::response::{IntoResponse as _, Response};
use spektr_axum::bytes::Bytes;
use spektr_axum::http::StatusCode;
use spektr_axum::spektr_types::{BodyError, Entries};
use spektr_axum::spektr_verify::{KeyRing, KeyRingError, SignedContent, Verified, Verifier};
use spektr_axum::{Ack, Rejection, SpektrWebhook, WebhookConfig};

/// Proves by compiling that all types can be named.
#[allow(dead_code, reason = "only a request can make a delivery")]
fn take_apart(delivery: SpektrWebhook) -> Bytes {
    fn split(delivery: &Verified<Bytes>) -> Result<Entries<'_>, BodyError> {
        delivery.entries()
    }
    let _entries = split(&delivery.0);
    let _span: spektr_axum::tracing::Span = delivery.span();
    delivery.0.into_body()
}

#[test]
fn a_program_names_what_it_gives_and_gets_without_further_crates() -> Result<(), KeyRingError> {
    let verifier = Verifier::new(KeyRing::parse("a=b")?, SignedContent::TIMESTAMP_DOT_BODY);
    let _config = WebhookConfig::new(verifier);
    let response: Response = Ack.into_response();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(Rejection::BodyTooLarge.status(), StatusCode::PAYLOAD_TOO_LARGE);
    Ok(())
}
