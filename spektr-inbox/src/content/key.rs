//! The key of an event: its id, or a hash of what arrived.

use sha2::{Digest as _, Sha256};
use spektr_types::Entry;

use super::members::members_of;
use super::value::{Hash, Spelling, object, value};
use crate::hex;

/// The longest event id by which entries are deduplicated, in bytes.
pub const MAX_ID_LENGTH: usize = 512;

/// The prefix of the key of a body that cannot be split.
pub(super) const BODY: &str = "body:";

/// Returns the key of an event: its id, or a hash of the whole entry if the id is absent or too
/// long.
pub(crate) fn event_key(id: Option<&str>, entry: &Entry<'_>) -> String {
    id.and_then(key_of_id).unwrap_or_else(|| format!("hash:{}", hex::encode(&whole(entry))))
}

/// Returns the key of the events with this id, unless the id is too long to be a key.
pub(crate) fn key_of_id(id: &str) -> Option<String> {
    (id.len() <= MAX_ID_LENGTH).then(|| format!("id:{id}"))
}

/// Returns the key of a body that cannot be split.
pub(crate) fn body_key(body: &[u8]) -> String {
    format!("{BODY}{}", hex::encode(&Sha256::digest(body)))
}

/// Hashes an entry without an id: the whole entry except `delivered`.
pub(super) fn whole(entry: &Entry<'_>) -> Hash {
    let mut hasher = Sha256::new();
    match members_of(entry.raw()) {
        Some(members) => {
            let members = members.into_iter().filter(|(key, _)| key != "delivered");
            object(&mut hasher, members.collect(), Spelling::Exact, 0);
        }
        None => value(&mut hasher, entry.raw(), Spelling::Exact, 0),
    }
    hasher.finalize().into()
}
