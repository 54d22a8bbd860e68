//! Tests that a trace goes through the inbox: from the header of a delivery to each attempt.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use spektr_inbox::trace::{Propagation, TraceParent};
use spektr_inbox::{HandlerError, Received, Workers};
use support::{Inbox, deliver, exchange, request, serve, signed};
use tracing::Span;

const BODY: &str = r#"{"id":"e1","spektrId":"s1","type":"customer_tag_add","createdAt":1,
    "data":{"tagId":"t","action":"add"}}"#;

/// A propagation that records its calls, and numbers the spans 1, 2 and so on.
#[derive(Default)]
struct Noting {
    asked: Mutex<Vec<(&'static str, TraceParent)>>,
    given: Mutex<u64>,
}

impl Noting {
    fn asked(&self) -> Vec<(&'static str, TraceParent)> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Propagation for Noting {
    fn set_parent(&self, _: &Span, parent: TraceParent) {
        self.asked.lock().unwrap().push(("parent", parent));
    }

    fn link(&self, _: &Span, to: TraceParent) {
        self.asked.lock().unwrap().push(("link", to));
    }

    fn context(&self, _: &Span) -> Option<TraceParent> {
        let mut given = self.given.lock().unwrap();
        *given += 1;
        TraceParent::new(7, *given, 1)
    }
}

#[tokio::test]
async fn an_attempt_is_a_child_of_the_acceptance_and_a_further_one_linked_to_it() {
    let inbox = Inbox::new();
    let noting = Arc::new(Noting::default());
    let receiver = inbox.receiver().with_propagation(Arc::<Noting>::clone(&noting));
    let address = serve(&receiver).await;
    let sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = format!("{}traceparent: {sender}\r\n", signed(BODY.as_bytes()));
    assert_eq!(exchange(address, &request(&headers, BODY.as_bytes())).await.0, 200);
    assert_eq!(noting.asked(), [("parent", sender.parse().unwrap())]);
    let accepted = TraceParent::new(7, 1, 1).unwrap();
    let traces: Vec<_> = inbox.all().await.iter().map(|entry| entry.trace).collect();
    assert_eq!(traces, [Some(accepted)]);

    let attempt = async || {
        let handler = |_: Received| async { Err(HandlerError::retry("not now")) };
        let workers = Workers::new(Arc::clone(&inbox.store), handler)
            .with_clock(inbox.clock.clone())
            .with_propagation(Arc::<Noting>::clone(&noting));
        assert_eq!(workers.run_due().await.unwrap(), 1);
        noting.asked()
    };
    assert_eq!(attempt().await, [("parent", accepted)]);
    inbox.clock.advance(Duration::from_secs(3600));
    assert_eq!(attempt().await, [("parent", accepted), ("link", accepted)]);
}

#[tokio::test]
async fn a_forged_delivery_belongs_to_no_trace() {
    let inbox = Inbox::new();
    let noting = Arc::new(Noting::default());
    let receiver = inbox.receiver().with_propagation(Arc::<Noting>::clone(&noting));
    let address = serve(&receiver).await;
    let sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = format!("{}traceparent: {sender}\r\n", signed(b"another body"));
    assert_eq!(exchange(address, &request(&headers, BODY.as_bytes())).await.0, 401);
    assert_eq!(noting.asked(), []);
    assert_eq!(*noting.given.lock().unwrap(), 0);
}

#[tokio::test]
async fn without_propagation_no_trace_is_kept() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = format!("{}traceparent: {sender}\r\n", signed(BODY.as_bytes()));
    assert_eq!(exchange(address, &request(&headers, BODY.as_bytes())).await.0, 200);
    assert_eq!(deliver(address, BODY).await, 200);
    let traces: Vec<_> = inbox.all().await.iter().map(|entry| entry.trace).collect();
    assert_eq!(traces, [None]);
}
