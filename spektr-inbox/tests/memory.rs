//! How much memory the process takes while bodies wait for a store that does not answer.
//! The only test of its binary, because the figure is that of the process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::time::Duration;

use spektr_inbox::testing::tag_added;
use support::{Inbox, deliver, fetch, serve};
use tokio::task::JoinSet;

const MIB: usize = 1 << 20;
const LIMIT: usize = 24 * MIB;

/// For connections, the store, and the clients, which are in this process too.
const REST: usize = 24 * MIB;

/// The most memory that this process has taken, in bytes.
fn most() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn bodies_that_wait_for_the_store_stay_within_the_memory_limit() {
    let inbox = Inbox::new();
    let receiver =
        inbox.receiver().with_memory_limit(LIMIT).with_commit_timeout(Duration::from_millis(100));
    let address = serve(&receiver).await;
    let body = tag_added("e", "s1", 1_700_000_000_000);
    let large = move |index: usize| {
        let data = format!("\"{index}{}\"", "t".repeat(MIB));
        body.replace("\"e\"", &format!("\"e{index}\"")).replace("\"t\"", &data)
    };
    // What is there before the first large body.
    assert_eq!(deliver(address, large(0)).await, 200);
    let before = most();

    let blocker = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut clients = JoinSet::new();
    for client in 0..4 {
        let large = large.clone();
        clients.spawn(async move {
            for index in 1..=20 {
                assert_eq!(deliver(address, large(client * 1000 + index)).await, 503);
            }
        });
    }
    clients.join_all().await;
    let (_, metrics) = fetch(address, "/metrics").await;
    assert!(metrics.contains("rejected_total{reason=\"memory_full\"}"), "{metrics}");
    let grown = most() - before;
    assert!(grown < LIMIT + REST, "{} MiB", grown / MIB);
    blocker.execute_batch("ROLLBACK").unwrap();
}
