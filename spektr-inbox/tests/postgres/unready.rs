//! Tests servers that refuse deliveries for different reasons: readiness fails, every delivery
//! is refused, `/metrics` answers, and everything recovers afterwards.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::Receiver;
use spektr_inbox::store::postgres::PostgresOptions;
use spektr_inbox::store::{Reception, Store};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::start;
use spektr_verify::{SignedContent, UnixSeconds, Verifier};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::fresh::{Fresh, client, fresh};
use crate::support::{deliver, fetch, one, ring, serve, tag, until};

/// Serves a receiver whose store has a short timeout.
async fn receiver(url: &str) -> SocketAddr {
    let options = PostgresOptions::new(url).with_timeout(Duration::from_millis(1500));
    let store: Arc<dyn Store> = Arc::new(options.open().await.unwrap());
    let now = || UnixSeconds::new(start().as_seconds().unsigned_abs());
    let verifier = Verifier::new(ring("key-a"), SignedContent::TIMESTAMP_DOT_BODY).with_clock(now);
    serve(&Receiver::new(store, verifier)).await
}

/// Asks for readiness first, because its result must not depend on deliveries.
async fn assert_refuses(address: SocketAddr, fault: &str) {
    let (status, report) = fetch(address, "/health/ready").await;
    assert_eq!(status, 503, "{fault}: {report}");
    for id in ["a", "b", "c"] {
        assert_eq!(deliver(address, tag(id)).await, 503, "{fault}");
    }
    assert_eq!(fetch(address, "/metrics").await.0, 200, "{fault}");
}

async fn until_ready(address: SocketAddr) {
    // Readiness repeats an answer for a second.
    until("it is ready", async || fetch(address, "/health/ready").await.0 == 200).await;
    assert_eq!(deliver(address, tag("after")).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_fails_while_a_table_is_locked() {
    for table in ["entries", "work"] {
        let Fresh { store: _store, url } = fresh().await;
        let address = receiver(&url).await;
        let mut other = client(&url).await;
        let lock = other.transaction().await.unwrap();
        let sql = format!("LOCK TABLE spektr_inbox.{table} IN ACCESS EXCLUSIVE MODE");
        lock.batch_execute(&sql).await.unwrap();
        assert_refuses(address, table).await;
        lock.rollback().await.unwrap();
        until_ready(address).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_fails_while_a_column_is_missing() {
    for column in ["entries RENAME raw", "work RENAME due_at", "tombstones RENAME content"] {
        let Fresh { store: _store, url } = fresh().await;
        let address = receiver(&url).await;
        let other = client(&url).await;
        let (table, name) = column.split_once(" RENAME ").unwrap();
        let rename = |from: &str, to: &str| {
            format!("ALTER TABLE spektr_inbox.{table} RENAME COLUMN {from} TO {to}")
        };
        other.batch_execute(&rename(name, "elsewhere")).await.unwrap();
        assert_refuses(address, column).await;
        other.batch_execute(&rename("elsewhere", name)).await.unwrap();
        until_ready(address).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_fails_while_others_have_all_connections() {
    let cluster = Cluster::start(&["fsync = off", "max_connections = 12"]);
    let administrator = cluster.connect("postgres").await;
    for sql in ["CREATE ROLE inbox LOGIN", "CREATE DATABASE inbox OWNER inbox"] {
        administrator.batch_execute(sql).await.unwrap();
    }
    let url = cluster.url("inbox").replace("postgres@", "inbox@");
    let address = receiver(&url).await;
    let mut others = Vec::new();
    while let Ok((client, connection)) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await
    {
        tokio::spawn(connection);
        others.push(client);
    }
    assert_refuses(address, "no connections").await;
    drop(others);
    until_ready(address).await;
}

/// Starts a proxy that passes bytes on to a server while it is open. While it is closed, it
/// accepts connections and never answers.
async fn valve(server: u16, open: watch::Receiver<bool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut open = open.clone();
            tokio::spawn(async move {
                drop(open.wait_for(|open| *open).await);
                let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let closed = async { drop(open.wait_for(|open| !*open).await) };
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    // Neither connection is closed, and no byte is passed on.
                    () = closed => std::future::pending().await,
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_fails_while_the_server_is_silent() {
    let cluster = Cluster::start(&["fsync = off", "listen_addresses = '127.0.0.1'"]);
    let (open, opened) = watch::channel(true);
    let port = valve(cluster.port(), opened).await;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
    let address = receiver(&url).await;
    assert_eq!(deliver(address, tag("before")).await, 200);
    open.send_replace(false);
    assert_refuses(address, "silent").await;
    let (_, metrics) = fetch(address, "/metrics").await;
    assert!(metrics.contains("spektr_inbox_store_up 0\n"), "{metrics}");
    open.send_replace(true);
    until_ready(address).await;
}

#[tokio::test]
async fn a_probe_that_hangs_delays_no_delivery() {
    let fresh = fresh().await;
    let store =
        Arc::new(super::fresh::options(&fresh.url).with_connections(1, 1).open().await.unwrap());
    let blocker = fresh.client().await;
    let script = "CREATE FUNCTION block() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
          IF NEW.source = 'probe' THEN PERFORM pg_advisory_xact_lock(7); END IF; \
          RETURN NEW; END $$; \
        CREATE TRIGGER block BEFORE INSERT ON spektr_inbox.entries \
          FOR EACH ROW EXECUTE FUNCTION block(); \
        SELECT pg_advisory_lock(7)";
    blocker.batch_execute(script).await.unwrap();
    let probing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.probe().await }
    });
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid \
                   WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted";
    let hanging = async || blocker.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0);
    until("the probe hangs", async || hanging().await > 0).await;
    store.accept(one("e1")).await.unwrap();
    assert!(!probing.is_finished());
    blocker.batch_execute("SELECT pg_advisory_unlock(7)").await.unwrap();
    probing.await.unwrap().unwrap();
}
