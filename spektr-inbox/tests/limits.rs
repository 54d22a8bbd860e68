//! Clients that are slow, broken, or too many. These tests take real time, a few
//! seconds each at most.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use spektr_inbox::testing::tag_added;
use spektr_inbox::{Receiver, Server};
use support::{Inbox, PATH, answer, deliver, exchange, request, serve_with, signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const LIMIT: Duration = Duration::from_millis(500);

/// By when the limit has made something happen even on a busy machine. Without it,
/// the default would take 10 s, and the shortest of the slow requests 7 s.
const BUSY: Duration = Duration::from_secs(5);

fn tag(id: &str) -> String {
    tag_added(id, "s1", 1_700_000_000_000)
}

async fn strict(inbox: &Inbox) -> SocketAddr {
    let receiver = inbox.receiver().with_body_timeout(LIMIT);
    serve_with(&receiver, |server| server.with_header_timeout(LIMIT)).await
}

/// How long the server keeps a connection on which nothing more comes.
async fn closed_after(stream: &mut TcpStream) -> Duration {
    let began = Instant::now();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    began.elapsed()
}

#[tokio::test]
async fn half_a_head_is_closed_after_the_timeout() {
    let inbox = Inbox::new();
    let address = strict(&inbox).await;
    for sent in ["", "POST /webh"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let closed = closed_after(&mut stream).await;
        assert!(closed >= LIMIT / 2 && closed < BUSY, "{sent:?}: {closed:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_timeout() {
    let inbox = Inbox::new();
    let address = strict(&inbox).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = tag("e1").into_bytes();
    stream.write_all(&request(&signed(&body), &body)).await.unwrap();
    assert_eq!(answer(&mut stream).await.0, 200);
    let closed = closed_after(&mut stream).await;
    assert!(closed >= LIMIT / 2 && closed < BUSY, "{closed:?}");
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_does_not_gain_time() {
    let inbox = Inbox::new();
    let address = strict(&inbox).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let began = Instant::now();
    let body = tag("e1").into_bytes();
    for byte in request(&signed(&body), &body) {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(LIMIT / 10).await;
        assert!(began.elapsed() < BUSY, "the connection is still open");
    }
    assert_eq!(inbox.count().await, 0);
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_a_408() {
    let inbox = Inbox::new();
    let address = strict(&inbox).await;
    let body = tag("e1").into_bytes();
    let whole = request(&signed(&body), &body);
    let (head, rest) = whole.split_at(whole.len() - body.len());
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    write.write_all(head).await.unwrap();
    let rest = rest.to_vec();
    let dripping = tokio::spawn(async move {
        for byte in rest {
            if write.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(LIMIT / 10).await;
        }
    });
    let began = Instant::now();
    assert_eq!(answer(&mut read).await.0, 408);
    assert!(began.elapsed() < BUSY, "{:?}", began.elapsed());
    dripping.abort();
    assert_eq!(inbox.count().await, 0);
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
    closed_after(&mut stream).await;
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
    // Shorter: another body than the one that was signed.
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
    const LIMIT_OF_CONNECTIONS: u32 = 60;
    // No more than the system's backlog holds, or the system loses some.
    const AT_A_TIME: usize = 120;
    let inbox = Inbox::new();
    let receiver = inbox.receiver();
    let address = serve_with(&receiver, |server| {
        server
            .with_header_timeout(Duration::from_millis(20))
            .with_max_connections(LIMIT_OF_CONNECTIONS as usize)
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
            // The server closes it, sooner or later.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap()
        });
        most = most.max(connections(&receiver));
    }
    assert_eq!(most, LIMIT_OF_CONNECTIONS);
    assert!(idle.join_all().await.iter().all(|read| *read == 0), "an idle client is told nothing");
    assert_eq!(deliver(address, tag("e1")).await, 200);
}

fn connections(receiver: &Receiver) -> u32 {
    let metrics = receiver.metrics().render();
    let mut lines = metrics.lines();
    lines.find_map(|line| line.strip_prefix("spektr_inbox_connections ")).unwrap().parse().unwrap()
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
    let whole = request(&signed(&body), &body);
    let (early, late) = whole.split_at(whole.len() - 5);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(early).await.unwrap();
    // Long enough for the server to read the head.
    sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    sleep(Duration::from_millis(200)).await;
    assert_eq!(
        TcpStream::connect(address).await.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionRefused,
    );
    stream.write_all(late).await.unwrap();
    assert_eq!(answer(&mut stream).await.0, 200);
    timeout(Duration::from_secs(30), serving).await.unwrap().unwrap();
    assert_eq!(inbox.count().await, 1);
}
