//! The messages of `serve` when it begins to receive.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::Serialize;

use crate::arguments::Global;
use crate::failure::Failure;
use crate::output;
use crate::terminal::{careful, faint, safe, strong};

/// The lines that are printed once deliveries are accepted.
#[derive(Serialize)]
pub(super) struct StartMessage {
    /// URL of the endpoint. With port 0 only this tells the port.
    pub(super) receiving: String,
    pub(super) operations: String,
    pub(super) store: String,
    pub(super) source: String,
    #[serde(skip)]
    pub(super) keys: String,
    /// Whether signatures are verified.
    #[serde(skip)]
    pub(super) verifying: bool,
    pub(super) forwarding: Option<String>,
    /// Host and port of the collector that traces are sent to.
    #[serde(skip)]
    pub(super) traces: Option<String>,
    /// Whether posted events are signed.
    pub(super) signed: bool,
    /// Whether missed events are fetched, at the start and every few minutes.
    pub(super) reconciling: bool,
}

impl StartMessage {
    /// Logs the start and the effective settings.
    pub(super) fn log(&self) {
        let Self { receiving, operations, store, source, reconciling, verifying, .. } = self;
        // The query of a URL can contain a token.
        let forwarding = self.forwarding.as_deref().and_then(|url| url.split('?').next());
        let forward_signed = forwarding.map(|_| self.signed);
        let traces = self.traces.as_deref();
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(
            version,
            receiving,
            operations,
            store,
            source,
            verifying,
            forwarding,
            forward_signed,
            reconciling,
            traces,
            "the service has started"
        );
    }

    pub(super) fn print(&self, global: &Global, address: SocketAddr) -> Result<(), Failure> {
        if global.is_json() {
            return output::print_json(self);
        }
        let events = match &self.forwarding {
            Some(url) if self.signed => format!("events are posted to {}, signed", safe(url)),
            Some(url) => format!("events are posted to {}", safe(url)),
            None => "events stay pending: `spektr inbox list`; --forward URL posts them".to_owned(),
        };
        let missed = if self.reconciling {
            "missed events are fetched from the sender's list"
        } else {
            "missed events are not fetched: SPEKTR_API_KEY is not set"
        };
        let mut text = format!(
            "{} {}\n{}\n",
            strong("receiving on"),
            self.receiving,
            faint(&format!(
                "health and metrics on {0}health/ready and {0}metrics, pages on {0}\n\
                 inbox {1}, source {2}\n{3}\n{events}\n{missed}",
                self.operations,
                self.store,
                safe(&self.source),
                self.keys,
            )),
        );
        if address.ip().is_loopback() {
            let _ = writeln!(
                text,
                "{}",
                faint(&format!("try it: spektr send --to {} alert_resolved", self.receiving))
            );
        } else {
            let open = "every program that can reach this machine can send to this endpoint; use a proxy for TLS";
            text.push_str(&format!("{} {open}\n", careful("careful:")));
        }
        output::print(&text)
    }
}
