//! Tests the files of the SQLite store: removed and replaced files, and copies.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use spektr_inbox::store::sqlite::{BackupError, OpenError, SqliteOptions, SqliteStore};
use spektr_inbox::store::sqlite::{backup, restore};
use spektr_inbox::store::{Acceptance, Archive, Filter, Reception, StoreError};
use spektr_inbox::testing::{entries, start, tag_added};
use support::{Inbox, deliver, fetch, one, serve};
use tempfile::TempDir;

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Returns a store with one entry, its folder and its path.
async fn filled() -> (TempDir, PathBuf, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    let store = SqliteOptions::new(&path).open().unwrap();
    store.accept(one("e1")).await.unwrap();
    (folder, path, store)
}

/// Returns the names and sizes of the files in a folder. It does not open the files, because
/// closing a file would release the locks that the store has on it.
fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let mut listed: Vec<_> =
        files.map(|file| (file.path(), file.metadata().unwrap().len())).collect();
    listed.sort();
    listed
}

#[tokio::test]
async fn an_inspection_leaves_everything_as_it_is_also_beside_an_open_store() {
    let (folder, path, store) = filled().await;
    let inspect = || {
        let before = listing(folder.path());
        let inspected = SqliteOptions::new(&path).inspect();
        assert_eq!(listing(folder.path()), before);
        inspected.map(|inspection| (inspection.version, inspection.known))
    };
    assert_eq!(inspect().unwrap(), (6, 6));
    drop(store);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(inspect().unwrap(), (6, 6));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(listing(folder.path()).len(), 1);

    let version = |number: i32| {
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", number).unwrap();
    };
    version(4);
    assert_eq!(inspect().unwrap(), (4, 6));
    version(7);
    assert!(matches!(inspect(), Err(OpenError::Newer { found: 7, known: 6, .. })));
    fs::write(&path, "").unwrap();
    assert_eq!(inspect().unwrap(), (0, 6));
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (a)").unwrap();
    assert!(matches!(inspect(), Err(OpenError::OtherProgram { .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(inspect(), Err(OpenError::Database { .. })));
}

/// SQLite keeps the log beside the file itself, not beside a link to it.
#[test]
fn an_inspection_by_a_link_sees_what_the_log_of_an_open_store_has() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("inbox.db"), folder.path().join("link.db"));
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let store = SqliteOptions::new(&path).open().unwrap();
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 4).unwrap();
    assert_eq!(SqliteOptions::new(&link).inspect().unwrap().version, 4);
    drop((store, other));
}

#[test]
fn an_inspection_reads_the_file_of_that_name_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a?mode=memory.db", "b#c.db", "d%20e.db"] {
        let path = folder.path().join(name);
        drop(SqliteOptions::new(&path).open().unwrap());
        assert_eq!(SqliteOptions::new(&path).inspect().unwrap().version, 6, "{name}");
    }
}

async fn ids(store: &SqliteStore) -> Vec<String> {
    let stored = store.list(Filter::all(), 0, 100).await.unwrap();
    stored.into_iter().filter_map(|entry| entry.id).collect()
}

