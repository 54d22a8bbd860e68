//! The inbox in memory, in the simplest code: the changes of each operation, and the right
//! answers of a store. Times are milliseconds since the epoch.

use std::collections::{BTreeMap, BTreeSet};

use spektr_inbox::store::{
    Acceptance, Claim, Erased, Lease, Original, Record, Settlement, State, StoredEntry,
};

use super::operation::{Answer, Arrival, Operation, Order, hash, millis};
use super::row::{Held, ModelEntry, matches};

/// The rest of an entry that was pruned.
#[derive(Clone, Debug)]
pub(crate) struct Grave {
    pub(crate) arrival: Arrival,
    pub(crate) pruned_at: i64,
}

/// The inbox: rows in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inbox {
    pub(crate) rows: Vec<ModelEntry>,
    pub(crate) graves: Vec<Grave>,
    pub(crate) actions: Vec<(Record, u64)>,
    pub(crate) quarantine: Vec<(i64, String)>,
    pub(crate) notes: BTreeMap<String, String>,
    pub(crate) paused_since: Option<i64>,
    pub(crate) leases: Vec<Lease>,
    last_number: i64,
    tokens: BTreeSet<i64>,
}

impl Inbox {
    /// Applies an operation at a time. Where the store may choose, follows the store's choice:
    /// by its answer, and after a deletion by the rows that are left. Returns whether the store
    /// must wake its workers. An error says what the store did wrong.
    pub(crate) fn apply(
        &mut self,
        operation: &Operation,
        now: i64,
        answer: &Answer,
        after: Option<&[StoredEntry]>,
    ) -> Result<bool, String> {
        let mut told = false;
        let expected = match (operation, answer) {
            (Operation::Accept(arrivals), Answer::Accepted(given)) => {
                let accepted = self.accept(arrivals, now, given)?;
                told = accepted.iter().any(|one| *one != Acceptance::Duplicate);
                Answer::Accepted(accepted)
            }
            (Operation::Claim { owner, lease, horizon, limit, order }, Answer::Claimed(given)) => {
                let may = match self.paused_since {
                    None => self.claimable(now, *owner, *horizon, *order),
                    Some(_) => Vec::new(),
                };
                self.check_choice(given, &may, *limit, *order)?;
                self.claim(given, *owner, now, *lease)?
            }
            (Operation::Extend { leases, duration }, _) => {
                let held = leases.iter().filter(|lease| self.held(lease).is_some()).copied();
                let held: Vec<_> = held.collect();
                for lease in &held {
                    self.held(lease).ok_or("it is held")?.due_at = now + duration;
                }
                Answer::Leases(held)
            }
            (Operation::GiveBack(leases), _) => {
                let mut count = 0;
                for lease in leases {
                    let Some(row) = self.held(lease) else { continue };
                    (row.held, row.attempts, row.due_at) = (None, row.attempts - 1, now);
                    count += 1;
                }
                told = count > 0;
                Answer::Count(count)
            }
            (Operation::Settle { lease, settlement, status }, _) => {
                Answer::Flag(self.settle(lease, settlement, *status, now))
            }
            (Operation::Release { filter, after, limit, record }, _) => {
                let mut numbers = Vec::new();
                for row in self.rows.iter_mut().filter(|row| row.number > *after) {
                    let is_left = matches!(row.state, State::Pending | State::Unreadable);
                    if is_left || !matches(row, filter) || numbers.len() == *limit {
                        continue;
                    }
                    (row.state, row.attempts, row.due_at) = (State::Pending, 0, now);
                    (row.held, row.reason) = (None, None);
                    numbers.push(row.number);
                }
                self.record(record, numbers.len() as u64);
                told = !numbers.is_empty();
                Answer::Numbers(numbers)
            }
            (Operation::MakeDue { filter, after, limit, record }, _) => {
                let mut numbers = Vec::new();
                for row in self.rows.iter_mut().filter(|row| row.number > *after) {
                    let waits =
                        row.state == State::Pending && row.held.is_none() && row.due_at > now;
                    if waits && matches(row, filter) && numbers.len() < *limit {
                        row.due_at = now;
                        numbers.push(row.number);
                    }
                }
                self.record(record, numbers.len() as u64);
                told = !numbers.is_empty();
                Answer::Numbers(numbers)
            }
            (Operation::Prune { filter, limit, record }, _) => {
                let may = |row: &ModelEntry| row.state != State::Pending && matches(row, filter);
                let count = self.rows.iter().filter(|row| may(row)).count().min(*limit);
                // The store chooses the rows to delete.
                let left = after.ok_or("it is not known what is left")?;
                let is_there = |row: &ModelEntry| left.iter().any(|one| one.number == row.number);
                let (kept, gone) = self.rows.drain(..).partition(|row| is_there(row));
                self.rows = kept;
                if gone.len() != count || !gone.iter().all(may) {
                    return Err(format!("{} of {count} were pruned: {gone:?}", gone.len()));
                }
                self.bury(gone, now);
                self.record(record, count as u64);
                Answer::Count(count as u64)
            }
            (Operation::Resolve { number, record }, _) => {
                let is_open = |row: &&mut ModelEntry| {
                    row.number == *number && !matches!(row.state, State::Done | State::Resolved)
                };
                let found = self.rows.iter_mut().find(is_open);
                let is_found = found.is_some();
                if let Some(row) = found {
                    (row.state, row.held) = (State::Resolved, None);
                    row.reason = Some("by hand".to_owned());
                }
                self.record(record, u64::from(is_found));
                told = is_found;
                Answer::Flag(is_found)
            }
            (Operation::Replace { original, arrivals, record }, Answer::Replaced(given)) => {
                let replaced = match self.take_original(*original, now) {
                    false => None,
                    true => {
                        let given = given.as_deref().ok_or("the original was there")?;
                        let accepted = self.accept(arrivals, now, given)?;
                        self.record(record, 1);
                        told = accepted.iter().any(|one| *one != Acceptance::Duplicate);
                        Some(accepted)
                    }
                };
                Answer::Replaced(replaced)
            }
            (Operation::Erase { person, mentions, bodies, rejected, record }, _) => {
                let erased = self.erase(person, mentions, bodies, rejected);
                self.record(record, erased.total());
                Answer::Erased(erased)
            }
            (Operation::Quarantine { body, max_count }, Answer::Number(number)) => {
                self.quarantine.retain(|(_, one)| one != body);
                self.quarantine.push((*number, body.clone()));
                let surplus = self.quarantine.len().saturating_sub(*max_count);
                self.quarantine.drain(..surplus);
                Answer::Number(*number)
            }
            (Operation::Discard { numbers, record }, _) => {
                let count = self.discard(numbers);
                self.record(record, count);
                Answer::Count(count)
            }
            (Operation::Forget { before, source }, _) => {
                let kept = self.graves.len();
                self.graves.retain(|grave| {
                    let is_listed = source.as_ref().is_some_and(|(source, since)| {
                        *source == grave.arrival.source && grave.pruned_at >= *since
                    });
                    grave.pruned_at >= *before || is_listed
                });
                Answer::Count((kept - self.graves.len()) as u64)
            }
            (Operation::SetPaused { is_paused, record }, _) => {
                let is_change = *is_paused != self.paused_since.is_some();
                if is_change {
                    self.paused_since = is_paused.then_some(now);
                    self.actions.push((record.clone(), 0));
                }
                told = is_change && !is_paused;
                Answer::Flag(is_change)
            }
            (Operation::Note { name, text }, _) => {
                self.notes.insert(name.clone(), text.clone());
                Answer::Nothing
            }
            (operation, answer) => return Err(format!("{answer:?} is no answer to {operation:?}")),
        };
        match answer == &expected {
            true => Ok(told),
            false => Err(format!("the store answered {answer:?} instead of {expected:?}")),
        }
    }

