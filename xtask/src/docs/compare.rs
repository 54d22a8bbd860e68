//! Compares what a page says with what the schema says.
//!
//! Invariants: a pure function; what the page doesn't describe (an event in
//! progress, a page without sections) is never reported as gone.

use std::collections::BTreeSet;

use spektr_codegen::SchemaSet;
use spektr_codegen::model::Event;
use spektr_doc_reader::{EventRow, Page};

use super::drift::{Drift, Explained, Kind, Report};
use super::known::{self, Decisions, Known, Shape};
use super::payload::{Documented, Payload};
use super::rename;

pub(super) fn compare(page: &Page, set: &SchemaSet) -> Report {
    let model = set.model();
    let pairs = pair(page, set);
    let mut comparison = Comparison::default();
    for row in &page.events {
        let payload = Payload::new(page, &row.name);
        let Some(event) = pairs.of_row(row) else {
            let status = row.status.map_or("no status", |status| status.as_str());
            comparison.push(Kind::EventAdded, &row.name, None, None, Some(status));
            continue;
        };
        if event.name != row.name && letters(&event.name) != letters(&row.name) {
            comparison.push(
                Kind::EventRenamed,
                &event.name,
                None,
                Some(&event.name),
                Some(&row.name),
            );
        }
        let was = known::status(event.status);
        if let (Some(was), Some(now)) = (was, row.status.filter(|now| Some(*now) != was)) {
            comparison.push(
                Kind::StatusChanged,
                &event.name,
                None,
                Some(was.as_str()),
                Some(now.as_str()),
            );
        }
        let known = Known::new(model, event);
        match &payload {
            Some(payload) => comparison.members(&known, payload),
            None if known.own().iter().any(|path| *path != "data") => {
                comparison.notes.push(format!("{}: the page has no payload to compare", event.name))
            }
            None => {}
        }
        if let Some(wire_type) = &row.wire_type {
            comparison.wire_types(&[(row, event)], std::iter::once(wire_type));
        }
    }
    for event in model.events.iter().filter(|event| !pairs.has(event)) {
        comparison.push(Kind::EventRemoved, &event.name, None, Some(event.status.as_str()), None);
    }
    for section in &page.sections {
        let events: Vec<(&EventRow, &Event)> = section
            .events
            .iter()
            .filter_map(|name| page.events.iter().find(|row| row.name == *name))
            .filter_map(|row| Some((row, pairs.of_row(row)?)))
            .collect();
        comparison.wire_types(&events, section.wire_types.iter());
    }
    comparison.report(&Decisions::new(set))
}

/// Which event of the page is which of the schema.
struct Pairs<'a>(Vec<(&'a EventRow, &'a Event)>);

impl<'a> Pairs<'a> {
    fn of_row(&self, row: &EventRow) -> Option<&'a Event> {
        self.0.iter().find(|(known, _)| known.name == row.name).map(|(_, event)| *event)
    }

    fn has(&self, event: &Event) -> bool {
        self.0.iter().any(|(_, known)| known.name == event.name)
    }
}

fn pair<'a>(page: &'a Page, set: &'a SchemaSet) -> Pairs<'a> {
    let model = set.model();
    let mut pairs = Pairs(Vec::new());
    for row in &page.events {
        let exact = model.event(&row.name);
        let loose = || model.events.iter().find(|event| letters(&event.name) == letters(&row.name));
        if let Some(event) = exact.or_else(loose).filter(|event| !pairs.has(event)) {
            pairs.0.push((row, event));
        }
    }
    let added: Vec<&EventRow> =
        page.events.iter().filter(|row| pairs.of_row(row).is_none()).collect();
    let removed: Vec<&Event> = model.events.iter().filter(|event| !pairs.has(event)).collect();
    let taken: Vec<Payload> =
        pairs.0.iter().filter_map(|(row, _)| Payload::new(page, &row.name)).collect();
    let foreign: BTreeSet<&str> =
        taken.iter().flat_map(|payload| &payload.wire_types).map(String::as_str).collect();
    let mut likely = Vec::new();
    for row in &added {
        let payload = Payload::new(page, &row.name);
        for event in &removed {
            let old = Known::new(model, event);
            let score = rename::likeness(&old, &row.name, payload.as_ref(), &foreign);
            likely.extend(score.map(|score| (score, *row, *event)));
        }
    }
    // The most probable first; each event once.
    likely.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    for (_, row, event) in likely {
        if pairs.of_row(row).is_none() && !pairs.has(event) {
            pairs.0.push((row, event));
        }
    }
    pairs
}

#[derive(Default)]
struct Comparison {
    drift: Vec<Drift>,
    notes: Vec<String>,
}

impl Comparison {
    fn push(
        &mut self,
        kind: Kind,
        event: &str,
        path: Option<&str>,
        was: Option<&str>,
        now: Option<&str>,
    ) {
        let [path, was, now] = [path, was, now].map(|text| text.map(str::to_owned));
        let drift = Drift { kind, event: event.to_owned(), path, was, now };
        if !self.drift.contains(&drift) {
            self.drift.push(drift);
        }
    }

