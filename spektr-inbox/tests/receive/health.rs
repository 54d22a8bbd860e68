//! Tests the pages for operators: readiness, liveness, and the figures of the metrics.

use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::store::StoreError;
use spektr_inbox::{Clock as _, Receiver, Server};
use spektr_verify::{KeyRing, UnixSeconds, danger};
use tokio::net::TcpListener;

use crate::support::{Inbox, PATH, deliver, exchange, fetch, key, request, serve, signed_at, tag};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Returns a report of readiness in which `what` has the value `how` and everything else is ok.
fn report(what: &str, how: &str) -> String {
    let value = |name: &str| if name == what { how } else { "ok" }.to_owned();
    let members = ["clock", "keys", "disk", "figures", "queue", "handling"]
        .map(|name| format!(r#""{name}":"{}""#, value(name)));
    format!("{{{}}}", members.join(","))
}

/// Asks a new server, so that no earlier answer is repeated.
async fn ready(receiver: &Receiver) -> (u16, String) {
    fetch(serve(receiver).await, "/health/ready").await
}

#[tokio::test]
async fn readiness_shows_a_full_disk() {
    let inbox = Inbox::with(|options| options.with_max_bytes(256 * 1024));
    inbox.clock.advance(YEAR);
    assert_eq!(ready(&inbox.receiver()).await, (200, report("", "")));
    let big = tag("e1").replace(r#""t""#, &format!("\"{}\"", "t".repeat(170_000)));
    let delivery = danger::assume_verified(big.into_bytes().into());
    inbox.receiver().accept(&delivery).await.unwrap();
    assert_eq!(ready(&inbox.receiver()).await, (503, report("disk", "full")));
}

#[tokio::test]
async fn entries_from_the_future_do_not_say_that_the_clock_is_wrong_now() {
    let inbox = Inbox::new();
    assert_eq!(ready(&inbox.receiver()).await, (503, report("clock", "not set")));
    inbox.clock.advance(2 * YEAR);
    for id in ["e1", "e2", "e3"] {
        let delivery = danger::assume_verified(tag(id).into_bytes().into());
        inbox.receiver().accept(&delivery).await.unwrap();
        inbox.clock.advance(Duration::from_secs(1));
    }
    inbox.clock.put_back(YEAR);
    assert_eq!(ready(&inbox.receiver()).await, (200, report("", "")));
}

#[tokio::test]
async fn readiness_shows_a_clock_that_is_behind_when_the_sender_has_signed() {
    let inbox = Inbox::new();
    inbox.clock.advance(YEAR);
    let now = inbox.clock.now().as_seconds().unsigned_abs();
    let receiver = inbox.receiver();
    let address = serve(&receiver).await;
    let deliver_at = async |id: &str, seconds| {
        let body = tag(id).into_bytes();
        exchange(address, &request(&signed_at(&body, seconds), &body)).await.0
    };
    assert_eq!(deliver_at("e1", now + 301).await, 401);
    assert_eq!(deliver_at("e1", now + 302).await, 401);
    assert_eq!(ready(&inbox.receiver()).await, (200, report("", "")));
    assert_eq!(deliver_at("e2", now + 301).await, 401);
    assert_eq!(ready(&receiver).await, (503, report("clock", "behind the sender")));
}

#[tokio::test]
async fn readiness_shows_a_store_that_refuses_every_delivery() {
    let inbox = Inbox::new();
    inbox.clock.advance(YEAR);
    let other = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    // Storing an entry fails, and everything else works.
    other
        .execute_batch(
            "CREATE TRIGGER refuses BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .unwrap();
    let delivery = danger::assume_verified(tag("e1").into_bytes().into());
    let refused = inbox.receiver().accept(&delivery).await;
    assert!(matches!(refused, Err(StoreError::Database { .. })), "{refused:?}");
    assert_eq!(ready(&inbox.receiver()).await, (503, report("disk", "failing")));
    other.execute_batch("DROP TRIGGER refuses").unwrap();
    assert_eq!(ready(&inbox.receiver()).await, (200, report("", "")));
    // The entry that readiness tries to store is never committed.
    assert_eq!(inbox.count().await, 0);
}

#[tokio::test]
async fn a_server_whose_task_has_died_is_not_live_until_another_begins() {
    let inbox = Inbox::new();
    let receiver = inbox.receiver();
    let operations = serve(&receiver).await;
    let begin = async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::new(receiver.router(PATH)).with_receiver(&receiver);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let serving = tokio::spawn(server.serve(listener, async { stopped.await.unwrap() }));
        assert_eq!(deliver(address, tag("e1")).await, 200);
        (serving, stop)
    };
    let live = async || fetch(operations, "/health/live").await;
    let ok = (200, "ok".to_owned());
    let (serving, _stop) = begin().await;
    assert_eq!(live().await, ok);
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    assert_eq!(live().await, (503, "a server has ended".to_owned()));
    let (serving, stop) = begin().await;
    assert_eq!(live().await, ok);
    // A server that was asked to stop counts as live.
    stop.send(()).unwrap();
    serving.await.unwrap();
    assert_eq!(live().await, ok);
}

#[tokio::test]
async fn figures_that_are_not_known_are_not_shown() {
    let inbox = Inbox::new();
    inbox.clock.advance(YEAR);
    let address = serve(&inbox.receiver()).await;
    let (_, metrics) = fetch(address, "/metrics").await;
    assert!(metrics.contains("spektr_inbox_store_up 1\n"), "{metrics}");
    assert!(metrics.contains("spektr_inbox_backlog_entries{state=\"pending\"} 0\n"), "{metrics}");
    let other = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    other.execute_batch("ALTER TABLE entries RENAME COLUMN received_at TO gone").unwrap();
    let (_, metrics) = fetch(address, "/metrics").await;
    assert!(metrics.contains("spektr_inbox_store_up 0\n"), "{metrics}");
    assert!(!metrics.contains("spektr_inbox_backlog_entries{"), "{metrics}");
    let (status, report) = fetch(address, "/health/ready").await;
    assert_eq!(status, 503);
    assert!(report.contains(r#""figures":"failing""#), "{report}");
    assert_eq!(fetch(address, "/health/live").await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn without_a_key_that_is_valid_now_the_receiver_is_not_ready() {
    let inbox = Inbox::new();
    inbox.clock.advance(YEAR);
    let expired = key("key-a").with_validity(None, Some(UnixSeconds::new(1))).unwrap();
    let verifier = inbox.verifier(KeyRing::new([expired]).unwrap());
    let receiver =
        Receiver::new(Arc::clone(&inbox.store), verifier).with_clock(inbox.clock.clone());
    assert_eq!(ready(&receiver).await, (503, report("keys", "none is valid")));
}
