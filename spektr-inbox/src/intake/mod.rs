//! From an authentic delivery to the entries that are stored.
//!
//! Only heads are read here. Typed decoding is the worker's, so that nothing
//! about a payload can be in the way of the acknowledgement.
//!
//! [`Entries::parse`] tells a batch from an event. Members of a batch beside
//! `results` are not stored if any of its entries has a wire type. If none has, the
//! body may be something else that has a list of this name, and is kept whole, as
//! a body that cannot be split.
//!
//! Entries of a source are the same event if their ids are equal, and have the
//! same content if end-user, wire type and payload are. Not compared are the
//! envelope, `delivered`, white space, the order and the spelling of members, the
//! queries of URLs in `files`, which hold signatures, and whether a member stands
//! beside `data` or in it, unless there is one of its name in both. An entry without an id is compared as a whole but for
//! `delivered`; a body that cannot be split, byte for byte.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use spektr_types::{BodyError, Entries, Entry, Timestamp};
use spektr_verify::Verified;

pub use crate::content::MAX_ID_LENGTH;
use crate::content::{self, body_key, event_key};
use crate::store::{Acceptance, NewEntry, State};

/// Where deliveries come from, unless a receiver or a reconciler is told otherwise.
pub const DEFAULT_SOURCE: &str = "spektr";

/// What a delivery holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct Intake {
    /// The entries to be stored.
    pub entries: Vec<NewEntry>,
    /// Why the body is kept whole, if so: it is then the one entry.
    pub unreadable: Option<Unreadable>,
}

/// Why a body is kept whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// It cannot be split.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It has a list `results` and other members, and nothing in the list is an
    /// event.
    #[error("the body has `results` without any event, and members beside them")]
    NoBatch,
}

/// Returns how many bytes of memory [`intake`] takes for a delivery until it is stored,
/// without those of the body that it shares: the entries, their texts, and what the store
/// says of each.
pub(crate) fn size(delivery: &Verified<Bytes>) -> usize {
    /// What an allocation takes, with what the allocator keeps beside it.
    const fn allocated(bytes: usize) -> usize {
        if bytes == 0 { 0 } else { bytes.next_multiple_of(16) + 16 }
    }
    const EACH: usize = size_of::<NewEntry>() + size_of::<Acceptance>();
    /// The keys of what has no id, which are hashes.
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

/// Makes entries of a delivery: one for each of the batch, or one that is the
/// whole body where it cannot be split.
///
/// `source` names where deliveries come from, so that the same id in the sandbox
/// and in production is not the same event.
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

/// Makes the entries of a page of the sender's list, which has members beside
/// `results`; none if it is no batch.
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

/// Makes an entry of what an earlier one has kept, to move it to another store.
#[must_use]
pub fn reread(source: &Arc<str>, raw: Bytes, state: State, received_at: Timestamp) -> NewEntry {
    let text = std::str::from_utf8(&raw).ok().filter(|_| state != State::Unreadable);
    let entry = text.and_then(|text| Entry::from_json(text).ok());
    let new = match &entry {
        Some(entry) => new_entry(source, entry, raw.clone(), received_at),
        None => unreadable(source, raw.clone(), received_at),
    };
    // What cannot be read stays what it is, whatever it is said to be, but for what was
    // dealt with by hand.
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
    }
}
