//! Tests workers with a clock that the tests set: no test here waits for time to pass.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use spektr_inbox::operate::replay;
use spektr_inbox::store::{ClaimRequest, Filter, Operator, State, StoredEntry};
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_inbox::{
    Backoff, Clock as _, Handler, HandlerError, Malformed, Received, Router, Workers,
};
use spektr_types::{AlertResolved, CustomerTagAdded, EventId, catalogue};
use support::Inbox;

const SECOND: Duration = Duration::from_secs(1);

/// The ids and attempts that a handler got, in order.
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

async fn fill(inbox: &Inbox, raws: &[String]) {
    let body = format!(r#"{{"results":[{}]}}"#, raws.join(","));
    inbox.store.accept(entries("test", &body, start())).await.unwrap();
}

fn tag(id: &str) -> String {
    tag_added(id, "s1", 1_700_000_000_000)
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
    ClaimRequest {
        owner: 7,
        now: inbox.clock.now(),
        lease: SECOND,
        limit: 1,
        ordered: false,
        hold_on_dead: false,
        horizon: 3600 * SECOND,
    }
}

#[tokio::test]
async fn a_handler_gets_the_event_and_its_metadata() {
    let inbox = Inbox::new();
    fill(&inbox, &[tag("e1")]).await;
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
    fill(&inbox, &[tag("e1")]).await;
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
    fill(&inbox, &[tag("e1")]).await;
    let handler = |_: Received| async { Err(HandlerError::permanent("no such customer")) };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 1);
    let entry = only(&inbox).await;
    assert_eq!((entry.state, entry.attempts), (State::Dead, 1));
    assert_eq!(entry.reason.as_deref(), Some("no such customer"));
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt_and_its_neighbours_are_handled() {
    let inbox = Inbox::new();
    fill(&inbox, &[tag("e1"), tag("e2")]).await;
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
    fill(&inbox, &[tag("e1")]).await;
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
    fill(&inbox, &[tag("e1")]).await;
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
async fn what_cannot_be_decoded_or_is_not_known_is_parked() {
    let inbox = Inbox::new();
    let malformed = tag("e1").replace(r#""tagId":"t""#, r#""tagId":{"marker":1}"#);
    let unknown = r#"{"id":"e2","type":"never_documented"}"#.to_owned();
    fill(&inbox, &[malformed, unknown, "17".to_owned()]).await;
    let handler = |_: Received| async { Err(HandlerError::permanent("not for a handler")) };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 3);
    let found: Vec<_> =
        inbox.all().await.into_iter().map(|one| (one.state, one.reason.unwrap())).collect();
    let expected = [
        (State::Malformed, "malformed entry: /data/tagId is object, expected string"),
        (State::Unknown, "the wire type is not known"),
        (State::Malformed, "malformed entry: the entry is integer, expected object"),
    ];
    assert_eq!(found, expected.map(|(state, reason)| (state, reason.to_owned())));
}

#[tokio::test]
async fn what_cannot_be_decoded_is_handled_by_a_function_if_there_is_one() {
    let inbox = Inbox::new();
    let malformed = tag("e1").replace(r#""tagId":"t""#, r#""tagId":{"marker":1}"#);
    fill(&inbox, &[malformed.clone(), tag("e2"), "17".to_owned()]).await;
    let handler = |_: Received| async { Ok(()) };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 3);
    let states = async || inbox.all().await.iter().map(|entry| entry.state).collect::<Vec<_>>();
    assert_eq!(states().await, [State::Malformed, State::Done, State::Malformed]);

    let (operator, now) = (Operator::new("ada"), inbox.clock.now());
    let filter = Filter::state(State::Malformed);
    assert_eq!(replay(&*inbox.store, &operator, &filter, now, |_| {}).await.unwrap(), 2);
    let seen = Seen::default();
    let run = async |fails: bool| {
        let seen = seen.clone();
        let function = move |received: Received<Malformed>| {
            let entry = received.event();
            let (id, wire_type) = (entry.event_id(), entry.wire_type());
            let (raw, reason) = (received.raw(), entry.reason());
            let line = format!("{} {id:?} {wire_type:?} {raw} {reason}", received.attempt());
            seen.0.lock().unwrap().push(line);
            async move { if fails { Err(HandlerError::retry("not yet")) } else { Ok(()) } }
        };
        workers(&inbox, handler).with_malformed(function).run_due().await.unwrap()
    };
    assert_eq!(run(true).await, 2);
    assert_eq!(states().await, [State::Pending, State::Done, State::Pending]);
    inbox.clock.advance(20 * SECOND);
    assert_eq!(run(false).await, 2);
    assert_eq!(states().await, [State::Done; 3]);
    let one = format!(
        r#"Some("e1") Some("customer_tag_add") {malformed} malformed entry: /data/tagId is object, expected string"#
    );
    let other = "None None 17 malformed entry: the entry is integer, expected object";
    let attempts = [1, 2].map(|attempt| [&one[..], other].map(|line| format!("{attempt} {line}")));
    let mut lines = seen.take();
    // The order of the retries varies, because a random part shortens their pauses.
    lines[2..].sort_by_key(|line| !line.contains("e1"));
    assert_eq!(lines, attempts.concat());
}

#[tokio::test]
async fn a_handler_is_tested_with_what_a_worker_would_give_it() {
    let inbox = Inbox::new();
    fill(&inbox, &[tag("e1")]).await;
    let handler = |received: Received| async move {
        let made = Received::for_test(received.raw()).unwrap();
        let made = made.with_source("test").with_number(received.number());
        assert_eq!((made.event(), made.raw()), (received.event(), received.raw()));
        let facts = |one: &Received| (one.number(), one.attempt(), one.received_at());
        assert_eq!((facts(&made), made.is_conflict()), (facts(&received), false));
        assert_eq!(made.source(), received.source());
        Ok(())
    };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 1);
    assert_eq!(only(&inbox).await.state, State::Done);

    let again = Received::<CustomerTagAdded>::for_test(&tag("e1")).unwrap().with_attempt(3);
    again.clone().set_status(503);
    assert_eq!((again.attempt(), again.told_status()), (3, Some(503)));
    let other = Received::<AlertResolved>::for_test(&tag("e1")).unwrap_err();
    assert_eq!(other.to_string(), "the JSON is another event");
    let malformed = tag("e1").replace(r#""tagId":"t""#, r#""tagId":null"#);
    let error = Received::<CustomerTagAdded>::for_test(&malformed).unwrap_err();
    assert_eq!(error.to_string(), "malformed entry: /data/tagId is null, expected string");
    let malformed = Received::malformed_for_test(&malformed).unwrap();
    assert_eq!(malformed.event().event_id(), Some("e1"));
    let error = Received::malformed_for_test(&tag("e1")).unwrap_err();
    assert_eq!(error.to_string(), "the JSON can be decoded");
}

#[tokio::test]
async fn a_router_gives_each_event_to_its_function_and_all_others_to_the_fallback() {
    let step = r#"{"id":"e2","spektrId":"s1","type":"step_init","createdAt":1700000000000}"#;
    let unknown = r#"{"id":"e3","type":"never_documented"}"#;
    for (wanted, state) in
        [(None, State::Done), (Some(true), State::Done), (Some(false), State::Unknown)]
    {
        let inbox = Inbox::new();
        fill(&inbox, &[tag("e1"), step.to_owned(), unknown.to_owned()]).await;
        let seen = Seen::default();
        let (by_function, by_fallback) = (seen.clone(), seen.clone());
        let router = Router::new(move |received: Received| {
            by_fallback.note("fallback", received.number(), received.event().id());
            async { Ok(()) }
        })
        .on(move |received: Received<CustomerTagAdded>| {
            assert_eq!(received.raw(), tag("e1"));
            by_function.note("tag", received.number(), Some(&received.event().id));
            async { Ok(()) }
        });
        let names: Vec<_> = router.unhandled().map(|info| info.name()).collect();
        assert_eq!(names.len(), catalogue().len() - 1);
        assert!(!names.contains(&"CUSTOMER_TAG_ADDED"), "{names:?}");

        let workers = workers(&inbox, router);
        let workers = match wanted {
            Some(wanted) => workers.with_unknown_events(wanted),
            None => workers,
        };
        workers.run_due().await.unwrap();
        let mut found = seen.take();
        found.sort_unstable();
        let mut expected = vec!["fallback 2 e2", "tag 1 e1"];
        if state == State::Done {
            expected.insert(1, "fallback 3 e3");
        }
        assert_eq!(found, expected);
        let states: Vec<_> = inbox.all().await.iter().map(|entry| entry.state).collect();
        assert_eq!(states, [State::Done, State::Done, state]);
    }
}

#[tokio::test]
async fn a_handler_may_ask_for_unknown_events() {
    let inbox = Inbox::new();
    fill(&inbox, &[r#"{"id":"e2","type":"never_documented"}"#.to_owned()]).await;
    let handler = |received: Received| async move {
        assert_eq!(received.event().event_type().as_str(), "never_documented");
        Ok(())
    };
    let workers = workers(&inbox, handler).with_unknown_events(true);
    assert_eq!(workers.run_due().await.unwrap(), 1);
    assert_eq!(only(&inbox).await.state, State::Done);
}

#[tokio::test]
async fn events_of_a_spektr_id_are_handled_in_order_whatever_fails() {
    let inbox = Inbox::new();
    let at =
        |id: &str, spektr_id: &str, after: i64| tag_added(id, spektr_id, 1_700_000_000_000 + after);
    fill(&inbox, &[at("c", "s1", 3), at("a", "s1", 1), at("x", "s2", 2), at("b", "s1", 2)]).await;
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
    assert_eq!(seen.take().sorted(), ["a#1", "x#1"]);
    // `a` waits for its retry, and holds back the later entries of its lane.
    run().await;
    assert!(seen.take().is_empty());
    // The second failure of `a` is its last, and a dead letter holds nothing back.
    inbox.clock.advance(20 * SECOND);
    run().await;
    assert_eq!(seen.take(), ["a#2", "b#1", "c#1"]);
}

/// Lanes are independent, so the order of entries from two lanes varies.
trait Sorted {
    fn sorted(&self) -> Vec<String>;
}

impl Sorted for [String] {
    fn sorted(&self) -> Vec<String> {
        let mut sorted = self.to_vec();
        sorted.sort();
        sorted
    }
}

#[tokio::test]
async fn no_more_run_at_a_time_than_allowed() {
    let inbox = Inbox::new();
    let raws: Vec<_> = (0..20).map(|index| tag(&format!("e{index}"))).collect();
    fill(&inbox, &raws).await;
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
    fill(&inbox, &[tag("e1")]).await;
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
    fill(&inbox, &[tag("e1")]).await;
    let (handler, begun, stopped) = endless();
    let metrics = spektr_inbox::Metrics::new();
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
    assert!(metrics.render().contains("result=\"lease_lost\"} 1"), "{}", metrics.render());
    assert_eq!(only(&inbox).await.state, State::Pending);
}

#[tokio::test]
async fn the_leases_of_handlers_that_do_not_finish_are_given_back_at_the_end() {
    let inbox = Inbox::new();
    fill(&inbox, &[tag("e1")]).await;
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
/// and the sender that releases it. After that, the handler ends when it is stopped.
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
    fill(&inbox, &[tag("e1")]).await;
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
    fill(&inbox, &[tag("e1")]).await;
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
async fn an_attempt_keeps_the_status_that_its_handler_has_told() {
    let inbox = Inbox::new();
    fill(&inbox, &[tag("e1")]).await;
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
async fn a_lease_lasts_from_when_it_is_given_though_the_claim_had_to_wait() {
    let inbox = Inbox::with(|options| options.with_group(1));
    fill(&inbox, &[tag("e1")]).await;
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

#[tokio::test]
async fn no_duration_is_too_long_for_workers() {
    let inbox = Inbox::new();
    fill(&inbox, &[tag("e1"), tag("e2")]).await;
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
