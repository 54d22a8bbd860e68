//! Tests workers as they run in a program, side by side: leases, heartbeats, shutdown.
//!
//! Heartbeats use real timers, but leases follow a clock that the tests set. So no lease
//! expires because the machine is busy.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use spektr_inbox::store::{ClaimRequest, Erasure, Filter, State};
use spektr_inbox::testing::start;
use spektr_inbox::{Clock as _, Handler, HandlerError, Received, Workers};
use support::{Inbox, claim_request, one, until};
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::sleep;

const LEASE: Duration = Duration::from_millis(1500);

fn workers<H: Handler>(inbox: &Inbox, handler: H) -> Workers<H> {
    Workers::new(Arc::clone(&inbox.store), handler)
        .with_clock(inbox.clock.clone())
        .with_lease(LEASE)
        .with_poll(Duration::from_millis(20))
}

/// Returns a handler that takes a while, and counts its beginnings and ends.
fn slow(
    takes: Duration,
    begun: &Arc<AtomicUsize>,
    ended: &Arc<AtomicUsize>,
) -> impl Handler + use<> {
    let (begun, ended) = (Arc::clone(begun), Arc::clone(ended));
    move |_: Received| {
        begun.fetch_add(1, Ordering::SeqCst);
        let ended = Arc::clone(&ended);
        async move {
            sleep(takes).await;
            ended.fetch_add(1, Ordering::SeqCst);
            Ok::<(), HandlerError>(())
        }
    }
}

async fn until_begun(begun: &AtomicUsize, count: usize) {
    until("the handlers have begun", async || begun.load(Ordering::SeqCst) >= count).await;
}

async fn until_done(inbox: &Inbox, count: u64) {
    let done = async || inbox.store.count(Filter::state(State::Done)).await.unwrap();
    until("the entries are done", async || done().await >= count).await;
}

/// Waits for the next heartbeat of the only entry.
async fn until_extended(inbox: &Inbox) {
    let end = inbox.clock.now().as_millis() + LEASE.as_millis() as i64;
    let due_at = async || inbox.all().await[0].due_at.as_millis();
    until("the lease is extended", async || due_at().await >= end).await;
}

#[tokio::test]
async fn heartbeats_keep_an_entry_for_longer_than_a_lease() {
    let inbox = Inbox::new();
    inbox.fill_numbered(1).await;
    let (begun, finish) = (Arc::<AtomicUsize>::default(), Arc::<Notify>::default());
    let handler = || {
        let (begun, finish) = (Arc::clone(&begun), Arc::clone(&finish));
        move |_: Received| {
            begun.fetch_add(1, Ordering::SeqCst);
            let finish = Arc::clone(&finish);
            async move {
                finish.notified().await;
                Ok::<(), HandlerError>(())
            }
        }
    };
    let passes = async {
        until_begun(&begun, 1).await;
        for _ in 0..6 {
            inbox.clock.advance(LEASE / 2);
            until_extended(&inbox).await;
        }
        finish.notify_one();
        until_done(&inbox, 1).await;
    };
    tokio::select! {
        () = workers(&inbox, handler()).run(std::future::pending()) => {}
        () = workers(&inbox, handler()).run(std::future::pending()) => {}
        () = passes => {}
    }
    assert_eq!(begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_a_stalled_worker_holds_is_done_by_another() {
    let inbox = Inbox::new();
    inbox.fill_numbered(3).await;
    let now = inbox.clock.now();
    let request = ClaimRequest { owner: 7, lease: LEASE, limit: 2, ..claim_request(now) };
    assert_eq!(inbox.store.claim(request).await.unwrap().len(), 2);
    let (begun, ended) = (Arc::default(), Arc::default());
    let expires = async {
        until_done(&inbox, 1).await;
        assert_eq!(inbox.store.count(Filter::state(State::Pending)).await.unwrap(), 2);
        inbox.clock.advance(LEASE);
        until_done(&inbox, 3).await;
    };
    tokio::select! {
        () = workers(&inbox, slow(Duration::ZERO, &begun, &ended)).run(std::future::pending()) => {}
        () = expires => {}
    }
    let attempts: Vec<_> = inbox.all().await.iter().map(|entry| entry.attempts).collect();
    assert_eq!(attempts, [2, 2, 1]);
}

#[tokio::test]
async fn a_worker_that_has_lost_its_lease_stops_its_handler() {
    let inbox = Inbox::new();
    inbox.fill_numbered(1).await;
    let (begun, ended) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let handler = slow(Duration::from_secs(30), &begun, &ended);
    let (stop, stopped) = oneshot::channel::<()>();
    // The shutdown timeout would let the handler finish, so only the lost lease can stop it.
    let working = workers(&inbox, handler).with_shutdown_timeout(Duration::from_secs(3600));
    let working = tokio::spawn(working.run(async { stopped.await.unwrap() }));
    until_begun(&begun, 1).await;
    // The entry is erased while the worker handles it.
    assert_eq!(inbox.store.erase(Erasure::of("s1"), None).await.unwrap().entries, 1);
    stop.send(()).unwrap();
    working.await.unwrap();
    assert_eq!(ended.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_end_lets_handlers_finish_and_leaves_the_rest() {
    let inbox = Inbox::new();
    inbox.fill_numbered(3).await;
    let (begun, finish) = (Arc::<AtomicUsize>::default(), Arc::new(Semaphore::new(0)));
    let (counter, gate) = (Arc::clone(&begun), Arc::clone(&finish));
    let handler = move |_: Received| {
        counter.fetch_add(1, Ordering::SeqCst);
        let gate = Arc::clone(&gate);
        async move {
            let _permit = gate.acquire().await?;
            Ok::<(), HandlerError>(())
        }
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let working = workers(&inbox, handler).with_concurrency(2);
    let working = working.with_shutdown_timeout(Duration::from_secs(600));
    let working = tokio::spawn(working.run(async { stopped.await.unwrap() }));
    until_begun(&begun, 2).await;
    stop.send(()).unwrap();
    finish.add_permits(2);
    working.await.unwrap();
    let states: Vec<_> = inbox.all().await.iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Done, State::Done, State::Pending]);
    assert_eq!(inbox.all().await[2].attempts, 0);
}

/// Waits until idle workers have looked for entries and found none. On one thread, all ready
/// tasks run while this function yields, and the store runs its operations one after the other.
async fn until_idle(inbox: &Inbox) {
    for _ in 0..2 {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        inbox.store.set_note("test".to_owned(), String::new()).await.unwrap();
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_becomes_due_through_the_same_store_is_handled_without_a_poll() {
    let inbox = Inbox::new();
    let (seen, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |received: Received| {
        seen.send(received.number()).unwrap();
        async { Ok::<(), HandlerError>(()) }
    };
    let working = workers(&inbox, handler).with_poll(Duration::from_secs(3600));
    let changes = async {
        for round in 0..3 {
            until_idle(&inbox).await;
            inbox.store.accept(one(&format!("e{round}"))).await.unwrap();
            let number = handled.recv().await.unwrap();
            until_done(&inbox, round + 1).await;
            until_idle(&inbox).await;
            let filter = Filter::number(number);
            let released = inbox.store.release(filter, 0, 1, start(), None).await.unwrap();
            assert_eq!(released, [number]);
            assert_eq!(handled.recv().await, Some(number));
            until_done(&inbox, round + 1).await;
        }
    };
    let passes = tokio::time::timeout(Duration::from_secs(60), changes);
    tokio::select! {
        () = working.run(std::future::pending()) => {}
        passed = passes => passed.expect("no poll comes in that time"),
    }
}
