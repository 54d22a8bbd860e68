//! The hash of an entry's content, in both versions.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};
use spektr_types::Entry;

use super::members::{Member, members_of};
use super::value::{DEPTH, Hash, Spelling, length, text, value};

/// The version of the hash that [`payload`] computes.
pub(crate) const VERSION: u8 = 2;

/// How many nested `data` objects can contain the payload's members: in an envelope with
/// `eventType`, the event's own `data` is inside the envelope's `data`.
const DATA: usize = 2;

/// The members of both envelopes except `data`. Part of the form of both versions.
pub(super) const ENVELOPE: [&str; 8] =
    ["id", "spektrId", "workspaceId", "type", "eventType", "delivered", "createdAt", "timestamp"];

/// Hashes an entry's content: its spektr id, its wire type without regard to case, and its
/// payload.
///
/// The envelopes differ in whether members are beside `data` or in it, so the hash ignores the
/// difference.
pub(crate) fn payload(entry: &Entry<'_>) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([VERSION]);
    let members = members_of(entry.raw());
    let of_envelope = members.as_deref().unwrap_or_default();
    let wire_type = entry.wire_type().map(|wire_type| wire_type.to_ascii_lowercase().into());
    head(&mut hasher, entry.spektr_id(), &["spektrId"], of_envelope);
    head(&mut hasher, wire_type, &["type", "eventType"], of_envelope);
    match members {
        Some(members) => {
            let mut found = hoisted(members, DATA);
            // Stable, so that members of the same name keep their order: outer objects before
            // inner ones, and the written order within an object.
            found.sort_by(|one, other| (&one.key, one.level).cmp(&(&other.key, other.level)));
            hasher.update(b"{");
            length(&mut hasher, found.len());
            for same in found.chunk_by(|one, other| one.key == other.key) {
                for member in same {
                    text(&mut hasher, &member.key);
                    // The level of a member counts only if another member has the same name.
                    let level = if same.len() == 1 { 0 } else { member.level };
                    length(&mut hasher, level);
                    hasher.update(member.digest);
                }
            }
        }
        None => value(&mut hasher, entry.raw(), Spelling::of(""), 0),
    }
    hasher.finalize().into()
}

/// Hashes a member of the envelope: its text if it is a readable string, otherwise its JSON.
fn head(
    hasher: &mut Sha256,
    readable: Option<Cow<'_, str>>,
    names: &[&str],
    members: &[Member<'_>],
) {
    if let Some(readable) = readable {
        hasher.update(b"+");
        return text(hasher, &readable);
    }
    hasher.update(b"-");
    let there: Vec<_> = members.iter().filter(|(key, _)| names.contains(&&**key)).collect();
    length(hasher, there.len());
    for (key, raw) in there {
        text(hasher, key);
        value(hasher, raw.get(), Spelling::Exact, 1);
    }
}

/// Hashes an entry's content as version 1 did. Two contents can have one hash: if a name occurs
/// both beside `data` and in it, the hash does not tell which value is where.
pub(super) fn payload_1(entry: &Entry<'_>) -> Hash {
    let mut hasher = Sha256::new();
    text(&mut hasher, entry.spektr_id().unwrap_or_default().as_ref());
    text(&mut hasher, &entry.wire_type().unwrap_or_default().to_ascii_lowercase());
    match members_of(entry.raw()) {
        Some(members) => {
            let found = hoisted(members, DEPTH).into_iter();
            let mut found: Vec<_> = found.map(|member| (member.key, member.digest)).collect();
            found.sort_unstable();
            for (key, digest) in found {
                text(&mut hasher, &key);
                hasher.update(digest);
            }
        }
        None => value(&mut hasher, entry.raw(), Spelling::of(""), 0),
    }
    hasher.finalize().into()
}

/// A member of the payload.
struct Hoisted<'a> {
    key: Cow<'a, str>,
    /// How many nested `data` objects contain the member.
    level: usize,
    digest: Hash,
}

/// Returns the members of the payload. An object `data` is replaced by its members, at most
/// `deepest` levels down.
fn hoisted(members: Vec<Member<'_>>, deepest: usize) -> Vec<Hoisted<'_>> {
    let payload = members.into_iter().filter(|(key, _)| !ENVELOPE.contains(&&**key));
    let mut found = Vec::new();
    hoist(payload.collect(), 0, deepest, &mut found);
    found
}

/// Collects members; replaces each `data` object by its members, down to a level.
fn hoist<'a>(members: Vec<Member<'a>>, level: usize, deepest: usize, found: &mut Vec<Hoisted<'a>>) {
    for (key, raw) in members {
        if key == "data" && level < deepest {
            if let Some(inner) = members_of(raw.get()) {
                hoist(inner, level + 1, deepest, found);
                continue;
            }
        }
        let mut hasher = Sha256::new();
        value(&mut hasher, raw.get(), Spelling::of(&key), level + 1);
        found.push(Hoisted { key, level, digest: hasher.finalize().into() });
    }
}
