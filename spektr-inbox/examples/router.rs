//! A handler with a function for each event that it handles, and its tests.
//!
//! ```text
//! SPEKTR_WEBHOOK_KEYS="key-id=secret" cargo run -p spektr-inbox --example router -- inbox.db tags.db 127.0.0.1:8080
//! cargo test -p spektr-inbox --example router
//! ```
//!
//! The handler keeps the tags of each customer in its own SQLite database. An event can be handed out
//! again after its write, so each write has the same result however often it is repeated. Events of
//! one customer arrive in order, so a tag that was added and then removed is gone.

use std::env;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, params};
use spektr_inbox::store::{Store, sqlite::SqliteOptions};
use spektr_inbox::{HandlerError, Received, Receiver, Router, Server, Workers};
use spektr_types::{CustomerTagAdded, CustomerTagRemoved};
use spektr_verify::{KeyRing, SignedContent, Verifier};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS tags (
    customer TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (customer, tag)) STRICT";

/// The application's own database. Clones share the connection.
#[derive(Clone)]
struct Tags(Arc<Mutex<Connection>>);

impl Tags {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute(SCHEMA, [])?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Writes in a thread that may block on the disk.
    async fn write(&self, sql: &'static str, values: [String; 2]) -> Result<(), HandlerError> {
        let Self(connection) = self.clone();
        let written = spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            connection.execute(sql, params![values[0], values[1]])
        });
        // Both errors are temporary: `?` converts them into errors that retry the event later.
        written.await??;
        Ok(())
    }
}

async fn added(tags: Tags, received: Received<CustomerTagAdded>) -> Result<(), HandlerError> {
    let event = received.into_event();
    let values = [event.spektr_id.to_string(), event.data.tag_id.to_string()];
    tags.write("INSERT OR IGNORE INTO tags (customer, tag) VALUES (?1, ?2)", values).await
}

async fn removed(tags: Tags, received: Received<CustomerTagRemoved>) -> Result<(), HandlerError> {
    let event = received.into_event();
    let values = [event.spektr_id.to_string(), event.data.tag_id.to_string()];
    tags.write("DELETE FROM tags WHERE customer = ?1 AND tag = ?2", values).await
}

async fn other(received: Received) -> Result<(), HandlerError> {
    tracing::info!(event = %received.event().event_type(), "not handled");
    Ok(())
}

fn handler(tags: Tags) -> Router {
    let again = tags.clone();
    Router::new(other)
        .on(move |received| added(tags.clone(), received))
        .on(move |received| removed(again.clone(), received))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = env::args().skip(1);
    let inbox = arguments.next().unwrap_or_else(|| "inbox.db".to_owned());
    let tags = arguments.next().unwrap_or_else(|| "tags.db".to_owned());
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());

    let tags = Tags::open(Path::new(&tags))?;
    let store: Arc<dyn Store> = Arc::new(SqliteOptions::new(inbox).open()?);
    // The signed content is an assumption; `spektr_verify::diagnose` checks it.
    let verifier = Verifier::new(KeyRing::from_env()?, SignedContent::TIMESTAMP_DOT_BODY);
    let receiver = Receiver::new(Arc::clone(&store), verifier);
    let metrics = receiver.metrics().clone();
    let workers = Workers::new(store, handler(tags)).with_ordering(true).with_metrics(metrics);

    let listener = TcpListener::bind(address).await?;
    println!("receiving on {}", listener.local_addr()?);
    let (stop, _) = watch::channel(false);
    let stopped = || {
        let mut stopped = stop.subscribe();
        async move {
            // An error means that the sender is dropped, which also ends the program.
            let _gone = stopped.wait_for(|stopped| *stopped).await;
        }
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let signals = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        stop.send_replace(true);
    };
    let server = Server::new(receiver.router("/webhooks/spektr")).with_receiver(&receiver);
    tokio::join!(signals, server.serve(listener, stopped()), workers.run(stopped()));
    Ok(())
}

