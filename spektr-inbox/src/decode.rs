//! Decodes an entry from the bytes that the store has kept.

use spektr_types::{Entry, EntryError, Event};

/// The reason why an entry cannot be decoded.
pub(crate) struct Undecodable {
    pub(crate) reason: String,
    /// Whether the entry is valid UTF-8 nevertheless.
    pub(crate) is_text: bool,
}

/// Decodes an entry: for workers, for reconciliation, and for operators who decode again.
pub(crate) fn decode(raw: &[u8]) -> Result<Event, Undecodable> {
    let failed = |reason| Undecodable { reason, is_text: true };
    let text = std::str::from_utf8(raw)
        .map_err(|_| Undecodable { reason: "the entry is not UTF-8".to_owned(), is_text: false })?;
    let entry = Entry::from_json(text).map_err(|error| failed(error.to_string()))?;
    entry.decode().map_err(|error: EntryError| failed(error.to_string()))
}
