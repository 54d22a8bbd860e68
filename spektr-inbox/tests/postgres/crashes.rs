//! A server that crashes, and takes with it what its log had not written.

use std::process::Command;
use std::time::Duration;

use spektr_inbox::store::{Claim, ClaimRequest, Filter, Settlement, State, Store};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_types::Timestamp;
use tokio::time::sleep;

use super::fresh::options;

const LEASE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

fn signal(signal: &str, process: i32) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
    assert!(sent.success(), "{signal} {process}");
}

/// The process that writes the log for commits that do not wait for it. While it is stopped, nothing
/// of such a commit is written before a commit that waits. The server ends and restarts all its
/// processes when this one is killed.
/// `None` while the server does not answer.
async fn log_writer(cluster: &Cluster) -> Option<i32> {
    const FIND: &str = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'";
    let url = cluster.url("postgres");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.ok()?;
    tokio::spawn(connection);
    Some(client.query_opt(FIND, &[]).await.ok()??.get(0))
}

/// Kills the process that writes the log, which makes the server crash, and waits for the next one.
/// Returns the states and attempts of all entries.
async fn crash(cluster: &Cluster, store: &impl Store, writer: i32) -> Vec<(State, u32)> {
    signal("-KILL", writer);
    for _ in 0..1500 {
        sleep(PAUSE).await;
        if log_writer(cluster).await.is_none_or(|next| next == writer) {
            continue;
        }
        if let Ok(stored) = store.list(Filter::all(), 0, 10).await {
            return stored.into_iter().map(|entry| (entry.state, entry.attempts)).collect();
        }
    }
    panic!("the server does not come back");
}

#[tokio::test]
async fn a_crash_of_the_server_repeats_the_last_settlements_and_loses_no_claim() {
    // Nothing else may write the log.
    let cluster = Cluster::start(&["autovacuum = off", "bgwriter_lru_maxpages = 0"]);
    let store = options(&cluster.database().await).open().await.unwrap();
    for id in ["a", "b"] {
        let event = tag_added(id, "s", 1_700_000_000_000);
        store.accept(entries("test", &event, start())).await.unwrap();
    }
    let claim = async |owner, now| -> Vec<Claim> {
        let horizon = Duration::from_secs(7200);
        let (limit, ordered, hold_on_dead) = (1, true, false);
        let request =
            ClaimRequest { owner, now, lease: LEASE, limit, ordered, hold_on_dead, horizon };
        store.claim(request).await.unwrap()
    };
    let first = claim(1, start()).await.remove(0);
    let writer = log_writer(&cluster).await.unwrap();
    signal("-STOP", writer);
    assert!(store.settle(first.lease, Settlement::Done, start()).await.unwrap());

    // The settlement is gone. The claim is not: nobody else handles the event at the same time.
    assert_eq!(crash(&cluster, &store, writer).await, [(State::Pending, 1), (State::Pending, 0)]);
    assert!(claim(2, start()).await.is_empty());
    let later = Timestamp::from_millis(start().as_millis() + LEASE.as_millis() as i64).unwrap();
    let again = claim(2, later).await.remove(0);
    assert_eq!((again.entry.number, again.lease.attempt), (first.entry.number, 2));

    // A claim writes the log up to itself: what comes before an event is done when it is claimed.
    let writer = log_writer(&cluster).await.unwrap();
    signal("-STOP", writer);
    assert!(store.settle(again.lease, Settlement::Done, later).await.unwrap());
    assert_eq!(claim(2, later).await.len(), 1);
    assert_eq!(crash(&cluster, &store, writer).await, [(State::Done, 2), (State::Pending, 1)]);
}
