//! The archive: what operators see of the entries, and what they do with them.

use std::collections::BTreeMap;
use std::ops::Bound;

use spektr_inbox::spektr_types::Timestamp;
use spektr_inbox::store::{
    Acceptance, Archive, Attempt, Erased, Erasure, Filter, Imported, NewEntry, Original, Page,
    Record, Recorded, State, Stats, StoreFuture, StoredEntry, Summary, Tally, Tombstone,
};

use super::{Data, MemoryStore, Row, place};

impl Archive for MemoryStore {
    fn list(&self, filter: Filter, after: i64, limit: usize) -> StoreFuture<'_, Vec<StoredEntry>> {
        Box::pin(async move {
            let data = self.data()?;
            let later = data.matching(&filter).filter(|row| row.entry.number > after);
            Ok(later.take(limit).map(|row| row.entry.clone()).collect())
        })
    }

    fn page(&self, filter: Filter, before: Option<i64>, limit: usize) -> StoreFuture<'_, Page> {
        Box::pin(async move { Ok(self.data()?.page(&filter, before.unwrap_or(i64::MAX), limit)) })
    }

    fn count(&self, filter: Filter) -> StoreFuture<'_, u64> {
        Box::pin(async move { Ok(self.data()?.matching(&filter).count() as u64) })
    }

    fn tally(&self, filter: Filter, now: Timestamp) -> StoreFuture<'_, Vec<Tally>> {
        Box::pin(async move {
            let mut counts: BTreeMap<_, u64> = BTreeMap::new();
            for row in self.data()?.matching(&filter) {
                let kind = (row.entry.state, row.entry.wire_type.clone(), row.is_waiting(now));
                *counts.entry(kind).or_default() += 1;
            }
            let tally = |((state, wire_type, is_waiting), count)| Tally {
                state,
                wire_type,
                is_waiting,
                count,
            };
            Ok(counts.into_iter().map(tally).collect())
        })
    }

    fn attempts(&self, number: i64) -> StoreFuture<'_, Vec<Attempt>> {
        Box::pin(async move {
            let data = self.data()?;
            Ok(data.rows.get(&number).map(|row| row.attempts.clone()).unwrap_or_default())
        })
    }

    fn stats(&self) -> StoreFuture<'_, Stats> {
        Box::pin(async move { Ok(self.data()?.stats()) })
    }

    fn release(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        Box::pin(async move {
            let mut data = self.data()?;
            let is_wanted =
                |row: &Row| !matches!(row.entry.state, State::Pending | State::Unreadable);
            let numbers = data.change(&filter, (after, limit), is_wanted, |row| {
                (row.entry.state, row.entry.due_at) = (State::Pending, now);
                (row.entry.attempts, row.entry.reason) = (0, None);
            });
            data.record(record, numbers.len() as u64);
            self.arrivals.changed(!numbers.is_empty());
            Ok(numbers)
        })
    }

    fn make_due(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        Box::pin(async move {
            let mut data = self.data()?;
            let is_wanted = |row: &Row| row.is_waiting(now);
            let due = |row: &mut Row| row.entry.due_at = now;
            let numbers = data.change(&filter, (after, limit), is_wanted, due);
            data.record(record, numbers.len() as u64);
            self.arrivals.changed(!numbers.is_empty());
            Ok(numbers)
        })
    }

    fn prune(
        &self,
        filter: Filter,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let mut data = self.data()?;
            let count = data.prune(&filter, limit, now);
            data.record(record, count);
            Ok(count)
        })
    }

    fn resolve(&self, number: i64, reason: String, record: Record) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let mut data = self.data()?;
            let is_open = |row: &Row| !matches!(row.entry.state, State::Done | State::Resolved);
            let resolved = data.change(&Filter::number(number), (0, 1), is_open, |row| {
                (row.entry.state, row.held) = (State::Resolved, None);
                row.entry.reason = Some(reason.clone());
            });
            data.record(Some(record), resolved.len() as u64);
            self.arrivals.changed(!resolved.is_empty());
            Ok(!resolved.is_empty())
        })
    }

    fn replace(
        &self,
        original: Original,
        entries: Vec<NewEntry>,
        record: Record,
    ) -> StoreFuture<'_, Option<Vec<Acceptance>>> {
        Box::pin(async move {
            let mut data = self.data()?;
            let deleted = match original {
                Original::Body(number) => {
                    let body = Filter { number: Some(number), ..Filter::state(State::Unreadable) };
                    data.prune(&body, 1, record.at)
                }
                Original::Rejected(number) => data.discard(&[number]),
                // Another kind of original, of a later version, is not in this store.
                _ => 0,
            };
            if deleted == 0 {
                return Ok(None);
            }
            let accepted: Vec<_> = entries.into_iter().map(|entry| data.accept(entry)).collect();
            data.record(Some(record), 1);
            self.arrivals.accepted(&accepted);
            Ok(Some(accepted))
        })
    }

    fn erase(&self, erasure: Erasure, record: Option<Record>) -> StoreFuture<'_, Erased> {
        Box::pin(async move {
            let mut data = self.data()?;
            let erased = data.erase(&erasure);
            data.record(record, erased.total());
            Ok(erased)
        })
    }

    fn import(
        &self,
        entries: Vec<Imported>,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<Acceptance>> {
        Box::pin(async move {
            let mut data = self.data()?;
            let accepted: Vec<_> = entries.into_iter().map(|one| data.import(one)).collect();
            let new = accepted.iter().filter(|acceptance| acceptance.is_new()).count();
            data.record(record, new as u64);
            self.arrivals.accepted(&accepted);
            Ok(accepted)
        })
    }

    fn tombstones(
        &self,
        after: Option<Tombstone>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Tombstone>> {
        Box::pin(async move {
            let begin =
                after.as_ref().map_or(Bound::Unbounded, |last| Bound::Excluded(place(last)));
            let data = self.data()?;
            let later = data.tombstones.range((begin, Bound::Unbounded));
            Ok(later.take(limit).map(|(_, tombstone)| tombstone.clone()).collect())
        })
    }

    fn bury(&self, tombstones: Vec<Tombstone>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut data = self.data()?;
            tombstones.into_iter().for_each(|tombstone| data.bury(tombstone));
            Ok(())
        })
    }

    fn forget(
        &self,
        pruned_before: Timestamp,
        sources: Vec<(String, Timestamp)>,
        limit: usize,
    ) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let mut data = self.data()?;
            let is_old = |one: &&Tombstone| {
                let mut ends = sources.iter().filter(|(source, _)| one.is_of_source(source));
                one.pruned_at < pruned_before && ends.all(|(_, before)| one.pruned_at < *before)
            };
            let old: Vec<_> =
                data.tombstones.values().filter(is_old).take(limit).map(place).collect();
            Ok(old.iter().filter_map(|place| data.tombstones.remove(place)).count() as u64)
        })
    }

    fn record(&self, record: Record, affected: u64) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.data()?.write(record, affected);
            Ok(())
        })
    }

    fn actions(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Recorded>> {
        Box::pin(async move {
            let data = self.data()?;
            let later = data.actions.range(after.saturating_add(1)..);
            Ok(later.take(limit).map(|(_, action)| action.clone()).collect())
        })
    }

    fn import_actions(&self, actions: Vec<Recorded>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut data = self.data()?;
            for action in actions {
                let is_same =
                    |one: &Recorded| Recorded { number: action.number, ..one.clone() } == action;
                if !data.actions.values().any(is_same) {
                    let number = data.next_number();
                    data.actions.insert(number, Recorded { number, ..action });
                }
            }
            Ok(())
        })
    }
}

