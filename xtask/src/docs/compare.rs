//! Compares what a page says with what the schema says.
//!
//! Invariants: a pure function; what the page doesn't describe (an event in
//! progress, a page without sections) is never reported as gone.

mod words;

use std::collections::BTreeSet;
use std::fmt;

use spektr_codegen::SchemaSet;
use spektr_codegen::model::{Event, Reading};
use spektr_doc_reader::{EventRow, Page, Problem, ProblemKind, Unit};

use super::drift::{Drift, Explained, Kind, Report, Unclear};
use super::known::{self, Decisions, Known, Shape};
use super::members::{Place, Resolved};
use super::pairs::{Pairs, letters, same_name};
use super::payload::{Documented, Payload};
use super::readings::{self, Editions};

/// What of a page is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Page,
    /// The table of events.
    Table,
    /// Row and sections of one event.
    Event(String),
}

impl Scope {
    /// Reads the value of `--only`.
    pub(super) fn only(text: &str) -> Self {
        if text == "table" { Scope::Table } else { Scope::Event(text.to_owned()) }
    }

    pub(super) fn has_event(&self, name: &str) -> bool {
        match self {
            Scope::Event(event) => letters(event) == letters(name),
            _ => true,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Page => "page",
            Scope::Table => "table",
            Scope::Event(event) => event,
        })
    }
}

pub(super) fn compare(page: &Page, set: &SchemaSet, scope: &Scope) -> Report {
    let editions = Editions::new(page, set);
    let pairs = Pairs::new(page, set, &editions);
    let unread = Unread::new(page);
    let mut comparison = Comparison::default();
    for row in page.events.iter().filter(|row| scope.has_event(&row.name)) {
        comparison.row(row, pairs.of_row(row), &editions);
    }
    comparison.whole_table(page.events.len());
    if !matches!(scope, Scope::Event(_)) {
        comparison.absent(page, set, &pairs, &editions, &unread);
    }
    let mut read = BTreeSet::new();
    if *scope != Scope::Table {
        let mut events: Vec<(&str, &Event)> = set
            .model()
            .events
            .iter()
            .filter(|event| scope.has_event(&event.name))
            .map(|event| (pairs.name_of(event).unwrap_or(&event.name), event))
            .collect();
        let place = |name: &str| page.events.iter().position(|row| row.name == name);
        events.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        for (name, event) in &events {
            let known = Known::new(set, event);
            let payload = Payload::new(set, page, name);
            let resolved = payload.as_ref().map(|payload| Resolved::new(&known, payload));
            if editions.lists(event) {
                read.extend(comparison.sections(page, name, event, resolved.as_ref()));
            }
            if let (Some(payload), Some(resolved)) = (&payload, &resolved) {
                comparison.members(&known, payload, resolved, &unread);
            }
        }
        for section in &page.sections {
            let own = events.iter().filter(|(name, _)| section.events.iter().any(|it| it == name));
            comparison.wire_types(&own.copied().collect::<Vec<_>>(), section.wire_types.iter());
        }
    }
    if *scope == Scope::Page {
        comparison.around(page, set);
    }
    let problems = page.problems.iter().filter(|problem| match (scope, &problem.section) {
        (Scope::Page, _) => true,
        (Scope::Table, section) => {
            section.is_none() && problem.kind != ProblemKind::TableOutsideSection
        }
        (Scope::Event(event), Some(heading)) => page.sections.iter().any(|section| {
            section.heading == *heading && section.events.iter().any(|name| name == event)
        }),
        (Scope::Event(_), None) => false,
    });
    let problems = problems.map(|problem| Unclear {
        problem: problem.clone(),
        read: is_of_words(problem.kind)
            && problem.section.as_ref().is_some_and(|heading| read.contains(heading.as_str())),
    });
    let mut report = comparison.report(&Decisions::new(set));
    report.problems = problems.collect();
    report.compared = scope.to_string();
    report.version = editions.current.map(str::to_owned);
    report
}

/// Whether a problem is that of a section alone, and not of what it has to do with
/// the rest of the page.
fn is_of_words(kind: ProblemKind) -> bool {
    !matches!(kind, ProblemKind::StatusDisagrees | ProblemKind::SectionRepeated)
}

