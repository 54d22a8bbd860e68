//! Posts events to an endpoint inside.

use std::io;
use std::time::Duration;

use spektr_inbox::{Handler, HandlerError, Received};
use ureq::http::{HeaderValue, Uri};

use crate::capture::Headers;
use crate::client::Client;

/// The handler that posts each event as it arrived.
#[derive(Clone)]
pub(super) struct Forward {
    client: Client,
}

impl Forward {
    pub(super) fn new(uri: Uri) -> Self {
        // Shorter than a handler may take, so that no thread outlives its attempt.
        const TIMEOUT: Duration = Duration::from_secs(25);
        Self { client: Client::new(uri, TIMEOUT) }
    }
}

impl Handler for Forward {
    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let client = self.client.clone();
        let posting = tokio::task::spawn_blocking(move || {
            let reply = client.post(&headers(&received), received.raw().as_bytes())?;
            received.set_status(reply.status);
            Ok(reply)
        });
        let reason = match posting.await? {
            Ok(reply) if (200..=299).contains(&reply.status) => return Ok(()),
            Ok(reply) => format!("answered with {}", reply.status),
            Err(message) => message,
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
