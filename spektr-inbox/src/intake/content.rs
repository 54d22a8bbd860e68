//! What must be equal for two entries to be the same event.
//!
//! The sender repeats an event with `delivered` changed, file URLs signed anew,
//! in the other envelope, or spelled differently. None of that makes it another
//! content. Everything else does, members that no schema knows included.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use spektr_types::{Entry, MAX_DEPTH};

type Hash = [u8; 32];

/// The members of both envelopes, but for `data`.
const ENVELOPE: [&str; 8] =
    ["id", "spektrId", "workspaceId", "type", "eventType", "delivered", "createdAt", "timestamp"];

/// Hashes an entry's content: its end-user, its wire type without regard to
/// case, and its payload.
///
/// The payload is compared wherever its members stand, beside `data` or in it,
/// since that is what the envelopes differ in.
pub(super) fn payload(entry: &Entry<'_>) -> Hash {
    let mut hasher = Sha256::new();
    text(&mut hasher, entry.spektr_id().unwrap_or_default().as_ref());
    text(&mut hasher, &entry.wire_type().unwrap_or_default().to_ascii_lowercase());
    match Members::of(entry.raw()) {
        Some(Members(members)) => {
            let mut found = Vec::with_capacity(members.len());
            let payload = members.into_iter().filter(|(key, _)| !ENVELOPE.contains(&&**key));
            hoist(payload.collect(), 0, &mut found);
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

/// Hashes all of an entry but `delivered`, for one that has no id.
pub(super) fn whole(entry: &Entry<'_>) -> Hash {
    let mut hasher = Sha256::new();
    match Members::of(entry.raw()) {
        Some(Members(members)) => {
            let members = members.into_iter().filter(|(key, _)| key != "delivered");
            object(&mut hasher, members.collect(), Spelling::Exact, 0);
        }
        None => value(&mut hasher, entry.raw(), Spelling::Exact, 0),
    }
    hasher.finalize().into()
}

/// Collects members and, in the place of `data`, its members.
fn hoist<'a>(
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
    depth: usize,
    found: &mut Vec<(Cow<'a, str>, Hash)>,
) {
    for (key, raw) in members {
        if key == "data" && depth < MAX_DEPTH {
            if let Some(Members(inner)) = Members::of(raw.get()) {
                hoist(inner, depth + 1, found);
                continue;
            }
        }
        let mut hasher = Sha256::new();
        value(&mut hasher, raw.get(), Spelling::of(&key), depth + 1);
        found.push((key, hasher.finalize().into()));
    }
}

/// How strings below a member are compared.
#[derive(Clone, Copy)]
enum Spelling {
    Exact,
    /// URLs without their query, which holds the signature.
    FileUrls,
}

impl Spelling {
    fn of(key: &str) -> Self {
        if key == "files" { Self::FileUrls } else { Self::Exact }
    }
}

fn value(hasher: &mut Sha256, raw: &str, spelling: Spelling, depth: usize) {
    let raw = raw.trim();
    let known = depth <= MAX_DEPTH
        && match raw.as_bytes().first() {
            Some(b'{') => {
                Members::of(raw).map(|Members(members)| object(hasher, members, spelling, depth))
            }
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
        // A number, a word, or what no value can hold: its text is its value.
        hasher.update(b"=");
        text(hasher, raw);
    }
}

fn object(
    hasher: &mut Sha256,
    mut members: Vec<(Cow<'_, str>, &RawValue)>,
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

fn text(hasher: &mut Sha256, text: &str) {
    length(hasher, text.len());
    hasher.update(text);
}

fn length(hasher: &mut Sha256, length: usize) {
    hasher.update((length as u64).to_le_bytes());
}

/// The members of an object as slices, in their order, duplicates included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// `None` where the text is no object, or has a key that no text can hold.
    fn of(raw: &'a str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Key(key), raw)) = access.next_entry()? {
            members.push((key, raw));
        }
        Ok(Members(members))
    }
}

/// A key that borrows where it has no escapes, which a plain `Cow` never does.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"{"id":"e","spektrId":"s","type":"process_run_end","delivered":null,
        "process_name":"p","files":{"clientFiles":["https://f.example/1?sig=a"]},
        "data":{"a":1,"b":[true,"x"]},"createdAt":1672531199000}"#;

    fn hash(raw: &str) -> Hash {
        payload(&Entry::from_json(raw).expect("the text is JSON"))
    }

    #[test]
    fn what_the_sender_may_change_is_the_same_content() {
        let same = [
            BASE.replace("null", "true"),
            BASE.replace(['\n', ' '], ""),
            BASE.replace("sig=a", "sig=b"),
            BASE.replace("1672531199000", "1672531199"),
            BASE.replace("process_run_end", "PROCESS_RUN_END"),
            BASE.replace(r#""p""#, r#""\u0070""#),
            BASE.replace(r#""a":1,"b":[true,"x"]"#, r#""b":[true,"x"],"a":1"#),
            BASE.replace(r#""id":"e","#, r#""id":"e","workspaceId":"w","#),
            r#"{"id":"e","workspaceId":"w","eventType":"process_run_end","timestamp":1672531199,
                "spektrId":"s","data":{"process_name":"p",
                "files":{"clientFiles":["https://f.example/1?sig=c"]},
                "data":{"a":1,"b":[true,"x"]}}}"#
                .to_owned(),
        ];
        for raw in same {
            assert_eq!(hash(&raw), hash(BASE), "{raw}");
        }
    }

    #[test]
    fn anything_else_is_another_content() {
        let other = [
            BASE.replace(r#""a":1"#, r#""a":2"#),
            BASE.replace(r#""a":1"#, r#""a":"1""#),
            BASE.replace(r#"[true,"x"]"#, r#"["x",true]"#),
            BASE.replace(r#"[true,"x"]"#, r#"[true,"x",[]]"#),
            BASE.replace("f.example/1", "f.example/2"),
            BASE.replace(r#""process_name":"p""#, r#""process_name":"https://x.example?q""#),
            BASE.replace(r#""spektrId":"s""#, r#""spektrId":"t""#),
            BASE.replace("process_run_end", "process_run_start"),
            BASE.replace(r#""a":1,"#, ""),
            BASE.replace(r#""a":1,"#, r#""a":1,"never_documented":0,"#),
        ];
        for raw in &other {
            assert_ne!(hash(raw), hash(BASE), "{raw}");
        }
        let with = |query: &str| hash(&other[5].replace("?q", query));
        assert_ne!(with("?q"), with("?r"), "only file URLs lose their query");
    }

    #[test]
    fn an_entry_without_id_is_the_same_only_at_the_same_time() {
        let whole = |raw: &str| whole(&Entry::from_json(raw).expect("the text is JSON"));
        let base = r#"{"type":"x","delivered":false,"createdAt":1,"data":{}}"#;
        assert_eq!(whole(base), whole(&base.replace("false", "true")));
        assert_ne!(whole(base), whole(&base.replace(":1,", ":2,")));
        assert_ne!(whole("1"), whole("2"));
    }

    #[test]
    fn what_cannot_be_read_is_compared_as_text() {
        let deep = |depth: usize, core: &str| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!(r#"{{"id":"e","data":{{"x":{open}{core}{close}}}}}"#)
        };
        assert_ne!(hash(&deep(1000, "1")), hash(&deep(1000, "2")));
        assert_eq!(hash(&deep(1000, "1")), hash(&deep(1000, "1")));
        let lone = |half: &str| format!(r#"{{"id":"e","data":{{"x":"\u{half}"}}}}"#);
        assert_ne!(hash(&lone("d800")), hash(&lone("d801")));
        assert_ne!(hash("[1]"), hash("[2]"));
    }
}
