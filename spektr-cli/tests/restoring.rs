//! `spektr inbox restore`, killed at each of its steps.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use spektr_inbox::store::sqlite::{SqliteOptions, backup};
use spektr_inbox::store::{Archive as _, Filter, Reception as _};
use spektr_inbox::testing::{entries, start, tag_added};

/// The system calls that link, rename, remove, truncate or sync a file.
const STEPS: [&str; 6] =
    ["fsync", "fdatasync", "ftruncate", "?link,linkat", "?rename,renameat", "?unlink"];

/// Returns the ids of the entries in a store. Checks that all of its pages are whole.
async fn ids(store: &Path) -> Vec<String> {
    let store = SqliteOptions::new(store).with_quick_check(true).open().expect("it is a store");
    let stored = store.list(Filter::all(), 0, 10).await.expect("it can be read");
    stored.into_iter().filter_map(|entry| entry.id).collect()
}

async fn add(store: &Path, id: &str) {
    let store = SqliteOptions::new(store).open().expect("it is a store");
    let entry = entries("test", &tag_added(id, "s1", 1_700_000_000_000), start());
    store.accept(entry).await.expect("there is room");
}

/// Copies the file of a store and its log into a folder.
fn put(from: &Path, folder: &Path, names: &[&str]) {
    for name in names {
        fs::copy(from.join(name), folder.join(name)).expect("it is copied");
    }
}

/// Runs a restore in a folder. If a call is named, kills the process before the call takes effect.
fn restore(folder: &Path, killed_at: Option<(&str, usize)>) -> ExitStatus {
    let spektr = OsStr::new(env!("CARGO_BIN_EXE_spektr"));
    let mut command = match killed_at {
        None => Command::new(spektr),
        Some((call, count)) => {
            let mut command = Command::new("strace");
            let inject = format!("inject={call}:signal=KILL:when={count}");
            command.args(["-f", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
            command.args(["-e", &inject]).arg(spektr);
            command
        }
    };
    command.args(["inbox", "restore", "copy.db", "--store", "sqlite://inbox.db"]);
    let status = command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.expect("install the package strace")
}

/// Runs a restore in a folder up to a call. Tells whether the process was killed at that call; if
/// not, the restore has completed.
fn is_killed(folder: &Path, call: &str, count: usize) -> bool {
    let status = restore(folder, Some((call, count)));
    // strace ends with the exit status or signal of the traced process.
    assert!(status.success() || status.signal() == Some(9), "{call} {count}: {status}");
    !status.success()
}

#[tokio::test]
async fn a_restoration_killed_at_any_step_leaves_the_old_store_or_the_new_one() {
    let given = tempfile::tempdir().expect("a folder");
    let (store, copy) = (given.path().join("inbox.db"), given.path().join("copy.db"));
    add(&store, "both").await;
    backup(&store, &copy).expect("it is copied");
    add(&store, "later").await;
    let (old, new) = (["both", "later"], ["both"]);

    let mut kills = 0;
    let mut found_new = 0;
    for call in STEPS {
        for count in 1.. {
            let folder = tempfile::tempdir().expect("a folder");
            put(given.path(), folder.path(), &["inbox.db", "copy.db"]);
            let store = folder.path().join("inbox.db");
            if !is_killed(folder.path(), call, count) {
                break;
            }
            kills += 1;
            let found = ids(&store).await;
            if found == new {
                found_new += 1;
            } else {
                assert_eq!(found, old, "killed at {call} {count}");
                assert!(
                    restore(folder.path(), None).success(),
                    "not taken up after {call} {count}"
                );
                assert_eq!(ids(&store).await, new, "taken up after {call} {count}");
            }
        }
    }
    // Some of the kills come after the rename, and most before it.
    assert!(found_new > 0 && kills > found_new + STEPS.len(), "{found_new} of {kills}");
}

#[tokio::test]
async fn a_restoration_where_no_store_is_never_gets_the_log_of_another_one() {
    let given = tempfile::tempdir().expect("a folder");
    let (store, copy) = (given.path().join("inbox.db"), given.path().join("copy.db"));
    add(&store, "both").await;
    backup(&store, &copy).expect("it is copied");
    let open = SqliteOptions::new(&store).open().expect("it is a store");
    let later = entries("test", &tag_added("later", "s1", 1_700_000_000_000), start());
    open.accept(later).await.expect("there is room");

    let mut kills = 0;
    for call in STEPS {
        for count in 1.. {
            let folder = tempfile::tempdir().expect("a folder");
            put(given.path(), folder.path(), &["copy.db", "inbox.db-wal", "inbox.db-shm"]);
            let store = folder.path().join("inbox.db");
            if !is_killed(folder.path(), call, count) {
                break;
            }
            kills += 1;
            if !store.exists() {
                assert!(
                    restore(folder.path(), None).success(),
                    "not taken up after {call} {count}"
                );
            }
            assert_eq!(ids(&store).await, ["both"], "killed at {call} {count}");
        }
    }
    assert!(kills > STEPS.len(), "{kills}");
}
