//! Measures the memory of the process while bodies wait for an SQLite store that does not
//! answer. This is the only test of its binary, because the figure is that of the whole
//! process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use spektr_inbox::testing::tag_added;
use spektr_verify::danger;
use support::Inbox;
use support::memory::{LIMIT, MIB, stays_within};

#[tokio::test]
async fn bodies_that_wait_for_the_store_stay_within_the_memory_limit() {
    let inbox = Inbox::new();
    // SQLite's cache of 32 MiB is full before the measurement.
    for index in 0..40 {
        let event = tag_added(&format!("first{index}"), "s1", 1);
        let event = event.replace("\"t\"", &format!("\"{}\"", "t".repeat(MIB)));
        let delivery = danger::assume_verified(event.into_bytes().into());
        inbox.receiver().accept(&delivery).await.unwrap();
    }
    let blocker = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    let run = |sql: &'static str| {
        let (blocker, store) = (&blocker, &inbox.store);
        async move {
            blocker.execute_batch(sql).unwrap();
            if sql == "ROLLBACK" {
                // The note waits for its turn behind the deliveries whose clients have gone.
                store.set_note("a".to_owned(), String::new()).await.unwrap();
            }
        }
    };
    let (block, unblock) = (|| run("BEGIN IMMEDIATE"), || run("ROLLBACK"));
    stays_within(LIMIT, inbox.receiver(), block, unblock).await;
}
