//! Pairs the events of a page with those of the schema, and refuses a page that is not about them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use spektr_codegen::SchemaSet;
use spektr_codegen::model::{Event, PagePart, Reading};
use spektr_doc_reader::{EventRow, Page, RowWords, Section, letters};

use super::payload;
use super::readings::{self, Editions};
use super::scope::Scope;

/// The pairs of page events and schema events.
pub(super) struct EventPairs<'a>(Vec<(&'a EventRow, &'a Event)>);

impl<'a> EventPairs<'a> {
    pub(super) fn new(page: &'a Page, set: &'a SchemaSet, editions: &Editions<'a>) -> Self {
        let mut pairs = EventPairs::by_name(page, set);
        pairs.add_renamed(page, set, editions);
        pairs
    }

    fn by_name(page: &'a Page, set: &'a SchemaSet) -> Self {
        let model = set.model();
        let mut pairs = EventPairs(Vec::new());
        for row in &page.events {
            let exact = model.event(&row.name);
            let loose = || model.events.iter().find(|event| same_name(event, row));
            if let Some(event) = exact.or_else(loose).filter(|event| !pairs.has(event)) {
                pairs.0.push((row, event));
            }
        }
        pairs
    }

    /// Pairs each expected event that the page lacks with the most similar new event of the page.
    fn add_renamed(&mut self, page: &'a Page, set: &'a SchemaSet, editions: &Editions<'a>) {
        // A wire type that several events have proves nothing.
        let known = self.0.iter().flat_map(|(row, _)| page.sections_of(&row.name));
        let taken: BTreeSet<&String> = known.flat_map(|section| &section.wire_types).collect();
        let envelope = payload::envelope(set);
        // The evidence that a row renames an event, the strongest first, and the number of words
        // that both names share.
        let grounds = |at: usize, row: &EventRow, event: &'a Event| {
            let is_own = |wire_type: &String| {
                let known = |other: &String| other.eq_ignore_ascii_case(wire_type);
                event.wire_types.iter().any(known) && !taken.contains(wire_type)
            };
            let mut sections = page.sections_of(&row.name);
            let wire_type = sections.clone().flat_map(|it| &it.wire_types).any(is_own);
            let read = editions.row(event);
            let description =
                |read: &Reading| readings::same(read.digest.as_deref(), row.digest.as_ref());
            let described = row.digest.is_some() && read.is_some_and(description);
            let payload = sections.any(|section| {
                readings::of(event, PagePart::Section)
                    .any(|it| same_members(it, section, &envelope))
            });
            // The row is at the place where the event was read, and both names have the same first
            // word.
            let place = |row: &EventRow| self.of_row(row).and_then(|it| editions.row(it)?.place);
            let before = page.events[..at].iter().rev().find_map(place).unwrap_or(0);
            let after = page.events[at + 1..].iter().find_map(place).unwrap_or(u64::MAX);
            let [own, other] = [&event.name, &row.name].map(|it| it.to_ascii_uppercase());
            let placed = own.split('_').next() == other.split('_').next()
                && read.and_then(|it| it.place).is_some_and(|it| before < it && it < after);
            let words: BTreeSet<&str> = own.split('_').collect();
            let shared = other.split('_').collect::<BTreeSet<_>>().intersection(&words).count();
            ([wire_type, described, payload, placed], shared)
        };
        let mut likely = Vec::new();
        let new = page.events.iter().enumerate().filter(|(_, row)| self.of_row(row).is_none());
        for (at, row) in new {
            let removed = set.model().events.iter();
            for event in removed.filter(|event| !self.has(event) && editions.lists(event)) {
                let grounds = grounds(at, row, event);
                if grounds.0 != [false; 4] {
                    likely.push((grounds, row, event));
                }
            }
        }
        // The strongest evidence first; each event is paired once.
        likely.sort_by_key(|(grounds, ..)| Reverse(*grounds));
        for (_, row, event) in likely {
            if self.of_row(row).is_none() && !self.has(event) {
                self.0.push((row, event));
            }
        }
    }

    pub(super) fn of_row(&self, row: &EventRow) -> Option<&'a Event> {
        self.0.iter().find(|(known, _)| known.name == row.name).map(|(_, event)| *event)
    }

    pub(super) fn name_of(&self, event: &Event) -> Option<&'a str> {
        self.0.iter().find(|(_, known)| known.name == event.name).map(|(row, _)| row.name.as_str())
    }

    pub(super) fn has(&self, event: &Event) -> bool {
        self.0.iter().any(|(_, known)| known.name == event.name)
    }
}

