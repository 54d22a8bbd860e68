//! Turns a step into an operation on the current rows.

use proptest::sample::Index;
use spektr_inbox::store::{Action, Filter, Lease, Operator, Original, Settlement, State};

use super::inbox::Inbox;
use super::operation::{Arrival, Operation, time};
use super::row::ModelEntry;
use super::steps::{Draft, Event, FilterPick, Forged, LeasePick, START, SettlementKind};

impl Draft {
    /// Returns the operation of this step; none if there is nothing to pick from.
    pub(crate) fn operation(&self, inbox: &Inbox, now: i64) -> Option<Operation> {
        let record = |action| Operator::new("ada").record(action, time(now));
        Some(match self {
            Self::Accept(events) => Operation::Accept(arrivals(events, now)),
            Self::Flood(person) => Operation::Accept(flood(*person, now)),
            &Self::Claim { owner, lease, horizon, limit, order } => {
                Operation::Claim { owner, lease, horizon, limit, order }
            }
            Self::Extend { picks, duration } => {
                Operation::Extend { leases: leases(picks, inbox)?, duration: *duration }
            }
            Self::GiveBack(picks) => Operation::GiveBack(leases(picks, inbox)?),
            Self::Settle { pick, how, pause, status } => {
                let (due_at, reason) = (time(now + pause), format!("{how:?}"));
                let settlement = match how {
                    SettlementKind::Done => Settlement::Done,
                    SettlementKind::Retry => Settlement::Retry { due_at, reason },
                    SettlementKind::Defer => Settlement::Defer { due_at, reason },
                    SettlementKind::Park(state) => Settlement::Park { state: *state, reason },
                };
                Operation::Settle { lease: pick.lease(inbox)?, settlement, status: *status }
            }
            Self::Release { filter, after, limit } => {
                let filter = filter.filter(inbox);
                let record = record(Action::Replay).with_filter(&filter);
                let after = after.and_then(|which| number(which, inbox)).unwrap_or_default();
                Operation::Release { filter, after, limit: *limit, record }
            }
            Self::MakeDue { filter, after, limit } => {
                let filter = filter.filter(inbox);
                let record = record(Action::Retry).with_filter(&filter);
                let after = after.and_then(|which| number(which, inbox)).unwrap_or_default();
                Operation::MakeDue { filter, after, limit: *limit, record }
            }
            Self::Prune { filter, limit } => {
                let filter = filter.filter(inbox);
                let record = record(Action::Prune).with_filter(&filter);
                Operation::Prune { filter, limit: *limit, record }
            }
            Self::Resolve(which) => Operation::Resolve {
                number: number(*which, inbox)?,
                record: record(Action::Resolve),
            },
            Self::Redecode(which, events) => {
                let original = Original::Body(body(*which, inbox)?);
                let (arrivals, record) = (arrivals(events, now), record(Action::Redecode));
                Operation::Replace { original, arrivals, record }
            }
            Self::Recover(which, events) => {
                let original = Original::Rejected(rejected(*which, inbox)?);
                let (arrivals, record) = (arrivals(events, now), record(Action::Recover));
                Operation::Replace { original, arrivals, record }
            }
            Self::Erase { person, mention, body: unreadable, rejected: of_quarantine } => {
                let found = |which: &Option<Index>, of: fn(Index, &Inbox) -> Option<i64>| {
                    which.and_then(|which| of(which, inbox)).into_iter().collect()
                };
                Operation::Erase {
                    person: named("s", *person),
                    mentions: found(mention, number),
                    bodies: found(unreadable, body),
                    rejected: found(of_quarantine, rejected),
                    record: record(Action::Erase),
                }
            }
            Self::Quarantine { body, max_count } => {
                Operation::Quarantine { body: named("rejected ", *body), max_count: *max_count }
            }
            Self::Discard(which) => Operation::Discard {
                numbers: vec![rejected(*which, inbox)?],
                record: record(Action::Discard),
            },
            Self::Forget { age, source } => Operation::Forget {
                before: now - age,
                source: source.map(|(source, age)| (named("source", source), now - age)),
            },
            &Self::SetPaused(is_paused) => {
                let action = if is_paused { Action::Pause } else { Action::Resume };
                Operation::SetPaused { is_paused, record: record(action) }
            }
            Self::Note { name, text } => {
                Operation::Note { name: named("note", *name), text: named("text", *text) }
            }
        })
    }
}

fn named(name: &str, index: u8) -> String {
    format!("{name}{index}")
}

/// Returns the number of a stored entry, and rarely a number that no entry has.
fn number(which: Index, inbox: &Inbox) -> Option<i64> {
    let mut numbers: Vec<_> = inbox.rows.iter().map(|row| row.number).collect();
    numbers.push(i64::MAX);
    Some(*which.get(&numbers))
}

fn body(which: Index, inbox: &Inbox) -> Option<i64> {
    let is_body = |row: &&ModelEntry| row.arrival.id.is_none();
    let bodies: Vec<_> = inbox.rows.iter().filter(is_body).map(|row| row.number).collect();
    (!bodies.is_empty()).then(|| *which.get(&bodies))
}