/// A fault that removes the files, and its name.
type FileFault = (&'static str, fn(&Path));

const FAULTS: [FileFault; 6] = [
    ("removed", |path| fs::remove_file(path).unwrap()),
    ("moved", |path| fs::rename(path, beside(path, ".old")).unwrap()),
    ("replaced by a copy", |path| {
        fs::copy(path, beside(path, ".copy")).unwrap();
        fs::rename(beside(path, ".copy"), path).unwrap();
    }),
    ("cut short", |path| fs::File::options().write(true).open(path).unwrap().set_len(0).unwrap()),
    ("without its log", |path| fs::remove_file(beside(path, "-wal")).unwrap()),
    ("without its index", |path| fs::remove_file(beside(path, "-shm")).unwrap()),
];

#[tokio::test]
async fn nothing_is_accepted_into_files_that_have_gone_away() {
    for (how, fault) in FAULTS {
        let (_folder, path, store) = filled().await;
        // A real file is not empty, because SQLite checkpoints its log from time to time.
        Connection::open(&path)
            .unwrap()
            .query_row("PRAGMA wal_checkpoint", [], |_| Ok(()))
            .unwrap();
        store.accept(one("e2")).await.unwrap();
        fault(&path);
        for _ in 0..2 {
            let accepted = store.accept(one("lost")).await;
            assert!(matches!(accepted, Err(StoreError::Gone { .. })), "{how}: {accepted:?}");
        }
        let probe = store.probe().await;
        assert!(matches!(probe, Err(StoreError::Gone { .. })), "{how}: {probe:?}");
    }
}

#[tokio::test]
async fn a_receiver_whose_file_is_removed_answers_503_and_is_not_ready() {
    let inbox = Inbox::new();
    let address = serve(&inbox.receiver()).await;
    let body = |id| tag_added(id, "s1", 1_700_000_000_000);
    assert_eq!(deliver(address, body("e1")).await, 200);
    fs::remove_file(inbox.folder.path().join("inbox.db")).unwrap();
    assert_eq!(deliver(address, body("e2")).await, 503);
    let (status, report) = fetch(address, "/health/ready").await;
    assert_eq!(status, 503);
    assert!(report.contains(r#""disk":"failing""#), "{report}");
}

#[tokio::test]
async fn a_file_that_is_put_back_is_accepted_into_again() {
    let (_folder, path, store) = filled().await;
    fs::rename(&path, beside(&path, ".old")).unwrap();
    store.accept(one("e2")).await.unwrap_err();
    fs::rename(beside(&path, ".old"), &path).unwrap();
    assert!(matches!(store.accept(one("e2")).await.unwrap()[..], [Acceptance::Stored(_)]));
    assert_eq!(ids(&store).await, ["e1", "e2"]);
}

#[tokio::test]
async fn a_file_that_vacuum_has_made_smaller_is_whole() {
    let (_folder, path, store) = filled().await;
    let large = "x".repeat(1024 * 1024);
    store.accept(entries("test", &large, start())).await.unwrap();
    let other = Connection::open(&path).unwrap();
    let checkpoint =
        || other.query_row("PRAGMA wal_checkpoint", [], |row| row.get::<_, bool>(0)).unwrap();
    assert!(!checkpoint());
    store.accept(one("e2")).await.unwrap();
    let before = path.metadata().unwrap().len();
    other.execute_batch("DELETE FROM entries WHERE state = 'unreadable'; VACUUM").unwrap();
    assert!(!checkpoint());
    assert!(path.metadata().unwrap().len() < before);
    store.accept(one("e3")).await.unwrap();
    assert_eq!(ids(&store).await, ["e1", "e2", "e3"]);
}

#[tokio::test]
async fn the_log_is_cut_once_a_long_reader_has_gone() {
    const MEGABYTE: usize = 1024 * 1024;
    let (_folder, path, store) = filled().await;
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM entries").unwrap();
    let count: i64 =
        reader.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
    for index in 0..48 {
        let body = format!("{index}{}", "x".repeat(MEGABYTE));
        store.accept(entries("test", &body, start())).await.unwrap();
    }
    let size = || beside(&path, "-wal").metadata().unwrap().len();
    assert!(size() > 48 * MEGABYTE as u64, "{}", size());
    reader.execute_batch("COMMIT").unwrap();
    // The log shrinks after a thread has checkpointed it and a delivery has restarted it.
    const MOST: usize = 10_000;
    let mut deliveries = 0..MOST;
    while size() > 32 * MEGABYTE as u64 {
        let index = deliveries.next().expect("the log is not cut");
        store.accept(one(&format!("later{index}"))).await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_if_a_check_is_asked_for() {
    let (_folder, path, store) = filled().await;
    drop(store);
    let before = fs::read(&path).unwrap();
    SqliteOptions::new(&path).with_quick_check(true).open().unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'entries_spektr_id'";
    let page: usize =
        Connection::open(&path).unwrap().query_row(root, [], |row| row.get(0)).unwrap();
    let mut damaged = before.clone();
    damaged[(page - 1) * 4096..page * 4096].fill(0xff);
    fs::write(&path, damaged).unwrap();
    let error = SqliteOptions::new(&path).with_quick_check(true).open().unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    fs::write(&path, before).unwrap();
    SqliteOptions::new(&path).with_quick_check(true).open().unwrap();
}

#[tokio::test]
async fn a_backup_has_everything_that_was_acknowledged_and_takes_its_place() {
    let (folder, path, store) = filled().await;
    let (copy, plain) = (folder.path().join("copy.db"), folder.path().join("plain.db"));
    backup(&path, &copy).unwrap();
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    fs::copy(&path, &plain).unwrap();
    store.accept(one("later")).await.unwrap();

    let again = backup(&path, &copy).unwrap_err();
    assert!(matches!(again, BackupError::Exists { .. }), "{again:?}");
    let in_use = restore(&copy, &path).unwrap_err();
    assert!(matches!(in_use, BackupError::InUse { .. }), "{in_use:?}");
    store.accept(one("after")).await.unwrap();
    drop(store);
    restore(&copy, &path).unwrap();
    let store = SqliteOptions::new(&path).with_quick_check(true).open().unwrap();
    assert_eq!(ids(&store).await, ["e1"]);
    drop(store);
    // The replaced store is kept, and the next restoration does not overwrite it.
    let store = SqliteOptions::new(beside(&path, ".replaced")).open().unwrap();
    assert_eq!(ids(&store).await, ["e1", "later", "after"]);
    drop(store);
    let exists = restore(&copy, &path).unwrap_err();
    assert!(matches!(exists, BackupError::Exists { .. }), "{exists:?}");

    // `cp` alone copies the file without the entries that are still in the log.
    let copied = SqliteOptions::new(&plain).open();
    assert!(copied.is_err() || ids(&copied.unwrap()).await.is_empty());
}

#[tokio::test]
async fn logs_without_a_store_are_not_applied_to_what_is_restored() {
    let (folder, path, store) = filled().await;
    let copy = folder.path().join("copy.db");
    backup(&path, &copy).unwrap();
    store.accept(one("later")).await.unwrap();
    // A crash leaves a file whose last entries are in its log.
    let logs = ["-wal", "-shm"];
    for suffix in logs {
        fs::copy(beside(&path, suffix), folder.path().join(suffix)).unwrap();
    }
    drop(store);
    fs::remove_file(&path).unwrap();
    for suffix in logs {
        fs::copy(folder.path().join(suffix), beside(&path, suffix)).unwrap();
    }

    restore(&copy, &path).unwrap();
    assert!(!beside(&path, "-wal").exists() && !beside(&path, "-shm").exists());
    let store = SqliteOptions::new(&path).with_quick_check(true).open().unwrap();
    assert_eq!(ids(&store).await, ["e1"]);
    drop(store);
    let kept = logs.map(|suffix| beside(&path, &format!(".replaced{suffix}")).exists());
    assert_eq!(kept, [true, true]);
    assert!(!beside(&path, ".restoring").exists());
}

#[tokio::test]
async fn a_restoration_that_was_killed_is_taken_up_again() {
    let (folder, path, store) = filled().await;
    let copy = folder.path().join("copy.db");
    backup(&path, &copy).unwrap();
    store.accept(one("later")).await.unwrap();
    drop(store);
    // One restoration was killed while it wrote the copy, and one after it had linked the old
    // file to its new name.
    fs::write(beside(&path, ".restoring"), "a part").unwrap();
    fs::write(beside(&path, ".restoring-journal"), "a part").unwrap();
    fs::hard_link(&path, beside(&path, ".replaced")).unwrap();
    restore(&copy, &path).unwrap();
    let restored = SqliteOptions::new(&path).with_quick_check(true).open().unwrap();
    assert_eq!(ids(&restored).await, ["e1"]);
    let replaced = SqliteOptions::new(beside(&path, ".replaced")).open().unwrap();
    assert_eq!(ids(&replaced).await, ["e1", "later"]);
}

#[test]
fn a_backup_of_no_store_and_a_restoration_of_no_backup_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("inbox.db"), folder.path().join("other.db"));
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let copy = folder.path().join("copy.db");
    for from in [&path, &other] {
        let error = backup(from, &copy).unwrap_err();
        assert!(matches!(error, BackupError::Open(_)), "{error:?}");
        let error = restore(from, &path).unwrap_err();
        assert!(matches!(error, BackupError::Open(_)), "{error:?}");
    }
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["other.db"]);
}
