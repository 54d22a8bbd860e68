//! Compares the facts of a page with the schema.
//!
//! Invariants: a pure function; a part that the page does not describe (an event in progress, a
//! page without sections) is never reported as removed.

mod words;

use std::collections::BTreeSet;

use spektr_codegen::SchemaSet;
use spektr_codegen::model::{Event, Reading};
use spektr_doc_reader::{EventRow, Page, Problem, ProblemKind, letters};

use super::drift::{Drift, DriftKind, DriftReport, ExplainedDrift, JudgedProblem};
use super::known::{self, MemberShape, SchemaEvent};
use super::members::{ResolvedMembers, SchemaPlace};
use super::pairs::{EventPairs, same_name};
use super::payload::DocumentedPayload;
use super::readings::{self, Editions};
use super::scope::Scope;

pub(super) fn compare(page: &Page, set: &SchemaSet, scope: &Scope) -> DriftReport {
    let editions = Editions::new(page, set);
    let pairs = EventPairs::new(page, set, &editions);
    let (compared, version) = (scope.name().to_owned(), editions.current.map(str::to_owned));
    let report = DriftReport { compared, version, ..DriftReport::default() };
    let mut comparison = Comparison { page, set, editions, report };
    for row in page.events.iter().filter(|row| scope.has_event(&row.name)) {
        comparison.row(row, pairs.of_row(row));
    }
    comparison.whole_table();
    if !matches!(scope, Scope::Event(_)) {
        comparison.absent(&pairs);
    }
    let mut read = BTreeSet::new();
    if *scope != Scope::Table {
        let events = set.model().events.iter().filter(|event| scope.has_event(&event.name));
        let named = events.map(|event| (pairs.name_of(event).unwrap_or(&event.name), event));
        let mut events: Vec<(&str, &Event)> = named.collect();
        let place = |name: &str| page.events.iter().position(|row| row.name == name);
        events.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        for (name, event) in &events {
            let known = SchemaEvent::new(set, event);
            let payload = DocumentedPayload::new(set, page, name);
            let resolved = payload.as_ref().map(|payload| ResolvedMembers::new(&known, payload));
            if comparison.editions.lists(event) {
                read.extend(comparison.sections(name, event, resolved.as_ref()));
            }
            if let Some(resolved) = &resolved {
                comparison.members(event, resolved);
            }
        }
        for section in &page.sections {
            let own = events.iter().filter(|(name, _)| section.is_of(name));
            comparison.wire_types(&own.copied().collect::<Vec<_>>(), section.wire_types.iter());
        }
    }
    if *scope == Scope::Page {
        comparison.around();
        if page.sections.is_empty() && !page.events.is_empty() {
            let note = "the page has no section of an event: if it is only the table of events, \
                        compare it with `--only table`";
            comparison.note(note.to_owned());
        }
    }
    let problems = page.problems.iter().filter(|problem| match (scope, &problem.section) {
        (Scope::Page, _) => true,
        (Scope::Table, section) => {
            section.is_none() && problem.kind != ProblemKind::TableOutsideSection
        }
        (Scope::Event(event), heading) => {
            page.sections_of(event).any(|section| Some(&section.heading) == heading.as_ref())
        }
    });
    // A problem counts as read together with its section, unless it lies between the section and
    // the rest of the page.
    let of_page = [ProblemKind::StatusDisagrees, ProblemKind::SectionRepeated];
    let problems = problems.map(|problem| JudgedProblem {
        problem: problem.clone(),
        read: !of_page.contains(&problem.kind)
            && problem.section.as_ref().is_some_and(|heading| read.contains(heading.as_str())),
    });
    comparison.report.problems = problems.collect();
    comparison.finish()
}

/// The name in reports for differences outside the events.
const PAGE: &str = "page";

struct Comparison<'c> {
    page: &'c Page,
    set: &'c SchemaSet,
    editions: Editions<'c>,
    report: DriftReport,
}