/// Tests of an application's handler: each function with an event made in one line, and the whole
/// handler with workers that do not wait.
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use std::time::Duration;

    use spektr_inbox::store::{Filter, Reception as _, State};
    use spektr_inbox::testing::{ManualClock, entries, start};
    use spektr_types::fixtures::{Fixture, batch};
    use spektr_types::{AlertResolved, EventInfo, catalogue};
    use tempfile::TempDir;

    use super::*;

    impl Tags {
        fn in_memory() -> Self {
            Self::open(Path::new(":memory:")).unwrap()
        }

        fn execute(&self, sql: &str) {
            self.0.lock().unwrap().execute(sql, []).unwrap();
        }

        /// Returns pairs of customer and tag, in order.
        fn all(&self) -> Vec<(String, String)> {
            let connection = self.0.lock().unwrap();
            let mut rows =
                connection.prepare("SELECT customer, tag FROM tags ORDER BY 1, 2").unwrap();
            let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        }
    }

    fn tag<E: spektr_types::KnownEvent>(id: &str, tag: &str) -> Fixture {
        Fixture::of::<E>().set("/id", id).set("/spektrId", "s1").set("/data/tagId", tag)
    }

    fn row(tag: &str) -> (String, String) {
        ("s1".to_owned(), tag.to_owned())
    }

    /// An inbox in a temporary folder, with a clock that the test sets.
    struct Inbox {
        store: Arc<dyn Store>,
        clock: ManualClock,
        _folder: TempDir,
    }

    impl Inbox {
        async fn with(fixtures: impl IntoIterator<Item = Fixture>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteOptions::new(folder.path().join("inbox.db")).open().unwrap();
            let body = batch(fixtures).unwrap();
            store.accept(entries("test", &body, start())).await.unwrap();
            Self { store: Arc::new(store), clock: ManualClock::new(), _folder: folder }
        }

        /// Handles due entries. Returns the number of attempts.
        async fn work(&self, tags: &Tags) -> usize {
            Workers::new(Arc::clone(&self.store), handler(tags.clone()))
                .with_ordering(true)
                .with_clock(self.clock.clone())
                .run_due()
                .await
                .unwrap()
        }

        /// Returns the state and the number of attempts of each entry.
        async fn states(&self) -> Vec<(State, u32)> {
            let entries = self.store.list(Filter::all(), 0, 100).await.unwrap();
            entries.iter().map(|entry| (entry.state, entry.attempts)).collect()
        }
    }

    #[tokio::test]
    async fn a_tag_that_is_handed_out_twice_is_written_once() {
        let tags = Tags::in_memory();
        let json = tag::<CustomerTagAdded>("e1", "t1").json().unwrap();
        for attempt in 1..=2 {
            let received = Received::for_test(&json).unwrap().with_attempt(attempt);
            assert!(added(tags.clone(), received).await.is_ok());
            assert_eq!(tags.all(), [row("t1")]);
        }
    }

    #[tokio::test]
    async fn removing_takes_the_one_tag_of_the_one_customer() {
        let tags = Tags::in_memory();
        tags.execute("INSERT INTO tags VALUES ('s1', 't1'), ('s1', 't2'), ('s2', 't1')");
        let json = tag::<CustomerTagRemoved>("e1", "t1").json().unwrap();
        for _ in 0..2 {
            let received = Received::for_test(&json).unwrap();
            assert!(removed(tags.clone(), received).await.is_ok());
            assert_eq!(tags.all(), [row("t2"), ("s2".to_owned(), "t1".to_owned())]);
        }
    }

    #[tokio::test]
    async fn events_of_one_customer_are_handled_in_order_and_others_are_done_without_a_write() {
        let tags = Tags::in_memory();
        let inbox = Inbox::with([
            tag::<CustomerTagAdded>("e1", "t1"),
            tag::<CustomerTagAdded>("e2", "t2"),
            tag::<CustomerTagRemoved>("e3", "t1"),
            Fixture::of::<AlertResolved>(),
        ])
        .await;
        assert_eq!(inbox.work(&tags).await, 4);
        assert_eq!(tags.all(), [row("t2")]);
        assert_eq!(inbox.states().await, [(State::Done, 1); 4]);
    }

    #[tokio::test]
    async fn a_database_that_fails_has_the_event_tried_again() {
        let tags = Tags::in_memory();
        tags.execute("ALTER TABLE tags RENAME TO elsewhere");
        let inbox = Inbox::with([tag::<CustomerTagAdded>("e1", "t1")]).await;
        assert_eq!(inbox.work(&tags).await, 1);
        assert_eq!(inbox.states().await, [(State::Pending, 1)]);
        // The next attempt is not due yet.
        assert_eq!(inbox.work(&tags).await, 0);

        tags.execute("ALTER TABLE elsewhere RENAME TO tags");
        inbox.clock.advance(Duration::from_secs(3600));
        assert_eq!(inbox.work(&tags).await, 1);
        assert_eq!(inbox.states().await, [(State::Done, 2)]);
        assert_eq!(tags.all(), [row("t1")]);
    }

    /// Fails once the schema has another event about tags: decide then whether to handle it.
    #[tokio::test]
    async fn no_event_of_tags_goes_to_the_fallback() {
        let router = handler(Tags::in_memory());
        let names: Vec<_> = router.unhandled().map(EventInfo::name).collect();
        assert_eq!(names.len(), catalogue().len() - 2);
        assert!(!names.iter().any(|name| name.contains("_TAG_")), "{names:?}");
    }
}
