//! Tests the SQLite store: the contract of every store, and the properties of a file.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::fs::Permissions;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use spektr_inbox::store::sqlite::{OpenError, SqliteOptions, SqliteStore};
use spektr_inbox::store::{
    Archive, ClaimRequest, Erased, Erasure, Filter, Lease, Queue, Reception, Settlement, State,
    StoreError,
};
use spektr_inbox::testing::{entries, start, tag_added};
use support::{claim_request, one, until};
use tempfile::TempDir;

/// A store in its own folder, which is deleted with it.
struct Fresh {
    store: SqliteStore,
    folder: TempDir,
}

impl Deref for Fresh {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

impl Fresh {
    fn path(&self) -> PathBuf {
        self.folder.path().join("inbox.db")
    }
}

async fn fresh() -> Fresh {
    opened(|options| options)
}

fn opened(configure: impl Fn(SqliteOptions) -> SqliteOptions) -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let store = configure(SqliteOptions::new(folder.path().join("inbox.db"))).open().unwrap();
    Fresh { store, folder }
}

spektr_inbox::store_tests!(fresh);

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn only_the_owner_can_read_the_file_and_its_log() {
    let fresh = fresh().await;
    fresh.accept(one("e1")).await.unwrap();
    let path = fresh.path();
    for suffix in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{suffix}", path.display()));
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    let Fresh { store, folder: _folder } = fresh;
    drop(store);
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let _store = SqliteOptions::new(&path).open().unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{suffix}", path.display()));
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn entries_are_there_after_reopening() {
    let Fresh { store, folder } = fresh().await;
    store.accept(one("e1")).await.unwrap();
    drop(store);
    let store = SqliteOptions::new(folder.path().join("inbox.db")).open().unwrap();
    let stored = store.list(Filter::all(), 0, 10).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].id.as_deref(), Some("e1"));
}

#[tokio::test]
async fn a_file_of_the_first_version_is_migrated_with_what_it_holds() {
    const BUILD_BEFORE: &str = "CREATE INDEX entries_leased ON entries (spektr_id, source) \
         WHERE state = 'pending' AND owner IS NOT NULL";
    let entry = "INSERT INTO entries (source, key, content, id, spektr_id, received_at, order_at, \
                   state, conflict, due_at, raw) \
                 VALUES ('test', 'id:e1', x'00', 'e1', 's1', 1, 1, 'pending', 0, 1, x'7b7d')";
    let schema = include_str!("../src/store/sqlite/schema.1.sql");
    for script in ["", BUILD_BEFORE] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.db");
        let connection = Connection::open(&path).unwrap();
        for script in [schema, script, entry] {
            connection.execute_batch(script).unwrap();
        }
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection.pragma_update(None, "application_id", 0x7370_6b74).unwrap();
        drop(connection);
        let store = SqliteOptions::new(&path).open().unwrap();
        let request = ClaimRequest { ordered: true, ..claim_request(start()) };
        let claims = store.claim(request).await.unwrap();
        assert_eq!(claims.len(), 1);
        assert_eq!(claims[0].entry.id.as_deref(), Some("e1"));
        drop(store);
        let version =
            Connection::open(&path)
                .unwrap()
                .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        assert_eq!(version, Ok(6));
    }
}

#[tokio::test]
async fn a_file_of_the_second_version_is_migrated_with_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    std::fs::write(&path, include_bytes!("fixtures/sqlite_2.db")).unwrap();
    let store = SqliteOptions::new(&path).open().unwrap();
    support::before::assert_complete(&store).await;
    support::before::assert_known(&store).await;
}

#[tokio::test]
async fn contents_of_the_second_version_are_told_apart_when_they_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    std::fs::write(&path, include_bytes!("fixtures/sqlite_2.db")).unwrap();
    let store = SqliteOptions::new(&path).open().unwrap();
    support::before::delete_all(&store).await;
    support::before::assert_known(&store).await;
}

