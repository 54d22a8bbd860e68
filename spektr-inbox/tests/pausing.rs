//! Tests workers, readiness and metrics while an operator has paused the store.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::operate::{pause, resume};
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{Filter, State};
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_inbox::{Received, Workers};
use support::lines::logged;
use support::{Inbox, ada, deliver, fetch, serve, until};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Semaphore, mpsc, oneshot};

#[tokio::test]
async fn workers_hand_out_nothing_while_another_process_has_paused_the_store_and_log_each_change() {
    let (_guard, mut logged) = logged();
    let inbox = Inbox::new();
    // The store as opened by another process.
    let other = SqliteOptions::new(inbox.folder.path().join("inbox.db")).open().unwrap();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let go_on = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go_on);
    let handler = move |received: Received| {
        begun.send(received.event().id().unwrap().as_ref().to_owned()).unwrap();
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await?.forget();
            Ok(())
        }
    };
    let accept = async |id: &str| {
        inbox.store.accept(entries("test", &tag_added(id, "s1", 1), start())).await.unwrap();
    };
    accept("e1").await;
    let (end, ended) = oneshot::channel::<()>();
    let workers = Workers::new(Arc::clone(&inbox.store), handler)
        .with_poll(Duration::from_millis(1))
        .with_clock(inbox.clock.clone());
    let working = tokio::spawn(workers.run(async { ended.await.unwrap() }));
    assert_eq!(begins.recv().await.unwrap(), "e1");

    assert!(pause(&other, &ada(), start()).await.unwrap());
    let line = logged.recv().await.unwrap();
    assert!(line.contains("WARN paused by an operator"), "{line}");
    assert!(line.contains("by=\"ada\""), "{line}");
    accept("e2").await;
    // The entry that is being handled is finished.
    go_on.add_permits(1);
    let done = async || inbox.store.count(Filter::state(State::Done)).await.unwrap();
    until("the first one is done", async || done().await > 0).await;
    assert_eq!(begins.try_recv(), Err(TryRecvError::Empty));
    assert!(resume(&other, &ada(), start()).await.unwrap());
    assert_eq!(begins.recv().await.unwrap(), "e2");
    let line = logged.recv().await.unwrap();
    assert!(line.contains("INFO resumed: entries are handled again"), "{line}");
    go_on.add_permits(1);
    end.send(()).unwrap();
    working.await.unwrap();
    assert_eq!(logged.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test]
async fn a_pause_lasts_across_a_restart_is_shown_and_refuses_no_delivery() {
    let inbox = Inbox::new();
    assert!(pause(&*inbox.store, &ada(), start()).await.unwrap());
    let Inbox { store, clock, folder } = inbox;
    drop(store);
    let store = Arc::new(SqliteOptions::new(folder.path().join("inbox.db")).open().unwrap());
    let inbox = Inbox { store, clock, folder };
    let workers = || {
        let handler = |_: Received| async { Ok(()) };
        Workers::new(Arc::clone(&inbox.store), handler).with_clock(inbox.clock.clone())
    };
    let receiver = inbox.receiver();
    let address = serve(&receiver).await;
    assert_eq!(deliver(address, tag_added("e1", "s1", 1)).await, 200);
    assert_eq!(workers().run_due().await.unwrap(), 0);
    // Readiness requires a clock of this year or later.
    inbox.clock.advance(Duration::from_secs(366 * 24 * 3600));
    let (status, report) = fetch(address, "/health/ready").await;
    assert_eq!(status, 200);
    assert!(report.contains(r#""handling":"paused""#), "{report}");
    let (_, figures) = fetch(address, "/metrics").await;
    assert!(figures.contains("spektr_inbox_paused 1\n"), "{figures}");

    assert!(resume(&*inbox.store, &ada(), start()).await.unwrap());
    assert_eq!(workers().run_due().await.unwrap(), 1);
    let (_, figures) = fetch(address, "/metrics").await;
    assert!(figures.contains("spektr_inbox_paused 0\n"), "{figures}");
}
