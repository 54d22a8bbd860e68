//! Tests a delivery among many connections that do nothing. This is the only test of its
//! binary, because it takes most of the files that a process may open by default.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::time::Duration;

use spektr_inbox::testing::tag_added;
use support::{Inbox, deliver, figure, reads_nothing, request, serve_with, signed, until};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

const PLACES: usize = 300;
const CROWD: usize = 600;
const UNREAD: usize = 10;
const DELIVERIES: usize = 50;

/// No connection ends by itself within the time of this test, so a delivery that waited for one
/// would never be answered.
#[tokio::test]
async fn a_delivery_waits_for_none_of_600_idle_slow_and_unread_connections() {
    let inbox = Inbox::new();
    let hour = Duration::from_secs(3600);
    let receiver = inbox.receiver().with_body_timeout(hour);
    let address = serve_with(&receiver, |server| {
        server
            .with_header_timeout(hour)
            .with_write_timeout(hour)
            .with_connection_timeout(hour)
            .with_max_connections(PLACES)
    })
    .await;
    let evicted = || figure(&receiver.metrics().render(), "spektr_inbox_connections_evicted_total");
    let body = tag_added("slow", "s1", 1_700_000_000_000).into_bytes();
    let whole = request(&signed(&body), &body);
    let (mut held, mut unread) = (Vec::new(), JoinSet::new());
    for index in 0..CROWD {
        if index % (CROWD / UNREAD) == 0 {
            unread.spawn(reads_nothing(address));
            continue;
        }
        // The connection is idle, in the middle of a head, or in the middle of a body.
        let mut stream = TcpStream::connect(address).await.unwrap();
        let sent = [0, 20, whole.len() - 1][index % 3];
        // The write fails if the server has already closed the connection.
        let _given_way = stream.write_all(&whole[..sent]).await;
        held.push(stream);
    }
    until("the others are evicted", async || evicted() >= CROWD - PLACES).await;
    for index in 0..DELIVERIES {
        let body = tag_added(&format!("e{index}"), "s1", 1_700_000_000_000);
        let delivering = deliver(address, body);
        assert_eq!(timeout(Duration::from_secs(60), delivering).await, Ok(200));
    }
    assert_eq!(inbox.count().await, DELIVERIES as u64);
    // Each new connection has closed at most one other connection.
    assert!(evicted() <= CROWD + DELIVERIES - PLACES, "{}", evicted());
}
