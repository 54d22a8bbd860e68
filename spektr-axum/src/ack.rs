//! The acknowledgement: 200 and nothing else.

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;

/// Acknowledges a delivery, so that the sender does not repeat it: status 200, no body.
///
/// The sender takes every other status for a failure, including 201, 202 and 204. It then tries
/// three times more within seconds, and drops the events. So return `Ack` once the events are
/// durable, and an error status only if another attempt could help:
///
/// ```
/// use axum::http::StatusCode;
/// use spektr_axum::{Ack, SpektrWebhook};
///
/// async fn receive(delivery: SpektrWebhook) -> Result<Ack, StatusCode> {
///     store(delivery.body()).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
///     Ok(Ack)
/// }
/// # async fn store(_: &[u8]) -> std::io::Result<()> { Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "handlers write `Ack`")]
pub struct Ack;

impl IntoResponse for Ack {
    fn into_response(self) -> Response {
        StatusCode::OK.into_response()
    }
}
