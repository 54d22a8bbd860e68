//! Takes the same steps with two stores on one database and with the model, and compares the
//! results.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{
    ClaimRequest, Erased, Erasure, Filter, Presence, Rejected, State, Stats, Store, StoredEntry,
};
use tempfile::TempDir;

use super::inbox::Inbox;
use super::operation::{Answer, Arrival, Operation, Order, hash, time};
use super::row::{ModelEntry, matches};
use super::steps::{START, Step};
use crate::memory::MemoryStore;

/// The database under test.
pub(crate) enum Database {
    Sqlite(TempDir),
    /// Two machines are two owners of one object. A crash does not happen.
    Memory(Arc<MemoryStore>),
    #[cfg(feature = "postgres")]
    Postgres {
        cluster: &'static spektr_inbox::testing::postgres::Cluster,
        url: String,
    },
}

impl Database {
    /// Returns a folder in memory, if the system has one. A sync of the disk for every step
    /// would leave time for only a few steps. `tests/crash.rs` tests the syncs.
    pub(crate) fn sqlite() -> Self {
        let memory = tempfile::tempdir_in("/dev/shm");
        Self::Sqlite(memory.or_else(|_| tempfile::tempdir()).unwrap())
    }

    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(folder) => {
                Arc::new(SqliteOptions::new(folder.path().join("inbox.db")).open().unwrap())
            }
            Self::Memory(store) => Arc::clone(store) as Arc<dyn Store>,
            #[cfg(feature = "postgres")]
            Self::Postgres { url, .. } => {
                let options = spektr_inbox::store::postgres::PostgresOptions::new(url);
                let options = options.with_timeout(Duration::from_secs(600)).with_callers_clock();
                Arc::new(options.open().await.unwrap())
            }
        }
    }

    /// Returns the database after a crash of both machines: a copy of the current files, or the
    /// same server after a kill.
    fn after_crash(self) -> Self {
        match self {
            Self::Sqlite(folder) => {
                let Self::Sqlite(copy) = Self::sqlite() else { unreachable!("it is one") };
                for name in ["inbox.db", "inbox.db-wal"] {
                    let file: PathBuf = folder.path().join(name);
                    if file.exists() {
                        std::fs::copy(file, copy.path().join(name)).unwrap();
                    }
                }
                Self::Sqlite(copy)
            }
            Self::Memory(store) => Self::Memory(store),
            #[cfg(feature = "postgres")]
            Self::Postgres { cluster, url } => {
                cluster.restart("immediate");
                Self::Postgres { cluster, url }
            }
        }
    }

    /// Returns whether the store adds the time for which a worker has waited for it to the
    /// worker's clock.
    fn adds_waiting(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

/// Takes the steps with two stores on a new database.
pub(crate) async fn drive(database: Database, steps: &[Step]) -> Result<(), String> {
    let mut driver = Driver {
        stores: [database.open().await, database.open().await],
        database,
        inbox: Inbox::default(),
        now: START,
        operations: 0,
    };
    for (index, step) in steps.iter().enumerate() {
        let taken = driver.take(step).await;
        taken.map_err(|problem| format!("step {index}, {step:?}: {problem}"))?;
    }
    driver.look().await.map_err(|problem| format!("at the end: {problem}"))
}

struct Driver {
    database: Database,
    stores: [Arc<dyn Store>; 2],
    inbox: Inbox,
    now: i64,
    operations: usize,
}

impl Driver {
    async fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Do { machine, what } => match what.operation(&self.inbox, self.now) {
                Some(operation) => self.perform(*machine, &operation).await,
                None => Ok(()),
            },
            Step::Clock(forward) => {
                self.now = (self.now + forward).max(START - 24 * 3_600_000);
                Ok(())
            }
            Step::Look => self.look().await,
            Step::Crash => {
                let database = std::mem::replace(&mut self.database, Database::sqlite());
                self.database = database.after_crash();
                self.stores = [self.database.open().await, self.database.open().await];
                self.look().await
            }
        }
    }

    async fn perform(&mut self, machine: usize, operation: &Operation) -> Result<(), String> {
        let store = &*self.stores[machine];
        let mut arrivals = store.arrivals();
        arrivals.mark_unchanged();
        let asked = Instant::now();
        let answer = ask(store, operation, self.now).await;
        let waited = asked.elapsed().as_secs();
        let told = arrivals.has_changed().unwrap();
        // A claim or a heartbeat that waited for a busy machine uses the time after the wait.
        let is_late = matches!(operation, Operation::Claim { .. } | Operation::Extend { .. });
        let latest = if is_late && self.database.adds_waiting() { waited } else { 0 };
        // Reading all entries takes longer than the operation, so most steps do not.
        self.operations += 1;
        let is_choice = matches!(operation, Operation::Prune { .. });
        let entries = match self.operations % 8 == 0 || is_choice || latest > 0 {
            // The entries as the other machine sees them.
            true => Some(self.stores[1 - machine].list(Filter::all(), 0, 10_000).await.unwrap()),
            false => None,
        };
        let agree = |late: u64| {
            let mut inbox = self.inbox.clone();
            let now = self.now + 1000 * i64::try_from(late).unwrap();
            let expected = inbox.apply(operation, now, &answer, entries.as_deref())?;
            same("whether workers are told", &told, &expected)?;
            entries.as_ref().map_or(Ok(()), |entries| compare(&inbox, entries))?;
            Ok::<_, String>(inbox)
        };
        let inbox = agree(0).or_else(|problem| {
            let later = (1..=latest).find_map(|late| agree(late).ok());
            later.ok_or_else(|| format!("{operation:?}: {problem}"))
        });
        self.inbox = inbox?;
        match entries {
            Some(_) => self.compare_figures(machine).await,
            None => Ok(()),
        }
    }

    async fn compare_figures(&self, machine: usize) -> Result<(), String> {
        let stats = self.stores[machine].stats().await.unwrap();
        let rows = &self.inbox.rows;
        let pending = || rows.iter().filter(|row| row.state == State::Pending);
        let of = |state| rows.iter().filter(|row| row.state == state).count() as u64;
        let arrived = |row: &ModelEntry| time(row.arrival.received_at);
        let mut oldest = [pending().next().map(arrived), pending().map(arrived).min()].into_iter();
        let expected = Stats {
            pending: pending().count() as u64,
            dead: of(State::Dead),
            conflict: of(State::Conflict),
            malformed: of(State::Malformed),
            unknown: of(State::Unknown),
            unreadable: of(State::Unreadable),
            behind_dead: pending().filter(|row| self.inbox.is_behind_dead(row)).count() as u64,
            quarantined: self.inbox.quarantine.len() as u64,
            paused_since: self.inbox.paused_since.map(time),
            oldest_pending: oldest.find(|oldest| *oldest == stats.oldest_pending).flatten(),
            newest: rows.last().map(arrived),
            clock: stats.clock,
            queued: 0,
            queue_limit: stats.queue_limit,
        };
        same("the figures", &stats, &expected)
    }

    /// Compares everything that one of the machines can see.
    async fn look(&self) -> Result<(), String> {
        let store = &*self.stores[0];
        let inbox = &self.inbox;
        compare(inbox, &store.list(Filter::all(), 0, 10_000).await.unwrap())?;
        for row in &inbox.rows {
            let attempts = store.attempts(row.number).await.unwrap();
            same(&format!("the attempts of {}", row.number), &attempts, &row.history)?;
        }
        for row in inbox.rows.iter().take(5) {
            let filters = [
                Filter { state: Some(row.state), ..Filter::all() },
                Filter { spektr_id: row.arrival.person.clone(), ..Filter::state(State::Pending) },
                Filter { id: row.arrival.id.clone(), up_to: Some(row.number), ..Filter::all() },
            ];
            for filter in filters {
                let matching = || inbox.rows.iter().filter(|one| matches(one, &filter));
                let counted = store.count(filter.clone()).await.unwrap();
                same(&format!("the count of {filter:?}"), &counted, &(matching().count() as u64))?;
                let page = store.page(filter.clone(), None, 10_000).await.unwrap();
                let numbers: Vec<_> = page.entries.iter().map(|entry| entry.number).collect();
                let expected: Vec<_> = matching().rev().map(|one| one.number).collect();
                same(&format!("the page of {filter:?}"), &numbers, &expected)?;
            }
        }
        let mut tallies = BTreeMap::new();
        for row in &inbox.rows {
            let is_waiting =
                row.state == State::Pending && row.held.is_none() && row.due_at > self.now;
            let of = (row.state, row.arrival.wire_type.clone(), is_waiting);
            *tallies.entry(of).or_default() += 1;
        }
        let shown = store.tally(Filter::all(), time(self.now)).await.unwrap().into_iter();
        let shown = shown.map(|one| ((one.state, one.wire_type, one.is_waiting), one.count));
        same("the tallies", &shown.collect(), &tallies)?;
        let graves = inbox.graves.iter().map(|grave| &grave.arrival);
        let arrivals: Vec<&Arrival> =
            inbox.rows.iter().map(|row| &row.arrival).chain(graves).collect();
        let known: Vec<_> = arrivals.iter().flat_map(|one| one.as_new(self.now)).collect();
        let presences = store.compare(known).await.unwrap();
        same("what is known", &presences, &vec![Presence::Same; arrivals.len()])?;
        self.look_at_small_tables(store).await
    }

    async fn look_at_small_tables(&self, store: &dyn Store) -> Result<(), String> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let tombstones = store.tombstones(None, 10_000).await.unwrap();
        let mut shown: Vec<_> = tombstones
            .iter()
            .map(|one| (one.pruned_at, hex(&one.source_hash), one.spektr_hash.as_deref().map(hex)))
            .collect();
        let mut expected: Vec<_> = self
            .inbox
            .graves
            .iter()
            .map(|grave| {
                let Arrival { source, person, .. } = &grave.arrival;
                (time(grave.pruned_at), hash(source), person.as_deref().map(hash))
            })
            .collect();
        shown.sort();
        expected.sort();
        same("the tombstones", &shown, &expected)?;
        let actions = store.actions(0, 10_000).await.unwrap();
        let shown: Vec<_> = actions
            .iter()
            .map(|one| (one.at, &*one.actor, &*one.action, one.filter.as_ref(), one.affected))
            .collect();
        let expected: Vec<_> = self
            .inbox
            .actions
            .iter()
            .map(|(one, count)| {
                (one.at, &*one.actor, one.action.as_str(), one.filter.as_ref(), *count)
            })
            .collect();
        same("the record of actions", &shown, &expected)?;
        let kept = store.quarantined(0, 1000).await.unwrap();
        let body = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap();
        let shown: Vec<_> = kept.iter().map(|one| (one.number, body(&one.rejected.body))).collect();
        same("the quarantine", &shown, &self.inbox.quarantine)?;
        let mut notes = store.notes().await.unwrap();
        // The store keeps a pause as a note, and `compare_figures` compares the pause.
        notes.retain(|(name, _)| name.starts_with("note"));
        same("the notes", &notes, &self.inbox.notes.clone().into_iter().collect())
    }
}

