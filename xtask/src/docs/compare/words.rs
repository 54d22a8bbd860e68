//! Compares the words of a page with those that somebody has read.

use spektr_codegen::SchemaSet;
use spektr_codegen::model::{Event, Part};
use spektr_doc_reader::{Member, Page};

use super::super::drift::{Drift, Kind};
use super::super::known::{self, Shape};
use super::super::members::Resolved;
use super::super::readings::{self, Reworded, RowChange};
use super::{Comparison, PAGE};

impl Comparison {
    /// Compares the words of an event's sections with those that were read; returns
    /// the headings of the sections that were.
    pub(super) fn sections<'p>(
        &mut self,
        page: &'p Page,
        name: &str,
        event: &Event,
        resolved: Option<&Resolved<'_, '_>>,
    ) -> Vec<&'p str> {
        let known: Vec<_> = readings::of(event, Part::Section).collect();
        let day = known.last().map_or("never read".to_owned(), |reading| {
            format!("last read on {}", reading.captured)
        });
        let own = page.sections.iter().filter(|it| it.events.iter().any(|event| event == name));
        let own: Vec<_> = own.collect();
        let mut read = Vec::new();
        if own.is_empty() && !known.is_empty() {
            self.push(Kind::SectionRemoved, &event.name, None, Some(&day), None);
        }
        let lossy = readings::is_lossy(page);
        for section in own {
            let heading = section.heading.as_str();
            if known.is_empty() {
                self.push(Kind::SectionAdded, &event.name, None, Some(&day), Some(heading));
                continue;
            }
            let differences = readings::reworded(section, &known, lossy);
            if differences.is_empty() {
                read.push(heading);
            }
            for difference in differences {
                let mut say = |kind, path: Option<&str>, now: Option<&str>| {
                    self.push(kind, &event.name, path, Some(&day), now);
                };
                match difference {
                    Reworded::Text(starts) if starts.is_empty() => {
                        say(Kind::SectionReworded, None, Some(heading));
                    }
                    Reworded::Text(starts) => {
                        for start in starts {
                            let now = format!("{heading} at \"{start}\"");
                            say(Kind::SectionReworded, None, Some(&now));
                        }
                    }
                    Reworded::Example => say(Kind::ExampleReworded, None, Some(heading)),
                    Reworded::Table => say(Kind::TableReworded, None, Some(heading)),
                    Reworded::Row(path, change) => {
                        let member = section.members.iter().find(|member| member.path == path);
                        let path = place_of(path, member, resolved);
                        say(Kind::MemberReworded, Some(&path), Some(change.as_str()));
                        if let (Some(member), Some(resolved)) = (member, resolved) {
                            self.values_removed(event, &path, resolved.shape(&path), member);
                        }
                    }
                }
            }
        }
        read
    }

    /// Compares what the page says around the events, and how it wraps them.
    pub(super) fn around(&mut self, page: &Page, set: &SchemaSet) {
        if let (Some(batch), Some(was)) = (&page.batch, known::batch_member(set))
            && batch.member != was
        {
            self.push(Kind::BatchMemberChanged, PAGE, None, Some(was), Some(&batch.member));
        }
        let Some(common) = readings::around(set) else { return };
        let known = readings::readings_around(common);
        let Some(last) = known.last() else {
            if !page.around.is_empty() {
                self.notes.push("nobody has read the text around the events yet".to_owned());
            }
            return;
        };
        if known.iter().any(|reading| readings::same_text(reading, &page.around)) {
            return;
        }
        let was = format!("last read on {}", last.captured);
        let starts = known.iter().map(|reading| readings::new_paragraphs(reading, &page.around));
        let starts = starts.min_by_key(Vec::len).unwrap_or_default();
        if starts.is_empty() {
            self.push(Kind::TextReworded, PAGE, None, Some(&was), None);
        }
        for start in starts {
            self.push(Kind::TextReworded, PAGE, None, Some(&was), Some(start));
        }
    }

    /// Says once that all rows of the table of events are reworded.
    pub(super) fn whole_table(&mut self, rows: usize) {
        const MANY: usize = 3;
        let reworded = |drift: &&Drift| drift.kind == Kind::RowReworded;
        let count = self.drift.iter().filter(reworded).count();
        let Some(was) = self.drift.iter().find(reworded).and_then(|drift| drift.was.clone()) else {
            return;
        };
        if count >= MANY && count == rows {
            self.drift.retain(|drift| drift.kind != Kind::RowReworded);
            self.push(Kind::TableReworded, PAGE, None, Some(&was), Some("events"));
        }
    }

    /// Reports the known values that a reworded row does not quote any more, where it
    /// still quotes others.
    fn values_removed(&mut self, event: &Event, path: &str, shape: Option<&Shape>, row: &Member) {
        let Some(known) = shape.and_then(|shape| shape.values.as_ref()) else { return };
        if known.iter().any(|value| row.quoted.contains(value)) {
            for value in known.iter().filter(|value| !row.quoted.contains(value)) {
                self.push(Kind::ValueRemoved, &event.name, Some(path), Some(value), None);
            }
        }
    }
}

/// Returns the schema's path of the member in a row, as far as it is known.
fn place_of(path: &str, member: Option<&Member>, resolved: Option<&Resolved<'_, '_>>) -> String {
    let effective = member.map_or(path, |member| member.effective_path());
    let place = resolved.and_then(|resolved| resolved.path_of(effective));
    place.unwrap_or(effective).to_owned()
}

impl RowChange {
    const fn as_str(self) -> &'static str {
        match self {
            RowChange::Reworded => "reworded",
            RowChange::New => "new",
            RowChange::Gone => "gone",
        }
    }
}