/// Whether a heading begins with the name of an event that the table lacks.
fn has_section(page: &Page, event: &Event) -> bool {
    let unmatched =
        page.problems.iter().filter(|problem| problem.kind == ProblemKind::HeadingUnmatched);
    let mut headings = unmatched.filter_map(|problem| problem.section.as_deref());
    headings.any(|heading| letters(heading).starts_with(&letters(&event.name)))
}

/// The word for what is not about one event.
const PAGE: &str = "page";

#[derive(Default)]
struct Comparison {
    drift: Vec<Drift>,
    explained: Vec<Explained>,
    notes: Vec<String>,
}

impl Comparison {
    /// Compares a row of the table with the event that it lists.
    fn row<'a>(&mut self, row: &EventRow, event: Option<&'a Event>, editions: &Editions<'a>) {
        let Some(event) = event else {
            let status = row.status.map_or("no status", |status| status.as_str());
            self.push(Kind::EventAdded, &row.name, None, None, Some(status));
            return;
        };
        let name = event.name.as_str();
        if !same_name(event, row) {
            self.push(Kind::EventRenamed, name, None, Some(name), Some(&row.name));
        }
        let last = readings::rows(event).last();
        let later = last.filter(|last| editions.is_later(last));
        let was = known::status(event.status);
        if let (Some(was), Some(now)) = (was, row.status.filter(|now| Some(*now) != was)) {
            let read = editions.row(event).and_then(|row| row.status).and_then(known::status);
            let (was, now) = (Some(was.as_str()), Some(now.as_str()));
            match later {
                Some(later) if read == row.status => {
                    self.newer(Kind::StatusNewer, event, was, now, &later.version);
                }
                _ => self.push(Kind::StatusChanged, name, None, was, now),
            }
        }
        let is = |reading: &Reading| readings::same(reading.digest.as_deref(), row.digest.as_ref());
        match (last, later) {
            (None, _) => self.notes.push(format!("{name}: nobody has read its row yet")),
            (Some(last), _) if is(last) => {}
            (Some(last), Some(later)) if readings::rows(event).any(is) => {
                let was = format!("read on {}", last.captured);
                self.newer(Kind::RowNewer, event, Some(&was), None, &later.version);
            }
            (Some(last), _) => {
                let was = format!("last read on {}", last.captured);
                self.push(Kind::RowReworded, name, None, Some(&was), None);
            }
        }
        if let Some(wire_type) = &row.wire_type {
            self.wire_types(&[(&row.name, event)], std::iter::once(wire_type));
        }
    }

    /// Reports the events that the page's table lacks.
    fn absent(
        &mut self,
        page: &Page,
        set: &SchemaSet,
        pairs: &Pairs<'_>,
        editions: &Editions<'_>,
        unread: &Unread<'_>,
    ) {
        for event in set.model().events.iter().filter(|event| !pairs.has(event)) {
            let name = event.name.as_str();
            if unread.mentions(None, name) {
                self.notes.push(format!("{name}: its row may be one that was not read"));
                continue;
            }
            if let Some(last) = readings::rows(event).last().filter(|_| !editions.lists(event)) {
                let newer = editions.is_newer(event);
                let kind = if newer { Kind::EventNewer } else { Kind::EventOlder };
                self.newer(kind, event, Some(&last.version), None, &last.version);
                continue;
            }
            self.push(Kind::EventRemoved, name, None, Some(event.status.as_str()), None);
            if has_section(page, event) {
                self.notes.push(format!("{name}: its section is still there: is the table whole?"));
            }
        }
    }

    /// Records a difference that comes from the page's version.
    fn newer(
        &mut self,
        kind: Kind,
        event: &Event,
        was: Option<&str>,
        now: Option<&str>,
        version: &str,
    ) {
        let [was, now] = [was, now].map(|text| text.map(str::to_owned));
        let drift = Drift { kind, event: event.name.clone(), path: None, was, now };
        let decision = format!("{}: version {version}", event.file);
        self.explained.push(Explained { drift, decision });
    }

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

    fn members(
        &mut self,
        known: &Known<'_>,
        payload: &Payload,
        resolved: &Resolved<'_, '_>,
        unread: &Unread<'_>,
    ) {
        let name = known.event.name.as_str();
        for (member, place) in &resolved.members {
            match place {
                Place::Envelope(shape) => {
                    if let Some((was, now)) = change(shape, member) {
                        let path = Some(member.path.as_str());
                        self.push(Kind::MemberChanged, name, path, Some(&was), Some(&now));
                    }
                }
                Place::Nowhere => {
                    let now = words(member);
                    self.push(Kind::MemberAdded, name, Some(&member.path), None, Some(&now));
                }
                Place::At(path, shape) => {
                    if let Some((was, now)) = change(shape, member) {
                        self.push(Kind::MemberChanged, name, Some(path), Some(&was), Some(&now));
                    }
                    self.meaning(name, path, shape, member);
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

    /// Compares what a description says of values, validity and unit.
    fn meaning(&mut self, name: &str, path: &str, shape: &Shape, member: &Documented) {
        for value in &member.values {
            if shape.values.as_ref().is_some_and(|known| !known.contains(value)) {
                self.push(Kind::ValueAdded, name, Some(path), None, Some(value));
            }
        }
        if let (Some(was), Some(now)) = (shape.valid_for_seconds, member.valid_for_seconds)
            && was != now
        {
            let [was, now] = [was, now].map(|seconds| format!("{seconds} seconds"));
            self.push(Kind::ValidityChanged, name, Some(path), Some(&was), Some(&now));
        }
        if shape.is_timestamp && member.unit == Some(Unit::Seconds) {
            let (was, now) = (Some("milliseconds"), Some("seconds"));
            self.push(Kind::UnitChanged, name, Some(path), was, now);
        }
    }

    /// Reports wire types that none of a section's events has in the schema.
    fn wire_types<'t>(
        &mut self,
        events: &[(&str, &Event)],
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
            let likeness = |(name, _): &&(&str, &Event)| {
                let (name, wire_type) = (letters(name), letters(wire_type));
                name.bytes().zip(wire_type.bytes()).take_while(|(a, b)| a == b).count()
            };
            if let Some((_, event)) = events.iter().rev().max_by_key(likeness) {
                self.push(Kind::WireTypeAdded, &event.name, None, None, Some(wire_type));
            }
        }
    }

    fn report(self, decisions: &Decisions<'_>) -> Report {
        let mut report =
            Report { notes: self.notes, explained: self.explained, ..Report::default() };
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
        // Other words follow from another meaning, which is reported already.
        let all = report.drift.clone();
        report.drift.retain(|drift| !all.iter().any(|other| other.implies(drift)));
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

/// Says how a member differs, in the words of both sides. What the page does not say is
/// as the schema has it.
fn change(shape: &Shape, member: &Documented) -> Option<(String, String)> {
    let was = known::words(shape.kind, shape.items, shape.nullable);
    if let Some(said) = member.said.as_deref().filter(|said| contradicts(shape, said)) {
        return Some((was, said.to_owned()));
    }
    let kind = match (shape.kind, member.kind) {
        // Every whole number is a number.
        (None, _) | (_, None) | (Some("number"), Some("integer")) => shape.kind,
        (Some(_), now) => now,
    };
    let items = match (kind == shape.kind, shape.items) {
        (true, Some(items)) => Some(member.items.unwrap_or(items)),
        (true, None) => None,
        (false, _) => member.items,
    };
    let nullable = member.nullable.filter(|_| shape.kind.is_some()).unwrap_or(shape.nullable);
    let now = known::words(kind, items, nullable);
    (was != now).then_some((was, now))
}

/// Whether a type in words of its own, such as `string or number`, names
/// another one than the schema has.
fn contradicts(shape: &Shape, said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let types = ["string", "number", "integer", "boolean", "object", "array"];
    shape.kind.is_some_and(|kind| types.iter().any(|word| *word != kind && said.contains(word)))
}

/// Words what the page says of a new member.
fn words(member: &Documented) -> String {
    match (member.kind, &member.said) {
        (None, Some(said)) => said.clone(),
        (kind, _) => {
            let nullable = member.nullable.unwrap_or(false);
            known::words(kind.or(Some("unknown")), member.items, nullable)
        }
    }
}
