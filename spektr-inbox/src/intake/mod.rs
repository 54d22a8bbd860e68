//! From an authentic delivery to the entries that are stored.
//!
//! Only heads are read here. Typed decoding is the worker's, so that nothing
//! about a payload can be in the way of the acknowledgement.
//!
//! Entries of a source are the same event if their ids are equal, and have the
//! same content if end-user, wire type and payload are. Not compared are the
//! envelope, `delivered`, white space, the order and the spelling of members, the
//! queries of URLs in `files`, which hold signatures, and whether a member stands
//! beside `data` or in it. An entry without an id is compared as a whole but for
//! `delivered`; a body that cannot be split, byte for byte.

mod content;

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use spektr_types::{BodyError, Entry, Timestamp};
use spektr_verify::Verified;

use crate::hex;
use crate::store::{NewEntry, State};

/// The longest event id by which entries are deduplicated, in bytes.
pub const MAX_ID_LENGTH: usize = 512;

/// What a delivery holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct Intake {
    /// The entries to be stored.
    pub entries: Vec<NewEntry>,
    /// Why the body could not be split, if so: it is then the one entry.
    pub unreadable: Option<BodyError>,
}

/// Makes entries of a delivery: one for each of the batch, or one that is the
/// whole body where it cannot be split.
///
/// `source` names where deliveries come from, so that the same id in the sandbox
/// and in production is not the same event.
#[must_use]
pub fn intake(source: &Arc<str>, delivery: &Verified<Bytes>, received_at: Timestamp) -> Intake {
    match delivery.entries() {
        Ok(entries) => {
            let body = delivery.clone().into_body();
            let entry = |entry: &Entry<'_>| {
                let raw = body.slice_ref(entry.raw().as_bytes());
                new_entry(source, entry, raw, received_at)
            };
            Intake { entries: entries.iter().map(entry).collect(), unreadable: None }
        }
        Err(error) => {
            let body = delivery.clone().into_body();
            Intake { entries: vec![unreadable(source, body, received_at)], unreadable: Some(error) }
        }
    }
}

/// Makes an entry of what an earlier one has kept, to move it to another store.
#[must_use]
pub fn reread(source: &Arc<str>, raw: Bytes, state: State, received_at: Timestamp) -> NewEntry {
    let text = std::str::from_utf8(&raw).ok().filter(|_| state != State::Unreadable);
    let entry = text.and_then(|text| Entry::from_json(text).ok());
    let new = match &entry {
        Some(entry) => new_entry(source, entry, raw.clone(), received_at),
        None => unreadable(source, raw.clone(), received_at),
    };
    // What cannot be read stays what it is, whatever it is said to be.
    if new.state == State::Unreadable { new } else { NewEntry { state, ..new } }
}

fn new_entry(source: &Arc<str>, entry: &Entry<'_>, raw: Bytes, received_at: Timestamp) -> NewEntry {
    let id = entry.id().filter(|id| !id.is_empty());
    let key = match &id {
        Some(id) if id.len() <= MAX_ID_LENGTH => format!("id:{id}"),
        _ => format!("hash:{}", hex::encode(&content::whole(entry))),
    };
    NewEntry {
        source: Arc::clone(source),
        key,
        content: content::payload(entry),
        id: id.map(Into::into),
        spektr_id: entry.spektr_id().map(Into::into),
        wire_type: entry.wire_type().map(Into::into),
        created_at: entry.created_at(),
        received_at,
        state: State::Pending,
        raw,
    }
}

fn unreadable(source: &Arc<str>, body: Bytes, received_at: Timestamp) -> NewEntry {
    let digest: [u8; 32] = Sha256::digest(&body).into();
    NewEntry {
        source: Arc::clone(source),
        key: format!("body:{}", hex::encode(&digest)),
        content: digest,
        id: None,
        spektr_id: None,
        wire_type: None,
        created_at: None,
        received_at,
        state: State::Unreadable,
        raw: body,
    }
}
