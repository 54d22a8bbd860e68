//! Tests the operations of operators on a store.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod operate {
    mod erasing;
    mod moving;
    mod recording;
}
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use spektr_inbox::operate::{
    Retention, empty_quarantine, prune, redecode, replay, resolve, retry, would_replay, would_retry,
};
use spektr_inbox::store::{ClaimRequest, Filter, NewEntry, Rejected, Settlement, State, Tally};
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_inbox::{Clock as _, HandlerError, Received, Workers};
use spektr_types::Timestamp;
use support::{Inbox, ada, claim_request, one, tag};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Claims every due entry, and gives it the outcome.
async fn settle(inbox: &Inbox, settlement: Settlement) {
    let request = ClaimRequest { limit: 100_000, horizon: DAY, ..claim_request(inbox.clock.now()) };
    for claim in inbox.store.claim(request).await.unwrap() {
        let now = inbox.clock.now();
        assert!(inbox.store.settle(claim.lease, settlement.clone(), now).await.unwrap());
    }
}

fn dead() -> Settlement {
    Settlement::Park { state: State::Dead, reason: "why".to_owned() }
}

async fn count(inbox: &Inbox, state: State) -> u64 {
    inbox.store.count(Filter::state(state)).await.unwrap()
}

#[tokio::test]
async fn dead_letters_are_replayed_in_steps_with_progress() {
    let inbox = Inbox::new();
    inbox.fill_numbered(1200).await;
    settle(&inbox, dead()).await;
    let mut steps = Vec::new();
    let filter = Filter::state(State::Dead);
    let now = inbox.clock.now();
    let replayed =
        replay(&*inbox.store, &ada(), &filter, now, |done| steps.push(done)).await.unwrap();
    assert_eq!((replayed, steps), (1200, vec![500, 1000, 1200]));
    assert_eq!(count(&inbox, State::Pending).await, 1200);
}

#[tokio::test]
async fn a_replay_beside_workers_comes_to_an_end_and_repeats_each_entry_once() {
    let inbox = Inbox::new();
    inbox.fill_numbered(1200).await;
    settle(&inbox, Settlement::Done).await;
    let handled = Arc::new(AtomicUsize::new(0));
    let (counted, (stop, stopped)) = (Arc::clone(&handled), tokio::sync::oneshot::channel::<()>());
    let handler = move |_: Received| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok::<(), HandlerError>(()) }
    };
    let workers = Workers::new(Arc::clone(&inbox.store), handler).with_clock(inbox.clock.clone());
    let end = async { stopped.await.unwrap_or_default() };
    let replaying = async {
        let filter = Filter::state(State::Done);
        let replayed =
            replay(&*inbox.store, &ada(), &filter, inbox.clock.now(), |_| {}).await.unwrap();
        drop(stop);
        replayed
    };
    let (replayed, ()) = tokio::join!(replaying, workers.run(end));
    assert_eq!(replayed, 1200);
    let rest = Workers::new(Arc::clone(&inbox.store), |_: Received| async { Ok(()) })
        .with_clock(inbox.clock.clone());
    assert_eq!(handled.load(Ordering::Relaxed) + rest.run_due().await.unwrap(), 1200);
}

#[tokio::test]
async fn what_waits_for_an_hour_is_retried_in_steps_and_what_would_be_is_only_counted() {
    let inbox = Inbox::new();
    let (store, now) = (&*inbox.store, inbox.clock.now());
    inbox.fill_numbered(1200).await;
    let due_at = Timestamp::from_millis(now.as_millis() + 3_600_000).unwrap();
    settle(&inbox, Settlement::Retry { due_at, reason: "why".to_owned() }).await;
    let dead_one = tag_added("late", "s2", 1_700_000_000_000);
    store.accept(entries("test", &dead_one, now)).await.unwrap();
    settle(&inbox, dead()).await;
    let before = inbox.all().await;
    let counts = |tallies: Vec<Tally>| {
        let counts = tallies.into_iter().map(|one| (one.state, one.wire_type, one.count));
        counts.collect::<Vec<_>>()
    };
    let all = Filter::all();
    let tag = Some("customer_tag_add".to_owned());
    let would = counts(would_retry(store, &all, now).await.unwrap());
    assert_eq!(would, [(State::Pending, tag.clone(), 1200)]);
    let would = counts(would_replay(store, &all, now).await.unwrap());
    assert_eq!(would, [(State::Dead, tag, 1)]);
    assert_eq!(inbox.all().await, before);
    assert_eq!(store.actions(0, 10).await.unwrap(), []);

    let mut steps = Vec::new();
    let retried = retry(store, &ada(), &all, now, |done| steps.push(done)).await.unwrap();
    assert_eq!((retried, steps), (1200, vec![500, 1000, 1200]));
    assert_eq!(counts(would_retry(store, &all, now).await.unwrap()), []);
    let workers = Workers::new(Arc::clone(&inbox.store), |_: Received| async { Ok(()) });
    assert_eq!(workers.with_clock(inbox.clock.clone()).run_due().await.unwrap(), 1200);
}