#[test]
fn refuses_a_newer_version_and_leaves_the_file_alone() {
    let fresh = opened(|options| options);
    let path = fresh.path();
    let Fresh { store, folder: _folder } = fresh;
    drop(store);
    let connection = Connection::open(&path).unwrap();
    let version: i32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    connection.pragma_update(None, "user_version", version + 1).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let error = SqliteOptions::new(&path).open().unwrap_err();
    let OpenError::Newer { found, known, .. } = error else { panic!("{error:?}") };
    assert_eq!((found, known), (version + 1, version));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn refuses_files_that_are_no_inbox_and_leaves_them_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = SqliteOptions::new(&path).open().unwrap_err();
    assert!(matches!(error, OpenError::OtherProgram { .. }), "{error:?}");
    assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (before, 0o644));

    let text = "no database at all, and longer than its header".repeat(10);
    std::fs::write(&path, &text).unwrap();
    let error = SqliteOptions::new(&path).open().unwrap_err();
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(mode(&path), 0o644);

    let other = folder.path().join("folder");
    std::fs::create_dir(&other).unwrap();
    std::fs::set_permissions(&other, Permissions::from_mode(0o755)).unwrap();
    let error = SqliteOptions::new(&other).open().unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error:?}");
    assert_eq!(mode(&other), 0o755);

    let error = SqliteOptions::new(folder.path().join("no/such/folder")).open().unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error:?}");
}

#[test]
fn several_can_open_a_new_file_at_once() {
    // Many rounds, because the window for a race is shorter than a millisecond.
    for _ in 0..100 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.db");
        let together = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    together.wait();
                    SqliteOptions::new(&path).open().unwrap()
                });
            }
        });
    }
}

#[tokio::test]
async fn a_full_file_refuses_and_recovers_when_there_is_room() {
    let fresh = opened(|options| options.with_max_bytes(256 * 1024));
    let mut accepted = Vec::new();
    let full = loop {
        let id = format!("e{}", accepted.len());
        match fresh.accept(one(&id)).await {
            Ok(_) if accepted.len() > 10_000 => panic!("the file is never full"),
            Ok(_) => accepted.push(id),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, StoreError::Full { .. }), "{full:?}");
    assert!(accepted.len() > 100, "{}", accepted.len());
    let probe = fresh.probe().await;
    assert!(matches!(probe, Err(StoreError::Full { .. })), "{probe:?}");
    let stored = fresh.list(Filter::all(), 0, 10_000).await.unwrap();
    let stored: Vec<_> = stored.into_iter().filter_map(|entry| entry.id).collect();
    assert_eq!(stored, accepted);

    assert_eq!(fresh.erase(Erasure::of("s1"), None).await.unwrap().entries, accepted.len() as u64);
    fresh.accept(one("after")).await.unwrap();
    let check: String = Connection::open(fresh.path())
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[tokio::test]
async fn nothing_of_a_refused_delivery_remains_and_others_are_not_affected() {
    let fresh = opened(|options| options.with_max_bytes(256 * 1024));
    let mut too_much = one("e1");
    too_much.extend(entries("test", &"x".repeat(512 * 1024), start()));
    let (refused, accepted) = tokio::join!(fresh.accept(too_much), fresh.accept(one("e2")));
    assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
    accepted.unwrap();
    let stored = fresh.list(Filter::all(), 0, 10).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].id.as_deref(), Some("e2"));
}

#[tokio::test]
async fn what_is_erased_is_in_none_of_the_files() {
    let fresh = fresh().await;
    let marked = tag_added("e1", "marker-person", 1_700_000_000_000);
    fresh.accept(entries("test", &marked, start())).await.unwrap();
    assert!(has_marker(&fresh), "the marker is in the files before");
    assert_eq!(fresh.erase(Erasure::of("marker-person"), None).await.unwrap().entries, 1);
    assert!(!has_marker(&fresh), "the marker is in the files after");
}

