//! Turns an authentic delivery into the entries to store.
//!
//! Intake reads only the heads of entries. Workers decode the payloads, so that no payload can
//! prevent the acknowledgement.
//!
//! [`Entries::parse`] tells a batch from an event. If any entry of a batch has a wire type, the
//! members beside `results` are not stored. If none has, the body may be another kind of object
//! with a list `results`, so it is kept whole, like a body that cannot be split.
//!
//! Entries of a source are the same event if their ids are equal. They have the same content if
//! spektr id, wire type and payload are equal. The comparison ignores the envelope,
//! `delivered`, white space, the order of members and their JSON escapes. It ignores the
//! queries of URLs in `files`, which contain signatures. It ignores whether a member is beside
//! `data` or in it, unless both places have a member of that name. An entry without an id is
//! compared as a whole except `delivered`; a body that cannot be split, byte for byte.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use spektr_types::{BodyError, Entries, Entry, Timestamp};
use spektr_verify::Verified;

pub use crate::content::MAX_ID_LENGTH;
use crate::content::{self, body_key, event_key};
use crate::store::{Acceptance, NewEntry, State};

/// The source of deliveries, unless a receiver or a reconciler is given another name.
pub const DEFAULT_SOURCE: &str = "spektr";

/// The content of a delivery.
#[derive(Debug)]
#[non_exhaustive]
pub struct Intake {
    /// The entries to be stored.
    pub entries: Vec<NewEntry>,
    /// Why the body is kept whole, if it is; `entries` then has one entry with the whole body.
    pub unreadable: Option<Unreadable>,
}

/// Why a body is kept whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The body cannot be split.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The body has a list `results` without any event, and other members beside the list.
    #[error("the body has `results` without any event, and members beside them")]
    NoBatch,
}

/// Returns how many bytes of memory [`intake`] takes for a delivery until the delivery is
/// stored: the entries, their texts, and the store's outcome for each. The bytes of the body
/// are not included, because the entries share them.
pub(crate) fn size(delivery: &Verified<Bytes>) -> usize {
    /// Returns the size of an allocation, including the allocator's own data.
    const fn allocated(bytes: usize) -> usize {
        if bytes == 0 { 0 } else { bytes.next_multiple_of(16) + 16 }
    }
    const EACH: usize = size_of::<NewEntry>() + size_of::<Acceptance>();
    /// The length of the key of an entry without an id: such keys are hashes.
    const HASHED: usize = "hash:".len() + 64;
    let of = |text: Option<Cow<'_, str>>| text.map_or(0, |text| allocated(text.len()));
    let entry = |entry: &Entry<'_>| {
        let id = entry.id().map_or(0, |id| id.len());
        let key = if (1..=MAX_ID_LENGTH).contains(&id) { "id:".len() + id } else { HASHED };
        let texts = allocated(id) + of(entry.spektr_id()) + of(entry.wire_type());
        EACH + allocated(key) + texts
    };
    split(delivery).map_or(EACH + allocated(HASHED), |entries| entries.iter().map(entry).sum())
}

/// Makes entries of a delivery: one for each entry of the batch, or one for the whole body if
/// it cannot be split.
///
/// `source` names where deliveries come from, so that the same id in the sandbox and in
/// production is not the same event.
#[must_use]
pub fn intake(source: &Arc<str>, delivery: &Verified<Bytes>, received_at: Timestamp) -> Intake {
    let body = delivery.clone().into_body();
    match split(delivery) {
        Ok(entries) => {
            Intake { entries: all(source, &entries, &body, received_at), unreadable: None }
        }
        Err(error) => {
            Intake { entries: vec![unreadable(source, body, received_at)], unreadable: Some(error) }
        }
    }
}

fn split(delivery: &Verified<Bytes>) -> Result<Entries<'_>, Unreadable> {
    let entries = delivery.entries()?;
    let is_event = |entry: &Entry<'_>| entry.wire_type().is_some();
    if entries.iter().any(is_event) || entries.beside_results().is_empty() {
        Ok(entries)
    } else {
        Err(Unreadable::NoBatch)
    }
}

/// Makes the entries of a page of the sender's list, which has members beside `results`.
/// Returns `None` if the page is not a batch.
#[cfg(feature = "reconcile")]
pub(crate) fn intake_of_page(
    source: &Arc<str>,
    page: &Verified<Bytes>,
    received_at: Timestamp,
) -> Option<Vec<NewEntry>> {
    let entries = page.entries().ok().filter(Entries::is_batch)?;
    Some(all(source, &entries, &page.clone().into_body(), received_at))
}

fn all(
    source: &Arc<str>,
    entries: &Entries<'_>,
    body: &Bytes,
    received_at: Timestamp,
) -> Vec<NewEntry> {
    let entry = |entry: &Entry<'_>| {
        new_entry(source, entry, body.slice_ref(entry.raw().as_bytes()), received_at)
    };
    entries.iter().map(entry).collect()
}

/// Makes an entry from bytes that another store has kept, to move the entry to a new store.
#[must_use]
pub fn reread(source: &Arc<str>, raw: Bytes, state: State, received_at: Timestamp) -> NewEntry {
    let text = std::str::from_utf8(&raw).ok().filter(|_| state != State::Unreadable);
    let entry = text.and_then(|text| Entry::from_json(text).ok());
    let new = match &entry {
        Some(entry) => new_entry(source, entry, raw.clone(), received_at),
        None => unreadable(source, raw.clone(), received_at),
    };
    // Bytes that cannot be read stay unreadable whatever state the caller names, unless an
    // operator has resolved the entry by hand.
    let is_kept = new.state == State::Unreadable && state != State::Resolved;
    if is_kept { new } else { NewEntry { state, ..new } }
}

fn new_entry(source: &Arc<str>, entry: &Entry<'_>, raw: Bytes, received_at: Timestamp) -> NewEntry {
    let id = entry.id().filter(|id| !id.is_empty());
    NewEntry {
        source: Arc::clone(source),
        key: event_key(id.as_deref(), entry),
        content: content::payload(entry),
        id: id.map(Into::into),
        spektr_id: entry.spektr_id().map(Into::into),
        wire_type: entry.wire_type().map(Into::into),
        created_at: entry.created_at(),
        received_at,
        state: State::Pending,
        raw,
        trace: None,
    }
}

fn unreadable(source: &Arc<str>, body: Bytes, received_at: Timestamp) -> NewEntry {
    NewEntry {
        source: Arc::clone(source),
        key: body_key(&body),
        content: Sha256::digest(&body).into(),
        id: None,
        spektr_id: None,
        wire_type: None,
        created_at: None,
        received_at,
        state: State::Unreadable,
        raw: body,
        trace: None,
    }
}
