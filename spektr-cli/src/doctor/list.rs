//! The sender's list of events: whether it answers, accepts the API key, and has the same time.

use std::time::Duration;

use spektr_inbox::reconcile::ReconcileError;

use super::Finding;
use super::clock::clock;
use crate::config::Config;
use crate::failure::Failure;
use crate::serving::ServeArguments;
use crate::terminal::safe;

/// Requests the newest entry once, and stores nothing. If the clocks differ by the tolerance,
/// `serve` refuses deliveries, so this is a fault.
pub(crate) async fn list(
    arguments: &ServeArguments,
    config: &Config,
    tolerance: Duration,
) -> Vec<Finding> {
    const SUBJECT: &str = "list of events";
    let client = match arguments.list.client_if_configured(config) {
        Ok(Some(client)) => client,
        Ok(None) => {
            return vec![Finding::warning(
                SUBJECT,
                "there is no API key: a lost delivery is neither noticed nor fetched",
                "set SPEKTR_API_KEY, or name a file that holds the key: --api-key-file FILE",
            )];
        }
        Err(failure) => {
            let otherwise =
                "correct SPEKTR_API_KEY, or the file, which must hold the key and nothing else";
            return vec![Finding::failed(SUBJECT, &failure, otherwise)];
        }
    };
    let subject = format!("{SUBJECT} {}", safe(&client.base_url().to_string()));
    let probe = client.probe().await;
    let page = match &probe.page {
        Ok(_) => Finding::ok(subject, "it answers, and accepts the API key"),
        Err(error) => refused(subject, error),
    };
    let ahead = probe.clock_ahead_ms;
    [page].into_iter().chain(ahead.map(|ahead| clock("the sender", ahead, tolerance))).collect()
}

/// Says why there is no page. Some errors have other texts here: the text of the library
/// ends with a remedy, which would be printed twice.
fn refused(subject: String, error: &ReconcileError) -> Finding {
    let base = "see that the base URL (--from) is right and this machine reaches it";
    let (text, remedy) = match error {
        ReconcileError::Refused { status } => (
            format!("it refuses the API key ({status})"),
            "see that the key is valid, may read events, and belongs to this environment",
        ),
        ReconcileError::Untrusted(source) => (
            Failure::caused_by("its certificate is not trusted", &**source).message().to_owned(),
            "add its authority to the system's certificates, or name it in SSL_CERT_FILE",
        ),
        ReconcileError::Unavailable { source, .. } => {
            (Failure::of(source).message().to_owned(), base)
        }
        ReconcileError::Status { status } => (format!("it answers {status} instead of 200"), base),
        other => (Failure::of(other).message().to_owned(), base),
    };
    Finding::fault(subject, text, remedy)
}