impl Data {
    fn page(&self, filter: &Filter, before: i64, limit: usize) -> Page {
        let mut newest = self.rows.range(..before).rev().map(|(_, row)| row);
        let examined: Vec<_> = newest.by_ref().take(Page::LOOKED_AT).collect();
        let edge = newest.next().and(examined.last()).map(|row| row.entry.number);
        let found = examined.into_iter().filter(|row| filter.matches(&row.entry));
        let found = found.map(|row| Summary::of(&row.entry, row.held.is_some()));
        Page::new(found.collect(), limit, edge)
    }

    fn stats(&self) -> Stats {
        let is_dead = |row: &&Row| row.entry.state == State::Dead;
        let is_behind_dead = |row: &&Row| {
            let is_behind = |dead: &Row| {
                row.entry.shares_lane_with(&dead.entry) && dead.entry.is_before(&row.entry)
            };
            self.rows.values().filter(is_dead).any(is_behind)
        };
        let pending = || self.rows.values().filter(|row| row.is_pending());
        let mut stats = Stats {
            behind_dead: pending().filter(is_behind_dead).count() as u64,
            quarantined: self.quarantine.len() as u64,
            paused_since: self.pause.as_ref().map(|pause| pause.since),
            oldest_pending: pending().next().map(|row| row.entry.received_at),
            newest: self.rows.values().next_back().map(|row| row.entry.received_at),
            ..Stats::default()
        };
        for state in State::ALL {
            stats.set_backlog(state, self.matching(&Filter::state(state)).count() as u64);
        }
        stats
    }

    fn import(&mut self, imported: Imported) -> Acceptance {
        self.tombstones.retain(|_, tombstone| !tombstone.is_of(&imported.entry));
        let acceptance = self.accept(imported.entry.clone());
        if let Some(row) = acceptance.number().and_then(|number| self.rows.get_mut(&number)) {
            if imported.conflict {
                (row.entry.conflict, row.entry.state) = (true, imported.entry.state);
            }
            row.entry.due_at = imported.due();
            row.entry.attempts = imported.attempts;
            row.entry.reason = imported.reason;
            row.attempts = imported.history;
        }
        acceptance
    }

    fn erase(&mut self, Erasure { spektr_id, mentions, bodies, rejected }: &Erasure) -> Erased {
        let mut erased = Erased::default();
        if let Some(spektr_id) = spektr_id {
            let (rows, tombstones) = (self.rows.len(), self.tombstones.len());
            self.rows.retain(|_, row| row.entry.spektr_id.as_ref() != Some(spektr_id));
            self.tombstones.retain(|_, tombstone| !tombstone.is_of_customer(spektr_id));
            self.actions.values_mut().for_each(|action| action.erase(spektr_id));
            erased.entries = (rows - self.rows.len()) as u64;
            erased.tombstones = (tombstones - self.tombstones.len()) as u64;
        }
        let mut each = |numbers: &[i64]| {
            numbers.iter().filter_map(|number| self.rows.remove(number)).count() as u64
        };
        (erased.mentions, erased.bodies) = (each(mentions), each(bodies));
        erased.rejected = self.discard(rejected);
        erased
    }
}
