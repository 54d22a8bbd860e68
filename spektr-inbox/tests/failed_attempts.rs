//! Tests the log of failed attempts: one line for each attempt.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::testing::{entries, start, tag_added};
use spektr_inbox::{HandlerError, Received, Workers};
use support::Inbox;
use support::lines::logged;

#[tokio::test]
async fn a_failed_attempt_is_one_line_with_its_reason_only_if_that_may_be_logged() {
    let (_guard, mut logged) = logged();
    let inbox = Inbox::new();
    let raws = ["private", "public", "never", "later", "down"].map(|id| tag_added(id, "s1", 1));
    let body = format!(r#"{{"results":[{}]}}"#, raws.join(","));
    inbox.store.accept(entries("test", &body, start())).await.unwrap();
    let handler = |received: Received| async move {
        Err::<(), _>(match received.event().id().unwrap().as_ref() {
            "private" => HandlerError::retry("marker"),
            "public" => HandlerError::retry("why-1").with_reason_logged(),
            "never" => HandlerError::permanent("why-2").with_reason_logged(),
            "later" => HandlerError::defer(Duration::from_secs(1)),
            _ => HandlerError::destination("why-3"),
        })
    };
    let workers = Workers::new(Arc::clone(&inbox.store), handler).with_clock(inbox.clock.clone());
    assert_eq!(workers.with_concurrency(1).run_due().await.unwrap(), 5);
    let mut lines = Vec::new();
    while let Ok(line) = logged.try_recv() {
        lines.push(line);
    }
    let expected = [
        ("private", "the attempt has failed", "next_attempt=2023-11-14T22:13:2"),
        ("public", "the attempt has failed", "reason=\"why-1\""),
        ("never", "the event is parked", "reason=\"why-2\""),
        ("down", "the attempt has failed", "reason=\"why-3\""),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, (id, what, more)) in lines.iter().zip(expected) {
        let parts = ["WARN", what, more, &format!("event_id=\"{id}\"")];
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
        assert!(!line.contains("marker"), "{line}");
    }
}
