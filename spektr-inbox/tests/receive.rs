//! Tests the endpoint behind a real socket: the stored entries, and the answers.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod receive {
    mod health;
    mod refusing;
}
mod support;

use std::sync::Arc;

use spektr_inbox::Receiver;
use spektr_inbox::store::State;
use spektr_inbox::testing::start;
use spektr_verify::KeyRing;
use support::{Inbox, deliver, exchange, fetch, key, request, serve, signed, tag};

#[tokio::test]
async fn every_entry_of_a_delivery_is_stored_before_the_answer() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let body = format!(r#"{{"results":[{},17,{{"id":5}}]}}"#, tag("e1"));
    let answer = exchange(address, &request(&signed(body.as_bytes()), body.as_bytes())).await;
    assert_eq!(answer, (200, String::new()));
    let stored = inbox.all().await;
    let raws: Vec<_> = stored.iter().map(|entry| &entry.raw[..]).collect();
    assert_eq!(raws, [tag("e1").as_bytes(), b"17", br#"{"id":5}"#]);
    assert!(stored.iter().all(|entry| entry.received_at == start() && entry.source == "spektr"));
}

#[tokio::test]
async fn duplicates_and_conflicts_are_answered_with_200_and_counted() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let other = tag("e1").replace(r#""t""#, r#""u""#);
    for body in [tag("e1"), tag("e1"), other.clone(), other, r#"{"results":[]}"#.to_owned()] {
        assert_eq!(deliver(address, body).await, 200);
    }
    let states: Vec<_> = inbox.all().await.iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Pending, State::Conflict]);
    let (status, metrics) = fetch(address, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "spektr_inbox_entries_accepted_total{source=\"spektr\",type=\"customer_tag_add\"} 1",
        "spektr_inbox_entries_duplicate_total{source=\"spektr\",type=\"customer_tag_add\"} 2",
        "spektr_inbox_entries_conflict_total{source=\"spektr\",type=\"customer_tag_add\"} 1",
        "spektr_inbox_delivery_duration_seconds_count 5",
        "spektr_inbox_backlog_entries{state=\"pending\"} 1",
        "spektr_inbox_store_queued_writes_limit 1024",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
}

/// An operator sees by it when the former key of a rotation is no longer used.
#[tokio::test]
async fn accepted_deliveries_are_counted_by_key() {
    let inbox = Inbox::new();
    let keys = KeyRing::new([key("key-a"), key("key-b")]).unwrap();
    let receiver = Receiver::new(Arc::clone(&inbox.store), inbox.verifier(keys))
        .with_clock(inbox.clock.clone());
    let address = serve(&receiver).await;
    assert_eq!(deliver(address, tag("e1")).await, 200);
    // A repeated delivery is accepted too, and a forged one is not.
    assert_eq!(deliver(address, tag("e1")).await, 200);
    let forged = signed(b"{}").replace("key-a", "key-b");
    assert_eq!(exchange(address, &request(&forged, b"[]")).await.0, 401);
    let (_, metrics) = fetch(address, "/metrics").await;
    let mut counts: Vec<_> =
        metrics.lines().filter(|line| line.contains("_deliveries_accepted_total{")).collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        [
            "spektr_inbox_deliveries_accepted_total{key_id=\"key-a\"} 2",
            "spektr_inbox_deliveries_accepted_total{key_id=\"key-b\"} 0",
        ]
    );
}

#[tokio::test]
async fn an_event_in_both_envelopes_is_one_row() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let other = r#"{"id":"e1","workspaceId":"w","eventType":"customer_tag_add","timestamp":1700000000,"spektrId":"s1","data":{"processId":null,"action":"add","userId":null,"tagId":"t"}}"#;
    assert_eq!(deliver(address, tag("e1")).await, 200);
    assert_eq!(deliver(address, other).await, 200);
    assert_eq!(inbox.count().await, 1);
}

