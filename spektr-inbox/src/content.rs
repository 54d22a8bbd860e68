//! Hashes that tell whether two entries are the same event, and whether they have the same
//! content.
//!
//! Stores keep the hash for years. Therefore its form has a version, which vectors in the tests
//! below pin, and the form depends on no constant of another crate. A change of the form is a
//! new version. The former version stays beside it, so that stores can compare entries stored
//! with the former version.
//!
//! The sender repeats an event with `delivered` changed, file URLs signed anew, in the other
//! envelope, or spelled differently. None of these changes the content. Any other change does,
//! also of members that no schema knows.
//!
//! Names are compared as they are written. An alias of the schema does not count as the
//! member's name, neither in the payload nor in the envelope, so a schema that adds an alias
//! changes no stored hash. An event that is repeated under another name for a member is another
//! content: it is parked, not lost.
//!
//! The reasons are a decision (ARCHITECTURE.md, I4).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use spektr_types::Entry;

use crate::hex;

type Hash = [u8; 32];

/// The version of the hash that [`payload`] computes.
pub(crate) const VERSION: u8 = 2;

/// The depth below which values are compared as texts. Part of the form of both versions.
const DEPTH: usize = 127;

/// How many nested `data` objects can contain the payload's members: in an envelope with
/// `eventType`, the event's own `data` is inside the envelope's `data`.
const DATA: usize = 2;

/// The members of both envelopes except `data`. Part of the form of both versions.
const ENVELOPE: [&str; 8] =
    ["id", "spektrId", "workspaceId", "type", "eventType", "delivered", "createdAt", "timestamp"];

/// The longest event id by which entries are deduplicated, in bytes.
pub const MAX_ID_LENGTH: usize = 512;

/// Returns the key of an event: its id, or a hash of the whole entry if the id is absent or too
/// long.
pub(crate) fn event_key(id: Option<&str>, entry: &Entry<'_>) -> String {
    id.and_then(key_of_id).unwrap_or_else(|| format!("hash:{}", hex::encode(&whole(entry))))
}

/// Returns the key of the events with this id, unless the id is too long to be a key.
pub(crate) fn key_of_id(id: &str) -> Option<String> {
    (id.len() <= MAX_ID_LENGTH).then(|| format!("id:{id}"))
}

/// Returns the content hash of an entry with this key from its JSON or body.
pub(crate) fn content_of(key: &str, raw: &[u8]) -> [u8; 32] {
    hashed(key, raw, payload)
}

/// Returns the content hash of an entry with this key in version 1 of the hash.
pub(crate) fn former_content_of(key: &str, raw: &[u8]) -> [u8; 32] {
    hashed(key, raw, payload_1)
}