impl<'c> Comparison<'c> {
    /// Compares a row of the table with the event that it lists.
    fn row(&mut self, row: &EventRow, event: Option<&'c Event>) {
        let now = row.status.map(|status| status.as_str());
        let Some(event) = event else {
            self.push(DriftKind::EventAdded, &row.name, [None, None, now.or(Some("no status"))]);
            return;
        };
        let name = event.name.as_str();
        if !same_name(event, row) {
            self.push(DriftKind::EventRenamed, name, [None, Some(name), Some(&row.name)]);
        }
        let last = readings::rows(event).last();
        let later = last.filter(|last| self.editions.is_later(last));
        let was = Some(event.status.as_str());
        if now.is_some() && now != was {
            let read = self.editions.row(event).and_then(|row| row.status);
            match later.filter(|_| read.map(|status| status.as_str()) == now) {
                Some(later) => self.newer(DriftKind::StatusNewer, event, [was, now], later),
                None => self.push(DriftKind::StatusChanged, name, [None, was, now]),
            }
        }
        let is = |reading: &Reading| readings::same(reading.digest.as_deref(), row.digest.as_ref());
        match (last, later) {
            (None, _) => self.note(format!("{name}: no version of its row is recorded as read")),
            (Some(last), _) if is(last) => {}
            (Some(last), Some(later)) if readings::rows(event).any(is) => {
                let was = format!("read on {}", last.captured);
                self.newer(DriftKind::RowNewer, event, [Some(&was), None], later);
            }
            (last, _) => {
                self.push(DriftKind::RowReworded, name, [None, Some(&readings::day(last)), None]);
            }
        }
        self.wire_types(&[(&row.name, event)], row.wire_type.iter());
    }

    /// Reports the events that the page's table lacks.
    fn absent(&mut self, pairs: &EventPairs<'_>) {
        for event in self.set.model().events.iter().filter(|event| !pairs.has(event)) {
            let name = event.name.as_str();
            if self.may_be_unread(None, name) {
                self.note(format!("{name}: its row may be one of the unreadable rows"));
                continue;
            }
            let last = readings::rows(event).last();
            if let Some(last) = last.filter(|_| !self.editions.lists(event)) {
                let newer = self.editions.is_newer(event);
                let kind = if newer { DriftKind::EventNewer } else { DriftKind::EventOlder };
                self.newer(kind, event, [Some(&last.version), None], last);
                continue;
            }
            self.push(DriftKind::EventRemoved, name, [None, Some(event.status.as_str()), None]);
            // A heading may begin with the name of an event that the table lacks.
            let mut problems = self.page.problems.iter();
            let unmatched = problems.any(|Problem { kind, section, .. }| {
                *kind == ProblemKind::HeadingUnmatched
                    && section.as_ref().is_some_and(|it| letters(it).starts_with(&letters(name)))
            });
            if unmatched {
                self.note(format!("{name}: its section is still on the page: check that the table of events is complete"));
            }
        }
    }

    /// Records a difference that the page's version explains.
    fn newer(
        &mut self,
        kind: DriftKind,
        event: &Event,
        [was, now]: [Option<&str>; 2],
        at: &Reading,
    ) {
        let drift = Drift::new(kind, &event.name, [None, was, now]);
        let decision = format!("{}: version {}", event.file, at.version);
        self.report.explained.push(ExplainedDrift { drift, decision });
    }

    /// Records a difference: the member's path, the schema's value and the page's value.
    fn push(&mut self, kind: DriftKind, event: &str, [path, was, now]: [Option<&str>; 3]) {
        let drift = Drift::new(kind, event, [path, was, now]);
        if !self.report.drift.contains(&drift) {
            self.report.drift.push(drift);
        }
    }

    fn note(&mut self, text: String) {
        self.report.notes.push(text);
    }

    fn members(&mut self, event: &Event, resolved: &ResolvedMembers<'_, '_>) {
        let name = event.name.as_str();
        for (member, place) in &resolved.members {
            let (SchemaPlace::At(shape) | SchemaPlace::Envelope(shape)) = place else {
                let kind = member.kind.or(Some("unknown"));
                let now = MemberShape { kind, ..(*member).clone() }.words();
                self.push(DriftKind::MemberAdded, name, [Some(&member.path), None, Some(&now)]);
                continue;
            };
            let path = Some(shape.path.as_str());
            if let Some((was, now)) = change(shape, member) {
                self.push(DriftKind::MemberChanged, name, [path, Some(&was), Some(&now)]);
            }
            if let SchemaPlace::At(_) = place {
                self.meaning(name, shape, member);
            }
        }
        for shape in resolved.missing() {
            let path = shape.path.as_str();
            if self.may_be_unread(Some(&resolved.payload.sections), path) {
                self.note(format!("{name}: the row of {path} may be one of the unreadable rows"));
            } else {
                self.push(DriftKind::MemberRemoved, name, [Some(path), Some(&shape.words()), None]);
            }
        }
        if resolved.payload.in_event_type() {
            self.note(format!("{name}: the page shows it in the envelope with `eventType`"));
        }
    }

