//! Tests of clients that are slow, broken, or too many. These tests take real time, at most a
//! few seconds each. None asserts a duration.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use spektr_inbox::{Receiver, Server};
use support::{
    Inbox, PATH, answer, deliver, exchange, figure, reads_nothing, request, serve_with, signed,
    tag, until,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_millis(500);

async fn strict(inbox: &Inbox) -> SocketAddr {
    let receiver = inbox.receiver().with_body_timeout(LIMIT);
    serve_with(&receiver, |server| server.with_header_timeout(LIMIT)).await
}

/// Waits until the server has closed the connection.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await.unwrap().unwrap();
}

/// Opens one connection to a server with a short limit and one to a server with a limit of an
/// hour, brings both into the same state, and waits until the limited connection closes. Fails
/// if the other closes first.
async fn the_limited_one_closes(inbox: &Inbox, sent: &[u8], answered: Option<u16>) {
    let patient = inbox.receiver().with_body_timeout(Duration::from_secs(3600));
    let patient =
        serve_with(&patient, |server| server.with_header_timeout(Duration::from_secs(3600))).await;
    let mut streams = Vec::new();
    for address in [patient, strict(inbox).await] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        if let Some(status) = answered {
            assert_eq!(answer(&mut stream).await.0, status);
        }
        streams.push(stream);
    }
    let [patient, strict] = &mut streams[..] else { panic!("two connections") };
    // The other connection was opened first, so without an effect of the limit it would close
    // first.
    tokio::select! {
        biased;
        () = closed(patient) => panic!("the connection without a limit closed first"),
        () = closed(strict) => {}
    }
}