#[tokio::test]
async fn pruning_deletes_what_it_is_told_and_nothing_pending() {
    let inbox = Inbox::new();
    inbox.fill_numbered(600).await;
    settle(&inbox, Settlement::Done).await;
    inbox.clock.advance(DAY);
    inbox.store.accept(entries("test", &tag("late"), inbox.clock.now())).await.unwrap();
    assert_eq!(
        prune(&*inbox.store, &ada(), &Filter::all(), inbox.clock.now(), |_| {}).await.unwrap(),
        600
    );
    assert_eq!(inbox.count().await, 1);
}

#[tokio::test]
async fn retention_goes_by_state_and_age() {
    let inbox = Inbox::new();
    inbox.fill_numbered(3).await;
    settle(&inbox, Settlement::Done).await;
    inbox.store.accept(one("dead")).await.unwrap();
    settle(&inbox, dead()).await;
    for state in [State::Malformed, State::Unknown, State::Conflict, State::Resolved] {
        let parked = one(state.as_str()).remove(0);
        inbox.store.accept(vec![NewEntry { state, ..parked }]).await.unwrap();
    }
    inbox.store.accept(entries("test", "not JSON", start())).await.unwrap();
    inbox.store.accept(one("pending")).await.unwrap();
    let rejected = Rejected {
        received_at: start(),
        reason: "signature_mismatch".to_owned(),
        headers: Vec::new(),
        body: "forged".into(),
    };
    inbox.store.quarantine(rejected, 10, 1000).await.unwrap();

    let retention = Retention {
        done: Some(2 * DAY),
        dead: Some(4 * DAY),
        parked: Some(6 * DAY),
        rejected: Some(8 * DAY),
        known: Some(10 * DAY),
    };
    let apply = async || retention.apply(&*inbox.store, inbox.clock.now()).await.unwrap();
    inbox.clock.advance(2 * DAY);
    assert_eq!(apply().await, 0);
    inbox.clock.advance(Duration::from_millis(1));
    assert_eq!(apply().await, 4);
    for expected in [1, 4, 1] {
        inbox.clock.advance(2 * DAY);
        assert_eq!(apply().await, expected);
    }
    let tombstones = async || inbox.store.tombstones(None, 100).await.unwrap().len();
    assert_eq!(tombstones().await, 9);
    inbox.clock.advance(4 * DAY);
    apply().await;
    assert_eq!(tombstones().await, 9);
    inbox.clock.advance(Duration::from_millis(1));
    apply().await;
    assert_eq!(tombstones().await, 5);
    inbox.clock.advance(100 * DAY);
    assert_eq!(apply().await, 0);
    assert_eq!(tombstones().await, 0);
    assert_eq!(inbox.all().await[0].id.as_deref(), Some("pending"));
    let nothing = Retention::default().apply(&*inbox.store, inbox.clock.now()).await;
    assert_eq!(nothing.unwrap(), 0);
}

#[tokio::test]
async fn what_a_reconciliation_can_still_read_stays_known() {
    let inbox = Inbox::new();
    for source in ["test", "a source", "never reconciled"] {
        let event = entries(source, &tag("e1"), start());
        inbox.store.accept(event).await.unwrap();
    }
    settle(&inbox, Settlement::Done).await;
    let set = async |source: &str, url: &str, text: &str| {
        let name = format!("reconcile {source} https://{url}");
        inbox.store.set_note(name, text.to_owned()).await.unwrap();
    };
    // One source has two lists: the earlier watermark counts.
    set("test", "one.example", "1700000000000").await;
    set("test", "two.example", "1800000000000").await;
    set("a source", "one.example", "not a time").await;
    let retention =
        Retention { done: Some(DAY), known: Some(Duration::ZERO), ..Retention::default() };
    inbox.clock.advance(100 * DAY);
    let now = || inbox.clock.now();
    assert_eq!(retention.apply(&*inbox.store, now()).await.unwrap(), 3);
    let pruned_at = now().as_millis();
    inbox.clock.advance(Duration::from_millis(1));
    let known = async || {
        assert_eq!(retention.apply(&*inbox.store, now()).await.unwrap(), 0);
        inbox.store.tombstones(None, 10).await.unwrap().len()
    };
    // Only the tombstone of the source that no reconciliation reads is forgotten.
    assert_eq!(known().await, 2);
    // This watermark is not yet a day past the deletion.
    let day = i64::try_from(DAY.as_millis()).unwrap();
    set("test", "one.example", &(pruned_at + day).to_string()).await;
    assert_eq!(known().await, 2);
    set("test", "one.example", &(pruned_at + day + 1).to_string()).await;
    set("test", "two.example", &(pruned_at + day + 1).to_string()).await;
    assert_eq!(known().await, 1);
    set("a source", "one.example", &(pruned_at + day + 1).to_string()).await;
    assert_eq!(known().await, 0);
}

