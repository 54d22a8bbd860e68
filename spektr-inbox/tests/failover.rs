//! Tests a PostgreSQL primary that dies under load, and the standby that replaces it.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

#[allow(dead_code, reason = "the tests of reconciliation use the rest")]
#[path = "reconcile/list.rs"]
mod list;
mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use list::{Behaviour, KEY, List};
use spektr_inbox::reconcile::{ApiKey, BaseUrl, Client, Reconciler, TimeUnit};
use spektr_inbox::store::postgres::{PostgresOptions, PostgresStore};
use spektr_inbox::store::{Acceptance, Filter, Reception, State, Store, StoreError};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::{ManualClock, entries, start, tag_added};
use spektr_inbox::{Backoff, Clock as _, Received, Receiver, Workers};
use spektr_verify::{SignedContent, UnixSeconds, Verifier};
use support::{deliver, ring, serve, until};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;
use tokio_postgres::types::ToSql;

const PAUSE: Duration = Duration::from_millis(5);
const CLIENTS: usize = 4;

/// The time between the creations of two events: a watermark stays 90 events behind the newest.
const STEP: Duration = Duration::from_secs(10);

/// Cancels the commits that wait for a standby, and returns their number.
const CANCEL: &str = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
     WHERE wait_event = 'SyncRep'";

/// The sender's knowledge of its events. Clones share it.
#[derive(Clone)]
struct Sender {
    list: List,
    clock: ManualClock,
    created: Arc<Mutex<usize>>,
    acknowledged: Arc<Mutex<BTreeSet<String>>>,
    /// The number of refusals that each client has seen.
    refused: Arc<[AtomicUsize; CLIENTS]>,
    stop: Arc<AtomicBool>,
}

impl Sender {
    fn new() -> Self {
        Self {
            list: List::new(Behaviour::unit(TimeUnit::Milliseconds)),
            clock: ManualClock::new(),
            created: Arc::default(),
            acknowledged: Arc::default(),
            refused: Arc::default(),
            stop: Arc::default(),
        }
    }

    /// Creates an event, which is listed from then on.
    fn create(&self) -> (String, String) {
        let mut created = self.created.lock().unwrap();
        *created += 1;
        self.clock.advance(STEP);
        let (id, at) = (format!("e{created}"), self.clock.now().as_millis());
        let event = tag_added(&id, &format!("s{}", *created % 50), at);
        self.list.add(at, event.clone());
        (id, event)
    }

