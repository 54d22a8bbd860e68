//! Tests the deliveries that are refused: by their signature, their path or their size, and for
//! lack of room. Nothing of them is stored, apart from the quarantine.

use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::store::Erasure;
use spektr_inbox::testing::start;
use spektr_inbox::{Receiver, Server};
use spektr_verify::{KeyRing, SharedKeys, UnixSeconds, danger};
use tokio::net::TcpListener;

use crate::support::{
    Inbox, PATH, ada, deliver, exchange, fetch, figure, key, request, ring, serve, signed,
    signed_at, tag,
};

/// Returns a body with spaces after it, which make it longer without changing its JSON.
fn padded(body: &str, length: usize) -> String {
    format!("{body}{}", " ".repeat(length - body.len()))
}

#[tokio::test]
async fn what_is_not_authentic_is_not_stored_and_gets_one_answer() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let body = tag("e1").into_bytes();
    let right = signed(&body);
    let now = start().as_seconds().unsigned_abs();
    let attempts = [
        String::new(),
        format!("{right}{right}"),
        signed(b"another body"),
        right.replace("key-a", "key-b"),
        signed_at(&body, now - 301),
        signed_at(&body, now + 301),
    ];
    for headers in attempts {
        let answer = exchange(address, &request(&headers, &body)).await;
        assert_eq!(answer, (401, "Unauthorized".to_owned()), "{headers}");
    }
    assert_eq!(inbox.count().await, 0);
    assert!(inbox.store.quarantined(0, 10).await.unwrap().is_empty());
    let (_, metrics) = fetch(address, "/metrics").await;
    let line = "spektr_inbox_deliveries_rejected_total{reason=\"signature_mismatch\"} 1\n";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn without_a_valid_key_the_fault_is_ours() {
    let inbox = Inbox::new();
    let past = UnixSeconds::new(start().as_seconds().unsigned_abs() - 1);
    let expired = key("key-a").with_validity(None, Some(past)).unwrap();
    let verifier = inbox.verifier(KeyRing::new([expired]).unwrap());
    let address = serve(&Receiver::new(Arc::clone(&inbox.store), verifier)).await;
    assert_eq!(deliver(address, tag("e1")).await, 500);
}

#[tokio::test]
async fn an_unsigned_endpoint_takes_json_only() {
    let inbox = Inbox::new();
    let verifier = danger::verifier_that_accepts_unsigned_deliveries();
    let address = serve(&Receiver::new(Arc::clone(&inbox.store), verifier)).await;
    let body = tag("e1").into_bytes();
    let plain = String::from_utf8(request("", &body)).unwrap();
    let plain = plain.replace("application/json", "text/plain").into_bytes();
    assert_eq!(exchange(address, &plain).await.0, 415);
    assert_eq!(exchange(address, &request("", &body)).await.0, 200);
    assert_eq!(inbox.count().await, 1);
}

#[tokio::test]
async fn rejected_deliveries_are_recovered_once_the_setting_is_right() {
    let inbox = Inbox::new();
    let keys = SharedKeys::new(ring("key-b"));
    let verifier = inbox.verifier(keys.clone());
    let receiver = Receiver::new(Arc::clone(&inbox.store), verifier)
        .with_clock(inbox.clock.clone())
        .with_quarantine(3, 10_000);
    let address = serve(&receiver).await;
    for id in ["e1", "e2", "e2", "e3", "e4"] {
        assert_eq!(deliver(address, tag(id)).await, 401);
    }
    let forged = exchange(address, &request(&signed(b"other"), tag("e5").as_bytes())).await;
    assert_eq!(forged.0, 401);
    assert_eq!((inbox.count().await, receiver.recover(&ada()).await.unwrap()), (0, (0, 3)));

    inbox.clock.advance(Duration::from_secs(24 * 3600));
    keys.replace(ring("key-a"));
    assert_eq!(receiver.recover(&ada()).await.unwrap(), (2, 1));
    let actions = inbox.store.actions(0, 10).await.unwrap();
    let actions: Vec<_> = actions.iter().map(|one| (&*one.action, &*one.actor)).collect();
    assert_eq!(actions, [("recover", "ada"); 2]);
    let ids: Vec<_> = inbox.all().await.into_iter().filter_map(|entry| entry.id).collect();
    assert_eq!(ids, ["e3", "e4"]);
    let left = inbox.store.quarantined(0, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].rejected.reason, "key_unknown");
}