#[tokio::test]
async fn the_quarantine_is_emptied_by_age_or_whole() {
    let inbox = Inbox::new();
    for (index, body) in ["one", "two", "three"].into_iter().enumerate() {
        let rejected = Rejected {
            received_at: inbox.clock.now(),
            reason: "signature_mismatch".to_owned(),
            headers: Vec::new(),
            body: body.into(),
        };
        inbox.store.quarantine(rejected, 10, 1000).await.unwrap();
        inbox.clock.advance(DAY);
        assert_eq!(inbox.store.quarantined(0, 10).await.unwrap().len(), index + 1);
    }
    let now = inbox.clock.now();
    let empty = async |before| empty_quarantine(&*inbox.store, &ada(), before, now).await.unwrap();
    assert_eq!(empty(Some(start())).await, 0);
    let second = inbox.store.quarantined(0, 10).await.unwrap()[1].rejected.received_at;
    assert_eq!(empty(Some(second)).await, 1);
    assert_eq!(empty(None).await, 2);
    assert_eq!(empty(None).await, 0);
}

#[tokio::test]
async fn an_entry_that_was_dealt_with_by_hand_is_worked_on_no_more() {
    let inbox = Inbox::new();
    inbox.fill_numbered(2).await;
    settle(&inbox, dead()).await;
    let number = inbox.all().await[0].number;
    let now = inbox.clock.now();
    let resolve =
        async || resolve(&*inbox.store, &ada(), number, "called them", now).await.unwrap();
    assert!(resolve().await);
    assert!(!resolve().await);
    assert_eq!(count(&inbox, State::Resolved).await, 1);
    assert_eq!(inbox.all().await[0].reason.as_deref(), Some("called them"));
    let dead = Filter::state(State::Dead);
    assert_eq!(replay(&*inbox.store, &ada(), &dead, now, |_| {}).await.unwrap(), 1);
    // A resolved entry can be replayed.
    let resolved = Filter::state(State::Resolved);
    assert_eq!(replay(&*inbox.store, &ada(), &resolved, now, |_| {}).await.unwrap(), 1);
    assert_eq!(count(&inbox, State::Pending).await, 2);
}

#[tokio::test]
async fn what_can_be_decoded_by_now_is_pending_again() {
    let inbox = Inbox::new();
    let known = tag("e1");
    let body = format!(
        r#"{{"results":[{known},{{"id":"e2","type":"never_documented"}},{{"id":"e3","type":"alert_resolved"}}]}}"#
    );
    // As an earlier version without these events would have stored them.
    let parked = |state: State| {
        move |entry: NewEntry| {
            if entry.state == State::Pending { NewEntry { state, ..entry } } else { entry }
        }
    };
    let stored = entries("test", &body, start()).into_iter().map(parked(State::Unknown)).collect();
    inbox.store.accept(stored).await.unwrap();
    let body = format!(r#"{{"results":[{}]}}"#, known.replace("e1", "e4"));
    let mut whole = entries("test", "not JSON", start());
    whole.extend(whole.clone().into_iter().map(|entry| NewEntry {
        key: "body:other".to_owned(),
        raw: body.clone().into_bytes().into(),
        ..entry
    }));
    inbox.store.accept(whole).await.unwrap();

    let now = inbox.clock.now();
    assert_eq!(redecode(&*inbox.store, &ada(), now, |_| {}).await.unwrap(), 2);
    let found: Vec<_> = inbox.all().await.into_iter().map(|one| (one.id, one.state)).collect();
    let id = |id: &str| Some(id.to_owned());
    let expected = [
        (id("e1"), State::Pending),
        (id("e2"), State::Unknown),
        (id("e3"), State::Unknown),
        (None, State::Unreadable),
        (id("e4"), State::Pending),
    ];
    assert_eq!(found, expected);
    assert_eq!(redecode(&*inbox.store, &ada(), now, |_| {}).await.unwrap(), 0);
}

#[tokio::test]
async fn deliveries_that_fill_the_queue_delay_a_redecoding_and_do_not_fail_it() {
    const BODIES: usize = 100;
    let inbox = Inbox::with(|options| options.with_queue(1).with_group(1));
    // As an earlier version that could not split the bodies would have stored them.
    let unreadable = entries("test", "not JSON", start()).remove(0);
    let body = |index: usize| NewEntry {
        key: format!("body:{index}"),
        raw: tag(&format!("e{index}")).into_bytes().into(),
        ..unreadable.clone()
    };
    inbox.store.accept((0..BODIES).map(body).collect()).await.unwrap();
    let flood = (0..8).map(|_| {
        let store = Arc::clone(&inbox.store);
        tokio::spawn(async move {
            loop {
                let _full = store.probe().await;
                tokio::task::yield_now().await;
            }
        })
    });
    let flood: Vec<_> = flood.collect();
    let redecoded = redecode(&*inbox.store, &ada(), inbox.clock.now(), |_| {}).await.unwrap();
    assert_eq!(redecoded, BODIES as u64);
    flood.iter().for_each(|task| task.abort());
    assert_eq!(count(&inbox, State::Pending).await, BODIES as u64);
}