#[tokio::test]
async fn an_erasure_says_whether_what_it_erased_is_still_in_the_files() {
    let fresh = fresh().await;
    let marked = tag_added("e1", "marker-person", 1_700_000_000_000);
    fresh.accept(entries("test", &marked, start())).await.unwrap();
    let reader = Connection::open(fresh.path()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let one = "SELECT count(*) FROM entries";
    assert_eq!(reader.query_row(one, [], |row| row.get::<_, i64>(0)), Ok(1));
    let erased = fresh.erase(Erasure::of("marker-person"), None).await.unwrap();
    assert_eq!((erased.entries, erased.is_in_files), (1, true));
    assert!(has_marker(&fresh), "a reader needs the log");
    // The next erasure after the reader has gone removes the rest.
    reader.execute_batch("COMMIT").unwrap();
    let erased = fresh.erase(Erasure::of("marker-person"), None).await.unwrap();
    assert_eq!(erased, Erased::default());
    assert!(!has_marker(&fresh), "the marker is in the files after");
}

fn has_marker(fresh: &Fresh) -> bool {
    let files = std::fs::read_dir(fresh.folder.path()).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .any(|bytes| bytes.windows(b"marker-person".len()).any(|window| window == b"marker-person"))
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let fresh = opened(|options| options.with_queue(1).with_group(1));
    // Another connection holds the lock, so the writer waits.
    let blocker = Connection::open(fresh.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let deliveries = (0..20).map(|index| fresh.store.accept(one(&format!("e{index}"))));
    let mut deliveries: Vec<_> = deliveries.collect();
    let mut refused = 0;
    for delivery in &mut deliveries {
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        if let std::task::Poll::Ready(answer) = delivery.as_mut().poll(&mut context) {
            assert!(matches!(answer, Err(StoreError::Overloaded)), "{answer:?}");
            refused += 1;
        }
    }
    assert!(refused >= 18, "{refused}");
    blocker.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_begun() {
    let fresh = opened(|options| options.with_group(1));
    // Another connection holds the lock, so the writer waits with the first delivery.
    let blocker = Connection::open(fresh.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    let mut deliveries = ["first", "gone", "last"].map(|id| fresh.store.accept(one(id)));
    for delivery in &mut deliveries {
        assert!(delivery.as_mut().poll(&mut context).is_pending());
    }
    let queued = async || fresh.store.stats().await.unwrap().queued;
    until("the first delivery has left the queue", async || queued().await <= 2).await;
    let [first, gone, last] = deliveries;
    drop(gone);
    blocker.execute_batch("ROLLBACK").unwrap();
    first.await.unwrap();
    last.await.unwrap();
    let stored = fresh.list(Filter::all(), 0, 10).await.unwrap();
    let stored: Vec<_> = stored.into_iter().filter_map(|entry| entry.id).collect();
    assert_eq!(stored, ["first", "last"]);
}

#[tokio::test]
async fn debug_output_shows_no_content() {
    let fresh = fresh().await;
    let raw = tag_added("e1", "s1", 1_700_000_000_000).replace("\"t\"", "\"marker-tag\"");
    let new = entries("test", &raw, start());
    let printed = format!("{new:?}");
    fresh.accept(new).await.unwrap();
    let stored = fresh.list(Filter::all(), 0, 10).await.unwrap();
    let printed = format!("{printed} {stored:?}");
    assert!(printed.contains("e1"), "{printed}");
    assert!(!printed.contains("marker"), "{printed}");
}

/// A lease with the right token and another attempt cannot come from this store.
#[tokio::test]
async fn a_lease_that_has_changed_on_the_way_settles_nothing() {
    let fresh = fresh().await;
    fresh.accept(one("e1")).await.unwrap();
    let lease = fresh.claim(claim_request(start())).await.unwrap().remove(0).lease;
    let other = Lease { attempt: lease.attempt + 1, ..lease };
    let refused = fresh.settle(other, Settlement::Done, start()).await;
    assert!(matches!(refused, Err(StoreError::Lease { number }) if number == lease.number));
    assert_eq!(fresh.count(Filter::state(State::Pending)).await.unwrap(), 1);
    assert!(fresh.settle(lease, Settlement::Done, start()).await.unwrap());
}