fn compare(inbox: &Inbox, entries: &[StoredEntry]) -> Result<(), String> {
    for (row, entry) in inbox.rows.iter().zip(entries) {
        let shown = row.shown();
        if shown != *entry {
            let (due_at, reason) = (entry.due_at, &entry.reason);
            return Err(format!(
                "{entry:?} due at {due_at:?}, reason {reason:?} instead of {row:?}"
            ));
        }
    }
    same("the number of entries", &entries.len(), &inbox.rows.len())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what}: {found:?} instead of {expected:?}")),
    }
}

async fn ask(store: &dyn Store, operation: &Operation, now: i64) -> Answer {
    let span = |millis: &i64| Duration::from_millis((*millis).try_into().unwrap());
    let at = time(now);
    let new = |arrivals: &[Arrival]| arrivals.iter().flat_map(|one| one.as_new(now)).collect();
    match operation.clone() {
        Operation::Accept(arrivals) => {
            Answer::Accepted(store.accept(new(&arrivals)).await.unwrap())
        }
        Operation::Claim { owner, lease, horizon, limit, order } => {
            let (lease, horizon) = (span(&lease), span(&horizon));
            let (ordered, hold_on_dead) = (order != Order::None, order == Order::PendingAndDead);
            let request =
                ClaimRequest { owner, now: at, lease, limit, ordered, hold_on_dead, horizon };
            Answer::Claimed(store.claim(request).await.unwrap())
        }
        Operation::Extend { leases, duration } => {
            Answer::Leases(store.extend(leases, at, span(&duration)).await.unwrap())
        }
        Operation::GiveBack(leases) => Answer::Count(store.give_back(leases, at).await.unwrap()),
        Operation::Settle { lease, settlement, status } => {
            Answer::Flag(store.settle_with_status(lease, settlement, status, at).await.unwrap())
        }
        Operation::Release { filter, after, limit, record } => {
            Answer::Numbers(store.release(filter, after, limit, at, Some(record)).await.unwrap())
        }
        Operation::MakeDue { filter, after, limit, record } => {
            Answer::Numbers(store.make_due(filter, after, limit, at, Some(record)).await.unwrap())
        }
        Operation::Prune { filter, limit, record } => {
            Answer::Count(store.prune(filter, limit, at, Some(record)).await.unwrap())
        }
        Operation::Resolve { number, record } => {
            Answer::Flag(store.resolve(number, "by hand".to_owned(), record).await.unwrap())
        }
        Operation::Replace { original, arrivals, record } => {
            Answer::Replaced(store.replace(original, new(&arrivals), record).await.unwrap())
        }
        Operation::Erase { person, mentions, bodies, rejected, record } => {
            let erasure = Erasure { spektr_id: Some(person), mentions, bodies, rejected };
            let erased = store.erase(erasure, Some(record)).await.unwrap();
            Answer::Erased(Erased { is_in_files: false, ..erased })
        }
        Operation::Quarantine { body, max_count } => {
            let rejected = Rejected {
                received_at: at,
                reason: "signature_mismatch".to_owned(),
                headers: Vec::new(),
                body: body.into_bytes().into(),
            };
            store.quarantine(rejected, max_count, 1_000_000).await.unwrap();
            let kept = store.quarantined(0, 1000).await.unwrap();
            Answer::Number(kept.last().map_or(0, |one| one.number))
        }
        Operation::Discard { numbers, record } => {
            Answer::Count(store.discard(numbers, Some(record)).await.unwrap())
        }
        Operation::Forget { before, source } => {
            let sources = source.map(|(source, since)| (source, time(since)));
            let sources = sources.into_iter().collect();
            Answer::Count(store.forget(time(before), sources, 10_000).await.unwrap())
        }
        Operation::SetPaused { is_paused, record } => {
            Answer::Flag(store.set_paused(is_paused, record).await.unwrap())
        }
        Operation::Note { name, text } => {
            store.set_note(name, text).await.unwrap();
            Answer::Nothing
        }
    }
}
