//! Export and import: one JSON object per line.
//!
//! `{"id":"e1","type":"alert_resolved","state":"done","createdAt":1672531198000,
//! "receivedAt":1672531199000,"source":"spektr","raw":"{…}"}`: `raw` is the raw JSON as a
//! string, byte for byte. An entry with a body that is not UTF-8 has `"rawEncoding":"base64"`.
//! The members `conflict`, `attempts`, `dueAt`, `reason` and `history` describe the outcome of
//! an entry and are left out if they are empty.
//!
//! An export of everything has further lines, with a member `kind`: `tombstone`, `rejected`,
//! `action`, and at the end `note`, which includes the watermarks. A pause belongs to one store
//! and is not exported.

mod line;

use std::io::{self, BufRead, Write};

use spektr_types::Timestamp;
use thiserror::Error;

use self::line::{ExportLine, ImportedLine};
use super::{PAGE, STEP};
use crate::store::{
    Acceptance, Action, Filter, Imported, Operator, PAUSED, Record, Recorded, Store, StoreError,
    Tombstone, WATERMARK,
};

/// The number of bytes of entries that an import step takes.
const STEP_BYTES: usize = 8 * 1024 * 1024;

/// The reason why an export or an import stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The file could not be read or written.
    #[error("the file could not be read or written")]
    Io(#[from] io::Error),
    /// A line does not have the form that an export writes.
    #[error("line {line} {problem}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// The problem with the line.
        problem: ImportProblem,
    },
}

/// A problem with a line of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImportProblem {
    /// The line is not a JSON object with the members of an export.
    #[error("is not a line of an export")]
    NotExported,
    /// The line has an unknown state.
    #[error("has an unknown state")]
    State,
    /// The line has an unknown `rawEncoding`, or `raw` does not have that encoding.
    #[error("has raw bytes that cannot be decoded")]
    Encoding,
    /// The line has a `kind` that only a newer version knows.
    #[error("is of a kind that this version does not know")]
    Kind,
}

/// Writes entries, one per line, in the order of arrival; with [`Filter::all`] it also writes
/// everything else in the store. Returns the number of entries.
///
/// The lines contain everything that arrived: protect the file like the store. Export while no
/// receiver and no reconciliation writes to the store: of an entry that arrives during the
/// export, the file may have only a part. The export is recorded as an action before the first
/// line is written, with the number of entries that match at that time.
///
/// # Errors
///
/// - [`TransferError::Store`], [`TransferError::Io`]
pub async fn export(
    store: &dyn Store,
    operator: &Operator,
    filter: &Filter,
    now: Timestamp,
    to: impl Write,
    progress: impl FnMut(u64),
) -> Result<u64, TransferError> {
    // Recorded first: even if this process ends early, some entries may have left the store.
    let count = store.count(filter.clone()).await?;
    store.record(operator.record(Action::Export, now).with_filter(filter), count).await?;
    write(store, filter, to, progress).await
}

