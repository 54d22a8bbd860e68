//! Measures the memory of the process while bodies wait for a PostgreSQL server that does not
//! answer. This is the only test of its binary, because the figure is that of the whole
//! process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::Receiver;
use spektr_inbox::store::Store;
use spektr_inbox::store::postgres::PostgresOptions;
use spektr_inbox::testing::postgres::Cluster;
use support::memory::{LIMIT, stays_within};
use support::{Inbox, ring, until};

#[tokio::test]
async fn bodies_and_the_copies_that_are_sent_stay_within_three_times_the_memory_limit() {
    let cluster = Cluster::start(&["fsync = off"]);
    let url = cluster.database().await;
    let options = PostgresOptions::new(&url).with_timeout(Duration::from_secs(3600));
    let store: Arc<dyn Store> = Arc::new(options.open().await.unwrap());
    let blocker = cluster.connect_to(&url).await;
    let block = || async {
        blocker.batch_execute("BEGIN; LOCK TABLE spektr_inbox.entries").await.unwrap();
    };
    let unblock = || async {
        blocker.batch_execute("ROLLBACK").await.unwrap();
        // Waits for the deliveries whose clients have gone.
        until("the queue is empty", async || store.stats().await.unwrap().queued == 0).await;
    };
    let inbox = Inbox::new();
    let receiver = Receiver::new(Arc::clone(&store), inbox.verifier(ring("key-a")))
        .with_clock(inbox.clock.clone());
    stays_within(3 * LIMIT, receiver, block, unblock).await;
}