    fn members(&mut self, known: &Known<'_>, payload: &Payload) {
        let name = known.event.name.as_str();
        let mut documented = BTreeSet::new();
        for member in &payload.members {
            let found = known.shape(&member.path).map(|shape| (member.path.as_str(), shape));
            let Some((path, shape)) = found.or_else(|| loosely(known, payload, member)) else {
                let now = words(member, None);
                self.push(Kind::MemberAdded, name, Some(&member.path), None, Some(&now));
                continue;
            };
            documented.insert(path);
            if let Some((was, now)) = change(shape, member) {
                self.push(Kind::MemberChanged, name, Some(path), Some(&was), Some(&now));
            }
        }
        for (path, shape) in known.members.iter().filter(|(_, shape)| shape.expected) {
            let covered = documented.contains(path.as_str())
                || payload.has_below(path)
                || repeats(payload, &documented, path);
            if !covered {
                let was = known::words(shape.kind, shape.items, shape.nullable);
                self.push(Kind::MemberRemoved, name, Some(path), Some(&was), None);
            }
        }
    }

    /// Reports wire types that none of a section's events has in the schema.
    fn wire_types<'t>(
        &mut self,
        events: &[(&EventRow, &Event)],
        wire_types: impl Iterator<Item = &'t String>,
    ) {
        for wire_type in wire_types {
            let known = |event: &Event| {
                event.wire_types.iter().any(|known| known.eq_ignore_ascii_case(wire_type))
            };
            if events.iter().any(|(_, event)| known(event)) {
                continue;
            }
            // Of several events, the one whose name begins most like it.
            let likeness = |(row, _): &&(&EventRow, &Event)| {
                let (name, wire_type) = (letters(&row.name), letters(wire_type));
                name.bytes().zip(wire_type.bytes()).take_while(|(a, b)| a == b).count()
            };
            if let Some((_, event)) = events.iter().rev().max_by_key(likeness) {
                self.push(Kind::WireTypeAdded, &event.name, None, None, Some(wire_type));
            }
        }
    }

    fn report(self, decisions: &Decisions<'_>) -> Report {
        let mut report = Report { notes: self.notes, ..Report::default() };
        let mut drift = self.drift;
        // What is said of one event stands together, in the page's order.
        let mut order: Vec<String> = Vec::new();
        drift.sort_by_cached_key(|drift| {
            order.iter().position(|event| *event == drift.event).unwrap_or_else(|| {
                order.push(drift.event.clone());
                order.len() - 1
            })
        });
        for drift in drift {
            match decisions.explain(&drift) {
                Some(decision) => {
                    let decision = decision.to_owned();
                    report.explained.push(Explained { drift, decision });
                }
                None => report.drift.push(drift),
            }
        }
        report
    }
}

/// Finds the member that a table means by a path without its prefix, where no
/// example shows the place: the only one of that name that is not documented
/// otherwise.
fn loosely<'k>(
    known: &'k Known<'_>,
    payload: &Payload,
    member: &Documented,
) -> Option<(&'k str, &'k Shape)> {
    if member.shown {
        return None;
    }
    let path = member.path.as_str();
    let ending = format!(".{path}");
    let mut fitting = known
        .members
        .iter()
        .filter(|(known, _)| known.ends_with(&ending) && !payload.has(known))
        // The least deep one: a list inside its own elements repeats the name.
        .map(|(known, shape)| (known.as_str(), shape))
        .collect::<Vec<_>>();
    fitting.sort_by_key(|(known, _)| known.matches('.').count());
    match fitting.as_slice() {
        [(path, shape)] => Some((path, shape)),
        [(first, shape), (second, _), ..]
            if first.matches('.').count() < second.matches('.').count() =>
        {
            Some((first, shape))
        }
        _ => None,
    }
}

/// Whether a path lies in a list whose elements are documented elsewhere, as
/// those of `children` are with those of `fields`: the page gives both lists
/// elements of one name.
fn repeats(payload: &Payload, documented: &BTreeSet<&str>, path: &str) -> bool {
    let Some((list, rest)) = path.rsplit_once("[].") else {
        return false;
    };
    if !documented.contains(list) {
        return false;
    }
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let Some(items) = payload
        .members
        .iter()
        .find(|member| last(&member.path) == last(list))
        .and_then(|member| member.items_name.as_deref())
    else {
        return false;
    };
    payload.members.iter().any(|other| {
        other.items_name.as_deref() == Some(items)
            && other.path != list
            && payload.has(&format!("{}[].{rest}", other.path))
    })
}

/// Says how a member differs, in the words of both sides.
fn change(shape: &Shape, member: &Documented) -> Option<(String, String)> {
    let kind = match (shape.kind, member.kind) {
        // Every whole number is a number.
        (Some("number"), Some("integer")) => false,
        (Some(was), Some(now)) => was != now,
        _ => false,
    };
    let items = match (shape.items, member.items) {
        (Some(was), Some(now)) => was != now && !kind,
        _ => false,
    };
    let nullable =
        member.nullable.is_some_and(|nullable| nullable != shape.nullable) && shape.kind.is_some();
    if !(kind || items || nullable) {
        return None;
    }
    let was_items = shape.items.filter(|_| items || kind);
    let was = known::words(shape.kind, was_items, shape.nullable);
    let now = words(member, Some(shape));
    let now = if items || kind { now } else { without_items(member, shape) };
    Some((was, now))
}

fn without_items(member: &Documented, shape: &Shape) -> String {
    known::words(member.kind.or(shape.kind), None, member.nullable.unwrap_or(shape.nullable))
}

/// Words what the page says, with the schema's word where it says nothing.
fn words(member: &Documented, shape: Option<&Shape>) -> String {
    let kind = member.kind.or(shape.and_then(|shape| shape.kind)).or(Some("unknown"));
    let nullable = member.nullable.or(shape.map(|shape| shape.nullable)).unwrap_or(false);
    known::words(kind, member.items, nullable)
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
