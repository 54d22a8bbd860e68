//! What somebody has read of the documentation, version by version, and which
//! version a page is.
//!
//! A schema file records a digest of every part that was read. A page whose parts
//! have these digests has been read; words that were never read are reported,
//! whatever they say.

use spektr_codegen::model::{Event, Part, Reading};
use spektr_codegen::{Required, SchemaSet};
use spektr_doc_reader::{Digest, EventRow, Page};

use super::known;

/// The versions of the documentation that the schema follows.
pub(super) struct Editions<'s> {
    /// Name and day of each version that has rows, oldest first.
    all: Vec<(&'s str, &'s str)>,
    /// The one that the page is, or is nearest to.
    pub(super) current: Option<&'s str>,
}

impl<'s> Editions<'s> {
    /// Finds the version that has most of the page's rows; of equal ones, the last.
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

    /// Whether the page's version lists the event. Without readings, any lists all.
    pub(super) fn lists(&self, event: &'s Event) -> bool {
        self.row(event).is_some() || rows(event).next().is_none()
    }

    /// Whether only later versions list the event.
    pub(super) fn is_newer(&self, event: &'s Event) -> bool {
        let at = |wanted: &str| self.all.iter().position(|(version, _)| *version == wanted);
        let first = rows(event).filter_map(|row| at(&row.version)).min();
        first > self.current.and_then(at)
    }

    /// Whether a reading is of a later version than the page.
    pub(super) fn is_later(&self, reading: &Reading) -> bool {
        let at = |wanted: &str| self.all.iter().position(|(version, _)| *version == wanted);
        at(&reading.version) > self.current.and_then(at)
    }
}

pub(super) fn rows(event: &Event) -> impl DoubleEndedIterator<Item = &Reading> {
    of(event, Part::Row)
}

pub(super) fn of(event: &Event, part: Part) -> impl DoubleEndedIterator<Item = &Reading> {
    event.source.readings.iter().filter(move |reading| reading.part == part)
}

/// Whether a row is as it was read.
fn says(reading: &Reading, row: &EventRow) -> bool {
    same(reading.digest.as_deref(), row.digest.as_ref())
        && reading.status.and_then(known::status) == row.status
}

/// Whether words have been read: the same, or none then and now.
pub(super) fn same(read: Option<&str>, now: Option<&Digest>) -> bool {
    read == now.map(Digest::as_str)
}

/// Whether the part that a page can have after a nullable type has been read, in
/// one of the readings. A rendering that loses it has nothing to compare.
pub(super) fn is_read(
    readings: &[&Reading],
    words: Option<&Digest>,
    after_null: Option<&Digest>,
) -> bool {
    readings.iter().any(|reading| {
        let lost = after_null.is_none() || same(reading.after_null.as_deref(), after_null);
        same(reading.digest.as_deref(), words) && lost
    })
}

/// What has been read of the text around the events: the file that says so, and
/// digest, day and version of each reading.
pub(super) struct Around<'s> {
    pub(super) file: &'s str,
    pub(super) readings: Vec<[&'s str; 3]>,
}

/// Finds the file that describes what all events share.
pub(super) fn around(set: &SchemaSet) -> Option<Around<'_>> {
    let envelope = Required::TypeEnvelope.path();
    let common = set.model().common.iter().find(|common| common.file == envelope)?;
    let readings = common.source.readings.iter();
    let readings = readings.filter(|reading| reading.part == Part::Around).map(|reading| {
        [reading.digest.as_deref().unwrap_or_default(), &reading.captured, &reading.version]
    });
    Some(Around { file: &common.file, readings: readings.collect() })
}