fn hashed(key: &str, raw: &[u8], hash: fn(&Entry<'_>) -> [u8; 32]) -> [u8; 32] {
    let text = std::str::from_utf8(raw).ok().filter(|_| !key.starts_with(BODY));
    match text.and_then(|text| Entry::from_json(text).ok()) {
        Some(entry) => hash(&entry),
        None => Sha256::digest(raw).into(),
    }
}

/// The prefix of the key of a body that cannot be split.
const BODY: &str = "body:";

/// Returns the key of a body that cannot be split.
pub(crate) fn body_key(body: &[u8]) -> String {
    format!("{BODY}{}", hex::encode(&Sha256::digest(body)))
}

/// Hashes an entry's content: its spektr id, its wire type without regard to case, and its
/// payload.
///
/// The envelopes differ in whether members are beside `data` or in it, so the hash ignores the
/// difference.
pub(crate) fn payload(entry: &Entry<'_>) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([VERSION]);
    let members = Members::of(entry.raw()).map(|Members(members)| members);
    let of_envelope = members.as_deref().unwrap_or_default();
    let wire_type = entry.wire_type().map(|wire_type| wire_type.to_ascii_lowercase().into());
    head(&mut hasher, entry.spektr_id(), &["spektrId"], of_envelope);
    head(&mut hasher, wire_type, &["type", "eventType"], of_envelope);
    match members {
        Some(members) => {
            let payload = members.into_iter().filter(|(key, _)| !ENVELOPE.contains(&&**key));
            let mut found = Vec::new();
            hoist(payload.collect(), 0, DATA, &mut found);
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
    members: &[(Cow<'_, str>, &RawValue)],
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
fn payload_1(entry: &Entry<'_>) -> Hash {
    let mut hasher = Sha256::new();
    text(&mut hasher, entry.spektr_id().unwrap_or_default().as_ref());
    text(&mut hasher, &entry.wire_type().unwrap_or_default().to_ascii_lowercase());
    match Members::of(entry.raw()) {
        Some(Members(members)) => {
            let payload = members.into_iter().filter(|(key, _)| !ENVELOPE.contains(&&**key));
            let mut found = Vec::new();
            hoist(payload.collect(), 0, DEPTH, &mut found);
            let mut found: Vec<_> =
                found.into_iter().map(|member| (member.key, member.digest)).collect();
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

/// Hashes an entry without an id: the whole entry except `delivered`.
fn whole(entry: &Entry<'_>) -> Hash {
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

/// A member of the payload.
struct Hoisted<'a> {
    key: Cow<'a, str>,
    /// How many nested `data` objects contain the member.
    level: usize,
    digest: Hash,
}

/// Collects members; replaces each `data` object by its members, down to a level.
fn hoist<'a>(
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
    level: usize,
    deepest: usize,
    found: &mut Vec<Hoisted<'a>>,
) {
    for (key, raw) in members {
        if key == "data" && level < deepest {
            if let Some(Members(inner)) = Members::of(raw.get()) {
                hoist(inner, level + 1, deepest, found);
                continue;
            }
        }
        let mut hasher = Sha256::new();
        value(&mut hasher, raw.get(), Spelling::of(&key), level + 1);
        found.push(Hoisted { key, level, digest: hasher.finalize().into() });
    }
}

/// How strings below a member are compared.
#[derive(Clone, Copy)]
enum Spelling {
    Exact,
    /// URLs are compared without their query, which contains the signature.
    FileUrls,
}

impl Spelling {
    fn of(key: &str) -> Self {
        if key == "files" { Self::FileUrls } else { Self::Exact }
    }
}

fn value(hasher: &mut Sha256, raw: &str, spelling: Spelling, depth: usize) {
    let raw = raw.trim();
    let known = depth <= DEPTH
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
        // A number, a literal, or a value that cannot be parsed: its text is its value.
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
    /// Returns `None` if the text is not an object, or has a key with a lone surrogate.
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

/// A key that borrows if it has no escapes. A plain `Cow` always copies.
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
    fn an_event_is_keyed_by_an_id_of_at_most_512_bytes_and_else_by_its_hash() {
        let entry = Entry::from_json(BASE).expect("the text is JSON");
        let longest = "i".repeat(MAX_ID_LENGTH);
        let of_hash = format!("hash:{}", hex::encode(&whole(&entry)));
        assert_eq!(event_key(Some(&longest), &entry), format!("id:{longest}"));
        assert_eq!(event_key(Some(&format!("{longest}i")), &entry), of_hash);
        assert_eq!(event_key(None, &entry), of_hash);
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

    /// A member that the schema adds to an envelope counts as payload until the hash has
    /// another version.
    #[test]
    fn only_the_query_of_a_url_among_the_files_may_change() {
        let with = |file: &str| hash(&BASE.replace("https://f.example/1?sig=a", file));
        assert_eq!(with("http://f.example/1?a"), with("http://f.example/1#b"));
        assert_ne!(with("name?a"), with("name?b"));
    }

    /// The depth is a part of both versions of the hash, so a change of it would make known
    /// events conflicts.
    #[test]
    fn the_order_of_members_is_free_down_to_a_depth_of_127() {
        let nested = |open: &str, close: &str, levels: usize, inner: &str| {
            let (open, close) = (open.repeat(levels), close.repeat(levels));
            hash(&BASE.replace(r#""b":[true,"x"]"#, &format!(r#""b":{open}{inner}{close}"#)))
        };
        for (open, close) in [("[", "]"), (r#"{"k":"#, "}")] {
            let is_free = |levels| {
                let [one, other] = [r#"{"x":1,"y":2}"#, r#"{"y":2,"x":1}"#]
                    .map(|inner| nested(open, close, levels, inner));
                one == other
            };
            // A member of `data` has the depth 2.
            let free: Vec<_> = [0, 1, 124, 125, 126].into_iter().map(is_free).collect();
            assert_eq!(free, [true, true, true, true, false], "{open}");
        }
    }

    #[test]
    fn the_envelope_has_the_members_of_the_types() {
        let known: Vec<_> = spektr_types::envelope().map(|member| member.name).collect();
        let missing: Vec<_> = known.iter().filter(|name| !ENVELOPE.contains(*name)).collect();
        assert_eq!((missing, known.len()), (Vec::new(), ENVELOPE.len()));
    }

    #[test]
    fn another_name_for_a_member_is_another_content() {
        assert_ne!(hash(&BASE.replace("process_name", "processName")), hash(BASE));
    }

    /// The contents of a pair differ in where a value is, or in a head that is not a string.
    #[test]
    fn no_two_contents_have_one_hash() {
        let pairs = [
            (r#"{"id":"e","x":1,"data":{"x":2}}"#, r#"{"id":"e","x":2,"data":{"x":1}}"#),
            (
                r#"{"id":"e","data":{"x":1,"data":{"x":2}}}"#,
                r#"{"id":"e","data":{"x":2,"data":{"x":1}}}"#,
            ),
            (r#"{"id":"e","x":1,"x":2}"#, r#"{"id":"e","x":2,"x":1}"#),
            (
                r#"{"id":"e","data":{"x":1},"data":{"x":2}}"#,
                r#"{"id":"e","data":{"x":2},"data":{"x":1}}"#,
            ),
            (
                r#"{"id":"e","data":{"data":{"data":{"x":1}}}}"#,
                r#"{"id":"e","data":{"data":{"x":1}}}"#,
            ),
            (r#"{"id":"e","spektrId":1}"#, r#"{"id":"e","spektrId":2}"#),
            (r#"{"id":"e","spektrId":""}"#, r#"{"id":"e"}"#),
            (r#"{"id":"e","type":1}"#, r#"{"id":"e","type":2}"#),
        ];
        for (one, other) in pairs {
            assert_ne!(hash(one), hash(other), "{one} {other}");
        }
    }

    /// Every later build must compute the hashes that stores have kept.
    #[test]
    fn both_versions_of_the_hash_are_pinned() {
        let deep = |depth: usize| {
            format!(r#"{{"id":"e","data":{{"x":{}{}}}}}"#, "[".repeat(depth), "]".repeat(depth))
        };
        let lone = r#"{"id":"e","spektrId":"s","data":{"\ud800":1}}"#;
        let entries = [
            BASE.to_owned(),
            r#"{"id":"e","type":"X","x":1,"data":{"x":2}}"#.to_owned(),
            r#"{"id":"e","spektrId":1,"eventType":"x","data":{"data":{"data":{"a":null}}}}"#
                .to_owned(),
            deep(100),
            deep(126),
            lone.to_owned(),
            "17".to_owned(),
        ];
        let hashes = |hash: fn(&Entry<'_>) -> Hash| -> Vec<String> {
            let of = |raw: &String| hash(&Entry::from_json(raw).expect("the text is JSON"));
            entries.iter().map(|raw| crate::hex::encode(&of(raw)[..8])).collect()
        };
        assert_eq!(
            hashes(payload_1),
            [
                "e5ed98d431a63de8",
                "030f8bccf935beb3",
                "06b9ee7c993956f4",
                "c7c6de26c8b97d08",
                "94e72fbaa2c3a681",
                "8b751a672bb68693",
                "9b75a3a57b76762f"
            ]
        );
        assert_eq!(
            hashes(payload),
            [
                "034425508ed662d9",
                "08b41a373e4641ba",
                "24de7181efb5c60b",
                "0fc36042a3c08bf6",
                "af9c509931a5dcb0",
                "30a106ca6f112fb8",
                "07acc24d79af6c57"
            ]
        );
        assert_eq!(
            hashes(whole),
            [
                "08cdf052e3c41572",
                "15a085c553de58c6",
                "604fec4dee36e7dc",
                "34b62020a8321cb3",
                "ff4b2860bcdd6740",
                "4ee93045f1f4c2dd",
                "9461f47dc086f15b"
            ]
        );
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
