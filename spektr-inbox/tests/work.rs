//! Tests workers with a clock that the tests set: attempts, their pauses and their order.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;
mod work {
    mod dispatch;
    mod leases;
}

use std::sync::{Arc, Mutex};
use std::time::Duration;

use spektr_inbox::store::{ClaimRequest, State, StoredEntry};
use spektr_inbox::testing::{start, tag_added};
use spektr_inbox::{Backoff, Clock as _, Handler, HandlerError, Received, Workers};
use spektr_types::EventId;
use support::{Inbox, claim_request, tag};

const SECOND: Duration = Duration::from_secs(1);

/// The events that a handler got, in order: ids and attempts, and what a test adds.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn add(&self, received: &Received) {
        let id = received.event().id().map_or("-", AsRef::as_ref).to_owned();
        self.0.lock().unwrap().push(format!("{id}#{}", received.attempt()));
    }

    fn note(&self, function: &str, number: i64, id: Option<&EventId>) {
        let id = id.map_or("-", EventId::as_str);
        self.0.lock().unwrap().push(format!("{function} {number} {id}"));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn workers<H: Handler>(inbox: &Inbox, handler: H) -> Workers<H> {
    Workers::new(Arc::clone(&inbox.store), handler)
        .with_clock(inbox.clock.clone())
        .with_backoff(Backoff::new(10 * SECOND, 100 * SECOND))
}

async fn only(inbox: &Inbox) -> StoredEntry {
    let mut all = inbox.all().await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Returns the claim of a worker that no longer runs.
fn of_another_worker(inbox: &Inbox) -> ClaimRequest {
    ClaimRequest { owner: 7, lease: SECOND, limit: 1, ..claim_request(inbox.clock.now()) }
}

#[tokio::test]
async fn a_handler_gets_the_event_and_its_metadata() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let handler = |received: Received| async move {
        assert_eq!(received.event().id().unwrap().as_ref(), "e1");
        assert_eq!((received.attempt(), received.received_at()), (1, start()));
        assert_eq!((received.source(), received.is_conflict()), ("test", false));
        assert_eq!(received.raw(), tag("e1"));
        Ok(())
    };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 1);
    let entry = only(&inbox).await;
    assert_eq!((entry.state, entry.attempts, entry.reason), (State::Done, 1, None));
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 0);
}

#[tokio::test]
async fn a_failed_attempt_is_repeated_when_it_is_due_and_given_up_at_last() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let seen = Seen::default();
    let run = async || {
        let seen = seen.clone();
        let handler = move |received: Received| {
            seen.add(&received);
            async { Err(std::io::Error::other("no connection").into()) }
        };
        workers(&inbox, handler).with_max_attempts(3).run_due().await.unwrap()
    };
    assert_eq!(run().await, 1);
    let entry = only(&inbox).await;
    assert_eq!((entry.state, entry.reason.as_deref()), (State::Pending, Some("no connection")));
    let pause = entry.due_at.as_millis() - inbox.clock.now().as_millis();
    assert!((5_000..=10_000).contains(&pause), "{pause}");
    assert_eq!(run().await, 0);
    for _ in 0..2 {
        inbox.clock.advance(20 * SECOND);
        assert_eq!(run().await, 1);
    }
    let entry = only(&inbox).await;
    assert_eq!(entry.state, State::Dead);
    assert_eq!(entry.reason.as_deref(), Some("attempts exhausted: no connection"));
    inbox.clock.advance(1000 * SECOND);
    assert_eq!(run().await, 0);
    assert_eq!(seen.take(), ["e1#1", "e1#2", "e1#3"]);
}

#[tokio::test]
async fn a_permanent_error_makes_a_dead_letter_at_once() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let handler = |_: Received| async { Err(HandlerError::permanent("no such customer")) };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 1);
    let entry = only(&inbox).await;
    assert_eq!((entry.state, entry.attempts), (State::Dead, 1));
    assert_eq!(entry.reason.as_deref(), Some("no such customer"));
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt_and_its_neighbours_are_handled() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1"), tag("e2")]).await;
    let handler = |received: Received| async move {
        assert_ne!(
            received.event().id().unwrap().as_ref(),
            "e1",
            "this panic is a part of the test"
        );
        Ok(())
    };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 2);
    let found: Vec<_> =
        inbox.all().await.into_iter().map(|entry| (entry.state, entry.reason)).collect();
    let panicked = Some("the handler panicked".to_owned());
    assert_eq!(found, [(State::Pending, panicked), (State::Done, None)]);
}

#[tokio::test]
async fn a_handler_that_hangs_fails_after_its_time() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let handler = |_: Received| std::future::pending();
    let workers = workers(&inbox, handler).with_handler_timeout(Duration::ZERO);
    assert_eq!(workers.run_due().await.unwrap(), 1);
    let entry = only(&inbox).await;
    assert_eq!(entry.state, State::Pending);
    assert_eq!(entry.reason.as_deref(), Some("the handler took too long"));
}