    /// Returns whether a key is known with this content; `None` if the key is unknown.
    pub(crate) fn known(&self, arrival: &Arrival) -> Option<bool> {
        let rows = self.rows.iter().map(|row| &row.arrival);
        let graves = self.graves.iter().map(|grave| &grave.arrival);
        let of_key = rows
            .chain(graves)
            .filter(|one| (&one.source, &one.key) == (&arrival.source, &arrival.key));
        let contents: Vec<_> = of_key.map(|one| &one.content).collect();
        (!contents.is_empty()).then(|| contents.contains(&&arrival.content))
    }

    /// Accepts arrivals under the store's numbers, which must increase.
    fn accept(
        &mut self,
        arrivals: &[Arrival],
        now: i64,
        given: &[Acceptance],
    ) -> Result<Vec<Acceptance>, String> {
        let mut accepted = Vec::new();
        for (index, arrival) in arrivals.iter().enumerate() {
            let known = self.known(arrival);
            if known == Some(true) {
                accepted.push(Acceptance::Duplicate);
                continue;
            }
            let conflict = known.is_some();
            let number = match given.get(index) {
                Some(Acceptance::Stored(number) | Acceptance::Conflict(number)) => *number,
                _ => return Err(format!("{arrival:?} was not stored")),
            };
            if number <= self.last_number {
                return Err(format!("{number} comes after {}", self.last_number));
            }
            self.last_number = number;
            let state = match arrival.state {
                State::Pending if conflict => State::Conflict,
                state => state,
            };
            let arrival = Arrival { received_at: now, ..arrival.clone() };
            let (attempts, due_at, reason, held, history) = (0, now, None, None, Vec::new());
            self.rows.push(ModelEntry {
                number,
                arrival,
                state,
                conflict,
                attempts,
                due_at,
                reason,
                held,
                history,
            });
            accepted.push(match conflict {
                true => Acceptance::Conflict(number),
                false => Acceptance::Stored(number),
            });
        }
        Ok(accepted)
    }

