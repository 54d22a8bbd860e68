//! Support for the inbox's benchmarks: events to store, files to remove, memory.

use std::error::Error;

use spektr_inbox::store::NewEntry;
use spektr_inbox::testing::{entries, start, tag_added};

/// Returns the JSON of an event of one of 100 thousand persons. Its ids have no order, as a
/// sender's ids have none.
pub fn event(index: u64) -> String {
    let mut random = fastrand::Rng::with_seed(index);
    let id = format!("evt_{:016x}{:08x}", random.u64(..), index);
    tag_added(&id, &format!("spk_{:016x}", random.u64(..100_000)), 1_700_000_000_000)
}

/// Returns such events as entries to store.
pub fn events(first: u64, count: u64) -> Vec<NewEntry> {
    let events: Vec<_> = (first..first + count).map(event).collect();
    let body = format!(r#"{{"results":[{}]}}"#, events.join(","));
    entries("bench", &body, start())
}

/// Returns the resident memory of a process in MiB, from a file that counts pages of 4 KiB.
pub fn resident(statm: &str) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let text = std::fs::read_to_string(statm)?;
    let pages: u64 = text.split(' ').nth(1).ok_or("no pages")?.parse()?;
    Ok((pages * 4096) >> 20)
}

/// Removes a SQLite store if it exists.
pub fn remove(path: &str) {
    for suffix in ["", "-wal", "-shm"] {
        let _absent = std::fs::remove_file(format!("{path}{suffix}"));
    }
}
