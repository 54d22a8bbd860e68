//! Export and import: one JSON object a line.
//!
//! `{"id":"e1","type":"alert_resolved","state":"done","createdAt":1672531198000,
//! "receivedAt":1672531199000,"source":"spektr","raw":"{…}"}`: the raw JSON as a
//! string, byte for byte. A body that is not UTF-8 has `"rawEncoding":"base64"`.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use spektr_types::Timestamp;
use thiserror::Error;

use super::{PAGE, STEP};
use crate::intake::reread;
use crate::store::{
    Acceptance, Filter, NewEntry, State, Store, StoreError, StoredEntry, accept_patiently,
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
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    id: Option<Cow<'a, str>>,
    #[serde(rename = "type")]
    wire_type: Option<Cow<'a, str>>,
    state: Cow<'a, str>,
    /// For readers; an import takes it from the raw JSON, as it does id and type.
    #[serde(skip_deserializing)]
    created_at: Option<Timestamp>,
    received_at: Timestamp,
    #[serde(default = "default_source")]
    source: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw_encoding: Option<Cow<'a, str>>,
    raw: Cow<'a, str>,
}

fn default_source() -> Cow<'static, str> {
    Cow::Borrowed(crate::Receiver::DEFAULT_SOURCE)
}

/// Writes entries, one a line, in the order of arrival. Returns how many it were.
///
/// The lines hold everything that arrived: treat the file like the store.
///
/// # Errors
///
/// - [`TransferError::Store`], [`TransferError::Io`]
pub async fn export(
    store: &dyn Store,
    filter: &Filter,
    mut to: impl Write,
    mut progress: impl FnMut(u64),
) -> Result<u64, TransferError> {
    let (mut count, mut last) = (0, 0);
    loop {
        let page = store.list(filter.clone(), last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        for entry in &page {
            serde_json::to_writer(&mut to, &line(entry)).map_err(io::Error::from)?;
            to.write_all(b"\n")?;
            count += 1;
        }
        progress(count);
    }
    to.flush()?;
    Ok(count)
}

fn line(entry: &StoredEntry) -> Line<'_> {
    let (raw, raw_encoding) = match std::str::from_utf8(&entry.raw) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(_) => (Base64::encode_string(&entry.raw).into(), Some("base64".into())),
    };
    Line {
        id: entry.id.as_deref().map(Cow::Borrowed),
        wire_type: entry.wire_type.as_deref().map(Cow::Borrowed),
        state: entry.state.as_str().into(),
        created_at: entry.created_at,
        received_at: entry.received_at,
        source: entry.source.as_str().into(),
        raw_encoding,
        raw,
    }
}

/// Reads what [`export`] wrote into a store. Returns how many entries were new,
/// and how many were there already.
///
/// Entries keep their state and the time of their arrival. Ids and types are read
/// from the raw JSON again.
///
/// # Errors
///
/// - [`TransferError::Line`]: lines before it may be stored; to import the mended
///   file again does no harm
/// - [`TransferError::Store`], [`TransferError::Io`]
pub async fn import(
    store: &dyn Store,
    mut from: impl BufRead,
    mut progress: impl FnMut(u64),
) -> Result<(u64, u64), TransferError> {
    let (mut new, mut known, mut number) = (0, 0, 0);
    let mut text = String::new();
    let mut more = true;
    while more {
        let mut entries = Vec::new();
        let mut bytes = 0;
        while entries.len() < STEP && bytes < STEP_BYTES {
            text.clear();
            if from.read_line(&mut text)? == 0 {
                more = false;
                break;
            }
            number += 1;
            if !text.trim().is_empty() {
                let entry = parse(&text)
                    .map_err(|problem| TransferError::Line { line: number, problem })?;
                bytes += entry.raw.len();
                entries.push(entry);
            }
        }
        for acceptance in accept_patiently(store, entries).await? {
            match acceptance {
                Acceptance::Duplicate => known += 1,
                Acceptance::Stored(_) | Acceptance::Conflict(_) => new += 1,
            }
        }
        progress(new + known);
    }
    Ok((new, known))
}

fn parse(text: &str) -> Result<NewEntry, ImportProblem> {
    let line: Line<'_> = serde_json::from_str(text).map_err(|_| ImportProblem::NotExported)?;
    let state: State = line.state.parse().map_err(|_| ImportProblem::State)?;
    let raw = match line.raw_encoding.as_deref() {
        None => line.raw.into_owned().into_bytes(),
        Some("base64") => Base64::decode_vec(&line.raw).map_err(|_| ImportProblem::Encoding)?,
        Some(_) => return Err(ImportProblem::Encoding),
    };
    Ok(reread(&Arc::from(line.source.as_ref()), Bytes::from(raw), state, line.received_at))
}
