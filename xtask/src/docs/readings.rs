//! The readings of the documentation that the schema files record, and the version of a page.
//!
//! A schema file records a digest of each part that somebody has read. Parts of a page with these
//! digests count as read. Any other text is reported.
//!
//! The reasons are recorded as a decision (ARCHITECTURE.md, D6).

use spektr_codegen::model::{CommonFile, Event, PagePart, ReadRow, Reading};
use spektr_codegen::{RequiredFile, SchemaSet};
use spektr_doc_reader::{Digest, EventRow, Page, Paragraph, Section, Words};

use super::drift::DriftKind;

/// The versions of the documentation that the schema follows.
pub(super) struct Editions<'s> {
    /// Name and day of each version with recorded rows, oldest first.
    all: Vec<(&'s str, &'s str)>,
    /// The version of the page, or the most similar one.
    pub(super) current: Option<&'s str>,
}

impl<'s> Editions<'s> {
    /// Finds the version with most of the page's rows; among equal ones, the latest.
    pub(super) fn new(page: &Page, set: &'s SchemaSet) -> Self {
        let events = &set.model().events;
        let mut all: Vec<(&str, &str)> = Vec::new();
        for reading in events.iter().flat_map(rows) {
            if !all.iter().any(|(version, _)| *version == reading.version) {
                all.push((&reading.version, &reading.captured));
            }
        }
        all.sort_by_key(|(_, captured)| *captured);
        let count = |version: &str| {
            let same = |row: &&EventRow| {
                let event = set.model().event(&row.name);
                let mut readings = event.into_iter().flat_map(rows);
                readings.any(|reading| reading.version == version && says(reading, row))
            };
            page.events.iter().filter(same).count()
        };
        let current = all.iter().map(|(version, _)| *version).max_by_key(|version| count(version));
        Editions { all, current }
    }

    /// Returns the event's row in the page's version.
    pub(super) fn row(&self, event: &'s Event) -> Option<&'s Reading> {
        rows(event).rfind(|row| Some(row.version.as_str()) == self.current)
    }

    /// Whether the page's version lists the event. An event without readings is in every version.
    pub(super) fn lists(&self, event: &'s Event) -> bool {
        self.row(event).is_some() || rows(event).next().is_none()
    }

    /// Whether only later versions list the event.
    pub(super) fn is_newer(&self, event: &'s Event) -> bool {
        let first = rows(event).filter_map(|row| self.at(&row.version)).min();
        first > self.current.and_then(|version| self.at(version))
    }

    /// Whether a reading is of a later version than the page.
    pub(super) fn is_later(&self, reading: &Reading) -> bool {
        self.at(&reading.version) > self.current.and_then(|version| self.at(version))
    }

    fn at(&self, wanted: &str) -> Option<usize> {
        self.all.iter().position(|(version, _)| *version == wanted)
    }
}

pub(super) fn rows(event: &Event) -> impl DoubleEndedIterator<Item = &Reading> {
    of(event, PagePart::Row)
}

pub(super) fn of(event: &Event, part: PagePart) -> impl DoubleEndedIterator<Item = &Reading> {
    event.source.readings.iter().filter(move |reading| reading.part == part)
}

/// Whether a row is unchanged since the reading.
fn says(reading: &Reading, row: &EventRow) -> bool {
    same(reading.digest.as_deref(), row.digest.as_ref())
        && reading.status.map(|status| status.as_str()) == row.status.map(|status| status.as_str())
}

/// Whether a text has been read: both digests are equal, or both texts are empty.
pub(super) fn same(read: Option<&str>, now: Option<&Digest>) -> bool {
    read == now.map(Digest::as_str)
}

/// Returns the day on which a part was last read, in words.
pub(super) fn day(reading: Option<&Reading>) -> String {
    reading.map_or("never read".to_owned(), |reading| format!("last read on {}", reading.captured))
}

/// An unread part of a section: its kind; a row's path, as written in the table; and a description
/// of the place or of the change.
type Reworded<'a> = (DriftKind, Option<&'a str>, String);

