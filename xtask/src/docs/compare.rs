//! Compares what a page says with what the schema says.
//!
//! Invariants: a pure function; what the page doesn't describe (an event in
//! progress, a page without sections) is never reported as gone.

use std::collections::BTreeSet;

use spektr_codegen::SchemaSet;
use spektr_codegen::model::Event;
use spektr_doc_reader::{EventRow, Page, Problem, ProblemKind};

use super::drift::{Drift, Explained, Kind, Report};
use super::known::{self, Decisions, Known, Shape};
use super::members::{Place, Resolved};
use super::payload::{Documented, Payload};
use super::rename;

pub(super) fn compare(page: &Page, set: &SchemaSet) -> Report {
    let model = set.model();
    let pairs = pair(page, set);
    let unread = Unread::new(page);
    let mut comparison = Comparison::default();
    for row in &page.events {
        let payload = Payload::new(page, &row.name);
        let Some(event) = pairs.of_row(row) else {
            let status = row.status.map_or("no status", |status| status.as_str());
            comparison.push(Kind::EventAdded, &row.name, None, None, Some(status));
            continue;
        };
        if !same_name(event, row) {
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
        let known = Known::new(set, event);
        match &payload {
            Some(payload) => comparison.members(&known, payload, &unread),
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
        if unread.mentions(None, &event.name) {
            let note = format!("{}: its row may be one that was not read", event.name);
            comparison.notes.push(note);
            continue;
        }
        comparison.push(Kind::EventRemoved, &event.name, None, Some(event.status.as_str()), None);
        if has_section(page, event) {
            let note = format!("{}: its section is still there: is the table whole?", event.name);
            comparison.notes.push(note);
        }
    }
    let gone = comparison.drift.iter().any(|drift| drift.kind == Kind::EventRemoved);
    if gone && page.sections.is_empty() {
        comparison.notes.push("the page has no sections: was all of it saved?".to_owned());
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

/// Whether a heading begins with the name of an event that the table lacks.
fn has_section(page: &Page, event: &Event) -> bool {
    let unmatched =
        page.problems.iter().filter(|problem| problem.kind == ProblemKind::HeadingUnmatched);
    let mut headings = unmatched.filter_map(|problem| problem.section.as_deref());
    headings.any(|heading| letters(heading).starts_with(&letters(&event.name)))
}

/// Whether a row names this event: by its name, or by the type on the wire.
fn same_name(event: &Event, row: &EventRow) -> bool {
    letters(&event.name) == letters(&row.name) || event.wire_types.first() == Some(&row.name)
}

/// Says why a page is not about the schema's events at all, if it isn't: then
/// every difference would be noise.
pub(super) fn stranger(page: &Page, set: &SchemaSet) -> Option<String> {
    let known = &set.model().events;
    if known.is_empty() || !pair(page, set).0.is_empty() {
        return None;
    }
    let listed: Vec<&str> = page.events.iter().take(3).map(|row| row.name.as_str()).collect();
    Some(format!(
        "the page lists {}{}, and none of the {} events of the schema: is it the right page?",
        listed.join(", "),
        if page.events.len() > listed.len() { ", …" } else { "" },
        known.len()
    ))
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
        let loose = || model.events.iter().find(|event| same_name(event, row));
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
            let old = Known::new(set, event);
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

    fn members(&mut self, known: &Known<'_>, payload: &Payload, unread: &Unread<'_>) {
        let name = known.event.name.as_str();
        let resolved = Resolved::new(known, payload);
        for (member, place) in &resolved.members {
            match place {
                Place::Envelope => {}
                Place::Nowhere => {
                    let now = words(member, None);
                    self.push(Kind::MemberAdded, name, Some(&member.path), None, Some(&now));
                }
                Place::At(path, shape) => {
                    if let Some((was, now)) = change(shape, member) {
                        self.push(Kind::MemberChanged, name, Some(path), Some(&was), Some(&now));
                    }
                }
            }
        }
        for (path, shape) in resolved.missing() {
            if unread.mentions(Some(&payload.sections), path) {
                self.notes.push(format!("{name}: the row of {path} may be one that was not read"));
                continue;
            }
            let was = known::words(shape.kind, shape.items, shape.nullable);
            self.push(Kind::MemberRemoved, name, Some(path), Some(&was), None);
        }
        if payload.in_event_type() {
            self.notes.push(format!("{name}: the page shows it in the envelope with `eventType`"));
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

/// Rows of the page's tables that could not be read: what they may be about is
/// not gone.
struct Unread<'p>(Vec<&'p Problem>);

impl<'p> Unread<'p> {
    fn new(page: &'p Page) -> Self {
        let unread = |problem: &&Problem| {
            matches!(
                problem.kind,
                ProblemKind::RowUnsplit | ProblemKind::EventUnnamed | ProblemKind::MemberUnnamed
            )
        };
        Unread(page.problems.iter().filter(unread).collect())
    }

    /// Whether such a row has this name, in one of these sections or in none.
    fn mentions(&self, sections: Option<&[String]>, path: &str) -> bool {
        let name = letters(path.rsplit('.').next().unwrap_or(path));
        self.0.iter().any(|problem| {
            let here = match (&problem.section, sections) {
                (Some(section), Some(sections)) => sections.contains(section),
                (section, sections) => section.is_none() && sections.is_none(),
            };
            here && letters(&problem.about).contains(&name)
        })
    }
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
    if let Some(said) = member.said.as_deref().filter(|said| contradicts(shape, said)) {
        let was = known::words(shape.kind, shape.items, shape.nullable);
        return Some((was, said.to_owned()));
    }
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

/// Whether a type in words of its own, such as `string or number`, names
/// another one than the schema has.
fn contradicts(shape: &Shape, said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let types = ["string", "number", "integer", "boolean", "object", "array"];
    shape.kind.is_some_and(|kind| types.iter().any(|word| *word != kind && said.contains(word)))
}

/// Words what the page says, with the schema's word where it says nothing.
fn words(member: &Documented, shape: Option<&Shape>) -> String {
    let kind = member.kind.or(shape.and_then(|shape| shape.kind));
    if let (None, None, Some(said)) = (shape, kind, &member.said) {
        return said.clone();
    }
    let kind = kind.or(Some("unknown"));
    let nullable = member.nullable.or(shape.map(|shape| shape.nullable)).unwrap_or(false);
    known::words(kind, member.items, nullable)
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
