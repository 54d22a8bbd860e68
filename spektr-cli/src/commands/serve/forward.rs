//! Posts events to an endpoint inside.

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderValue;
use spektr_inbox::{Handler, HandlerError, HttpUrl, Received};

use crate::capture::Headers;
use crate::client::Client;
use crate::failure::Failure;

/// The handler that posts each event as it arrived.
#[derive(Clone)]
pub(super) struct Forward {
    client: Client,
}

impl Forward {
    pub(super) fn new(url: HttpUrl) -> Result<Self, Failure> {
        const TIMEOUT: Duration = Duration::from_secs(25);
        Ok(Self { client: Client::new(url, TIMEOUT)? })
    }
}

impl Handler for Forward {
    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let body = Bytes::copy_from_slice(received.raw().as_bytes());
        let answered = self.client.post(&headers(&received), body).await;
        if let Ok(reply) = &answered {
            received.set_status(reply.status);
        }
        let reason = match answered {
            Ok(reply) if (200..=299).contains(&reply.status) => return Ok(()),
            Ok(reply) => format!("answered with {}", reply.status),
            Err(error) => error.to_string(),
        };
        tracing::warn!(reason, "event not accepted");
        Err(HandlerError::retry(io::Error::other(reason)))
    }
}

/// Returns what an endpoint needs to know beside the event itself. An id or type
/// that cannot stand in a header is found in the body only.
fn headers(received: &Received) -> Headers {
    /// Longer than any that means something.
    const LONGEST: usize = 512;
    let event = received.event();
    let event_type = event.event_type();
    let (entry, attempt) = (received.number().to_string(), received.attempt().to_string());
    let headers = [
        ("content-type", Some("application/json")),
        ("spektr-event-id", event.id().map(|id| id.as_ref())),
        ("spektr-event-type", Some(event_type.as_str())),
        ("spektr-source", Some(received.source())),
        ("spektr-entry", Some(&entry)),
        ("spektr-attempt", Some(&attempt)),
    ];
    headers
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.as_bytes().to_vec())))
        .filter(|(_, value)| value.len() <= LONGEST && HeaderValue::from_bytes(value).is_ok())
        .collect()
}
