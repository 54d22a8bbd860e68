//! The endpoint that events are posted to: whether a connection to it succeeds.

use std::time::Duration;

use super::Finding;
use crate::client::{Client, NoAnswer};
use crate::forwarding::Forwarding;
use crate::terminal::safe;

/// The time limit of the connection, unless `--forward-timeout` is shorter.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects, including the TLS handshake, and sends no request.
pub(crate) async fn destination(forwarding: Option<&Forwarding>) -> Vec<Finding> {
    let Some(forwarding) = forwarding else {
        return vec![Finding::ok("forwarding", "there is no --forward: events stay pending")];
    };
    let subject = format!("forwarding to {}", safe(&forwarding.url.to_string()));
    let timeout = forwarding.timeout.min(PATIENCE);
    let client = match Client::new(forwarding.url.clone(), timeout, &forwarding.tls) {
        Ok(client) => client,
        Err(failure) => {
            let otherwise = "examine the files that the options --forward-… name";
            return vec![Finding::failed(subject, &failure, otherwise)];
        }
    };
    vec![match client.connect().await {
        Ok(()) if forwarding.url.is_encrypted() => Finding::ok(subject, "connected by TLS"),
        // The proxy connects to the endpoint with the first request only.
        Ok(()) if client.is_proxied => {
            Finding::ok(subject, "connected to the proxy; the endpoint was not tried")
        }
        Ok(()) => Finding::ok(subject, "connected"),
        Err(error) => Finding::fault(subject, error.to_string(), remedy(&error, client.is_proxied)),
    }]
}

fn remedy(error: &NoAnswer, is_proxied: bool) -> &'static str {
    match error {
        NoAnswer::Refused if is_proxied => {
            "start the proxy that the environment names, or correct HTTPS_PROXY, HTTP_PROXY, \
             ALL_PROXY or NO_PROXY"
        }
        NoAnswer::Refused => "start the endpoint, or correct --forward",
        NoAnswer::Timeout => {
            "see whether a firewall or the route to the endpoint drops connections"
        }
        NoAnswer::Other(message) if message.contains("UnknownIssuer") => {
            "name the authority of its certificate with --forward-ca FILE"
        }
        NoAnswer::Other(message) if message.contains("certificate") => {
            "renew or replace the certificate of the endpoint, or correct the host of --forward"
        }
        NoAnswer::Unsendable(_) | NoAnswer::Other(_) => {
            "see that the host of --forward is right and that this machine can reach it"
        }
    }
}
