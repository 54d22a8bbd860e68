//! The purpose of a reconciliation's walk: stores the entries that are missing.
//!
//! Invariant: when the watermark moves to a time, every entry that was listed as created up to
//! that time is durable.

use spektr_types::{Event, Timestamp};

use super::error::ReconcileError;
use super::walk::{Course, Purpose};
use super::{ReconcilerInner, Summary};
use crate::clock::before;
use crate::decode::decode;
use crate::metrics::type_label;
use crate::store::{Acceptance, NewEntry, accept_patiently};

/// Stores the entries that a walk reads, and moves the watermark.
pub(super) struct Fetch<'a> {
    inner: &'a ReconcilerInner,
    /// The watermark in the store.
    watermark: Option<Timestamp>,
    progress: &'a mut (dyn FnMut(&Summary) + Send),
    tally: FetchCounts,
}

/// The outcomes of the entries.
#[derive(Clone, Copy, Default)]
struct FetchCounts {
    seen: u64,
    new: u64,
    duplicates: u64,
    conflicts: u64,
    malformed: u64,
    unknown: u64,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(
        inner: &'a ReconcilerInner,
        watermark: Option<Timestamp>,
        progress: &'a mut (dyn FnMut(&Summary) + Send),
    ) -> Self {
        Self { inner, watermark, progress, tally: FetchCounts::default() }
    }

    pub(super) fn summary(&self, course: &Course) -> Summary {
        let FetchCounts { seen, new, duplicates, conflicts, malformed, unknown } = self.tally;
        let Course { since, until, position, requests, shifts } = *course;
        Summary {
            since,
            until,
            position,
            seen,
            new,
            duplicates,
            conflicts,
            malformed,
            unknown,
            requests,
            shifts,
        }
    }

    async fn save(&mut self, watermark: Timestamp) -> Result<(), ReconcileError> {
        self.inner.set_watermark(watermark).await?;
        self.watermark = Some(watermark);
        Ok(())
    }
}

impl Purpose for Fetch<'_> {
    async fn begin(&mut self, course: &Course) -> Result<(), ReconcileError> {
        // Moving the watermark back is saved first, so that it survives a kill as well.
        if self.watermark != Some(course.since) {
            self.save(course.since).await?;
        }
        Ok(())
    }

    async fn take(
        &mut self,
        entries: Vec<NewEntry>,
        course: &Course,
    ) -> Result<u64, ReconcileError> {
        let (tally, metrics) = (&mut self.tally, &self.inner.metrics);
        let source = &*self.inner.source;
        let arrived: Vec<_> = entries
            .iter()
            .map(|entry| (entry.raw.clone(), type_label(entry.wire_type.as_deref())))
            .collect();
        let before = tally.new;
        let accepted = accept_patiently(&*self.inner.store, entries).await?;
        for (acceptance, (raw, event_type)) in accepted.into_iter().zip(arrived) {
            tally.seen += 1;
            match acceptance {
                Acceptance::Duplicate => {
                    tally.duplicates += 1;
                    continue;
                }
                Acceptance::Stored(_) => metrics.accepted(source, event_type),
                Acceptance::Conflict(number) => {
                    tally.conflicts += 1;
                    metrics.conflict(source, event_type);
                    tracing::warn!(number, "an id was there with another content");
                }
            }
            tally.new += 1;
            metrics.missed(source, event_type);
            match decode(&raw) {
                Err(_) => tally.malformed += 1,
                Ok(Event::Unknown(_)) => tally.unknown += 1,
                Ok(_) => {}
            }
        }
        let new = tally.new - before;
        let summary = self.summary(course);
        (self.progress)(&summary);
        Ok(new)
    }

    async fn reach(&mut self, course: &Course) -> Result<(), ReconcileError> {
        // An entry created in the overlap may appear in the list only later.
        let certain = before(course.until, self.inner.overlap).max(course.since);
        let watermark = course.position.min(certain);
        if self.watermark < Some(watermark) {
            self.save(watermark).await?;
        }
        Ok(())
    }
}