fn rejected(which: Index, inbox: &Inbox) -> Option<i64> {
    let numbers: Vec<_> = inbox.quarantine.iter().map(|(number, _)| *number).collect();
    (!numbers.is_empty()).then(|| *which.get(&numbers))
}

fn leases(picks: &[LeasePick], inbox: &Inbox) -> Option<Vec<Lease>> {
    picks.iter().map(|pick| pick.lease(inbox)).collect()
}

impl LeasePick {
    fn lease(&self, inbox: &Inbox) -> Option<Lease> {
        let latest = &inbox.leases[inbox.leases.len().saturating_sub(30)..];
        let lease = *(!latest.is_empty()).then(|| self.which.get(latest))?;
        Some(match self.forged {
            Forged::Not => lease,
            Forged::Owner => Lease { owner: lease.owner + 1, ..lease },
            // No other lease on the entry has this token, so it is not the token of another
            // attempt.
            Forged::Token => Lease { token: lease.token + 1_000_000, ..lease },
        })
    }
}

impl FilterPick {
    fn filter(&self, inbox: &Inbox) -> Filter {
        let mut filter = Filter { state: self.state, ..Filter::all() };
        if inbox.rows.is_empty() {
            return filter;
        }
        let row = self.which.get(&inbox.rows);
        let arrival = &row.arrival;
        for member in &self.members {
            match member {
                0 => filter.number = Some(row.number),
                1 => filter.up_to = Some(row.number),
                2 => filter.source = Some(arrival.source.clone()),
                3 => filter.id = arrival.id.clone(),
                4 => filter.spektr_id = arrival.person.clone(),
                5 => filter.wire_type = arrival.wire_type.as_ref().map(|one| one.to_uppercase()),
                6 => filter.received_before = Some(time(arrival.received_at)),
                7 => filter.received_since = Some(time(arrival.received_at)),
                _ => filter.names = arrival.id.clone(),
            }
        }
        filter
    }
}

fn arrivals(events: &[Event], now: i64) -> Vec<Arrival> {
    events.iter().map(|event| event.arrival(now)).collect()
}

/// Returns events of one customer in the reverse order of their creation.
fn flood(person: u8, now: i64) -> Vec<Arrival> {
    let event = |index: i64| Event::Known {
        id: 100 + u8::try_from(index).unwrap(),
        other_person: Some(person),
        tag: 0,
        created: Some(1000 - index),
        spelling: 0,
        source: 0,
    };
    (0..130).map(|index| event(index).arrival(now)).collect()
}

impl Event {
    fn arrival(&self, now: i64) -> Arrival {
        let wire_type = "customer_tag_add".to_owned();
        match self {
            &Self::Known { id, other_person, tag, created, spelling, source } => {
                let (id, created_at) = (named("e", id), created.map(|after| START + after));
                let person = named("s", other_person.unwrap_or(id_person(&id)));
                let created =
                    created_at.map_or(String::new(), |at| format!(r#","createdAt":{at}"#));
                let head = format!(r#""spektrId":"{person}","type":"{wire_type}"{created}"#);
                // Differences that a sender may make when it delivers an event again.
                let raw = match spelling {
                    0 => format!(r#"{{"id":"{id}",{head},"data":{{"tagId":"t{tag}"}}}}"#),
                    1 => format!(r#"{{{head}, "data": {{"tagId":"t{tag}"}}, "id":"{id}"}}"#),
                    _ => format!(
                        r#"{{"delivered":true,"id":"\u0065{}",{head},"data":{{"tagId":"t{tag}"}}}}"#,
                        &id[1..]
                    ),
                };
                Arrival {
                    source: named("source", source),
                    key: format!("id:{id}"),
                    content: format!("{person} {tag}"),
                    id: Some(id),
                    person: Some(person),
                    wire_type: Some(wire_type),
                    created_at,
                    received_at: now,
                    state: State::Pending,
                    raw,
                }
            }
            &Self::Nameless { person, tag, delivered, source } => {
                let person = person.map(|person| named("s", person));
                let of =
                    person.as_ref().map_or(String::new(), |id| format!(r#""spektrId":"{id}","#));
                let whole = format!(r#"{of}"type":"{wire_type}","data":{{"tagId":"t{tag}"}}"#);
                Arrival {
                    source: named("source", source),
                    key: whole.clone(),
                    content: String::new(),
                    id: None,
                    person,
                    wire_type: Some(wire_type),
                    created_at: None,
                    received_at: now,
                    state: State::Pending,
                    raw: format!(r#"{{"delivered":{delivered},{whole}}}"#),
                }
            }
            Self::Body(index) => Arrival {
                source: named("source", 0),
                key: format!("body {index}"),
                content: String::new(),
                id: None,
                person: None,
                wire_type: None,
                created_at: None,
                received_at: now,
                state: State::Unreadable,
                raw: format!("{{ not JSON {index}"),
            },
        }
    }
}

/// Returns the customer of an event by its id: the same customer for the same id, so that
/// contents rarely contradict each other.
fn id_person(id: &str) -> u8 {
    id.bytes().fold(0_u8, u8::wrapping_add) % 3
}