/// Whichever way the object is read, the store has all of its bytes.
#[tokio::test]
async fn an_object_that_says_which_event_it_is_is_stored_as_that_event() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let heads = [
        r#""spektrId":"s1","type":"screening_completed","createdAt":1672531199000"#,
        r#""spektrId":"s1","eventType":"screening_completed","timestamp":1731057600"#,
        r#""spektrId":"s1","type":"step_init","createdAt":1672531199000"#,
        r#""type":"batch""#,
    ];
    let results = [
        "[]".to_owned(),
        "null".to_owned(),
        r#"[{"hit":true}]"#.to_owned(),
        format!("[{}]", tag("e")),
    ];
    let mut bodies = Vec::new();
    for head in heads {
        for results in &results {
            let id = bodies.len();
            bodies.push(format!(r#"{{"id":"r{id}",{head},"data":{{}},"results":{results}}}"#));
        }
    }
    for body in &bodies {
        assert_eq!(deliver(address, body).await, 200);
    }
    let stored = inbox.all().await;
    let raws: Vec<_> =
        stored.iter().map(|entry| std::str::from_utf8(&entry.raw).unwrap()).collect();
    assert_eq!(raws, bodies);
    assert!(stored.iter().all(|entry| entry.state == State::Pending));
    let first = (stored[0].id.as_deref(), stored[0].wire_type.as_deref());
    assert_eq!(first, (Some("r0"), Some("screening_completed")));
}

#[tokio::test]
async fn a_list_without_events_is_stored_with_what_stands_beside_it() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let whole = [
        r#"{"id":"e","event":"screening_completed","results":[]}"#,
        r#"{"id":"e","event":"screening_completed","results":[{"hit":true},7]}"#,
        r#"{"type":null,"results":[]}"#,
    ];
    let event = tag("e1");
    for body in whole {
        assert_eq!(deliver(address, body).await, 200);
    }
    // An empty batch is documented, and a list with one event is a batch.
    let batch = format!(r#"{{"page":1,"results":[{event},{{"hit":true}}]}}"#);
    for body in [r#"{"results":[]}"#, &batch] {
        assert_eq!(deliver(address, body).await, 200);
    }
    let stored = inbox.all().await;
    let kept: Vec<_> = stored
        .iter()
        .map(|entry| (entry.state, std::str::from_utf8(&entry.raw).unwrap()))
        .collect();
    let mut expected: Vec<_> = whole.iter().map(|body| (State::Unreadable, *body)).collect();
    expected.extend([(State::Pending, event.as_str()), (State::Pending, r#"{"hit":true}"#)]);
    assert_eq!(kept, expected);
    let (_, metrics) = fetch(address, "/metrics").await;
    assert!(
        metrics.contains("spektr_inbox_bodies_unreadable_total{source=\"spektr\"} 3\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_byte_order_mark_before_a_body_costs_no_event() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    for body in
        [format!("\u{feff}{}", tag("e1")), format!("\u{feff}{{\"results\":[{}]}}", tag("e2"))]
    {
        assert_eq!(deliver(address, body).await, 200);
    }
    let stored = inbox.all().await;
    let raws: Vec<_> = stored.iter().map(|entry| (entry.state, &entry.raw[..])).collect();
    assert_eq!(
        raws,
        [(State::Pending, tag("e1").as_bytes()), (State::Pending, tag("e2").as_bytes())]
    );
}

#[tokio::test]
async fn an_authentic_body_that_cannot_be_read_is_stored_whole() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    for body in [&b"{\"results\":[{\"id\""[..], b"\xff\xfe", b""] {
        assert_eq!(deliver(address, body).await, 200);
        assert_eq!(deliver(address, body).await, 200);
    }
    let stored = inbox.all().await;
    assert_eq!(stored.len(), 3);
    assert!(stored.iter().all(|entry| entry.state == State::Unreadable));
    assert_eq!(&stored[1].raw[..], b"\xff\xfe");
    let (_, metrics) = fetch(address, "/metrics").await;
    assert!(
        metrics.contains("spektr_inbox_bodies_unreadable_total{source=\"spektr\"} 3\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_signed_delivery_is_kept_whatever_its_content_type() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let body = tag("e1").into_bytes();
    let request = String::from_utf8(request(&signed(&body), &body)).unwrap();
    let odd = request.replace("application/json", "text/plain").into_bytes();
    assert_eq!(exchange(address, &odd).await.0, 200);
}

#[tokio::test]
async fn duplicates_racing_on_several_connections_make_one_row() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..50 {
        racing.spawn(deliver(address, tag("e1")));
    }
    assert_eq!(racing.join_all().await, [200; 50]);
    assert_eq!(inbox.count().await, 1);
}
