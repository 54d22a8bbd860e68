//! Fuzzes bodies, pages of the documentation, and captured headers.

use serde_json::value::RawValue;
use spektr_doc_reader::{Digest, read, read_part};
use spektr_types::{BodyError, Entries, Entry};

use crate::capture::parse;

/// Takes any bytes as a body: an entry read by itself must equal the same entry in its body, and
/// serde_json must agree on what is JSON, except for a byte order mark.
pub(crate) fn decode(body: &[u8]) {
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
}

/// Takes any bytes as a saved page of the documentation: reading it again must find the same facts,
/// and wherever it can be read as a page, it must be readable as a part of a page.
pub(crate) fn pages(input: &[u8]) {
    let page = read(input);
    assert_eq!(page, read(input));
    let Ok(page) = page else { return };
    assert!(page.events.len() <= 1_000);
    let part = read_part(input, &["LAMP_LIT"]).expect("a page is a part of one");
    assert_eq!(part, page);
    if let Ok(text) = std::str::from_utf8(input) {
        let spaced: String = text.chars().flat_map(|c| [c, ' ']).collect();
        assert_eq!(Digest::of(text), Digest::of(&spaced));
    }
}

/// Takes any bytes as captured headers: parsed headers must be parsed again from a list of pairs.
pub(crate) fn capture(input: &[u8]) {
    let Ok(headers) = parse(input) else { return };
    let pairs: Option<Vec<_>> = headers
        .iter()
        .map(|(name, value)| Some((name, std::str::from_utf8(value).ok()?)))
        .collect();
    if let Some(pairs) = pairs {
        let list = serde_json::to_vec(&pairs).expect("texts are JSON");
        assert_eq!(parse(&list), Ok(headers.clone()));
    }
}
