//! Tests workers while their store fails: their log, and that they continue.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use spektr_inbox::{Clock as _, Received, Workers};
use support::lines::logged;
use support::{Inbox, until};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::oneshot;

#[tokio::test]
async fn an_outage_of_the_store_is_two_lines_whatever_its_length() {
    let (_guard, mut logged) = logged();
    let inbox = Inbox::new();
    let (file, away) = (inbox.folder.path().join("inbox.db"), inbox.folder.path().join("away.db"));
    std::fs::rename(&file, &away).unwrap();
    let (end, ended) = oneshot::channel::<()>();
    // The workers ask the clock twice for each claim: for the breaker, and for the lease.
    let counted = Arc::new(AtomicUsize::new(0));
    let (claims, clock) = (Arc::clone(&counted), inbox.clock.clone());
    let workers = Workers::new(Arc::clone(&inbox.store), |_: Received| async { Ok(()) })
        .with_poll(Duration::from_millis(1))
        .with_clock(move || {
            claims.fetch_add(1, Ordering::SeqCst);
            clock.now()
        });
    let working = tokio::spawn(workers.run(async { ended.await.unwrap() }));

    let line = logged.recv().await.unwrap();
    assert!(line.contains("ERROR the store fails"), "{line}");
    assert!(line.contains("operation=\"claim\""), "{line}");
    // Later claims fail too, and are not logged.
    until("claims go on", async || counted.load(Ordering::SeqCst) >= 8).await;
    std::fs::rename(&away, &file).unwrap();
    let line = logged.recv().await.unwrap();
    assert!(line.contains("INFO the store works again operation=\"claim\""), "{line}");
    end.send(()).unwrap();
    working.await.unwrap();
    assert_eq!(logged.try_recv(), Err(TryRecvError::Empty));
}
