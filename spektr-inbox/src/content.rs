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

mod key;
mod members;
mod payload;
mod value;

use sha2::{Digest as _, Sha256};
use spektr_types::Entry;

pub use key::MAX_ID_LENGTH;
pub(crate) use key::{body_key, event_key, key_of_id};
pub(crate) use payload::{VERSION, payload};

use key::BODY;
use payload::payload_1;
use value::Hash;

/// Returns the content hash of an entry with this key from its JSON or body.
pub(crate) fn content_of(key: &str, raw: &[u8]) -> Hash {
    hashed(key, raw, payload)
}

/// Returns the content hash of an entry with this key in version 1 of the hash.
pub(crate) fn former_content_of(key: &str, raw: &[u8]) -> Hash {
    hashed(key, raw, payload_1)
}

fn hashed(key: &str, raw: &[u8], hash: fn(&Entry<'_>) -> Hash) -> Hash {
    let text = std::str::from_utf8(raw).ok().filter(|_| !key.starts_with(BODY));
    match text.and_then(|text| Entry::from_json(text).ok()) {
        Some(entry) => hash(&entry),
        None => Sha256::digest(raw).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::key::whole;
    use super::payload::ENVELOPE;
    use super::*;
    use crate::hex;

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
            entries.iter().map(|raw| hex::encode(&of(raw)[..8])).collect()
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
