//! Tests opening and migrating a database, and refusing a database.

use std::time::Duration;

use spektr_inbox::store::postgres::{OpenError, PostgresOptions, Standbys, Tables};
use spektr_inbox::store::{
    Archive as _, ClaimRequest, Filter, Queue as _, Reception as _, StoreError,
};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::start;

use super::fresh::{Fresh, client, database, fresh, options};
use crate::support::{claim_request, one};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_can_migrate_at_once() {
    for _ in 0..5 {
        let url = database().await;
        let together = std::sync::Arc::new(tokio::sync::Barrier::new(4));
        let mut racing = tokio::task::JoinSet::new();
        for id in ["a", "b", "c", "d"] {
            let (url, together) = (url.clone(), std::sync::Arc::clone(&together));
            racing.spawn(async move {
                together.wait().await;
                let store = PostgresOptions::new(url).open().await.unwrap();
                store.accept(one(id)).await.unwrap();
            });
        }
        racing.join_all().await;
        let store = PostgresOptions::new(url).open().await.unwrap();
        assert_eq!(store.count(Filter::all()).await.unwrap(), 4);
    }
}

#[tokio::test]
async fn entries_are_there_after_reopening() {
    let Fresh { store, url } = fresh().await;
    store.accept(one("e1")).await.unwrap();
    drop(store);
    let store = PostgresOptions::new(url).open().await.unwrap();
    assert_eq!(store.list(Filter::all(), 0, 10).await.unwrap()[0].id.as_deref(), Some("e1"));
}

#[test]
fn a_store_whose_tasks_have_ended_is_not_alive() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let first = runtime();
    let store = first.block_on(async { fresh().await.store });
    assert!(store.is_alive());
    drop(first);
    assert!(!store.is_alive());
}

#[tokio::test]
async fn refuses_a_newer_version() {
    let fresh = fresh().await;
    let client = fresh.client().await;
    client.batch_execute("UPDATE spektr_inbox.version SET version = 6").await.unwrap();
    let error = PostgresOptions::new(&fresh.url).open().await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 6, known: 5 }), "{error:?}");
}

#[tokio::test]
async fn an_inspection_tells_what_there_is_and_makes_nothing() {
    let url = database().await;
    let inspect = || async { options(&url).inspect().await.unwrap() };
    let empty = inspect().await;
    assert_eq!((empty.tables, empty.known, empty.may_migrate), (Tables::Missing, 5, true));
    assert_eq!((&*empty.role, &*empty.synchronous_commit), ("postgres", "on"));
    assert_eq!((empty.clock_ahead_ms, empty.standbys), (0, Standbys::NotAwaited));
    // The settings of the test server.
    assert_eq!((empty.fsync, empty.full_page_writes), (false, false));
    assert_eq!(inspect().await, empty);

    drop(options(&url).open().await.unwrap());
    let made = inspect().await;
    assert_eq!((made.tables, made.missing_rights), (Tables::Version(5), vec![]));
    let client = client(&url).await;
    client.batch_execute("UPDATE spektr_inbox.version SET version = 6").await.unwrap();
    assert_eq!(inspect().await.tables, Tables::Version(6));
    client.batch_execute("DROP TABLE spektr_inbox.version").await.unwrap();
    let other = inspect().await;
    assert_eq!((other.tables, other.missing_rights), (Tables::OfOtherProgram, vec![]));
}

