//! An entry of the model, and the filters that match it.

use spektr_inbox::store::{Attempt, Filter, MAX_ATTEMPTS_KEPT, State, StoredEntry};

use super::operation::{Arrival, may_name, time};

/// An entry, and its outcome so far.
#[derive(Clone, Debug)]
pub(crate) struct ModelEntry {
    pub(crate) number: i64,
    pub(crate) arrival: Arrival,
    pub(crate) state: State,
    pub(crate) conflict: bool,
    pub(crate) attempts: u32,
    pub(crate) due_at: i64,
    pub(crate) reason: Option<String>,
    pub(crate) held: Option<Held>,
    pub(crate) history: Vec<Attempt>,
}

/// The last lease on an unsettled entry, which may have expired.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) owner: i64,
    pub(crate) token: i64,
    pub(crate) began_at: i64,
}

impl ModelEntry {
    /// Returns whether another entry is in the same lane.
    pub(crate) fn has_lane_of(&self, other: &Self) -> bool {
        let lane = self.arrival.lane();
        lane.is_some() && lane == other.arrival.lane() && self.number != other.number
    }

    /// Returns the place in the lane: the creation time, or else the time of arrival, and the
    /// number.
    pub(crate) fn place(&self) -> (i64, i64) {
        (self.arrival.created_at.unwrap_or(self.arrival.received_at), self.number)
    }

    pub(crate) fn end_attempt(&mut self, held: &Held, result: &str, status: Option<u16>, now: i64) {
        self.history.push(Attempt {
            attempt: self.attempts,
            began_at: Some(time(held.began_at)),
            ended_at: time(now),
            result: result.to_owned(),
            status,
        });
        let surplus = self.history.len().saturating_sub(MAX_ATTEMPTS_KEPT);
        self.history.drain(..surplus);
    }

    /// Returns the entry as a store shows it.
    pub(crate) fn shown(&self) -> StoredEntry {
        StoredEntry {
            number: self.number,
            source: self.arrival.source.clone(),
            id: self.arrival.id.clone(),
            spektr_id: self.arrival.person.clone(),
            wire_type: self.arrival.wire_type.clone(),
            created_at: self.arrival.created_at.map(time),
            received_at: time(self.arrival.received_at),
            state: self.state,
            conflict: self.conflict,
            attempts: self.attempts,
            due_at: time(self.due_at),
            reason: self.reason.clone(),
            raw: self.arrival.raw.clone().into(),
            trace: None,
        }
    }
}

/// Returns whether a filter matches an entry.
pub(crate) fn matches(row: &ModelEntry, filter: &Filter) -> bool {
    fn is<T: PartialEq>(wanted: &Option<T>, found: Option<&T>) -> bool {
        wanted.is_none() || wanted.as_ref() == found
    }
    let arrival = &row.arrival;
    let received_at = time(arrival.received_at);
    is(&filter.number, Some(&row.number))
        && filter.up_to.is_none_or(|last| row.number <= last)
        && is(&filter.source, Some(&arrival.source))
        && is(&filter.id, arrival.id.as_ref())
        && is(&filter.spektr_id, arrival.person.as_ref())
        && filter.wire_type.as_ref().is_none_or(|wanted| {
            arrival.wire_type.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
        })
        && is(&filter.state, Some(&row.state))
        && filter.received_before.is_none_or(|end| received_at < end)
        && filter.received_since.is_none_or(|begin| received_at >= begin)
        && filter.names.as_deref().is_none_or(|text| may_name(&arrival.raw, text))
}