async fn write(
    store: &dyn Store,
    filter: &Filter,
    mut to: impl Write,
    mut progress: impl FnMut(u64),
) -> Result<u64, TransferError> {
    let mut put = |line: &ExportLine<'_>| {
        serde_json::to_writer(&mut to, line).map_err(io::Error::from)?;
        to.write_all(b"\n")
    };
    // Notes are read before the entries: an entry that arrives meanwhile must not be behind an
    // exported watermark.
    let is_all = *filter == Filter::all();
    let notes = if is_all { store.notes().await? } else { Vec::new() };
    let (mut count, mut last) = (0, 0);
    loop {
        let page = store.list(filter.clone(), last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        for entry in &page {
            put(&ExportLine::entry(entry, &store.attempts(entry.number).await?))?;
            count += 1;
        }
        progress(count);
    }
    if is_all {
        let mut last = None;
        loop {
            let page = store.tombstones(last.take(), STEP).await?;
            page.iter().try_for_each(|one| put(&ExportLine::tombstone(one)))?;
            let Some(end) = page.into_iter().next_back() else { break };
            last = Some(end);
        }
        let mut last = 0;
        loop {
            let page = store.quarantined(last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last = end.number;
            page.iter().try_for_each(|one| put(&ExportLine::rejected(&one.rejected)))?;
        }
        let mut last = 0;
        loop {
            let page = store.actions(last, STEP).await?;
            let Some(end) = page.last() else { break };
            last = end.number;
            page.iter().try_for_each(|one| put(&ExportLine::action(one)))?;
        }
        // Notes come last, so that an import that stops early sets no watermark.
        let mut notes = notes.iter().filter(|(name, _)| name != PAUSED);
        notes.try_for_each(|(name, text)| put(&ExportLine::note(name, text)))?;
    }
    to.flush()?;
    Ok(count)
}

/// Reads the lines of an [`export`] into a store. Returns how many entries were new, and how
/// many were in the store already.
///
/// Entries keep their state, the time of their arrival, and their outcome. Ids and types are
/// read again from the raw JSON. Entries that were deleted from this store come back. Of two
/// watermarks, the store keeps the earlier one. The import neither pauses nor resumes this
/// store.
///
/// # Errors
///
/// - [`TransferError::Line`]: the lines before it may be stored; repair the file and import it
///   again, which changes nothing about entries that are stored
/// - [`TransferError::Store`], [`TransferError::Io`]
pub async fn import(
    store: &dyn Store,
    operator: &Operator,
    mut from: impl BufRead,
    now: Timestamp,
    mut progress: impl FnMut(u64),
) -> Result<(u64, u64), TransferError> {
    let record = operator.record(Action::Import, now);
    let mut step = ImportStep::default();
    let mut notes = Vec::new();
    let (mut new, mut known, mut number) = (0, 0, 0);
    let mut text = String::new();
    loop {
        text.clear();
        let is_end = from.read_line(&mut text)? == 0;
        if !is_end && !text.trim().is_empty() {
            let line = line::parse(&text)
                .map_err(|problem| TransferError::Line { line: number + 1, problem })?;
            match line {
                ImportedLine::Entry(entry) => step.add(*entry),
                ImportedLine::Tombstone(one) => step.tombstones.push(one),
                ImportedLine::Action(one) => step.actions.push(one),
                // No limit here: the exporting store has bounded its quarantine, and this store
                // bounds its own when it next rejects a delivery.
                ImportedLine::Rejected(one) => {
                    store.quarantine(one, i32::MAX as usize, i64::MAX as usize).await?;
                }
                // Earlier versions have exported the pause of the exporting store. Ignore it.
                ImportedLine::Note(name, _) if name == PAUSED => {}
                ImportedLine::Note(name, text) => notes.push((name, text)),
            }
        }
        number += 1;
        if is_end || step.is_full() {
            let (of_new, of_known) = step.apply(store, &record).await?;
            new += of_new;
            known += of_known;
            progress(new + known);
        }
        if is_end {
            break;
        }
    }
    for (name, text) in notes {
        let there = store.note(name.clone()).await?;
        if there.is_none_or(|there| is_earlier_watermark(&name, &text, &there)) {
            store.set_note(name, text).await?;
        }
    }
    Ok((new, known))
}

/// The lines that one step imports, each kind in its own transaction.
#[derive(Default)]
struct ImportStep {
    entries: Vec<Imported>,
    bytes: usize,
    tombstones: Vec<Tombstone>,
    actions: Vec<Recorded>,
}

impl ImportStep {
    fn add(&mut self, entry: Imported) {
        self.bytes += entry.entry.raw.len();
        self.entries.push(entry);
    }

    fn is_full(&self) -> bool {
        let most = self.entries.len().max(self.tombstones.len()).max(self.actions.len());
        most >= STEP || self.bytes >= STEP_BYTES
    }

    /// Stores the lines of the step. Returns how many entries were new and how many were known.
    async fn apply(
        &mut self,
        store: &dyn Store,
        record: &Record,
    ) -> Result<(u64, u64), StoreError> {
        let Self { entries, tombstones, actions, .. } = std::mem::take(self);
        let (mut new, mut known) = (0, 0);
        if !entries.is_empty() {
            for acceptance in store.import(entries, Some(record.clone())).await? {
                match acceptance {
                    Acceptance::Duplicate => known += 1,
                    Acceptance::Stored(_) | Acceptance::Conflict(_) => new += 1,
                }
            }
        }
        if !tombstones.is_empty() {
            store.bury(tombstones).await?;
        }
        if !actions.is_empty() {
            store.import_actions(actions).await?;
        }
        Ok((new, known))
    }
}

fn is_earlier_watermark(name: &str, text: &str, there: &str) -> bool {
    let millis = |text: &str| text.parse::<i64>().ok();
    name.starts_with(WATERMARK)
        && matches!((millis(text), millis(there)), (Some(one), Some(other)) if one < other)
}
