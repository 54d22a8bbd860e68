//! Compares the text of a page with the text that somebody has read.

use spektr_codegen::model::{Event, PagePart};
use spektr_doc_reader::MemberRow;

use super::super::drift::{Drift, DriftKind};
use super::super::known::{self, MemberShape};
use super::super::members::ResolvedMembers;
use super::super::readings;
use super::{Comparison, PAGE};

impl<'c> Comparison<'c> {
    /// Compares the text of an event's sections with the recorded readings; returns the headings of
    /// the sections that have been read.
    pub(super) fn sections(
        &mut self,
        name: &str,
        event: &Event,
        resolved: Option<&ResolvedMembers<'_, '_>>,
    ) -> Vec<&'c str> {
        let page = self.page;
        let known: Vec<_> = readings::of(event, PagePart::Section).collect();
        let day = readings::day(known.last().copied());
        let mut read = Vec::new();
        if !known.is_empty() && page.sections_of(name).next().is_none() {
            self.push(DriftKind::SectionRemoved, &event.name, [None, Some(&day), None]);
        }
        let lossy = readings::is_lossy(page);
        for section in page.sections_of(name) {
            let heading = section.heading.as_str();
            if known.is_empty() {
                self.push(DriftKind::SectionAdded, &event.name, [None, Some(&day), Some(heading)]);
                continue;
            }
            let differences = readings::reworded(section, &known, lossy);
            if differences.is_empty() {
                read.push(heading);
            }
            for (kind, path, now) in differences {
                let member = section.members.iter().find(|it| path == Some(it.path.as_str()));
                let effective = member.map(|member| member.effective_path()).or(path);
                let shape = effective.and_then(|path| resolved?.of(path));
                let path = shape.map(|shape| shape.path.as_str()).or(effective);
                self.push(kind, &event.name, [path, Some(&day), Some(&now)]);
                if let (Some(shape), Some(member)) = (shape, member) {
                    self.values_removed(event, shape, member);
                }
            }
        }
        read
    }

    /// Compares the text outside the sections, and the wrapper of the events.
    pub(super) fn around(&mut self) {
        let page = self.page;
        if let (Some(batch), Some(was)) = (&page.batch, known::batch_member(self.set))
            && batch.member != was
        {
            self.push(DriftKind::BatchMemberChanged, PAGE, [None, Some(was), Some(&batch.member)]);
        }
        let Some(common) = readings::around(self.set) else { return };
        let known = readings::readings_around(common);
        if known.is_empty() && !page.around.is_empty() {
            self.note("the text outside the sections is not recorded as read".to_owned());
        }
        let was = readings::day(known.last().copied());
        let places = known.iter().map(|reading| readings::reworded_at(reading, &page.around));
        for start in places.min_by_key(Vec::len).unwrap_or_default() {
            self.push(DriftKind::TextReworded, PAGE, [None, Some(&was), start]);
        }
    }

    /// Replaces reports for all rows of the table of events by one report.
    pub(super) fn whole_table(&mut self) {
        const MANY: usize = 3;
        let reworded = |drift: &Drift| drift.kind == DriftKind::RowReworded;
        let rows = || self.report.drift.iter().filter(|drift| reworded(drift));
        let (count, was) = (rows().count(), rows().find_map(|it| it.was.clone()));
        if count >= MANY && count == self.page.events.len() {
            self.report.drift.retain(|drift| !reworded(drift));
            self.push(DriftKind::TableReworded, PAGE, [None, was.as_deref(), Some("events")]);
        }
    }

    /// Reports the known values that a reworded row no longer quotes, if it still quotes others.
    fn values_removed(&mut self, event: &Event, shape: &MemberShape, row: &MemberRow) {
        let known = shape.values.iter().flatten();
        if known.clone().any(|value| row.quoted.contains(value)) {
            for value in known.filter(|value| !row.quoted.contains(value)) {
                self.push(
                    DriftKind::ValueRemoved,
                    &event.name,
                    [Some(&shape.path), Some(value), None],
                );
            }
        }
    }
}