    /// Returns the numbers of the entries that a worker may claim now, the entry due first in
    /// front.
    fn claimable(&self, now: i64, owner: i64, horizon: i64, order: Order) -> Vec<i64> {
        let pending = || self.rows.iter().filter(|row| row.state == State::Pending);
        // No backoff is longer than the horizon, so a later due time comes from a wrong clock.
        let is_misdated = |row: &ModelEntry| row.due_at > now + horizon;
        let is_mine = |row: &ModelEntry| row.held.as_ref().is_some_and(|held| held.owner == owner);
        let is_due = |row: &&ModelEntry| row.due_at <= now || (is_misdated(row) && !is_mine(row));
        let is_held = |other: &ModelEntry| {
            other.held.is_some() && other.due_at > now && (!is_misdated(other) || is_mine(other))
        };
        let has_to_wait = |row: &ModelEntry| {
            let is_behind_dead = order == Order::PendingAndDead && self.is_behind_dead(row);
            let mut others = pending().filter(|other| row.has_lane_of(other));
            is_behind_dead || others.any(|other| other.place() < row.place() || is_held(other))
        };
        let mut may: Vec<_> = pending().filter(is_due).collect();
        may.retain(|row| order == Order::None || !has_to_wait(row));
        may.sort_by_key(|row| (row.due_at, row.number));
        may.iter().map(|row| row.number).collect()
    }

    /// Returns whether a dead letter of the same lane comes before an entry.
    pub(crate) fn is_behind_dead(&self, row: &ModelEntry) -> bool {
        let dead = |other: &ModelEntry| other.state == State::Dead && row.has_lane_of(other);
        self.rows.iter().any(|other| dead(other) && other.place() < row.place())
    }

    /// Checks that a claim got as many entries as possible up to the limit. With ordering, the
    /// store may choose the lanes.
    fn check_choice(
        &self,
        given: &[Claim],
        may: &[i64],
        limit: usize,
        order: Order,
    ) -> Result<(), String> {
        let count = may.len().min(limit);
        let numbers: Vec<_> = given.iter().map(|claim| claim.lease.number).collect();
        let once: BTreeSet<_> = numbers.iter().collect();
        let is_right = match order {
            Order::None => numbers == may[..count],
            _ => once.len() == count && numbers.iter().all(|number| may.contains(number)),
        };
        match is_right && once.len() == numbers.len() {
            true => Ok(()),
            false => Err(format!("{numbers:?} were claimed; {count} of {may:?} can be")),
        }
    }

    /// Leases the claimed rows to their owner. The store chooses the tokens, and none may
    /// repeat.
    fn claim(
        &mut self,
        given: &[Claim],
        owner: i64,
        now: i64,
        lease: i64,
    ) -> Result<Answer, String> {
        let mut claims = Vec::new();
        for Claim { lease: Lease { number, token, .. }, .. } in given {
            if !self.tokens.insert(*token) {
                return Err(format!("the token {token} was given before"));
            }
            let row =
                self.rows.iter_mut().find(|row| row.number == *number).ok_or("no such row")?;
            if let Some(held) = row.held.take() {
                row.end_attempt(&held, "lease_expired", None, now);
            }
            row.held = Some(Held { owner, token: *token, began_at: now });
            (row.attempts, row.due_at) = (row.attempts + 1, now + lease);
            let lease = Lease { number: *number, owner, attempt: row.attempts, token: *token };
            claims.push((lease, row.shown()));
            self.leases.push(lease);
        }
        Ok(Answer::Claimed(
            claims.into_iter().map(|(lease, entry)| Claim { lease, entry }).collect(),
        ))
    }

