//! What the benchmarks of the inbox share: events to store, files to remove, memory.

use std::error::Error;

use spektr_inbox::store::NewEntry;
use spektr_inbox::testing::{entries, start, tag_added};

/// The JSON of one of the events of 100 thousand persons, with ids without an order, as a
/// sender makes them.
pub fn event(index: u64) -> String {
    let mut random = fastrand::Rng::with_seed(index);
    let id = format!("evt_{:016x}{:08x}", random.u64(..), index);
    tag_added(&id, &format!("spk_{:016x}", random.u64(..100_000)), 1_700_000_000_000)
}

/// Such events as entries to be stored.
pub fn events(first: u64, count: u64) -> Vec<NewEntry> {
    let events: Vec<_> = (first..first + count).map(event).collect();
    let body = format!(r#"{{"results":[{}]}}"#, events.join(","));
    entries("bench", &body, start())
}

/// The resident memory of a process in MiB, in pages of 4 KiB.
pub fn resident(statm: &str) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let text = std::fs::read_to_string(statm)?;
    let pages: u64 = text.split(' ').nth(1).ok_or("no pages")?.parse()?;
    Ok((pages * 4096) >> 20)
}

/// Removes a store in SQLite, if it is there.
pub fn remove(path: &str) {
    for suffix in ["", "-wal", "-shm"] {
        let _absent = std::fs::remove_file(format!("{path}{suffix}"));
    }
}
