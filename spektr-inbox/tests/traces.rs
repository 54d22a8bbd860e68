//! Tests that logs and metrics contain ids and reasons, but no secrets and no personal data.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::io;
use std::sync::{Arc, Mutex};

use spektr_inbox::{HandlerError, Received, Workers};
use support::{Inbox, deliver, exchange, fetch, request, serve, signed};
use tracing::Level;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_logs_nor_metrics_hold_what_is_secret_or_somebodys() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let inbox = Inbox::new();
    let receiver = inbox.receiver().with_quarantine(10, 10_000);
    let address = serve(&receiver).await;
    let body = r#"{"results":[
        {"id":"e1","spektrId":"s1","type":"customer_tag_add","createdAt":1,
         "data":{"tagId":"marker-tag","action":"add"}},
        {"id":"e2","spektrId":"s1","type":"alert_resolved","createdAt":1,
         "data":{"contextId":["marker-context"]}},
        {"id":"e3","spektrId":"s1","type":"never_documented","data":"marker-data"},
        "marker-entry"
    ]}"#;
    assert_eq!(deliver(address, body).await, 200);
    assert_eq!(deliver(address, body.replace("marker-tag", "marker-other")).await, 200);
    assert_eq!(deliver(address, "{ marker-body").await, 200);
    let forged = request(&signed(b"other"), body.as_bytes());
    assert_eq!(exchange(address, &forged).await.0, 401);

    let handler = |_: Received| async { Err(HandlerError::permanent("marker-reason")) };
    let attempts = Workers::new(Arc::clone(&inbox.store), handler)
        .with_clock(inbox.clock.clone())
        .with_metrics(receiver.metrics().clone())
        .run_due()
        .await
        .unwrap();
    assert_eq!(attempts, 4);
    let (_, metrics) = fetch(address, "/metrics").await;

    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let text = format!("{text}\n{metrics}");
    for expected in [
        "signature_mismatch",
        "event_id=\"e1\"",
        "customer_tag_add",
        "a body is kept whole",
        "an id was there with another content",
        "the event is parked, until somebody looks result=\"dead\"",
        "the event is parked, until somebody looks result=\"malformed\"",
        "looks result=\"unknown\" reason=\"the wire type is not known\"",
        "entries_malformed_total{type=\"alert_resolved\"} 1\n",
        "entries_malformed_total{type=\"none\"} 1\n",
        "unknown_total{type=\"never_documented\"} 1\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("marker"), "{text}");
    assert!(!text.contains(&signed(b"other")[130..]), "{text}");
}
