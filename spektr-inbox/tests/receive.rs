//! Tests the endpoint behind a real socket: the stored entries, and the answers.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::store::{Erasure, Operator, State, StoreError};
use spektr_inbox::testing::{start, tag_added};
use spektr_inbox::{Clock as _, Receiver, Server};
use spektr_verify::{KeyRing, SharedKeys, UnixSeconds, danger};
use support::{
    Inbox, PATH, deliver, exchange, fetch, key, request, ring, serve, signed, signed_at,
};
use tokio::net::TcpListener;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn tag(id: &str) -> String {
    tag_added(id, "s1", 1_700_000_000_000)
}

/// Returns a body with spaces after it, which make it longer without changing its JSON.
fn padded(body: &str, length: usize) -> String {
    format!("{body}{}", " ".repeat(length - body.len()))
}

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
async fn a_signed_delivery_is_kept_whatever_its_content_type() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let body = tag("e1").into_bytes();
    let request = String::from_utf8(request(&signed(&body), &body)).unwrap();
    let odd = request.replace("application/json", "text/plain").into_bytes();
    assert_eq!(exchange(address, &odd).await.0, 200);
}

#[tokio::test]
async fn rejected_deliveries_are_recovered_once_the_setting_is_right() {
    let inbox = Inbox::new();
    let keys = SharedKeys::new(ring("key-b"));
    let verifier = inbox.verifier(keys.clone());
    let receiver = Receiver::new(Arc::clone(&inbox.store), verifier)
        .with_clock(inbox.clock.clone())
        .with_quarantine(3, 10_000);
    let ada = Operator::new("ada");
    let address = serve(&receiver).await;
    for id in ["e1", "e2", "e2", "e3", "e4"] {
        assert_eq!(deliver(address, tag(id)).await, 401);
    }
    let forged = exchange(address, &request(&signed(b"other"), tag("e5").as_bytes())).await;
    assert_eq!(forged.0, 401);
    assert_eq!((inbox.count().await, receiver.recover(&ada).await.unwrap()), (0, (0, 3)));

    inbox.clock.advance(Duration::from_secs(24 * 3600));
    keys.replace(ring("key-a"));
    assert_eq!(receiver.recover(&ada).await.unwrap(), (2, 1));
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
    assert!(metrics.contains("rejected_total{reason=\"queue_full\"} 1"), "{metrics}");
    blocker.execute_batch("ROLLBACK").unwrap();
    // Unlike a delivery, a note waits for its turn in the store's queue.
    inbox.store.set_note("a".to_owned(), String::new()).await.unwrap();
    assert_eq!(deliver(address, tag("after")).await, 200);
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