    /// Compares the values, the validity and the unit that a description states.
    fn meaning(&mut self, name: &str, shape: &MemberShape, member: &MemberShape) {
        let path = Some(shape.path.as_str());
        if let Some(known) = &shape.values {
            for value in member.values.iter().flatten().filter(|value| !known.contains(value)) {
                self.push(DriftKind::ValueAdded, name, [path, None, Some(value)]);
            }
        }
        let validity = |it: &MemberShape| it.valid_for_seconds.map(|it| format!("{it} seconds"));
        let unit = |it: &MemberShape| it.unit.map(|unit| format!("{unit:?}").to_lowercase());
        for (kind, was, now) in [
            (DriftKind::ValidityChanged, validity(shape), validity(member)),
            (DriftKind::UnitChanged, unit(shape), unit(member)),
        ] {
            if was.is_some() && now.is_some() && was != now {
                self.push(kind, name, [path, was.as_deref(), now.as_deref()]);
            }
        }
    }

    /// Reports the wire types of a section that the schema has for none of the section's events.
    fn wire_types<'t>(
        &mut self,
        events: &[(&str, &Event)],
        wire_types: impl Iterator<Item = &'t String>,
    ) {
        for wire_type in wire_types {
            let is_own = |known: &str| known.eq_ignore_ascii_case(wire_type);
            if events.iter().any(|(_, event)| event.wire_types.iter().any(|it| is_own(it))) {
                continue;
            }
            // Among several events, the one with the longest common prefix gets the wire type.
            let likeness = |(name, _): &&(&str, &Event)| {
                let (name, wire_type) = (letters(name), letters(wire_type));
                name.bytes().zip(wire_type.bytes()).take_while(|(a, b)| a == b).count()
            };
            if let Some((_, event)) = events.iter().rev().max_by_key(likeness) {
                self.push(DriftKind::WireTypeAdded, &event.name, [None, None, Some(wire_type)]);
            }
        }
    }

    /// Whether an unreadable row, in one of these sections or in none, mentions this name. Its
    /// subject is not reported as removed.
    fn may_be_unread(&self, sections: Option<&[String]>, path: &str) -> bool {
        use ProblemKind::{EventUnnamed, MemberUnnamed, RowUnsplit};
        let name = letters(path.rsplit('.').next().unwrap_or(path));
        let here = |section: Option<&String>| match (section, sections) {
            (Some(section), Some(sections)) => sections.contains(section),
            (section, sections) => section.is_none() && sections.is_none(),
        };
        self.page.problems.iter().any(|problem| {
            [RowUnsplit, EventUnnamed, MemberUnnamed].contains(&problem.kind)
                && here(problem.section.as_ref())
                && letters(&problem.about).contains(&name)
        })
    }

    fn finish(self) -> DriftReport {
        let Comparison { mut report, set, .. } = self;
        // Differences of one event are adjacent, and the events follow the page's order.
        let mut all = std::mem::take(&mut report.drift);
        let mut order: Vec<String> = Vec::new();
        all.sort_by_cached_key(|drift| {
            order.iter().position(|event| *event == drift.event).unwrap_or_else(|| {
                order.push(drift.event.clone());
                order.len() - 1
            })
        });
        for drift in all {
            match known::decision(set, &drift) {
                Some(decision) => report.explained.push(ExplainedDrift { drift, decision }),
                None => report.drift.push(drift),
            }
        }
        // Changed text that follows from a reported change of meaning is not reported too.
        let all = report.drift.clone();
        report.drift.retain(|drift| !all.iter().any(|other| other.implies(drift)));
        report
    }
}

/// Returns how a member differs, in the words of the schema and of the page. Facts that the page
/// does not state are taken from the schema.
fn change(shape: &MemberShape, member: &MemberShape) -> Option<(String, String)> {
    let was = shape.words();
    // An unknown type such as `string or number` may still name another JSON type.
    let types = ["string", "number", "integer", "boolean", "object", "array"];
    let said = member.said.as_ref().filter(|said| {
        let others = |kind| types.iter().filter(move |word| **word != kind);
        let named = |word: &&str| said.to_ascii_lowercase().contains(word);
        shape.kind.is_some_and(|kind| others(kind).any(named))
    });
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
    let nullable = member.nullable.filter(|_| shape.kind.is_some()).or(shape.nullable);
    let said = said.cloned();
    let now = MemberShape { kind, items, nullable, said, ..MemberShape::default() }.words();
    (was != now).then_some((was, now))
}
