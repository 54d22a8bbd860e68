//! Any bytes as a body: nothing panics, an entry that is read by itself is the same
//! as in its body, and what is JSON is what serde_json says it is, but for a byte
//! order mark.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use spektr_types::{BodyError, Entries, Entry};

fuzz_target!(|body: &[u8]| {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let json: Result<&RawValue, _> = serde_json::from_slice(text);
    let entries = match (Entries::parse(body), json) {
        (Ok(entries), Ok(_)) => entries,
        (Err(BodyError::NotJson { .. } | BodyError::NotUtf8 { .. }), Err(_)) => return,
        (Err(error), Ok(_)) => {
            let no_json = matches!(error, BodyError::NotJson { .. } | BodyError::NotUtf8 { .. });
            assert!(!no_json, "{error}");
            return;
        }
        (found, Err(error)) => panic!("{error}, and yet {found:?}"),
    };
    for entry in &entries {
        let alone = Entry::from_json(entry.raw()).expect("an entry's raw text is JSON");
        assert_eq!(alone.raw(), entry.raw());
        assert_eq!(alone.id(), entry.id());
        assert_eq!(alone.wire_type(), entry.wire_type());
        assert_eq!(alone.created_at(), entry.created_at());
        assert_eq!(alone.spektr_id(), entry.spektr_id());
        assert_eq!(alone.workspace_id(), entry.workspace_id());
        assert_eq!(alone.decode(), entry.decode());
    }
});
