//! Tests the leases of workers: handlers that outlast theirs, and leases at the end of the work.

use std::sync::Mutex;
use std::time::Duration;

use spektr_inbox::store::State;
use spektr_inbox::{Clock as _, Handler, Metrics, Received};

use crate::support::{Inbox, tag};
use crate::{SECOND, of_another_worker, only, workers};

/// Sends a message when it is dropped.
struct Dropped(Option<tokio::sync::oneshot::Sender<()>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _gone = self.0.take().map(|sender| sender.send(()));
    }
}

/// Returns a handler that never ends, a signal of its beginning, and a signal that it was
/// stopped.
fn endless()
-> (impl Handler, tokio::sync::oneshot::Receiver<()>, tokio::sync::oneshot::Receiver<()>) {
    let (begin, begun) = tokio::sync::oneshot::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let ends = Mutex::new(Some((begin, Dropped(Some(stop)))));
    let handler = move |_: Received| {
        let ends = ends.lock().unwrap().take();
        async move {
            let (begin, _dropped) = ends.unwrap();
            begin.send(()).unwrap();
            std::future::pending().await
        }
    };
    (handler, begun, stopped)
}

#[tokio::test]
async fn a_handler_is_stopped_at_the_end_of_its_lease_though_the_store_cannot_be_reached() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let (handler, begun, stopped) = endless();
    let metrics = Metrics::new();
    let working = workers(&inbox, handler)
        .with_lease(Duration::from_millis(500))
        .with_handler_timeout(Duration::MAX)
        .with_metrics(metrics.clone());
    let working = tokio::spawn(working.run_due());
    begun.await.unwrap();
    // No lease can be extended while another connection holds the lock.
    let blocker = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    blocker.busy_timeout(Duration::from_secs(60)).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    stopped.await.unwrap();
    blocker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(working.await.unwrap().unwrap(), 1);
    assert!(metrics.render().contains("result=\"lease_lost\"} 1\n"), "{}", metrics.render());
    assert_eq!(only(&inbox).await.state, State::Pending);
}

#[tokio::test]
async fn the_leases_of_handlers_that_do_not_finish_are_given_back_at_the_end() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let (handler, begun, stopped) = endless();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let working = workers(&inbox, handler).with_shutdown_timeout(Duration::ZERO);
    let working = tokio::spawn(working.run(async { ended.await.unwrap() }));
    begun.await.unwrap();
    end.send(()).unwrap();
    stopped.await.unwrap();
    working.await.unwrap();
    // Another worker can claim the entry at once, and the earlier attempt does not count.
    let handler = |received: Received| async move {
        assert_eq!(received.attempt(), 1);
        Ok(())
    };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 1);
    assert_eq!(only(&inbox).await.state, State::Done);
}

/// Returns the owner of the only entry, read from the file itself.
fn owner(inbox: &Inbox) -> Option<i64> {
    let file = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    file.query_row("SELECT owner FROM entries", [], |row| row.get(0)).unwrap()
}

/// Returns a handler that blocks its thread until it is released, a signal of its beginning,
/// and the sender that releases it. Once released, the handler waits until it is stopped.
fn stubborn() -> (impl Handler, tokio::sync::oneshot::Receiver<()>, std::sync::mpsc::Sender<()>) {
    let (begin, begun) = tokio::sync::oneshot::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let ends = Mutex::new(Some((begin, left)));
    let handler = move |_: Received| {
        let ends = ends.lock().unwrap().take();
        async move {
            let (begin, left) = ends.unwrap();
            begin.send(()).unwrap();
            left.recv().unwrap();
            std::future::pending().await
        }
    };
    (handler, begun, leave)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_lease_is_given_back_while_its_handler_is_in_a_step() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let (handler, begun, leave) = stubborn();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let working = workers(&inbox, handler).with_shutdown_timeout(Duration::ZERO);
    let mut working = tokio::spawn(working.run(async { ended.await.unwrap() }));
    begun.await.unwrap();
    end.send(()).unwrap();
    // Without the running step, the lease would be given back sooner.
    let waited = tokio::time::timeout(Duration::from_millis(300), &mut working).await;
    assert!(waited.is_err(), "the workers have ended, and their handler goes on");
    assert!(owner(&inbox).is_some());
    leave.send(()).unwrap();
    working.await.unwrap();
    assert_eq!((owner(&inbox), only(&inbox).await.attempts), (None, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_of_a_handler_that_does_not_yield_expires() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let (handler, begun, leave) = stubborn();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let working = workers(&inbox, handler)
        .with_lease(Duration::from_secs(1))
        .with_shutdown_timeout(Duration::ZERO);
    let working = tokio::spawn(working.run(async { ended.await.unwrap() }));
    begun.await.unwrap();
    end.send(()).unwrap();
    // The workers wait at most until the lease ends, and do not give it back.
    working.await.unwrap();
    assert!(owner(&inbox).is_some());
    leave.send(()).unwrap();
}

#[tokio::test]
async fn a_lease_lasts_from_when_it_is_given_though_the_claim_had_to_wait() {
    let inbox = Inbox::with(|options| options.with_group(1));
    inbox.fill(&[tag("e1")]).await;
    let blocker = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let request = of_another_worker(&inbox);
    let mut claiming = inbox.store.claim(request);
    let waited = tokio::time::timeout(SECOND, &mut claiming).await;
    assert!(waited.is_err(), "another connection holds the lock");
    blocker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(claiming.await.unwrap().len(), 1);
    // The machine's clock has advanced by at least a second.
    let ends = only(&inbox).await.due_at.as_millis();
    assert!(ends >= inbox.clock.now().as_millis() + 2000, "{ends}");
}