    /// Returns the row that a lease holds.
    fn held(&mut self, lease: &Lease) -> Option<&mut ModelEntry> {
        let is_held = |row: &&mut ModelEntry| {
            let held = row.held.as_ref().map(|held| (held.owner, held.token));
            row.number == lease.number
                && row.state == State::Pending
                && held == Some((lease.owner, lease.token))
        };
        self.rows.iter_mut().find(is_held)
    }

    fn settle(
        &mut self,
        lease: &Lease,
        settlement: &Settlement,
        status: Option<u16>,
        now: i64,
    ) -> bool {
        let Some(row) = self.held(lease) else { return false };
        let Some(held) = row.held.take() else { return false };
        let (result, state, due_at, reason) = match settlement {
            Settlement::Done => ("done", State::Done, now, None),
            Settlement::Retry { due_at, reason } => {
                ("retry", State::Pending, millis(*due_at), Some(reason))
            }
            Settlement::Defer { due_at, reason } => {
                ("deferred", State::Pending, millis(*due_at), Some(reason))
            }
            Settlement::Park { state, reason } => (state.as_str(), *state, now, Some(reason)),
            other => unreachable!("{other:?} is not generated"),
        };
        row.end_attempt(&held, result, status, now);
        row.attempts -= u32::from(matches!(settlement, Settlement::Defer { .. }));
        (row.state, row.due_at, row.reason) = (state, due_at, reason.cloned());
        true
    }

    fn bury(&mut self, gone: Vec<ModelEntry>, now: i64) {
        let graves = gone.into_iter().map(|row| Grave { arrival: row.arrival, pruned_at: now });
        self.graves.extend(graves);
    }

    /// Removes a body or a rejected delivery that was read again, if it is still stored.
    fn take_original(&mut self, original: Original, now: i64) -> bool {
        match original {
            Original::Body(number) => {
                let is_it =
                    |row: &ModelEntry| row.number == number && row.state == State::Unreadable;
                let (gone, kept): (Vec<_>, _) = self.rows.drain(..).partition(is_it);
                self.rows = kept;
                let is_there = !gone.is_empty();
                self.bury(gone, now);
                is_there
            }
            Original::Rejected(number) => self.discard(&[number]) == 1,
            other => unreachable!("{other:?} is not generated"),
        }
    }

    fn discard(&mut self, numbers: &[i64]) -> u64 {
        let count = self.quarantine.len();
        self.quarantine.retain(|(number, _)| !numbers.contains(number));
        (count - self.quarantine.len()) as u64
    }

    fn erase(
        &mut self,
        person: &str,
        mentions: &[i64],
        bodies: &[i64],
        rejected: &[i64],
    ) -> Erased {
        let mut delete = |which: &dyn Fn(&ModelEntry) -> bool| {
            let count = self.rows.len();
            self.rows.retain(|row| !which(row));
            (count - self.rows.len()) as u64
        };
        let is_theirs = |arrival: &Arrival| arrival.person.as_deref() == Some(person);
        let entries = delete(&|row| is_theirs(&row.arrival));
        let mentions = delete(&|row| mentions.contains(&row.number));
        let bodies = delete(&|row| bodies.contains(&row.number));
        let rejected = self.discard(rejected);
        let graves = self.graves.len();
        self.graves.retain(|grave| !is_theirs(&grave.arrival));
        let tombstones = (graves - self.graves.len()) as u64;
        let of_person = format!("sha256:{}", hash(person));
        for (record, _) in &mut self.actions {
            record.filter = record.filter.take().map(|text| text.replace(&of_person, "erased"));
        }
        Erased { entries, mentions, bodies, rejected, tombstones, is_in_files: false }
    }

    /// Records an action, unless it changed nothing.
    fn record(&mut self, record: &Record, affected: u64) {
        if affected > 0 {
            self.actions.push((record.clone(), affected));
        }
    }
}