#[tokio::test]
async fn half_a_head_is_closed_after_the_timeout() {
    let inbox = Inbox::new();
    for sent in ["", "POST /webh"] {
        the_limited_one_closes(&inbox, sent.as_bytes(), None).await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_timeout() {
    let inbox = Inbox::new();
    let body = tag("e1").into_bytes();
    the_limited_one_closes(&inbox, &request(&signed(&body), &body), Some(200)).await;
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_not_stored() {
    let inbox = Inbox::new();
    let address = strict(&inbox).await;
    let body = tag("e1").into_bytes();
    let whole = request(&signed(&body), &body);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
    stream.shutdown().await.unwrap();
    closed(&mut stream).await;
    assert_eq!(inbox.count().await, 0);
}

#[tokio::test]
async fn a_wrong_content_length_is_refused() {
    let inbox = Inbox::new();
    let address = strict(&inbox).await;
    let body = tag("e1");
    let right = format!("content-length: {}", body.len());
    let with = |length: &str| {
        let request = request(&signed(body.as_bytes()), body.as_bytes());
        String::from_utf8(request).unwrap().replace(&right, length).into_bytes()
    };
    // A shorter length makes a body that differs from the signed body.
    let shorter = format!("content-length: {}", body.len() - 1);
    assert_eq!(exchange(address, &with(&shorter)).await.0, 401);
    for malformed in
        ["content-length: x", "content-length: -1", "content-length: 5\r\ncontent-length: 6"]
    {
        assert_eq!(exchange(address, &with(malformed)).await.0, 400, "{malformed}");
    }
    assert_eq!(inbox.count().await, 0);
}

#[tokio::test]
async fn ten_thousand_idle_connections_are_held_to_the_limit_and_pass() {
    const LIMIT_OF_CONNECTIONS: usize = 60;
    // At most as many connections as fit the system's backlog, which drops the rest.
    const AT_A_TIME: usize = 120;
    let inbox = Inbox::new();
    let receiver = inbox.receiver();
    let address = serve_with(&receiver, |server| {
        server
            .with_header_timeout(Duration::from_millis(20))
            .with_max_connections(LIMIT_OF_CONNECTIONS)
    })
    .await;
    let mut idle = JoinSet::new();
    let mut most = 0;
    for _ in 0..10_000 {
        if idle.len() == AT_A_TIME {
            idle.join_next().await;
        }
        idle.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // The server closes the connection sooner or later.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap()
        });
        most = most.max(connections(&receiver));
    }
    assert_eq!(most, LIMIT_OF_CONNECTIONS);
    assert!(idle.join_all().await.iter().all(|read| *read == 0), "an idle client is told nothing");
    assert_eq!(deliver(address, tag("e1")).await, 200);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_closed_after_the_timeout() {
    let inbox = Inbox::new();
    let hour = Duration::from_secs(3600);
    let unread = |timeout: Duration| {
        let receiver = inbox.receiver();
        async move {
            let configure = |server: Server| {
                server
                    .with_header_timeout(hour)
                    .with_connection_timeout(hour)
                    .with_write_timeout(timeout)
            };
            reads_nothing(serve_with(&receiver, configure).await).await;
        }
    };
    tokio::select! {
        biased;
        () = unread(hour) => panic!("the connection without a limit closed first"),
        () = unread(LIMIT) => {}
    }
}

#[tokio::test]
async fn a_connection_ends_at_its_age_however_busy_it_is() {
    let inbox = Inbox::new();
    let configure = |server: Server| server.with_connection_timeout(LIMIT);
    let mut stream =
        TcpStream::connect(serve_with(&inbox.receiver(), configure).await).await.unwrap();
    let busy = async {
        loop {
            let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
            let mut read = [0; 1024];
            if stream.write_all(request).await.is_err()
                || stream.read(&mut read).await.unwrap_or(0) == 0
            {
                return;
            }
        }
    };
    timeout(Duration::from_secs(60), busy).await.unwrap();
}

#[tokio::test]
async fn connections_that_wait_for_their_clients_keep_no_delivery_out() {
    const LIMIT_OF_CONNECTIONS: usize = 8;
    let inbox = Inbox::new();
    let hour = Duration::from_secs(3600);
    let receiver = inbox.receiver().with_body_timeout(hour);
    let address = serve_with(&receiver, |server| {
        server
            .with_header_timeout(hour)
            .with_write_timeout(hour)
            .with_connection_timeout(hour)
            .with_max_connections(LIMIT_OF_CONNECTIONS)
    })
    .await;
    let mut sender = TcpStream::connect(address).await.unwrap();
    let first = tag("e0").into_bytes();
    sender.write_all(&request(&signed(&first), &first)).await.unwrap();
    assert_eq!(answer(&mut sender).await.0, 200);

    let body = tag("e1").into_bytes();
    let whole = request(&signed(&body), &body);
    let (mut held, mut unread) = (Vec::new(), JoinSet::new());
    for index in 0..3 * LIMIT_OF_CONNECTIONS {
        // A connection is idle, in the middle of a head, in the middle of a body, or unread.
        if index % 4 == 3 {
            unread.spawn(reads_nothing(address));
        } else {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let sent = [0, 20, whole.len() - 1][index % 4];
            stream.write_all(&whole[..sent]).await.unwrap();
            held.push(stream);
        }
        let id = format!("f{index}");
        assert_eq!(timeout(Duration::from_secs(60), deliver(address, tag(&id))).await, Ok(200));
    }
    // The first connection, which has made a delivery, is still open.
    let last = tag("e2").into_bytes();
    sender.write_all(&request(&signed(&last), &last)).await.unwrap();
    assert_eq!(answer(&mut sender).await.0, 200);
    assert_eq!(inbox.count().await, 2 + 3 * LIMIT_OF_CONNECTIONS as u64);
}

#[tokio::test]
async fn forged_bodies_in_slow_connections_refuse_no_signed_one() {
    const MIB: usize = 1 << 20;
    let inbox = Inbox::new();
    let receiver =
        inbox.receiver().with_memory_limit(4 * MIB).with_body_timeout(Duration::from_secs(3600));
    let address = serve_with(&receiver, |server| server).await;
    let padded = |id: &str| format!("{}{}", tag(id), " ".repeat(MIB - 200));
    let mut slow = Vec::new();
    for _ in 0..30 {
        // The signature is that of another body, by a valid key.
        let forged = request(&signed(b"other"), padded("forged").as_bytes());
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The write fails if the server has already closed the connection.
        let _given_up = stream.write_all(&forged[..MIB / 2]).await;
        slow.push(stream);
    }
    for index in 0..10 {
        assert_eq!(deliver(address, padded(&format!("large{index}"))).await, 200);
        assert_eq!(deliver(address, tag(&format!("small{index}"))).await, 200);
    }
    assert_eq!(inbox.count().await, 20);
}

#[tokio::test]
async fn a_large_body_has_to_arrive_at_the_least_rate() {
    let inbox = Inbox::new();
    let receiver = inbox.receiver().with_body_timeout(Duration::from_secs(3600));
    let address = serve_with(&receiver, |server| server).await;
    let body = format!("{}{}", tag("e1"), " ".repeat(100_000)).into_bytes();
    let whole = request(&signed(&body), &body);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
    assert_eq!(answer(&mut stream).await.0, 408);
}

#[tokio::test]
async fn a_body_keeps_its_memory_until_the_store_is_done_with_it() {
    let inbox = Inbox::new();
    let receiver = inbox.receiver().with_memory_limit(96 * 1024).with_commit_timeout(LIMIT);
    let address = serve_with(&receiver, |server| server).await;
    let body = |id: &str| format!("{}{}", tag(id), " ".repeat(60 * 1024));
    let blocker = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    for id in ["e1", "e2"] {
        assert_eq!(deliver(address, body(id)).await, 503);
    }
    let metrics = receiver.metrics().render();
    for reason in ["commit_timeout", "memory_full"] {
        let line = format!("rejected_total{{reason=\"{reason}\"}} 1\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
    blocker.execute_batch("ROLLBACK").unwrap();
    // Unlike a delivery, a note waits for its turn in the store's queue.
    inbox.store.set_note("a".to_owned(), String::new()).await.unwrap();
    assert_eq!(deliver(address, body("e3")).await, 200);
}

#[tokio::test]
async fn a_large_delivery_has_longer_to_be_stored_than_a_small_one() {
    let inbox = Inbox::new();
    let receiver = inbox.receiver().with_commit_timeout(LIMIT);
    let address = serve_with(&receiver, |server| server).await;
    let blocker = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Each entry adds a millisecond to the commit timeout, so the large delivery waits longer
    // than the small deliveries after it.
    const ENTRIES: u64 = 6000;
    let ids = (0..ENTRIES).map(|index| tag(&format!("e{index}"))).collect::<Vec<_>>();
    let body = format!(r#"{{"results":[{}]}}"#, ids.join(","));
    let large = tokio::spawn(deliver(address, body));
    // When the second small delivery times out, the large delivery would have timed out too, if
    // both had the same timeout.
    for id in ["small0", "small1"] {
        assert_eq!(deliver(address, tag(id)).await, 503);
    }
    assert!(!large.is_finished());
    blocker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(large.await.unwrap(), 200);
    // A delivery that was stored after its answer of 503 is a duplicate at the next attempt.
    for id in ["small0", "small1"] {
        assert_eq!(deliver(address, tag(id)).await, 200);
    }
    assert_eq!(inbox.count().await, ENTRIES + 2);
}

#[tokio::test]
async fn a_known_and_an_unknown_key_id_are_treated_alike() {
    let inbox = Inbox::new();
    let address = serve_with(&inbox.receiver(), |server| server).await;
    let body = tag("e1").into_bytes();
    for id in ["key-a", "key-b"] {
        let headers = signed(b"other").replace("key-a", id) + "expect: 100-continue\r\n";
        let whole = request(&headers, &body);
        let (head, rest) = whole.split_at(whole.len() - body.len());
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head).await.unwrap();
        let mut going_on = *b"HTTP/1.1 100 Continue\r\n\r\n";
        stream.read_exact(&mut going_on).await.unwrap();
        assert_eq!(&going_on, b"HTTP/1.1 100 Continue\r\n\r\n", "{id}");
        stream.write_all(rest).await.unwrap();
        assert_eq!(answer(&mut stream).await, (401, "Unauthorized".to_owned()), "{id}");
    }
}

fn connections(receiver: &Receiver) -> usize {
    figure(&receiver.metrics().render(), "spektr_inbox_connections")
}

#[tokio::test]
async fn shutdown_finishes_what_has_begun_and_takes_nothing_new() {
    let inbox = Inbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = Server::new(inbox.receiver().router(PATH));
    let serving = tokio::spawn(server.serve(listener, async { stopped.await.unwrap() }));

    let body = tag("e1").into_bytes();
    let headers = format!("{}expect: 100-continue\r\n", signed(&body));
    let whole = request(&headers, &body);
    let (head, rest) = whole.split_at(whole.len() - body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head).await.unwrap();
    let mut going_on = *b"HTTP/1.1 100 Continue\r\n\r\n";
    stream.read_exact(&mut going_on).await.unwrap();
    assert_eq!(&going_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stop.send(()).unwrap();
    // A connection during the shutdown may still be accepted, or be reset.
    let is_refused = |connected: std::io::Result<_>| {
        connected.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    };
    let refuses = async || is_refused(TcpStream::connect(address).await.map(drop));
    until("connections are refused", refuses).await;
    stream.write_all(rest).await.unwrap();
    assert_eq!(answer(&mut stream).await.0, 200);
    timeout(Duration::from_secs(30), serving).await.unwrap().unwrap();
    assert_eq!(inbox.count().await, 1);
}