/// Whether a section has most of the rows that were read for an event, apart from the members of
/// the envelopes.
fn same_members(read: &Reading, section: &Section, envelope: &BTreeSet<String>) -> bool {
    const FEW: usize = 4;
    let is_own = |path: &str| !envelope.contains(path);
    let known = read.rows.iter().filter(|row| is_own(&row.path)).count();
    let rows = section.rows.iter().filter(|row| is_own(&row.path));
    let is_known = |row: &&RowWords| {
        read.rows.iter().any(|it| it.path == row.path && it.digest == row.digest.as_str())
    };
    let (all, same) = (rows.clone().count().max(known), rows.filter(is_known).count());
    same >= FEW && 5 * same >= 4 * all
}

/// Whether a row names this event, by its name or by its wire type.
pub(super) fn same_name(event: &Event, row: &EventRow) -> bool {
    letters(&event.name) == letters(&row.name) || event.wire_types.canonical == row.name
}

/// Returns why a page cannot be compared: most differences would be noise, or it is another page.
pub(super) fn stranger(page: &Page, set: &SchemaSet, scope: &Scope) -> Option<String> {
    if let Some(why) = cut_table(page, set).filter(|_| *scope != Scope::Table) {
        return Some(why);
    }
    if let Scope::Event(name) = scope {
        let row = page.events.iter().any(|row| row.name == *name);
        let section = page.sections_of(name).next().is_some();
        return (!row && !section).then(|| format!("the page does not mention {name}"));
    }
    let editions = Editions::new(page, set);
    let expected = set.model().events.iter().filter(|event| editions.lists(event)).count();
    let found = EventPairs::by_name(page, set).0.len();
    let unknown = page.events.iter().all(|row| row.status.is_none());
    if 2 * found < expected {
        let all = page.events.len();
        return Some(format!(
            "the page lists only {found} of the {expected} expected events ({all} in all): check that it is the complete events page, or compare one event with `--only EVENT_NAME`"
        ));
    }
    (unknown && expected > 0).then(|| {
        "the page gives no event a known status: check that it is the events page".to_owned()
    })
}

/// Returns where the page is cut off within its last table, if it is. Copied text may show no other
/// sign of this: rows that were read are missing at the end, and the example still shows their
/// members.
fn cut_table(page: &Page, set: &SchemaSet) -> Option<String> {
    let section = page.sections.last().filter(|_| page.ends_in_members)?;
    let shown = |path: &str| {
        let ending = format!(".{path}");
        let members = section.example.iter().flat_map(|example| &example.members);
        members.into_iter().any(|it| it.path == path || it.path.ends_with(&ending))
    };
    let events = section.events.iter().filter_map(|name| set.model().event(name));
    let readings = events.flat_map(|event| readings::of(event, PagePart::Section));
    let missing = readings.filter_map(|reading| {
        let begun = section.rows.iter().zip(&reading.rows).all(|(row, read)| row.path == read.path);
        reading.rows.get(section.rows.len()).filter(|next| begun && shown(&next.path))
    });
    let next = missing.into_iter().next()?;
    Some(format!(
        "the page ends in the table of {}, before the row of {}, which its example still shows: save or copy the whole page again",
        section.heading, next.path
    ))
}
