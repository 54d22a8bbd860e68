//! Tests a server that restarts and connections that are cut, under load, and workers that
//! stall.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use spektr_inbox::store::postgres::PostgresStore;
use spektr_inbox::store::{Archive, ClaimRequest, Filter, Queue, Reception, State, Store};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::{ManualClock, entries, start, tag_added};
use spektr_inbox::{HandlerError, Received, Receiver, Workers};
use spektr_verify::{SignedContent, UnixSeconds, Verifier};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::fresh::{Fresh, fresh, options};
use crate::support::{claim_request, deliver, fetch, ring, serve, until};

const LEASE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

async fn open(url: &str) -> Arc<PostgresStore> {
    Arc::new(options(url).open().await.unwrap())
}

/// The handlers' work: the ids in work, the number of times that each was done, and the ids
/// that were in work twice at the same time.
#[derive(Default)]
struct Work {
    running: BTreeSet<String>,
    done: BTreeMap<String, u32>,
    twice: Vec<String>,
}

/// Returns a handler that records whether another handler has the same event at the same time.
fn handler(
    work: &Arc<Mutex<Work>>,
) -> impl Fn(Received) -> std::pin::Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>
+ Send
+ Sync
+ 'static {
    let work = Arc::clone(work);
    move |received| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let id = received.event().id().unwrap().as_ref().to_owned();
            {
                let mut work = work.lock().unwrap();
                if !work.running.insert(id.clone()) {
                    work.twice.push(id.clone());
                }
            }
            sleep(PAUSE).await;
            let mut work = work.lock().unwrap();
            work.running.remove(&id);
            *work.done.entry(id).or_default() += 1;
            Ok(())
        })
    }
}

/// The sender's knowledge: the acknowledged ids.
#[derive(Default)]
struct Sent {
    next: u64,
    acknowledged: BTreeSet<String>,
    /// The number of errors that the store has returned.
    failures: u64,
}

/// Delivers new events, and repeats each until it is acknowledged, like the sender.
async fn send(store: Arc<PostgresStore>, sent: Arc<Mutex<Sent>>, stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let index = {
            let mut sent = sent.lock().unwrap();
            sent.next += 1;
            sent.next
        };
        let id = format!("e{index}");
        let raw = tag_added(&id, &format!("s{}", index % 50), 1_700_000_000_000);
        while store.accept(entries("test", &raw, start())).await.is_err() {
            sent.lock().unwrap().failures += 1;
            if *stop.borrow() {
                return;
            }
            sleep(PAUSE).await;
        }
        sent.lock().unwrap().acknowledged.insert(id);
    }
}

