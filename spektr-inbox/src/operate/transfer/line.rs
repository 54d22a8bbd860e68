//! The lines of an export, as JSON.

use std::borrow::Cow;
use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use spektr_types::Timestamp;

use super::ImportProblem;
use crate::hex;
use crate::intake::{DEFAULT_SOURCE, reread};
use crate::store::{Attempt, Imported, Recorded, Rejected, State, StoredEntry, Tombstone};

/// A line to be written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ExportLine<'a> {
    Entry(EntryLine<'a>),
    Other(OtherLine<'a>),
}

/// A line that was read.
pub(super) enum ImportedLine {
    Entry(Box<Imported>),
    Tombstone(Tombstone),
    Rejected(Rejected),
    Action(Recorded),
    Note(String, String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryLine<'a> {
    id: Option<Cow<'a, str>>,
    #[serde(rename = "type")]
    wire_type: Option<Cow<'a, str>>,
    state: Cow<'a, str>,
    /// For people who read the file. An import ignores it and reads the raw JSON.
    #[serde(skip_deserializing)]
    created_at: Option<Timestamp>,
    received_at: Timestamp,
    #[serde(default = "default_source")]
    source: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "is_default")]
    conflict: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<PastAttempt<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw_encoding: Option<Cow<'a, str>>,
    raw: Cow<'a, str>,
}

/// A past attempt.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PastAttempt<'a> {
    attempt: u32,
    began_at: Option<Timestamp>,
    ended_at: Timestamp,
    result: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(super) enum OtherLine<'a> {
    Tombstone {
        source_hash: String,
        key_hash: String,
        content: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spektr_hash: Option<String>,
        pruned_at: Timestamp,
    },
    Rejected {
        received_at: Timestamp,
        reason: Cow<'a, str>,
        /// Pairs of name and value; the value is in hexadecimal digits.
        headers: Vec<(Cow<'a, str>, String)>,
        /// Base64.
        body: String,
    },
    Action {
        at: Timestamp,
        actor: Cow<'a, str>,
        action: Cow<'a, str>,
        filter: Option<Cow<'a, str>>,
        affected: u64,
        details: Option<Cow<'a, str>>,
    },
    Note {
        name: Cow<'a, str>,
        text: Cow<'a, str>,
    },
}

fn default_source() -> Cow<'static, str> {
    Cow::Borrowed(DEFAULT_SOURCE)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn borrowed(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

impl<'a> ExportLine<'a> {
    pub(super) fn entry(entry: &'a StoredEntry, history: &'a [Attempt]) -> Self {
        let (raw, raw_encoding) = match std::str::from_utf8(&entry.raw) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(_) => (Base64::encode_string(&entry.raw).into(), Some("base64".into())),
        };
        let is_put_off = entry.state == State::Pending && entry.due_at != entry.received_at;
        Self::Entry(EntryLine {
            id: borrowed(&entry.id),
            wire_type: borrowed(&entry.wire_type),
            state: entry.state.as_str().into(),
            created_at: entry.created_at,
            received_at: entry.received_at,
            source: entry.source.as_str().into(),
            conflict: entry.conflict,
            attempts: entry.attempts,
            due_at: Some(entry.due_at).filter(|_| is_put_off),
            reason: borrowed(&entry.reason),
            history: history.iter().map(PastAttempt::new).collect(),
            raw_encoding,
            raw,
        })
    }

    pub(super) fn tombstone(one: &Tombstone) -> Self {
        Self::Other(OtherLine::Tombstone {
            source_hash: hex::encode(&one.source_hash),
            key_hash: hex::encode(&one.key_hash),
            content: hex::encode(&one.content),
            spektr_hash: one.spektr_hash.as_deref().map(hex::encode),
            pruned_at: one.pruned_at,
        })
    }

    pub(super) fn rejected(one: &'a Rejected) -> Self {
        let headers = one.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str().into(), hex::encode(value)));
        Self::Other(OtherLine::Rejected {
            received_at: one.received_at,
            reason: one.reason.as_str().into(),
            headers: headers.collect(),
            body: Base64::encode_string(&one.body),
        })
    }

    pub(super) fn action(one: &'a Recorded) -> Self {
        Self::Other(OtherLine::Action {
            at: one.at,
            actor: one.actor.as_str().into(),
            action: one.action.as_str().into(),
            filter: borrowed(&one.filter),
            affected: one.affected,
            details: borrowed(&one.details),
        })
    }

    pub(super) fn note(name: &'a str, text: &'a str) -> Self {
        Self::Other(OtherLine::Note { name: name.into(), text: text.into() })
    }
}