#[tokio::test]
async fn a_full_disk_is_a_507_until_there_is_room_again() {
    let inbox = Inbox::with(|options| options.with_max_bytes(256 * 1024));
    let address = serve(&inbox.receiver()).await;
    let big = |id: &str| tag(id).replace(r#""t""#, &format!("\"{}\"", "t".repeat(170_000)));
    assert_eq!(deliver(address, big("e1")).await, 200);
    assert_eq!(deliver(address, big("e2")).await, 507);
    assert_eq!(inbox.count().await, 1);
    assert_eq!(inbox.store.erase(Erasure::of("s1"), None).await.unwrap().entries, 1);
    assert_eq!(deliver(address, big("e2")).await, 200);
}

#[tokio::test]
async fn deliveries_to_another_path_are_counted_and_one_slash_more_is_accepted() {
    let inbox = Inbox::new();
    let receiver = inbox.receiver();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(receiver.router_alone(PATH));
    tokio::spawn(server.serve(listener, std::future::pending()));
    let to = |path: &str| {
        let body = tag("e1").into_bytes();
        let request = String::from_utf8(request(&signed(&body), &body)).unwrap();
        request.replace(PATH, path).into_bytes()
    };
    assert_eq!(exchange(address, &to("/webhooks/spektr/")).await.0, 200);
    for path in ["/", "/webhook/spektr", "//webhooks/spektr", "/Webhooks/Spektr"] {
        assert_eq!(exchange(address, &to(path)).await.0, 404, "{path}");
    }
    assert_eq!(fetch(address, PATH).await.0, 405);
    let metrics = receiver.metrics().render();
    for (reason, count) in [("path_unknown", 4), ("method_unknown", 1)] {
        let line = format!("rejected_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
    assert_eq!(inbox.count().await, 1);
}

#[tokio::test]
async fn bodies_up_to_the_limit_are_read_and_larger_ones_refused() {
    let inbox = Inbox::new();
    let receiver = inbox.receiver().with_body_limit(1000);
    let address = serve(&receiver).await;
    let body = |length: usize| padded(&tag("e1"), length);
    assert_eq!(deliver(address, body(1000)).await, 200);
    assert_eq!(deliver(address, body(1001)).await, 413);
    let chunked = |body: &str| {
        let headers = signed(body.as_bytes());
        format!(
            "POST {PATH} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n{headers}\r\n\
             {:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    };
    assert_eq!(exchange(address, chunked(&body(1000)).as_bytes()).await.0, 200);
    assert_eq!(exchange(address, chunked(&body(1001)).as_bytes()).await.0, 413);

    let unlimited = serve(&inbox.receiver()).await;
    assert_eq!(deliver(unlimited, body(16 << 20)).await, 200);
    assert_eq!(deliver(unlimited, body((16 << 20) + 1)).await, 413);
}

#[tokio::test]
async fn bodies_beyond_the_memory_are_refused_at_once() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver().with_memory_limit(256 * 1024)).await;
    let body = |length: usize| padded(&tag("e1"), length);
    for _ in 0..3 {
        assert_eq!(deliver(address, body(64 * 1024)).await, 200);
    }
    assert_eq!(deliver(address, body(192 * 1024 + 1)).await, 503);
}

#[tokio::test]
async fn a_full_queue_is_a_503() {
    let inbox = Inbox::with(|options| options.with_queue(1).with_group(1));
    let address = serve(&inbox.receiver().with_commit_timeout(Duration::from_secs(3))).await;
    let path = inbox.folder.path().join("inbox.db");
    let blocker = rusqlite::Connection::open(path).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut racing = tokio::task::JoinSet::new();
    for index in 0..20 {
        racing.spawn(async move { deliver(address, tag(&format!("e{index}"))).await });
    }
    let statuses = racing.join_all().await;
    assert_eq!(statuses, [503; 20]);
    let (_, metrics) = fetch(address, "/metrics").await;
    let series = "spektr_inbox_deliveries_rejected_total{reason=\"queue_full\"}";
    // The queue has taken at least one delivery, which has waited in vain.
    assert!((10..20).contains(&figure(&metrics, series)), "{metrics}");
    blocker.execute_batch("ROLLBACK").unwrap();
    // Unlike a delivery, a note waits for its turn in the store's queue.
    inbox.store.set_note("a".to_owned(), String::new()).await.unwrap();
    assert_eq!(deliver(address, tag("after")).await, 200);
}
