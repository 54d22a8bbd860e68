//! Measures the memory of a receiver while its store does not answer. Clients hold connections
//! with heads and bodies of several shapes, until the limit refuses them.
//!
//! The figure is that of the process, so such a test is the only one of its binary. The clients
//! run in the same process; they share each body, and keep nothing of their own.

use std::net::SocketAddr;
use std::time::Duration;

use spektr_inbox::testing::tag_added;
use spektr_inbox::{Receiver, Server};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::yield_now;

use super::{figure, request, serve_with, signed};

pub(crate) const MIB: usize = 1 << 20;

/// The limit for bodies and their entries.
pub(crate) const LIMIT: usize = 16 * MIB;

/// The number of connections that are held in the middle of a head.
const HEADS: usize = 64;

/// Returns the largest memory use of this process so far, in bytes.
fn most() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

/// Returns a body with `entries` entries, and `bytes` bytes of data in each.
fn body(entries: usize, bytes: usize) -> String {
    let data = format!("\"{}\"", "t".repeat(bytes));
    let entry = |index| tag_added(&format!("e{index}"), "s1", 1).replace("\"t\"", &data);
    format!(r#"{{"results":[{}]}}"#, (0..entries).map(entry).collect::<Vec<_>>().join(","))
}

/// The memory for a connection apart from the body: the head, the read-ahead of a body, and the
/// connection's task.
const OF_CONNECTION: usize = 2 * Server::MAX_HEAD;

/// The memory for the places of an entry while a body is split. Only one body is split at a
/// time here.
const OF_ENTRY: usize = 300;

/// The memory that the allocator leaves unused, and that of the store's queue and threads.
const REST: usize = 2 * MIB;

/// Blocks the store, fills the memory of a receiver with bodies of one shape, and unblocks the
/// store, for each shape in turn. Asserts that the memory stays within `limit`, plus that of
/// connections and places.
pub(crate) async fn stays_within<B, F>(
    limit: usize,
    receiver: Receiver,
    block: impl Fn() -> B,
    unblock: impl Fn() -> F,
) where
    B: Future<Output = ()>,
    F: Future<Output = ()>,
{
    let hour = Duration::from_secs(3600);
    let receiver =
        receiver.with_memory_limit(LIMIT).with_body_timeout(hour).with_commit_timeout(hour);
    let address = serve_with(&receiver, |server| {
        server.with_header_timeout(hour).with_connection_timeout(hour)
    })
    .await;
    // The number of entries, and the size of each.
    let shapes = [(1, MIB), (100, 1000), (300, 10), (10_000, 1)];
    let shapes = shapes.map(|(entries, bytes)| {
        let body = body(entries, bytes).into_bytes();
        (entries, request(&signed(&body), &body))
    });
    let before = most();
    let mut heads = Vec::new();
    for _ in 0..HEADS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("POST / HTTP/1.1\r\na: {}", "a".repeat(Server::MAX_HEAD - 1024));
        stream.write_all(head.as_bytes()).await.unwrap();
        heads.push(stream);
    }
    let mut connections = 0;
    for (entries, request) in shapes {
        block().await;
        connections = until_refused(address, &request, &receiver).await.max(connections);
        unblock().await;
        let grown = most() - before;
        let beside = (HEADS + connections) * OF_CONNECTION + entries * OF_ENTRY + REST;
        println!("{entries} entries: {} and {} KiB", grown / 1024, beside / 1024);
        assert!(grown <= limit + beside, "{} and {} KiB", grown / 1024, beside / 1024);
    }
}

/// Sends the same delivery again and again, without waiting for answers, until the memory limit
/// refuses one. Returns the number of connections.
async fn until_refused(address: SocketAddr, request: &[u8], receiver: &Receiver) -> usize {
    let series = "spektr_inbox_deliveries_rejected_total{reason=\"memory_full\"}";
    let refused = || figure(&receiver.metrics().render(), series);
    let before = refused();
    let mut waiting = Vec::new();
    while refused() == before {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The write fails if the server has already refused the delivery.
        let _refused = stream.write_all(request).await;
        waiting.push(stream);
        yield_now().await;
    }
    waiting.len()
}