/// Returns the differences between a section and its most similar reading. `lossy` means that the
/// rendering lost the words beside nullable types.
pub(super) fn reworded<'a>(
    section: &'a Section,
    readings: &[&'a Reading],
    lossy: bool,
) -> Vec<Reworded<'a>> {
    let differences = readings.iter().map(|reading| differences(section, reading, lossy));
    differences.min_by_key(Vec::len).unwrap_or_default()
}

fn differences<'a>(section: &'a Section, reading: &'a Reading, lossy: bool) -> Vec<Reworded<'a>> {
    let heading = &section.heading;
    let texts = reworded_at(reading, &section.text).into_iter().map(|start| {
        let place = start.map(|start| format!(" at \"{start}\"")).unwrap_or_default();
        (DriftKind::SectionReworded, None, format!("{heading}{place}"))
    });
    let mut found: Vec<Reworded<'a>> = texts.collect();
    if !same(reading.example.as_deref(), section.example_digest.as_ref()) {
        found.push((DriftKind::ExampleReworded, None, heading.clone()));
    }
    let row = |path, now: &str| (DriftKind::MemberReworded, Some(path), now.to_owned());
    let mut rows = Vec::new();
    for now in &section.rows {
        let lost = lossy && now.after_null.is_none();
        let is = |read: &ReadRow| {
            let after_null = lost || same(read.after_null.as_deref(), now.after_null.as_ref());
            read.digest == now.digest.as_str() && after_null
        };
        match reading.rows.iter().find(|read| read.path == now.path) {
            None => rows.push(row(now.path.as_str(), "new")),
            Some(read) if !is(read) => rows.push(row(&now.path, "reworded")),
            Some(_) => {}
        }
    }
    let gone = |read: &&ReadRow| !section.rows.iter().any(|row| row.path == read.path);
    rows.extend(reading.rows.iter().filter(gone).map(|read| row(&read.path, "gone")));
    const MANY: usize = 3;
    if rows.len() >= MANY && rows.len() >= reading.rows.len().max(section.rows.len()) {
        rows = vec![(DriftKind::TableReworded, None, heading.clone())];
    }
    found.extend(rows);
    found
}

/// Returns the places where a text differs from its reading: the beginnings of new paragraphs, only
/// the first of adjacent ones, or `None` once if no paragraph is new. A text is equal to its
/// reading if the words have the same order, or if the paragraphs are the same in any order.
pub(super) fn reworded_at<'a>(reading: &Reading, words: &'a Words) -> Vec<Option<&'a str>> {
    let mut read: Vec<&str> = reading.blocks.iter().map(String::as_str).collect();
    let mut now: Vec<&str> = words.blocks.iter().map(|block| block.digest.as_str()).collect();
    read.sort_unstable();
    now.sort_unstable();
    if same(reading.digest.as_deref(), words.digest.as_ref()) || (read == now && !now.is_empty()) {
        return Vec::new();
    }
    let new = |block: &Paragraph| !reading.blocks.iter().any(|it| it == block.digest.as_str());
    let runs = words.blocks.chunk_by(|a, b| new(a) == new(b)).filter_map(|run| run.first());
    let starts: Vec<_> =
        runs.filter(|block| new(block)).map(|block| Some(block.start.as_str())).collect();
    if starts.is_empty() { vec![None] } else { starts }
}

/// Whether the page has no words beside nullable types, because some renderings lose them.
pub(super) fn is_lossy(page: &Page) -> bool {
    !page.sections.iter().flat_map(|section| &section.rows).any(|row| row.after_null.is_some())
}

/// Returns the schema file about the members that all events share.
pub(super) fn around(set: &SchemaSet) -> Option<&CommonFile> {
    let file = RequiredFile::TypeEnvelope.path();
    set.model().common.iter().find(|common| common.file == file)
}

/// Returns the readings of the text outside the sections, oldest first.
pub(super) fn readings_around(common: &CommonFile) -> Vec<&Reading> {
    common.source.readings.iter().filter(|reading| reading.part == PagePart::Around).collect()
}