#[tokio::test]
async fn an_attempt_that_never_ended_counts() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let seen = Seen::default();
    for _ in 0..2 {
        // The claim of a process that dies while it holds the lease.
        let request = of_another_worker(&inbox);
        assert_eq!(inbox.store.claim(request).await.unwrap().len(), 1);
        inbox.clock.advance(SECOND);
    }
    let kept = seen.clone();
    let handler = move |received: Received| {
        kept.add(&received);
        async { Ok(()) }
    };
    assert_eq!(workers(&inbox, handler).with_max_attempts(2).run_due().await.unwrap(), 1);
    let entry = only(&inbox).await;
    assert_eq!(entry.state, State::Dead);
    let reason = "attempts exhausted: the last one did not come to an end";
    assert_eq!(entry.reason.as_deref(), Some(reason));
    assert!(seen.take().is_empty());
}

#[tokio::test]
async fn events_of_a_spektr_id_are_handled_in_order_whatever_fails() {
    let inbox = Inbox::new();
    let at =
        |id: &str, spektr_id: &str, after: i64| tag_added(id, spektr_id, 1_700_000_000_000 + after);
    inbox.fill(&[at("c", "s1", 3), at("a", "s1", 1), at("x", "s2", 2), at("b", "s1", 2)]).await;
    let seen = Seen::default();
    let run = async || {
        let kept = seen.clone();
        let handler = move |received: Received| {
            kept.add(&received);
            async move {
                let is_a = received.event().id().unwrap().as_ref() == "a";
                if is_a { Err(HandlerError::retry("not yet")) } else { Ok(()) }
            }
        };
        let workers = workers(&inbox, handler).with_ordering(true).with_max_attempts(2);
        workers.run_due().await.unwrap();
    };
    run().await;
    // Lanes are independent, so the order of entries from two lanes varies.
    let mut first = seen.take();
    first.sort();
    assert_eq!(first, ["a#1", "x#1"]);
    // `a` waits for its retry, and holds back the later entries of its lane.
    run().await;
    assert!(seen.take().is_empty());
    // The second failure of `a` is its last, and a dead letter holds nothing back.
    inbox.clock.advance(20 * SECOND);
    run().await;
    assert_eq!(seen.take(), ["a#2", "b#1", "c#1"]);
}

#[tokio::test]
async fn no_more_run_at_a_time_than_allowed() {
    let inbox = Inbox::new();
    let raws: Vec<_> = (0..20).map(|index| tag(&format!("e{index}"))).collect();
    inbox.fill(&raws).await;
    let running = Arc::new(Mutex::new((0, 0)));
    let count = Arc::clone(&running);
    let handler = move |_: Received| {
        let count = Arc::clone(&count);
        async move {
            {
                let mut count = count.lock().unwrap();
                count.0 += 1;
                count.1 = count.0.max(count.1);
            }
            tokio::task::yield_now().await;
            count.lock().unwrap().0 -= 1;
            Ok(())
        }
    };
    assert_eq!(workers(&inbox, handler).with_concurrency(3).run_due().await.unwrap(), 20);
    assert_eq!(*running.lock().unwrap(), (0, 3));
}

#[tokio::test]
async fn the_clock_put_back_does_not_stop_the_work() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let failing = |_: Received| async { Err(HandlerError::retry("not yet")) };
    assert_eq!(workers(&inbox, failing).run_due().await.unwrap(), 1);
    inbox.clock.put_back(24 * 3600 * SECOND);
    let handler = |received: Received| async move {
        assert_eq!(received.attempt(), 2);
        Ok(())
    };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 1);
    assert_eq!(only(&inbox).await.state, State::Done);
}

#[tokio::test]
async fn an_attempt_keeps_the_status_that_its_handler_has_told() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let handler = |received: Received| async move {
        if received.attempt() == 1 {
            received.set_status(503);
            return Err(HandlerError::retry("not yet"));
        }
        received.set_status(204);
        Ok(())
    };
    for _ in 0..2 {
        assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 1);
        inbox.clock.advance(20 * SECOND);
    }
    let attempts = inbox.store.attempts(only(&inbox).await.number).await.unwrap();
    assert_eq!(attempts.iter().map(|one| one.status).collect::<Vec<_>>(), [Some(503), Some(204)]);
}

#[tokio::test]
async fn no_duration_is_too_long_for_workers() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1"), tag("e2")]).await;
    let handler = |received: Received| async move {
        let is_first = received.event().id().unwrap().as_ref() == "e1";
        if is_first { Err(HandlerError::retry("not yet")) } else { Ok(()) }
    };
    let workers = Workers::new(Arc::clone(&inbox.store), handler)
        .with_clock(inbox.clock.clone())
        .with_lease(Duration::MAX)
        .with_handler_timeout(Duration::MAX)
        .with_backoff(Backoff::new(Duration::MAX, Duration::MAX))
        .with_poll(Duration::MAX)
        .with_shutdown_timeout(Duration::MAX);
    assert_eq!(workers.run_due().await.unwrap(), 2);
    let states: Vec<_> = inbox.all().await.iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Pending, State::Done]);
}
