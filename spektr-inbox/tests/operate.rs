//! What operators do with a store.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use spektr_inbox::operate::{
    ImportProblem, Retention, TransferError, export, import, prune, redecode, replay,
};
use spektr_inbox::store::{ClaimRequest, Filter, NewEntry, Settlement, State};
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_inbox::{Clock as _, HandlerError, Received, Workers};
use support::Inbox;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn fill(inbox: &Inbox, count: usize) {
    let raws: Vec<_> =
        (0..count).map(|index| tag_added(&format!("e{index}"), "s1", 1_700_000_000_000)).collect();
    let body = format!(r#"{{"results":[{}]}}"#, raws.join(","));
    inbox.store.accept(entries("test", &body, inbox.clock.now())).await.unwrap();
}

/// Runs every due entry into an outcome.
async fn settle(inbox: &Inbox, settlement: Settlement) {
    let request = ClaimRequest {
        owner: 1,
        now: inbox.clock.now(),
        lease: Duration::from_secs(30),
        limit: 100_000,
        ordered: false,
        horizon: DAY,
    };
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
    fill(&inbox, 1200).await;
    settle(&inbox, dead()).await;
    let mut steps = Vec::new();
    let filter = Filter::state(State::Dead);
    let now = inbox.clock.now();
    let replayed = replay(&*inbox.store, &filter, now, |done| steps.push(done)).await.unwrap();
    assert_eq!((replayed, steps), (1200, vec![500, 1000, 1200]));
    assert_eq!(count(&inbox, State::Pending).await, 1200);
}

#[tokio::test]
async fn a_replay_beside_workers_comes_to_an_end_and_repeats_each_entry_once() {
    let inbox = Inbox::new();
    fill(&inbox, 1200).await;
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
        let replayed = replay(&*inbox.store, &filter, inbox.clock.now(), |_| {}).await.unwrap();
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
async fn pruning_deletes_what_it_is_told_and_nothing_pending() {
    let inbox = Inbox::new();
    fill(&inbox, 600).await;
    settle(&inbox, Settlement::Done).await;
    inbox.clock.advance(DAY);
    let late = tag_added("late", "s1", 1_700_000_000_000);
    inbox.store.accept(entries("test", &late, inbox.clock.now())).await.unwrap();
    assert_eq!(prune(&*inbox.store, &Filter::all(), |_| {}).await.unwrap(), 600);
    assert_eq!(inbox.count().await, 1);
}

#[tokio::test]
async fn retention_goes_by_state_and_age() {
    let inbox = Inbox::new();
    let one = |id: &str| entries("test", &tag_added(id, "s1", 1_700_000_000_000), start());
    fill(&inbox, 3).await;
    settle(&inbox, Settlement::Done).await;
    inbox.store.accept(one("dead")).await.unwrap();
    settle(&inbox, dead()).await;
    inbox.store.accept(one("pending")).await.unwrap();

    let retention = Retention { done: Some(2 * DAY), dead: Some(4 * DAY) };
    let apply = async || retention.apply(&*inbox.store, inbox.clock.now()).await.unwrap();
    inbox.clock.advance(2 * DAY);
    assert_eq!(apply().await, 0);
    inbox.clock.advance(Duration::from_millis(1));
    assert_eq!(apply().await, 3);
    inbox.clock.advance(100 * DAY);
    assert_eq!(apply().await, 1);
    assert_eq!(inbox.all().await[0].id.as_deref(), Some("pending"));
    let nothing = Retention::default().apply(&*inbox.store, inbox.clock.now()).await;
    assert_eq!(nothing.unwrap(), 0);
}

#[tokio::test]
async fn what_can_be_decoded_by_now_is_pending_again() {
    let inbox = Inbox::new();
    let known = tag_added("e1", "s1", 1_700_000_000_000);
    let body = format!(
        r#"{{"results":[{known},{{"id":"e2","type":"never_documented"}},{{"id":"e3","type":"alert_resolved"}}]}}"#
    );
    // As an earlier version left them, which knew none of this.
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
    assert_eq!(redecode(&*inbox.store, now, |_| {}).await.unwrap(), 2);
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
    assert_eq!(redecode(&*inbox.store, now, |_| {}).await.unwrap(), 0);
}

#[tokio::test]
async fn deliveries_that_fill_the_queue_delay_a_redecoding_and_do_not_fail_it() {
    const BODIES: usize = 100;
    let inbox = Inbox::with(|options| options.with_queue(1).with_group(1));
    // As an earlier version left them, which could not split them.
    let unreadable = entries("test", "not JSON", start()).remove(0);
    let body = |index: usize| NewEntry {
        key: format!("body:{index}"),
        raw: tag_added(&format!("e{index}"), "s1", 1_700_000_000_000).into_bytes().into(),
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
    let redecoded = redecode(&*inbox.store, inbox.clock.now(), |_| {}).await.unwrap();
    assert_eq!(redecoded, BODIES as u64);
    flood.iter().for_each(|task| task.abort());
    assert_eq!(count(&inbox, State::Pending).await, BODIES as u64);
}

#[tokio::test]
async fn an_export_can_be_imported_and_gives_the_same_export() {
    let inbox = Inbox::new();
    fill(&inbox, 2).await;
    settle(&inbox, dead()).await;
    let conflict = tag_added("e1", "s2", 1_700_000_000_000);
    let raws = ["{\"id\" : \"e\u{e9}\",\"type\":\"x\\\"y\"}", "17", &conflict].join(",");
    let body = format!(r#"{{"results":[{raws}]}}"#);
    inbox.store.accept(entries("test", &body, start())).await.unwrap();
    let mut binary = entries("test", "not JSON", start()).remove(0);
    binary.raw = vec![0xff, 0xfe].into();
    inbox.store.accept(vec![binary]).await.unwrap();

    let mut file = Vec::new();
    assert_eq!(export(&*inbox.store, &Filter::all(), &mut file, |_| {}).await.unwrap(), 6);
    let text = String::from_utf8(file.clone()).unwrap();
    let first = r#"{"id":"e0","type":"customer_tag_add","state":"dead","createdAt":1700000000000,"receivedAt":1700000000000,"source":"test","raw":"{\"id\":\"e0\","#;
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains(r#""state":"unreadable","createdAt":null,"receivedAt":1700000000000,"source":"test","rawEncoding":"base64","raw":"//4=""#), "{text}");

    let other = Inbox::new();
    assert_eq!(import(&*other.store, &file[..], |_| {}).await.unwrap(), (6, 0));
    assert_eq!(import(&*other.store, &file[..], |_| {}).await.unwrap(), (0, 6));
    let mut again = Vec::new();
    export(&*other.store, &Filter::all(), &mut again, |_| {}).await.unwrap();
    assert_eq!(String::from_utf8(again).unwrap(), text);
    // What was pending there is worked on here.
    let handler = |_: Received| async { Ok::<(), HandlerError>(()) };
    let workers = Workers::new(Arc::clone(&other.store), handler).with_clock(other.clock.clone());
    assert_eq!(workers.run_due().await.unwrap(), 2);
}

#[tokio::test]
async fn a_bad_line_is_named_and_not_quoted() {
    let inbox = Inbox::new();
    let good = r#"{"id":"e1","type":"x","state":"done","receivedAt":1700000000000,"raw":"{\"id\":\"e1\"}"}"#;
    let bad = [
        ("{\"marker\":", ImportProblem::NotExported),
        (&good.replace("\"raw\"", "\"marker\""), ImportProblem::NotExported),
        (&good.replace("done", "marker"), ImportProblem::State),
        (&good.replace("\"raw\"", "\"rawEncoding\":\"marker\",\"raw\""), ImportProblem::Encoding),
        (&good.replace("\"raw\"", "\"rawEncoding\":\"base64\",\"raw\""), ImportProblem::Encoding),
    ];
    for (line, expected) in bad {
        let file = format!("{good}\n\n{line}\n");
        let error = import(&*inbox.store, file.as_bytes(), |_| {}).await.unwrap_err();
        let TransferError::Line { line: 3, problem } = error else { panic!("{error:?}") };
        assert_eq!(problem, expected);
        assert!(!format!("{error} {error:?}").contains("marker"), "{error:?}");
    }
    assert_eq!(inbox.count().await, 0);
}
