//! Export and import: one JSON object a line.
//!
//! `{"id":"e1","type":"alert_resolved","state":"done","createdAt":1672531198000,
//! "receivedAt":1672531199000,"source":"spektr","raw":"{…}"}`: the raw JSON as a
//! string, byte for byte. A body that is not UTF-8 has `"rawEncoding":"base64"`. The
//! outcome of an entry is in `conflict`, `attempts`, `dueAt`, `reason` and `history`,
//! which are left out if they are empty.
//!
//! An export of everything has further lines, which name their `kind`: `tombstone`,
//! `rejected`, `action`, and at the end `note`, among them the watermarks. A pause is the store's
//! own and is no part of it.

mod line;

use std::io::{self, BufRead, Write};

use spektr_types::Timestamp;
use thiserror::Error;

use self::line::{Line, Other};
use super::{PAGE, STEP};
use crate::store::{
    Acceptance, Action, Filter, Imported, Operator, PAUSED, Record, Recorded, Store, StoreError,
    Tombstone, WATERMARK,
};

/// How many bytes of entries are imported in a step.
const STEP_BYTES: usize = 8 * 1024 * 1024;

/// Why an export or an import stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The file could not be read or written.
    #[error("the file could not be read or written")]
    Io(#[from] io::Error),
    /// A line is not what an export writes.
    #[error("line {line} {problem}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: ImportProblem,
    },
}

/// What is wrong with a line of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImportProblem {
    /// It is no JSON object with the members of an export.
    #[error("is not of an export")]
    NotExported,
    /// Its state is not known.
    #[error("has an unknown state")]
    State,
    /// The encoding of its raw JSON is not known, or `raw` is not in it.
    #[error("has raw bytes that cannot be decoded")]
    Encoding,
    /// A newer version has written it.
    #[error("is of a kind that this version does not know")]
    Kind,
}

/// Writes entries, one a line, in the order of arrival, and with [`Filter::all`] everything
/// else that the store holds. Returns the number of entries.
///
/// The lines hold everything that arrived: treat the file like the store. Export a store
/// that nobody fills, or what arrives meanwhile may be in part. It is recorded before the first
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
    // What has left the store has left it, also if this process does not come to an end.
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
    let mut put = |line: &Line<'_>| {
        serde_json::to_writer(&mut to, line).map_err(io::Error::from)?;
        to.write_all(b"\n")
    };
    // Before the entries: what arrives meanwhile must not be behind a watermark.
    let is_all = *filter == Filter::all();
    let notes = if is_all { store.notes().await? } else { Vec::new() };
    let (mut count, mut last) = (0, 0);
    loop {
        let page = store.list(filter.clone(), last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        for entry in &page {
            put(&Line::entry(entry, &store.attempts(entry.number).await?))?;
            count += 1;
        }
        progress(count);
    }
    if is_all {
        let mut last = None;
        loop {
            let page = store.tombstones(last.take(), STEP).await?;
            page.iter().try_for_each(|one| put(&Line::tombstone(one)))?;
            let Some(end) = page.into_iter().next_back() else { break };
            last = Some(end);
        }
        let mut last = 0;
        loop {
            let page = store.quarantined(last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last = end.number;
            page.iter().try_for_each(|one| put(&Line::rejected(&one.rejected)))?;
        }
        let mut last = 0;
        loop {
            let page = store.actions(last, STEP).await?;
            let Some(end) = page.last() else { break };
            last = end.number;
            page.iter().try_for_each(|one| put(&Line::action(one)))?;
        }
        // At the end, so that an import that stops before has no watermark.
        let mut notes = notes.iter().filter(|(name, _)| name != PAUSED);
        notes.try_for_each(|(name, text)| put(&Line::note(name, text)))?;
    }
    to.flush()?;
    Ok(count)
}

/// Reads what [`export`] wrote into a store. Returns how many entries were new,
/// and how many were there already.
///
/// Entries keep their state, the time of their arrival and what became of them. Ids and
/// types are read from the raw JSON again. Entries come back that were deleted here. Of two
/// watermarks the earlier one holds. Whether this store is paused stays as it is.
///
/// # Errors
///
/// - [`TransferError::Line`]: lines before it may be stored; to import the mended
///   file again does no harm
/// - [`TransferError::Store`], [`TransferError::Io`]
pub async fn import(
    store: &dyn Store,
    operator: &Operator,
    mut from: impl BufRead,
    now: Timestamp,
    mut progress: impl FnMut(u64),
) -> Result<(u64, u64), TransferError> {
    let record = operator.record(Action::Import, now);
    let mut step = Step::default();
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
                Other::Entry(entry) => step.add(*entry),
                Other::Tombstone(one) => step.tombstones.push(one),
                Other::Action(one) => step.actions.push(one),
                // The quarantine of the file was bounded, and this one is when it is filled.
                Other::Rejected(one) => {
                    store.quarantine(one, i32::MAX as usize, i64::MAX as usize).await?;
                }
                // Earlier versions have exported it. Nobody has paused this store.
                Other::Note(name, _) if name == PAUSED => {}
                Other::Note(name, text) => notes.push((name, text)),
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

/// What is imported in a transaction each.
#[derive(Default)]
struct Step {
    entries: Vec<Imported>,
    bytes: usize,
    tombstones: Vec<Tombstone>,
    actions: Vec<Recorded>,
}

impl Step {
    fn add(&mut self, entry: Imported) {
        self.bytes += entry.entry.raw.len();
        self.entries.push(entry);
    }

    fn is_full(&self) -> bool {
        let most = self.entries.len().max(self.tombstones.len()).max(self.actions.len());
        most >= STEP || self.bytes >= STEP_BYTES
    }

    /// Stores what was read; returns how many entries were new and how many were known.
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