/// Waits until 100 further events have been acknowledged.
async fn acknowledges_more(sent: &Mutex<Sent>) {
    let acknowledged = || sent.lock().unwrap().acknowledged.len();
    let enough = acknowledged() + 100;
    until("events are acknowledged", async || acknowledged() >= enough).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_restarts_or_cuts_its_connections_under_load_loses_nothing() {
    // The cluster syncs its writes: an immediate stop is like a crash, and loses data that was
    // not synced.
    let cluster = Arc::new(Cluster::start(&[]));
    let url = cluster.database().await;
    let clock = ManualClock::new();
    let (stop, stopped) = watch::channel(false);
    let sent = Arc::new(Mutex::new(Sent::default()));
    let work = Arc::new(Mutex::new(Work::default()));
    let mut senders = JoinSet::new();
    for _ in 0..2 {
        let receiver = open(&url).await;
        for _ in 0..4 {
            senders.spawn(send(Arc::clone(&receiver), Arc::clone(&sent), stopped.clone()));
        }
    }
    let mut workers = JoinSet::new();
    for _ in 0..3 {
        let store: Arc<dyn Store> = open(&url).await;
        // The clock does not move, so no lease ends, and no event may be in work twice at the
        // same time.
        let worker = Workers::new(store, handler(&work))
            .with_clock(clock.clone())
            .with_lease(LEASE)
            .with_poll(PAUSE);
        let mut stopped = stopped.clone();
        workers.spawn(worker.run(async move {
            let _gone = stopped.wait_for(|stopped| *stopped).await;
        }));
    }
    for fault in ["fast", "cut", "immediate", "cut", "immediate"] {
        acknowledges_more(&sent).await;
        if fault == "cut" {
            let administrator = cluster.connect("postgres").await;
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                       WHERE application_name = 'spektr-inbox'";
            let count: i64 = administrator.query_one(cut, &[]).await.unwrap().get(0);
            assert!(count > 0);
        } else {
            let failures = sent.lock().unwrap().failures;
            let cluster = Arc::clone(&cluster);
            tokio::task::spawn_blocking(move || cluster.restart(fault)).await.unwrap();
            assert!(sent.lock().unwrap().failures > failures, "nobody has noticed: {fault}");
        }
    }
    acknowledges_more(&sent).await;
    stop.send_replace(true);
    senders.join_all().await;
    workers.join_all().await;

    // An entry whose claim was lost on the way to the worker is due again after its lease.
    let store = open(&url).await;
    while store.count(Filter::state(State::Pending)).await.unwrap() > 0 {
        clock.advance(Duration::from_secs(3600));
        let store: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        Workers::new(store, handler(&work)).with_clock(clock.clone()).run_due().await.unwrap();
    }
    let stored = store.list(Filter::all(), 0, 1_000_000).await.unwrap();
    let ids: Vec<_> = stored.iter().map(|entry| entry.id.clone().unwrap()).collect();
    let once: BTreeSet<_> = ids.iter().cloned().collect();
    assert_eq!(once.len(), ids.len(), "an event is stored twice");
    let work = work.lock().unwrap();
    for id in &sent.lock().unwrap().acknowledged {
        assert!(once.contains(id), "{id} is lost");
        assert!(work.done.contains_key(id), "{id} was not handled");
    }
    assert_eq!(work.twice, Vec::<String>::new());
    assert!(stored.iter().all(|entry| entry.state == State::Done));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_receiver_answers_503_while_the_server_is_down_and_200_when_it_is_back() {
    let cluster = Arc::new(Cluster::start(&["fsync = off"]));
    let store: Arc<dyn Store> = open(&cluster.database().await).await;
    let now = || UnixSeconds::new(start().as_seconds().unsigned_abs());
    let verifier = Verifier::new(ring("key-a"), SignedContent::TIMESTAMP_DOT_BODY).with_clock(now);
    let receiver = Receiver::new(Arc::clone(&store), verifier).with_clock(ManualClock::new());
    let address = serve(&receiver).await;
    let body = |id| tag_added(id, "s1", 1_700_000_000_000);
    assert_eq!(deliver(address, body("before")).await, 200);
    let control = |run: fn(&Cluster)| {
        let cluster = Arc::clone(&cluster);
        tokio::task::spawn_blocking(move || run(&cluster))
    };
    control(|cluster| cluster.stop("fast")).await.unwrap();
    for id in ["a", "b", "c"] {
        assert_eq!(deliver(address, body(id)).await, 503);
    }
    assert_eq!(fetch(address, "/health/ready").await.0, 503);
    control(|cluster| cluster.restart("fast")).await.unwrap();
    assert_eq!(deliver(address, body("after")).await, 200);
    let stored = store.list(Filter::all(), 0, 10).await.unwrap();
    let ids: Vec<_> = stored.into_iter().filter_map(|entry| entry.id).collect();
    assert_eq!(ids, ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_events_of_a_worker_that_stalls_are_done_by_others_once_its_leases_end() {
    const EVENTS: usize = 60;
    let Fresh { store: _store, url } = fresh().await;
    let receivers = [open(&url).await, open(&url).await];
    for index in 0..EVENTS {
        let raw = tag_added(&format!("e{index}"), &format!("s{index}"), 1_700_000_000_000);
        receivers[index % 2].accept(entries("test", &raw, start())).await.unwrap();
    }
    let clock = ManualClock::new();
    let work = Arc::new(Mutex::new(Work::default()));
    let options = |store| {
        let store: Arc<dyn Store> = store;
        Workers::new(store, handler(&work)).with_clock(clock.clone()).with_lease(LEASE)
    };
    // This worker claims entries and then stalls: no handler, no heartbeat, no settlement.
    let stalled = open(&url).await;
    let horizon = Duration::from_secs(7200);
    let request = ClaimRequest { lease: LEASE, ordered: true, horizon, ..claim_request(start()) };
    let claims = stalled.claim(request).await.unwrap();
    assert_eq!(claims.len(), 10);

    let (first, second) = (options(open(&url).await), options(open(&url).await));
    let (one, two) = tokio::join!(first.run_due(), second.run_due());
    assert_eq!(one.unwrap() + two.unwrap(), EVENTS - 10);
    assert_eq!(options(open(&url).await).run_due().await.unwrap(), 0);
    clock.advance(LEASE);
    let (first, second) = (options(open(&url).await), options(open(&url).await));
    let (one, two) = tokio::join!(first.run_due(), second.run_due());
    assert_eq!(one.unwrap() + two.unwrap(), 10);
    // The outcomes of the stalled worker are refused.
    for claim in claims {
        let settled = stalled
            .settle(claim.lease, spektr_inbox::store::Settlement::Done, start())
            .await
            .unwrap();
        assert!(!settled);
    }
    let work = work.lock().unwrap();
    assert_eq!(work.done.len(), EVENTS);
    assert!(work.done.values().all(|times| *times == 1));
    assert_eq!(work.twice, Vec::<String>::new());
}
