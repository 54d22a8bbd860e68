//! The handler's writes happen exactly once, with a real PostgreSQL, and the program runs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use spektr_example_sqlx::{SCHEMA, handle};
use spektr_inbox::store::postgres::{PostgresOptions, PostgresStore};
use spektr_inbox::store::{
    Archive as _, ClaimRequest, Filter, Queue as _, Reception as _, State, Store, StoredEntry,
};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::{ManualClock, entries, start};
use spektr_inbox::{Clock as _, HandlerError, Received, Workers};
use spektr_verify::{Secret, SignedContent, Signer, SigningKey, UnixSeconds};
use sqlx::{PgPool, Row as _};

const LEASE: Duration = Duration::from_secs(30);

fn alert(id: &str) -> String {
    let data = r#"{"contextId":"c","processId":"p","userId":"u","alertId":"a1","alertName":"n"}"#;
    format!(
        r#"{{"id":"{id}","spektrId":"s1","type":"alert_resolved","createdAt":1,"data":{data}}}"#
    )
}

struct Setup {
    _cluster: Cluster,
    url: String,
    store: Arc<PostgresStore>,
    pool: PgPool,
    clock: ManualClock,
}

impl Setup {
    async fn new() -> Self {
        let cluster = Cluster::start(&["fsync = off"]);
        let url = cluster.database().await;
        let store = PostgresOptions::new(&url).with_callers_clock().open().await.expect("a store");
        let pool = PgPool::connect(&url).await.expect("a connection");
        sqlx::query(SCHEMA).execute(&pool).await.expect("a table");
        let clock = ManualClock::new();
        Self { _cluster: cluster, url, store: Arc::new(store), pool, clock }
    }

    async fn accept(&self, id: &str) {
        self.store.accept(entries("test", &alert(id), start())).await.expect("is stored");
    }

    fn workers<F, R>(&self, handler: F) -> Workers<F>
    where
        F: Fn(Received) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HandlerError>> + Send,
    {
        Workers::new(Arc::clone(&self.store) as Arc<dyn Store>, handler)
            .with_clock(self.clock.clone())
            .with_lease(LEASE)
    }

    /// Returns the events whose cases are closed.
    async fn closed(&self) -> Vec<String> {
        let sql = "SELECT event FROM closed_cases ORDER BY event";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.expect("rows");
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn only(&self) -> StoredEntry {
        self.store.list(Filter::all(), 0, 10).await.expect("entries").remove(0)
    }
}

#[tokio::test]
async fn what_the_handler_writes_is_committed_with_the_end_of_the_event_or_not_at_all() {
    let setup = Setup::new().await;
    setup.accept("e1").await;
    let run = async || {
        let pool = setup.pool.clone();
        let handler = move |received: Received| {
            let pool = pool.clone();
            async move { handle(&pool, &received).await }
        };
        setup.workers(handler).run_due().await.expect("runs")
    };
    // Makes the commit fail, after all writes of the handler.
    let script = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
          $$ BEGIN RAISE EXCEPTION 'no commit'; END $$; \
        CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON spektr_inbox.work \
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'done') \
          EXECUTE FUNCTION fail()";
    sqlx::raw_sql(script).execute(&setup.pool).await.expect("is there");
    assert_eq!(run().await, 1);
    let entry = setup.only().await;
    assert_eq!((entry.state, entry.attempts), (State::Pending, 1));
    assert!(entry.reason.as_deref().is_some_and(|why| why.contains("no commit")), "{entry:?}");
    assert!(setup.closed().await.is_empty());

    let mended = "DROP TRIGGER fail ON spektr_inbox.work";
    sqlx::raw_sql(mended).execute(&setup.pool).await.expect("is gone");
    setup.clock.advance(Duration::from_secs(3600));
    assert_eq!(run().await, 1);
    let entry = setup.only().await;
    assert_eq!((entry.state, entry.attempts), (State::Done, 2));
    assert_eq!(setup.closed().await, ["e1"]);
    assert_eq!(run().await, 0);
}

#[tokio::test]
async fn who_has_lost_the_lease_writes_nothing() {
    let setup = Setup::new().await;
    setup.accept("e1").await;
    let (store, clock, pool) = (Arc::clone(&setup.store), setup.clock.clone(), setup.pool.clone());
    let handler = move |received: Received| {
        let (store, clock, pool) = (Arc::clone(&store), clock.clone(), pool.clone());
        async move {
            // The worker stalls, and another worker claims the event.
            clock.advance(LEASE);
            let (owner, limit, ordered, hold_on_dead) = (7, 1, false, false);
            let (now, horizon) = (clock.now(), Duration::from_secs(7200));
            let lease = LEASE;
            let request = ClaimRequest { owner, now, lease, limit, ordered, hold_on_dead, horizon };
            assert_eq!(store.claim(request).await?.len(), 1);
            let error = handle(&pool, &received).await.expect_err("the lease is lost");
            assert!(!error.is_permanent());
            Err::<(), _>(error)
        }
    };
    assert_eq!(setup.workers(handler).run_due().await.expect("runs"), 1);
    assert!(setup.closed().await.is_empty());
    let entry = setup.only().await;
    assert_eq!((entry.state, entry.attempts), (State::Pending, 2));
}

/// Sends a signed delivery; returns the first line of the response.
fn deliver(address: &str, body: &str) -> String {
    let secret = Secret::from_bytes(b"any secret").expect("a secret");
    let key = SigningKey::new("dev", secret).expect("a key");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let now = UnixSeconds::new(now.as_secs());
    let signed = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY).sign_at(body.as_bytes(), now);
    let headers = signed.pairs().map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    let mut stream = TcpStream::connect(address).expect("is open");
    write!(
        stream,
        "POST /webhooks/spektr HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .expect("is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

/// A program that is killed when a test fails.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // If the program has already ended, there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_writes_each_event_once_however_often_it_is_delivered() {
    let setup = Setup::new().await;
    let program = Command::new(env!("CARGO_BIN_EXE_spektr-example-sqlx"))
        .arg("127.0.0.1:0")
        .env("DATABASE_URL", &setup.url)
        .env("SPEKTR_WEBHOOK_KEYS", "dev=any secret")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut program = Program(program);
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().expect("is piped"))
        .read_line(&mut line)
        .expect("a line");
    let address = line.trim().strip_prefix("receiving on ").expect("an address").to_owned();
    for id in ["e1", "e2", "e1"] {
        assert_eq!(deliver(&address, &alert(id)), "HTTP/1.1 200 OK");
    }
    let began = Instant::now();
    while setup.store.count(Filter::state(State::Done)).await.expect("a count") < 2 {
        assert!(began.elapsed() < Duration::from_secs(60), "both are done");
        tokio::task::yield_now().await;
    }
    let id = program.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().expect("runs").success());
    assert!(program.0.wait().expect("ends").success());
    assert_eq!(setup.closed().await, ["e1", "e2"]);
}