#[tokio::test]
async fn an_inspection_names_the_rights_that_a_role_lacks() {
    let fresh = fresh().await;
    let client = fresh.client().await;
    let role = format!("inspector{}", fastrand::u64(..));
    client.batch_execute(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    let url = fresh.url.replace("postgres@", &format!("{role}@"));
    let inspect = || async {
        let inspection = options(&url).inspect().await.unwrap();
        assert!(!inspection.may_migrate);
        (inspection.tables, inspection.missing_rights)
    };
    let rights = [
        "USAGE ON SCHEMA spektr_inbox",
        "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA spektr_inbox",
        "USAGE ON ALL SEQUENCES IN SCHEMA spektr_inbox",
    ];
    assert_eq!(inspect().await, (Tables::Unreadable, rights.to_vec()));
    for granted in 1..=rights.len() {
        let grant = format!("GRANT {} TO {role}", rights[granted - 1]);
        client.batch_execute(&grant).await.unwrap();
        let tables = if granted == 1 { Tables::Unreadable } else { Tables::Version(5) };
        assert_eq!(inspect().await, (tables, rights[granted..].to_vec()));
    }
    client.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_version_is_migrated_with_what_it_holds() {
    let url = database().await;
    let client = client(&url).await;
    client.batch_execute(include_str!("../fixtures/postgres_1.sql")).await.unwrap();
    let store = options(&url).open().await.unwrap();
    crate::support::before::assert_complete(&store).await;
    crate::support::before::assert_known(&store).await;
}

#[tokio::test]
async fn contents_of_the_first_version_are_told_apart_when_they_are_deleted() {
    let url = database().await;
    client(&url).await.batch_execute(include_str!("../fixtures/postgres_1.sql")).await.unwrap();
    let store = options(&url).open().await.unwrap();
    crate::support::before::delete_all(&store).await;
    crate::support::before::assert_known(&store).await;
}

#[tokio::test]
async fn refuses_a_schema_that_is_not_its_own_and_leaves_it_alone() {
    let fresh = fresh().await;
    let client = fresh.client().await;
    let other = "DROP SCHEMA spektr_inbox CASCADE; CREATE SCHEMA spektr_inbox; \
                 CREATE TABLE spektr_inbox.entries (x integer)";
    client.batch_execute(other).await.unwrap();
    let error = PostgresOptions::new(&fresh.url).open().await.unwrap_err();
    assert!(matches!(error, OpenError::OtherProgram), "{error:?}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'spektr_inbox'";
    let count: i64 = client.query_one(tables, &[]).await.unwrap().get(0);
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_user_who_owns_the_empty_schema_needs_no_other_right() {
    let fresh = fresh().await;
    let client = fresh.client().await;
    // Roles belong to the server, not to the database.
    let role = format!("limited{}", fastrand::u32(..));
    let script = format!(
        "DROP SCHEMA spektr_inbox CASCADE; CREATE ROLE {role} LOGIN; \
         REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE SCHEMA spektr_inbox AUTHORIZATION {role}"
    );
    client.batch_execute(&script).await.unwrap();
    let url = fresh.url.replace("postgres@", &format!("{role}@"));
    let store = PostgresOptions::new(&url).open().await.unwrap();
    store.accept(one("e1")).await.unwrap();
    client.batch_execute("DROP SCHEMA spektr_inbox CASCADE").await.unwrap();
    let error = PostgresOptions::new(&url).open().await.unwrap_err();
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
    assert!(error.to_string().contains("the right to create it"), "{error}");
}

#[tokio::test]
async fn urls_that_cannot_be_meant_are_refused_without_being_quoted() {
    for url in [
        "inbox.db",
        "host=localhost password=marker",
        "postgres://user:marker@localhost/inbox?sslmode=prefer",
        "postgres://user:marker@localhost/inbox?sslmode=verify-ca",
        "postgres://user:marker@localhost/inbox?unheard_of=marker",
        "postgres://user:marker@localhost:port/inbox",
    ] {
        let options = PostgresOptions::new(url);
        assert!(!format!("{options:?}").contains("mar"), "{options:?}");
        let error = options.open().await.unwrap_err();
        assert!(matches!(error, OpenError::Url { .. }), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("mar"), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_never_answers_is_an_error() {
    // The port is free again, so nothing listens on it.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("postgres://user:marker@127.0.0.1:{port}/inbox?sslmode=disable");
    // This server accepts connections, but never answers.
    let silent = PostgresOptions::new(format!("{url}&connect_timeout=1"));
    let error = silent.open().await.unwrap_err();
    assert!(matches!(error, OpenError::Connect { .. }), "{error:?}");
    drop(listener);
    let error = PostgresOptions::new(&url).open().await.unwrap_err();
    assert!(matches!(error, OpenError::Connect { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("marker"), "{error:?}");
    assert!(caused(&error).contains("Connection refused"), "{}", caused(&error));
}

/// Returns the text of an error with its cause.
fn caused(error: &OpenError) -> String {
    let source = std::error::Error::source(error).unwrap();
    format!("{error}: {source}")
}

#[tokio::test]
async fn an_error_says_why_there_is_no_connection_and_nothing_else() {
    let cluster = Cluster::start(&["fsync = off", "listen_addresses = '127.0.0.1'"]);
    let rules = cluster.folder().join("data/pg_hba.conf");
    std::fs::write(rules, "local all postgres trust\nhost all all all scram-sha-256\n").unwrap();
    let administrator = cluster.connect("postgres").await;
    administrator
        .batch_execute("ALTER ROLE postgres PASSWORD 'right'; SELECT pg_reload_conf()")
        .await
        .unwrap();
    cluster.restart("fast");
    let port = cluster.port();
    for (user, database, expected) in [
        ("postgres:wrong", "postgres", "password authentication failed"),
        ("postgres", "postgres", "password missing"),
        ("postgres:right", "nowhere", "database \"nowhere\" does not exist (SQLSTATE 3D000)"),
    ] {
        let url = format!("postgres://{user}@127.0.0.1:{port}/{database}?sslmode=disable");
        let error = PostgresOptions::new(url).open().await.unwrap_err();
        assert!(matches!(error, OpenError::Connect { .. }), "{error:?}");
        let text = caused(&error);
        assert!(text.starts_with("cannot connect to the database: "), "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("TLS") && !text.contains("ssl"), "{text}");
    }
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_no_store() {
    let fresh = fresh().await;
    let name = fresh.url.rsplit('/').next().unwrap();
    let script = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    fresh.client().await.batch_execute(&script).await.unwrap();
    let error = options(&fresh.url).open().await.unwrap_err();
    let OpenError::Connect { source } = error else { panic!("{error:?}") };
    assert!(source.to_string().contains("does not allow writes"), "{source}");
}

#[tokio::test]
async fn hosts_that_are_gone_or_silent_are_passed_over() {
    let cluster = Cluster::start(&["fsync = off", "listen_addresses = '127.0.0.1'"]);
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    // This server accepts connections, but never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hosts = format!("{gone},{},127.0.0.1:{}", silent.local_addr().unwrap(), cluster.port());
    let url = format!("postgres://postgres@{hosts}/postgres?sslmode=disable");
    let store = options(&url).open().await.unwrap();
    store.accept(one("e1")).await.unwrap();
}

#[tokio::test]
async fn what_is_acknowledged_is_synced_whatever_the_defaults_are() {
    let fresh = fresh().await;
    let client = fresh.client().await;
    // The database's defaults are unsafe. A trigger records the settings with which a commit
    // ran.
    let script = "DO $$ BEGIN \
          EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); \
          EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', \
            current_database()); \
        END $$; \
        CREATE TABLE seen (setting text); \
        CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
          INSERT INTO seen VALUES (current_setting('synchronous_commit') || ' ' \
            || current_setting('transaction_isolation')); RETURN NULL; END $$; \
        CREATE TRIGGER see AFTER INSERT OR UPDATE ON spektr_inbox.work \
          FOR EACH STATEMENT EXECUTE FUNCTION see()";
    client.batch_execute(script).await.unwrap();
    let store = fresh.another().await;
    store.accept(one("e1")).await.unwrap();
    let request = ClaimRequest { limit: 1, ordered: true, ..claim_request(start()) };
    assert_eq!(store.claim(request).await.unwrap().len(), 1);
    let rows = client.query("SELECT setting FROM seen", &[]).await.unwrap();
    let seen: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, ["on read committed"; 2]);
}

#[tokio::test]
async fn a_full_disk_is_told_from_other_failures_and_fails_no_neighbour() {
    let fresh = fresh().await;
    let client = fresh.client().await;
    let script = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
          IF NEW.id = 'large' THEN RAISE EXCEPTION 'could not extend file' \
            USING ERRCODE = 'disk_full', DETAIL = 'marker'; END IF; RETURN NEW; END $$; \
        CREATE TRIGGER full_disk BEFORE INSERT ON spektr_inbox.entries \
          FOR EACH ROW EXECUTE FUNCTION full_disk()";
    client.batch_execute(script).await.unwrap();
    // Both are sent before either is answered, so they form one group.
    let (large, small) = tokio::join!(fresh.accept(one("large")), fresh.accept(one("small")));
    let error = large.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("marker"), "{error:?}");
    small.unwrap();
    let stored = fresh.list(Filter::all(), 0, 10).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].id.as_deref(), Some("small"));
}

#[tokio::test]
async fn a_database_that_is_stuck_refuses_at_once_or_in_time() {
    let url = database().await;
    let store = PostgresOptions::new(&url)
        .with_queue(1)
        .with_group(1)
        .with_connections(1, 1)
        .with_timeout(Duration::from_millis(500))
        .open()
        .await
        .unwrap();
    let fresh = Fresh { store, url };
    let mut blocker = fresh.client().await;
    let lock = blocker.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE spektr_inbox.work IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let deliveries = (0..20).map(|index| fresh.accept(one(&format!("e{index}"))));
    let mut deliveries: Vec<_> = deliveries.collect();
    // The deliveries that find room in the queue wait, and the others are refused at once.
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    deliveries.retain_mut(|delivery| match delivery.as_mut().poll(&mut context) {
        std::task::Poll::Ready(answer) => {
            assert!(matches!(answer, Err(StoreError::Overloaded)), "{answer:?}");
            false
        }
        std::task::Poll::Pending => true,
    });
    assert_eq!(deliveries.len(), 1);
    for delivery in deliveries {
        let answer = delivery.await;
        assert!(matches!(answer, Err(StoreError::Database { .. })), "{answer:?}");
    }
    lock.rollback().await.unwrap();
    fresh.accept(one("after")).await.unwrap();
    assert_eq!(fresh.count(Filter::all()).await.unwrap(), 1);
}
