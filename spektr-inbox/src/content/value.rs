//! Hashes JSON values, so that equal values have equal hashes however they are written.

use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::members::{Member, members_of};

pub(super) type Hash = [u8; 32];

/// The depth below which values are compared as texts. Part of the form of both versions.
pub(super) const DEPTH: usize = 127;

/// How strings below a member are compared.
#[derive(Clone, Copy)]
pub(super) enum Spelling {
    Exact,
    /// URLs are compared without their query, which contains the signature.
    FileUrls,
}

impl Spelling {
    pub(super) fn of(key: &str) -> Self {
        if key == "files" { Self::FileUrls } else { Self::Exact }
    }
}

pub(super) fn value(hasher: &mut Sha256, raw: &str, spelling: Spelling, depth: usize) {
    let raw = raw.trim();
    let known = depth <= DEPTH
        && match raw.as_bytes().first() {
            Some(b'{') => members_of(raw).map(|members| object(hasher, members, spelling, depth)),
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(raw).ok().map(|elements| {
                hasher.update(b"[");
                length(hasher, elements.len());
                for element in elements {
                    value(hasher, element.get(), spelling, depth + 1);
                }
            }),
            Some(b'"') => serde_json::from_str::<String>(raw).ok().map(|string| {
                hasher.update(b"\"");
                text(hasher, spelled(&string, spelling));
            }),
            _ => None,
        }
        .is_some();
    if !known {
        // A number, a literal, or a value that cannot be parsed: its text is its value.
        hasher.update(b"=");
        text(hasher, raw);
    }
}

pub(super) fn object(
    hasher: &mut Sha256,
    mut members: Vec<Member<'_>>,
    spelling: Spelling,
    depth: usize,
) {
    // Stable, so that members of the same name keep their order.
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    hasher.update(b"{");
    length(hasher, members.len());
    for (key, raw) in members {
        text(hasher, &key);
        value(hasher, raw.get(), spelling, depth + 1);
    }
}

fn spelled(text: &str, spelling: Spelling) -> &str {
    let is_url = || text.starts_with("https://") || text.starts_with("http://");
    match spelling {
        Spelling::FileUrls if is_url() => text.split(['?', '#']).next().unwrap_or(text),
        Spelling::FileUrls | Spelling::Exact => text,
    }
}

pub(super) fn text(hasher: &mut Sha256, text: &str) {
    length(hasher, text.len());
    hasher.update(text);
}

pub(super) fn length(hasher: &mut Sha256, length: usize) {
    hasher.update((length as u64).to_le_bytes());
}
