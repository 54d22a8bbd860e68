//! Renders the page of changes: between captures of the documentation, and between two states of
//! the schema files.

use askama::Template;
use spektr_codegen::diff::{Impact, SchemaChange};
use spektr_codegen::model::{Event, EventStatus, Model, PagePart, Reading};

use crate::link::{self, Link};
use crate::page::{Page, status_in_words};
use crate::{Input, Since};

/// A version of the vendor's table of events that somebody has read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Capture {
    pub(crate) day: String,
    pub(crate) version: String,
}

/// An event's row, with a cell for each capture.
pub(crate) struct CaptureRow {
    pub(crate) event: Link,
    /// The event's status in each capture; empty if the capture does not list the event.
    pub(crate) cells: Vec<String>,
    pub(crate) is_changed: bool,
}

/// The changes of one impact.
pub(crate) struct ImpactGroup<'m> {
    pub(crate) impact: Impact,
    pub(crate) changes: Vec<ChangeView<'m>>,
}

/// A change, with a link to its subject.
pub(crate) struct ChangeView<'m> {
    pub(crate) change: &'m SchemaChange,
    pub(crate) subject: Link,
}

#[derive(Template)]
#[template(path = "changes.html", whitespace = "minimize")]
pub(crate) struct ChangesPage<'p, 'm> {
    page: Page<'p>,
    captures: Vec<Capture>,
    rows: Vec<CaptureRow>,
    since: Option<Since<'m>>,
    groups: Vec<ImpactGroup<'m>>,
}

pub(crate) fn page<'p, 'm>(page: Page<'p>, input: &Input<'m>) -> ChangesPage<'p, 'm> {
    let model = input.model;
    let captures = captures(model);
    let rows = model.events.iter().map(|event| row(event, &captures)).collect();
    let changes = input.since.map(|since| since.changes).unwrap_or_default();
    let groups = Impact::ALL.map(|impact| ImpactGroup {
        impact,
        changes: changes
            .iter()
            .filter(|change| change.impact == impact)
            .map(|change| ChangeView { change, subject: subject(model, change) })
            .collect(),
    });
    let groups = groups.into_iter().filter(|group| !group.changes.is_empty()).collect();
    ChangesPage { page, captures, rows, since: input.since, groups }
}

/// Returns the captures of the table of events, oldest first.
fn captures(model: &Model) -> Vec<Capture> {
    let mut captures: Vec<_> = model.events.iter().flat_map(readings).map(capture).collect();
    captures.sort();
    captures.dedup();
    captures
}

fn readings(event: &Event) -> impl Iterator<Item = &Reading> {
    event.source.readings.iter().filter(|reading| reading.part == PagePart::Row)
}

fn capture(reading: &Reading) -> Capture {
    Capture { day: reading.captured.clone(), version: reading.version.clone() }
}

fn row(event: &Event, captures: &[Capture]) -> CaptureRow {
    let read: Vec<Option<&Reading>> = captures
        .iter()
        .map(|wanted| readings(event).find(|reading| capture(reading) == *wanted))
        .collect();
    let mut before: Option<&Reading> = None;
    let mut cells = Vec::new();
    for reading in &read {
        let Some(reading) = *reading else {
            cells.push(String::new());
            continue;
        };
        let is_reworded = before.is_some_and(|before| before.digest != reading.digest);
        let status = reading.status.map_or("listed", status_in_words);
        cells.push(if is_reworded { format!("{status}, reworded") } else { status.to_owned() });
        before = Some(reading);
    }
    let said = |reading: &Option<&Reading>| -> Option<(Option<EventStatus>, Option<String>)> {
        reading.map(|reading| (reading.status, reading.digest.clone()))
    };
    let is_changed = read.windows(2).any(|pair| said(&pair[0]) != said(&pair[1]));
    CaptureRow {
        event: Link { text: event.name.clone(), href: link::event(event) },
        cells,
        is_changed,
    }
}

/// Returns the subject of a change, with a link to its description if the site still has one.
fn subject(model: &Model, change: &SchemaChange) -> Link {
    let event = model.events.iter().find(|event| event.name == change.subject);
    let href = match event {
        Some(event) => Some(link::event(event)),
        None => link::type_named(model, &change.subject),
    };
    Link { text: change.subject.clone(), href: href.unwrap_or_default() }
}
