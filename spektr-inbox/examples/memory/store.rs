//! The store: its data, and what several roles do with them.

mod archive;
mod notes;
mod quarantine;
mod queue;
mod reception;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use spektr_inbox::spektr_types::Timestamp;
use spektr_inbox::store::{
    Acceptance, Arrivals, Attempt, Filter, MAX_ATTEMPTS_KEPT, NewEntry, Pause, Presence, Record,
    Recorded, Rejected, State, StoreError, StoredEntry, Tombstone,
};

/// A store in memory. Each method locks the data once, so it is a transaction.
#[derive(Default)]
pub(crate) struct MemoryStore {
    data: Mutex<Data>,
    arrivals: Arrivals,
}

impl MemoryStore {
    /// Fails after a panic, which may have left a transaction half done.
    fn data(&self) -> Result<MutexGuard<'_, Data>, StoreError> {
        self.data.lock().map_err(|_| StoreError::Closed)
    }
}

/// The data, by increasing numbers.
#[derive(Default)]
struct Data {
    rows: BTreeMap<i64, Row>,
    /// By the hashes of key and source, and the content: the order in which they are listed.
    tombstones: BTreeMap<[Vec<u8>; 3], Tombstone>,
    quarantine: BTreeMap<i64, Rejected>,
    actions: BTreeMap<i64, Recorded>,
    notes: BTreeMap<String, String>,
    pause: Option<Pause>,
    last_number: i64,
}

/// An entry and all that became of it.
struct Row {
    /// The entry as it arrived, with its key and its content hash.
    new: NewEntry,
    entry: StoredEntry,
    /// The lease that nobody has settled, which may have expired.
    held: Option<Held>,
    /// The latest attempts, the earliest first.
    attempts: Vec<Attempt>,
}

struct Held {
    owner: i64,
    token: i64,
    began_at: Timestamp,
}

impl Row {
    fn is_pending(&self) -> bool {
        self.entry.state == State::Pending
    }

    /// Returns whether the entry waits for a later attempt.
    fn is_waiting(&self, now: Timestamp) -> bool {
        self.is_pending() && self.held.is_none() && self.entry.due_at > now
    }

    fn holder(&self) -> Option<i64> {
        self.held.as_ref().map(|held| held.owner)
    }

    /// Ends the lease, and keeps the attempt.
    fn end_attempt(&mut self, result: &str, status: Option<u16>, now: Timestamp) {
        let Some(held) = self.held.take() else { return };
        self.attempts.push(Attempt {
            attempt: self.entry.attempts,
            began_at: Some(held.began_at),
            ended_at: now,
            result: result.to_owned(),
            status,
        });
        let surplus = self.attempts.len().saturating_sub(MAX_ATTEMPTS_KEPT);
        self.attempts.drain(..surplus);
    }
}

impl Data {
    /// Returns a number that nothing else has: of an entry, a lease, an action or a rejected
    /// delivery.
    fn next_number(&mut self) -> i64 {
        self.last_number += 1;
        self.last_number
    }

    fn presence(&self, entry: &NewEntry) -> Presence {
        let stored = self.rows.values().map(|row| row.new.presence(entry));
        let deleted = self.tombstones.values().map(|tombstone| tombstone.presence(entry));
        stored.chain(deleted).min().unwrap_or(Presence::Absent)
    }

    fn accept(&mut self, entry: NewEntry) -> Acceptance {
        let presence = self.presence(&entry);
        if presence == Presence::Same {
            return Acceptance::Duplicate;
        }
        let conflict = presence == Presence::OtherContent;
        let number = self.next_number();
        let stored = StoredEntry::new(number, &entry, conflict);
        let row = Row { new: entry, entry: stored, held: None, attempts: Vec::new() };
        self.rows.insert(number, row);
        Acceptance::stored(number, conflict)
    }

    fn matching(&self, filter: &Filter) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(|row| filter.matches(&row.entry))
    }

    /// Changes the entries with greater numbers that match, at most `limit`. Returns their numbers.
    fn change(
        &mut self,
        filter: &Filter,
        (after, limit): (i64, usize),
        is_wanted: impl Fn(&Row) -> bool,
        change: impl Fn(&mut Row),
    ) -> Vec<i64> {
        let rows = self.rows.range_mut(after.saturating_add(1)..);
        let rows = rows.filter(|(_, row)| filter.matches(&row.entry) && is_wanted(row));
        let change = |(number, row): (&i64, &mut Row)| {
            change(row);
            *number
        };
        rows.take(limit).map(change).collect()
    }

    /// Deletes the entries that match, at most `limit`, and leaves tombstones.
    fn prune(&mut self, filter: &Filter, limit: usize, now: Timestamp) -> u64 {
        let gone = self.matching(filter).filter(|row| !row.is_pending()).take(limit);
        let gone: Vec<_> = gone.map(|row| row.entry.number).collect();
        for row in gone.iter().filter_map(|number| self.rows.remove(number)).collect::<Vec<_>>() {
            self.bury(Tombstone::of(&row.new, now));
        }
        gone.len() as u64
    }

    fn bury(&mut self, tombstone: Tombstone) {
        self.tombstones.entry(place(&tombstone)).or_insert(tombstone);
    }

    fn discard(&mut self, numbers: &[i64]) -> u64 {
        numbers.iter().filter_map(|number| self.quarantine.remove(number)).count() as u64
    }

    /// Records an action that has affected something.
    fn record(&mut self, record: Option<Record>, affected: u64) {
        if let Some(record) = record.filter(|_| affected > 0) {
            self.write(record, affected);
        }
    }

    fn write(&mut self, Record { at, actor, action, filter, details }: Record, affected: u64) {
        let (number, action) = (self.next_number(), action.as_str().to_owned());
        let recorded = Recorded { number, at, actor, action, filter, affected, details };
        self.actions.insert(number, recorded);
    }
}

/// Returns the place of a tombstone among all tombstones.
fn place(tombstone: &Tombstone) -> [Vec<u8>; 3] {
    [&tombstone.key_hash, &tombstone.source_hash, &tombstone.content].map(Vec::clone)
}
