//! Tests the traces: they have ids and reasons, and no secret or personal data.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::io;
use std::sync::{Arc, Mutex};

use spektr_axum::WebhookConfig;
use spektr_verify::danger;
use support::{BODY, config, post_json, ring, serve, signed};
use tracing::Level;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a future. Returns everything that it traces on this thread.
async fn captured(run: impl Future<Output = ()>) -> String {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    run.await;
    drop(guard);
    captured.text()
}

#[tokio::test]
async fn an_accepted_delivery_is_traced_by_its_ids() {
    let text = captured(async {
        let address = serve(config(ring("key-a"))).await;
        assert_eq!(post_json(address, &signed(BODY), BODY).await.status, 200);
    })
    .await;
    for expected in
        ["spektr_delivery{key_id=key-a", "event_id=\"evt-1\"", "something_new", "stored"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("marker"), "{text}");
    assert!(!text.contains(&signed(BODY)[3]["x-signature: ".len()..]), "{text}");
}

#[tokio::test]
async fn a_rejected_delivery_is_traced_by_its_reason() {
    let text = captured(async {
        let address = serve(config(ring("key-a"))).await;
        assert_eq!(post_json(address, &signed("other"), BODY).await.status, 401);
        assert_eq!(post_json(address, &[], BODY).await.status, 401);
    })
    .await;
    for expected in ["WARN", "signature_mismatch", "header_missing", "diagnose"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("marker"), "{text}");
    assert!(!text.contains(&signed("other")[3]["x-signature: ".len()..]), "{text}");
}

#[tokio::test]
async fn an_id_of_any_length_is_traced_by_its_beginning() {
    let long = "é".repeat(100_000);
    let body = format!(r#"{{"results":[{{"id":"{long}","type":"t{long}"}}]}}"#);
    let text = captured(async {
        let address = serve(config(ring("key-a"))).await;
        assert_eq!(post_json(address, &signed(&body), &body).await.status, 200);
    })
    .await;
    let span = text.lines().find(|line| line.contains("stored")).unwrap();
    assert_eq!(span.matches('é').count(), 128 + 127, "{span}");
}

#[tokio::test]
async fn the_unsigned_mode_is_loud() {
    let text = captured(async {
        let _config = WebhookConfig::new(danger::verifier_that_accepts_unsigned_deliveries());
    })
    .await;
    assert!(text.contains("WARN") && text.contains("unsigned"), "{text}");
}
