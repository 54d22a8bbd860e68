//! What a deleted entry leaves behind.

use spektr_types::Timestamp;

use super::model::{FORMER_LENGTH, stored};
use super::operation::hash;
use super::{NewEntry, Presence};
use crate::content::{body_key, content_of};

/// The identity of a deleted entry, kept so that the entry is not stored again as new.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Tombstone {
    /// SHA-256 of the source.
    pub source_hash: Vec<u8>,
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    /// The content hash of the entry as it was stored.
    pub content: Vec<u8>,
    /// SHA-256 of the spektr id, if the entry had one. An erasure finds the tombstone by it.
    pub spektr_hash: Option<Vec<u8>>,
    /// When the entry was deleted.
    pub pruned_at: Timestamp,
}

impl Tombstone {
    /// Makes the tombstone of an entry that is deleted now.
    #[must_use]
    pub fn of(entry: &NewEntry, pruned_at: Timestamp) -> Self {
        Self {
            source_hash: hash(&entry.source),
            key_hash: hash(&entry.key),
            content: entry.stored_content().to_vec(),
            spektr_hash: entry.spektr_id.as_deref().map(hash),
            pruned_at,
        }
    }

    /// Returns what the tombstone tells of an entry. A content hash of an earlier version tells
    /// only that the key is known, because different contents can have the same former hash.
    #[must_use]
    pub fn presence(&self, entry: &NewEntry) -> Presence {
        if self.source_hash != hash(&entry.source) || self.key_hash != hash(&entry.key) {
            Presence::Absent
        } else if self.content == entry.stored_content() {
            Presence::Same
        } else {
            Presence::OtherContent
        }
    }

    /// Returns whether an import of the entry removes the tombstone: the content is the same, also
    /// by the hash of an earlier version.
    #[must_use]
    pub fn is_of(&self, entry: &NewEntry) -> bool {
        match self.presence(entry) {
            Presence::Same => true,
            Presence::OtherContent => self.content == entry.former_content(),
            Presence::Absent => false,
        }
    }

    /// Returns whether the deleted entry was of a source.
    #[must_use]
    pub fn is_of_source(&self, source: &str) -> bool {
        self.source_hash == hash(source)
    }

    /// Returns whether the deleted entry had a spektr id.
    #[must_use]
    pub fn is_of_customer(&self, spektr_id: &str) -> bool {
        self.spektr_hash.as_ref() == Some(&hash(spektr_id))
    }

    /// Replaces a hash of an earlier version by the current one while the JSON still exists:
    /// different contents can have the same former hash.
    pub(super) fn with_present_content(mut self, raw: Option<&[u8]>) -> Self {
        if let Some(raw) = raw.filter(|_| self.content.len() == FORMER_LENGTH) {
            // The key tells whether the bytes are a body, but the tombstone has only the key's
            // hash.
            let body = body_key(raw);
            let key = if self.key_hash == hash(&body) { body } else { String::new() };
            self.content = stored(&content_of(&key, raw)).to_vec();
        }
        self
    }

    /// Returns the position of the last tombstone of a page: the hashes of key and source, and
    /// the content. The next page begins after it.
    pub(super) fn place(last: Option<&Self>) -> (&[u8], &[u8], &[u8]) {
        last.map_or((&[], &[], &[]), |last| (&last.key_hash, &last.source_hash, &last.content))
    }
}