impl<'a> PastAttempt<'a> {
    fn new(attempt: &'a Attempt) -> Self {
        Self {
            attempt: attempt.attempt,
            began_at: attempt.began_at,
            ended_at: attempt.ended_at,
            result: attempt.result.as_str().into(),
            status: attempt.status,
        }
    }

    fn attempt(self) -> Attempt {
        Attempt {
            attempt: self.attempt,
            began_at: self.began_at,
            ended_at: self.ended_at,
            result: self.result.into_owned(),
            status: self.status,
        }
    }
}

/// Reads a line.
pub(super) fn parse(text: &str) -> Result<ImportedLine, ImportProblem> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow, default)]
        kind: Option<Cow<'a, str>>,
    }
    let not_exported = |_| ImportProblem::NotExported;
    let head: Head<'_> = serde_json::from_str(text).map_err(not_exported)?;
    match head.kind.as_deref() {
        None => entry(serde_json::from_str(text).map_err(not_exported)?),
        Some("tombstone" | "rejected" | "action" | "note") => {
            other(serde_json::from_str(text).map_err(not_exported)?)
        }
        Some(_) => Err(ImportProblem::Kind),
    }
}

fn entry(line: EntryLine<'_>) -> Result<ImportedLine, ImportProblem> {
    let state: State = line.state.parse().map_err(|_| ImportProblem::State)?;
    let raw = match line.raw_encoding.as_deref() {
        None => line.raw.into_owned().into_bytes(),
        Some("base64") => Base64::decode_vec(&line.raw).map_err(|_| ImportProblem::Encoding)?,
        Some(_) => return Err(ImportProblem::Encoding),
    };
    let source = Arc::from(line.source.as_ref());
    Ok(ImportedLine::Entry(Box::new(Imported {
        entry: reread(&source, Bytes::from(raw), state, line.received_at),
        conflict: line.conflict,
        attempts: line.attempts,
        due_at: line.due_at,
        reason: line.reason.map(Cow::into_owned),
        history: line.history.into_iter().map(PastAttempt::attempt).collect(),
    })))
}

fn other(kind: OtherLine<'_>) -> Result<ImportedLine, ImportProblem> {
    let decode = |digits: &str| hex::decode(digits).ok_or(ImportProblem::Encoding);
    let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
    Ok(match kind {
        OtherLine::Tombstone { source_hash, key_hash, content, spektr_hash, pruned_at } => {
            ImportedLine::Tombstone(Tombstone {
                source_hash: decode(&source_hash)?,
                key_hash: decode(&key_hash)?,
                content: decode(&content)?,
                spektr_hash: spektr_hash.as_deref().map(decode).transpose()?,
                pruned_at,
            })
        }
        OtherLine::Rejected { received_at, reason, headers, body } => {
            let header =
                |(name, value): (Cow<'_, str>, String)| Ok((name.into_owned(), decode(&value)?));
            let headers = headers.into_iter().map(header).collect::<Result<_, _>>()?;
            let body = Base64::decode_vec(&body).map_err(|_| ImportProblem::Encoding)?;
            let body = Bytes::from(body);
            ImportedLine::Rejected(Rejected {
                received_at,
                reason: reason.into_owned(),
                headers,
                body,
            })
        }
        OtherLine::Action { at, actor, action, filter, affected, details } => {
            ImportedLine::Action(Recorded {
                number: 0,
                at,
                actor: actor.into_owned(),
                action: action.into_owned(),
                filter: owned(filter),
                affected,
                details: owned(details),
            })
        }
        OtherLine::Note { name, text } => ImportedLine::Note(name.into_owned(), text.into_owned()),
    })
}
