//! Makes bodies and entries, and asserts the outcome of reading them.

use spektr_types::{BodyError, Entries, Entry, EntryErrorKind, JsonType};

/// Returns a valid entry with an id, in the envelope of the events page.
pub fn good(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","spektrId":"s","type":"alert_resolved","createdAt":1672531199000,"data":{{"contextId":"c","processId":"p","userId":"u","alertId":"a","alertName":"n"}}}}"#
    )
}

/// Returns the body of a batch of entries.
pub fn batch(entries: &[&str]) -> String {
    format!(r#"{{"results":[{}]}}"#, entries.join(","))
}

/// Splits a body, which must succeed.
pub fn parse(body: &str) -> Entries<'_> {
    Entries::parse(body.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Asserts that a body cannot be split into entries, with this error.
#[track_caller]
pub fn assert_body_error(body: impl AsRef<[u8]>, expected: BodyError) {
    let body = body.as_ref();
    let start = String::from_utf8_lossy(&body[..body.len().min(100)]);
    assert_eq!(Entries::parse(body).err(), Some(expected), "{start:?}");
}

/// Asserts that an entry is malformed, at this place and for this reason.
#[track_caller]
pub fn assert_fault(entry: &str, pointer: &str, kind: EntryErrorKind) {
    let error = Entry::from_json(entry)
        .unwrap_or_else(|error| panic!("{error}: {entry}"))
        .decode()
        .expect_err("the entry is malformed");
    let start: String = entry.chars().take(300).collect();
    assert_eq!((error.pointer(), error.kind()), (pointer, &kind), "{start}");
}

/// Returns the error kind for a value of another type.
pub fn wrong_type(expected: JsonType, found: JsonType) -> EntryErrorKind {
    EntryErrorKind::WrongType { expected, found }
}