    /// Delivers new events, and repeats each until it is acknowledged.
    async fn send(self, client: usize, to: SocketAddr) {
        while !self.stop.load(Ordering::SeqCst) {
            let (id, event) = self.create();
            while !self.stop.load(Ordering::SeqCst) {
                match deliver(to, &event).await {
                    200 => {
                        self.acknowledged.lock().unwrap().insert(id);
                        break;
                    }
                    status => assert_eq!(status, 503),
                }
                self.refused[client].fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// Waits until `more` further events have been acknowledged.
    async fn acknowledges(&self, more: usize) {
        let acknowledged = || self.acknowledged.lock().unwrap().len();
        let enough = acknowledged() + more;
        until("events are acknowledged", async || acknowledged() >= enough).await;
    }

    /// Waits until each client has been refused `more` further times.
    async fn is_refused(&self, more: usize) {
        let refused = || self.refused.each_ref().map(|one| one.load(Ordering::SeqCst));
        let before = refused();
        let are_refused = async || refused().iter().zip(before).all(|(now, it)| *now >= it + more);
        until("each client is refused", are_refused).await;
    }
}

/// A primary with a standby, and a service that knows both servers, with deliveries and
/// workers.
struct Service {
    primary: Arc<Cluster>,
    standby: Arc<Cluster>,
    sender: Sender,
    store: Arc<dyn Store>,
    reconciler: Reconciler,
    handled: Arc<Mutex<BTreeSet<String>>>,
    tasks: JoinSet<()>,
}

impl Service {
    /// Starts the service. If `is_synchronous`, commits wait for the standby.
    async fn start(is_synchronous: bool) -> Self {
        let primary = Arc::new(Cluster::start(&["fsync = off"]));
        let standby = Arc::new(primary.standby(&[]));
        let database = primary.database().await;
        let administrator = primary.connect("postgres").await;
        if is_synchronous {
            let wait = "ALTER SYSTEM SET synchronous_standby_names = '*'";
            administrator.batch_execute(wait).await.unwrap();
            administrator.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        }
        let state = if is_synchronous { "sync" } else { "async" };
        let is_following = "SELECT count(*) FROM pg_stat_replication \
                            WHERE state = 'streaming' AND sync_state = $1";
        let following = async || count(&administrator, is_following, &[&state]).await;
        until("the standby follows", async || following().await > 0).await;

        let url = both(&database, &standby.url(""));
        let sender = Sender::new();
        let store: Arc<dyn Store> = Arc::new(open(&url).await);
        let now = || UnixSeconds::new(start().as_seconds().unsigned_abs());
        let verifier = Verifier::new(ring("key-a"), SignedContent::TIMESTAMP_DOT_BODY);
        let receiver = Receiver::new(Arc::clone(&store), verifier.with_clock(now))
            .with_clock(sender.clock.clone());
        let address = serve(&receiver).await;
        let base = format!("http://{}", sender.list.serve().await);
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
        let client = Client::new(BaseUrl::parse(&base).unwrap(), ApiKey::new(KEY).unwrap());
        let client = client.unwrap().with_attempts(4, backoff);
        let reconciler = Reconciler::new(Arc::clone(&store), client)
            .with_clock(sender.clock.clone())
            .with_first_reach(Duration::from_secs(24 * 3600));
        let mut service = Self {
            primary,
            standby,
            sender,
            store,
            reconciler,
            handled: Arc::default(),
            tasks: JoinSet::new(),
        };
        for client in 0..CLIENTS {
            service.tasks.spawn(service.sender.clone().send(client, address));
        }
        let (workers, stop) = (service.workers(), Arc::clone(&service.sender.stop));
        service.tasks.spawn(workers.run(async move {
            while !stop.load(Ordering::SeqCst) {
                sleep(PAUSE).await;
            }
        }));
        service
    }

    fn workers(&self) -> Workers<impl spektr_inbox::Handler + use<>> {
        let handled = Arc::clone(&self.handled);
        let handler = move |received: Received| {
            handled.lock().unwrap().insert(received.event().id().unwrap().as_ref().to_owned());
            async { Ok(()) }
        };
        Workers::new(Arc::clone(&self.store), handler)
            .with_clock(self.sender.clock.clone())
            .with_poll(PAUSE)
    }

    /// Cuts the standby off by stopping the primary's process that sends it the log.
    async fn cut_off(&self) {
        let administrator = self.primary.connect("postgres").await;
        let sender = "SELECT pid FROM pg_stat_replication";
        let pid: i32 = administrator.query_one(sender, &[]).await.unwrap().get(0);
        let sent = Command::new("kill").args(["-s", "STOP", &pid.to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until the standby has received everything that is committed now.
    async fn is_replicated(&self) {
        let administrator = self.primary.connect("postgres").await;
        let now = "SELECT pg_current_wal_flush_lsn()::text";
        let now: String = administrator.query_one(now, &[]).await.unwrap().get(0);
        let there = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= $1::text::pg_lsn";
        let replicated = async || count(&administrator, there, &[&now]).await;
        until("the standby has everything", async || replicated().await > 0).await;
    }

    /// Cancels the commits that wait for the standby.
    async fn give_up_to_wait(&self) {
        let administrator = self.primary.connect("postgres").await;
        let cancelled = async || count(&administrator, CANCEL, &[]).await;
        until("a commit is cancelled", async || cancelled().await > 0).await;
    }

    /// Returns the number of bytes of the log that have not been sent to the standby.
    async fn lag(&self) -> i64 {
        let administrator = self.primary.connect("postgres").await;
        let lag = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), sent_lsn)::bigint \
                   FROM pg_stat_replication";
        count(&administrator, lag, &[]).await
    }

    /// Kills the primary, promotes the standby, and waits until the service uses it.
    async fn fail_over(&self) {
        let (primary, standby) = (Arc::clone(&self.primary), Arc::clone(&self.standby));
        spawn_blocking(move || primary.kill()).await.unwrap();
        spawn_blocking(move || standby.promote()).await.unwrap();
        self.sender.acknowledges(100).await;
    }

    /// Ends the load, and returns the ids that were acknowledged but are not stored.
    async fn missing(&mut self) -> Vec<String> {
        self.sender.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        let stored = self.stored().await;
        let acknowledged = self.sender.acknowledged.lock().unwrap();
        acknowledged.iter().filter(|id| !stored.contains(*id)).cloned().collect()
    }

    /// Returns the ids in the store, and asserts that no id is stored twice.
    async fn stored(&self) -> BTreeSet<String> {
        let stored = self.store.list(Filter::all(), 0, 1_000_000).await.unwrap();
        let ids: BTreeSet<_> = stored.iter().map(|entry| entry.id.clone().unwrap()).collect();
        assert_eq!(ids.len(), stored.len(), "an event is stored twice");
        ids
    }

    /// Reconciles once, handles the rest, and asserts that no created event is missing.
    async fn reconciles(&self) {
        self.reconciler.run_once(|_| {}).await.unwrap();
        while self.store.count(Filter::state(State::Pending)).await.unwrap() > 0 {
            self.sender.clock.advance(Duration::from_secs(3600));
            self.workers().run_due().await.unwrap();
        }
        let created = *self.sender.created.lock().unwrap();
        let created: BTreeSet<_> = (1..=created).map(|index| format!("e{index}")).collect();
        assert_eq!(self.stored().await, created);
        assert_eq!(*self.handled.lock().unwrap(), created);
        // A verification leaves out events that are younger than the overlap.
        self.sender.clock.advance(Duration::from_secs(3600));
        let verification = self.reconciler.verify(start(), |_| {}).await.unwrap();
        assert!(verification.is_clean(), "{verification:?}");
        assert!(verification.seen >= created.len() as u64, "{verification:?}");
    }
}

/// Returns the number that a query answers with.
async fn count(
    client: &tokio_postgres::Client,
    query: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> i64 {
    client.query_one(query, parameters).await.unwrap().get(0)
}

/// Returns the URL of a database with two hosts: that of its own server and that of another.
fn both(database: &str, other: &str) -> String {
    let host = |url: &str| {
        let (_, rest) = url.split_once('@').unwrap();
        rest.split_once('/').unwrap().0.to_owned()
    };
    database.replace(&host(database), &format!("{},{}", host(database), host(other)))
}

/// Opens a store with a short timeout, so that refusals come soon.
async fn open(url: &str) -> PostgresStore {
    let options = PostgresOptions::new(url).with_timeout(Duration::from_millis(500));
    options.with_callers_clock().open().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reconciliation_restores_what_a_failover_without_a_synchronous_standby_has_lost() {
    let mut service = Service::start(false).await;
    service.sender.acknowledges(200).await;
    service.reconciler.run_once(|_| {}).await.unwrap();
    let kept = service.reconciler.watermark().await.unwrap().unwrap();
    service.is_replicated().await;
    service.cut_off().await;
    // So many events that the next run moves the watermark past the first lost event.
    service.sender.acknowledges(200).await;
    service.reconciler.run_once(|_| {}).await.unwrap();
    let lost = service.reconciler.watermark().await.unwrap().unwrap();
    assert!(service.lag().await > 0);
    service.fail_over().await;

    let missing = service.missing().await;
    assert!(missing.len() >= 100, "{missing:?}");
    assert_eq!(service.reconciler.watermark().await.unwrap(), Some(kept));
    assert!(kept < lost);
    service.reconciles().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failover_to_a_synchronous_standby_loses_nothing_that_was_acknowledged() {
    let mut service = Service::start(true).await;
    service.sender.acknowledges(100).await;
    service.cut_off().await;
    service.sender.is_refused(1).await;
    service.give_up_to_wait().await;
    // These attempts find the entries that earlier attempts stored on the primary alone.
    service.sender.is_refused(2).await;
    assert!(service.lag().await > 0);
    service.fail_over().await;

    assert_eq!(service.missing().await, [""; 0]);
    service.reconciles().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_standbys_may_lack_is_not_acknowledged() {
    let cluster = Cluster::start(&["fsync = off"]);
    let url = cluster.database().await;
    let store = PostgresOptions::new(&url).with_timeout(Duration::from_secs(600));
    let store = Arc::new(store.open().await.unwrap());
    let administrator = cluster.connect("postgres").await;
    let wait = "ALTER SYSTEM SET synchronous_standby_names = 'absent'";
    administrator.batch_execute(wait).await.unwrap();
    cluster.restart("fast");
    let administrator = cluster.connect("postgres").await;
    let new = || entries("test", &tag_added("e1", "s1", 1_700_000_000_000), start());

    // The second attempt finds the entry of the first.
    for attempt in 1..=2 {
        let accepting = {
            let (store, new) = (Arc::clone(&store), new());
            tokio::spawn(async move { store.accept(new).await })
        };
        let is_cancelled = async || {
            let cancelled = count(&administrator, CANCEL, &[]).await > 0;
            let waits = cancelled || !accepting.is_finished();
            assert!(waits, "attempt {attempt} does not wait for the standby");
            cancelled
        };
        until("the commit is cancelled", is_cancelled).await;
        let accepted = accepting.await.unwrap();
        assert!(
            matches!(accepted, Err(StoreError::Database { .. })),
            "attempt {attempt}: {accepted:?}"
        );
    }
    administrator.batch_execute("ALTER SYSTEM RESET synchronous_standby_names").await.unwrap();
    cluster.restart("fast");
    assert_eq!(store.accept(new()).await.unwrap(), [Acceptance::Duplicate]);
}
