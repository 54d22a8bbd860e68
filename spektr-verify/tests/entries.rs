//! Tests the way from an authentic body to its entries: an unreadable part affects as little as
//! possible, and never the provenance.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use spektr_types::{BodyError, EntryErrorKind, Event, JsonType, Timestamp};
use spektr_verify::{KeyId, VerifyError, danger};
use support::{Headers, KEY_ID};

const TAG_ADDED: &str = r#"{"id":"e1","spektrId":"s1","type":"customer_tag_add","delivered":null,"createdAt":1731057600000,
    "data":{"tagId":"t1","action":"add","userId":null,"processId":null}}"#;
const RUN_START: &str = r#"{"id":"e3","workspaceId":"w1","eventType":"process_run_start","timestamp":1731057600,"spektrId":"s1",
    "data":{"processType":"onboarding","processName":"KYB","processId":"p1","contextId":"c1"}}"#;

/// Signs and verifies a body. Returns the error of splitting it.
fn body_error(body: &[u8]) -> Option<BodyError> {
    Headers::signed(body).verify(body).unwrap().entries().err()
}

fn mismatch() -> Option<VerifyError> {
    Some(VerifyError::SignatureMismatch { key_id: KeyId::new(KEY_ID).unwrap() })
}

#[test]
fn lists_the_entries_of_a_batch_without_decoding_them() {
    let body = format!(r#"{{"results":[{TAG_ADDED},{RUN_START}]}}"#);
    let verified = Headers::signed(body.as_bytes()).verify(body.as_bytes()).unwrap();
    let entries = verified.entries().unwrap();
    let at = Some(Timestamp::from_millis(1_731_057_600_000).unwrap());
    let heads: Vec<_> = entries
        .iter()
        .map(|entry| {
            assert_eq!(entry.created_at(), at);
            assert_eq!(entry.spektr_id().as_deref(), Some("s1"));
            (
                entry.id().unwrap().into_owned(),
                entry.wire_type().unwrap().into_owned(),
                entry.workspace_id().map(|id| id.into_owned()),
                entry.raw(),
            )
        })
        .collect();
    assert_eq!(
        heads,
        [
            ("e1".into(), "customer_tag_add".into(), None, TAG_ADDED),
            ("e3".into(), "process_run_start".into(), Some("w1".into()), RUN_START),
        ],
    );
}

#[test]
fn a_body_that_is_one_event_is_one_entry() {
    let verified = Headers::signed(TAG_ADDED.as_bytes()).verify(TAG_ADDED.as_bytes()).unwrap();
    let entries = verified.entries().unwrap();
    assert_eq!((entries.len(), entries.is_batch()), (1, false));
    assert_eq!(entries.iter().next().unwrap().raw(), TAG_ADDED);
}

#[test]
fn a_malformed_entry_costs_none_of_the_others() {
    let bad = r#"{"id":"e2","spektrId":"s1","type":"customer_tag_add","createdAt":1731057600000,"data":{"action":"add"}}"#;
    let body = format!(r#"{{"results":[{TAG_ADDED},{bad},17,{RUN_START}]}}"#);
    let verified = Headers::signed(body.as_bytes()).verify(body.as_bytes()).unwrap();
    let decoded: Vec<_> = verified.entries().unwrap().iter().map(|entry| entry.decode()).collect();
    let [Ok(first), Err(second), Err(third), Ok(fourth)] = &decoded[..] else {
        panic!("{decoded:?}");
    };
    assert!(matches!(first, Event::CustomerTagAdded(_)), "{first:?}");
    assert_eq!(second.id().map(ToString::to_string).as_deref(), Some("e2"));
    assert_eq!(second.pointer(), "/data/tagId");
    assert_eq!(*second.kind(), EntryErrorKind::Missing);
    assert_eq!(
        *third.kind(),
        EntryErrorKind::WrongType { expected: JsonType::Object, found: JsonType::Integer },
    );
    assert!(matches!(fourth, Event::ProcessRunStart(_)), "{fourth:?}");
}

#[test]
fn a_batch_of_none_has_no_entries() {
    let body = br#"{"results":[]}"#;
    let verified = Headers::signed(body).verify(body).unwrap();
    let entries = verified.entries().unwrap();
    assert!(entries.is_empty() && entries.is_batch());
}

#[test]
fn results_that_are_no_array_are_an_error_of_the_body() {
    assert_eq!(
        body_error(br#"{"results":{"id":"e1"}}"#),
        Some(BodyError::ResultsNotAnArray { name: "results", found: JsonType::Object }),
    );
    assert_eq!(
        body_error(br#"{"results":null}"#),
        Some(BodyError::ResultsNotAnArray { name: "results", found: JsonType::Null }),
    );
}

#[test]
fn a_body_that_is_not_utf8_is_decided_by_its_mac_first() {
    let body = b"\xff\xfe{}";
    assert_eq!(Headers::signed(b"{}").error(body), mismatch());
    assert_eq!(body_error(body), Some(BodyError::NotUtf8 { offset: 0 }));
}

/// The signed content is the bytes as they arrived; the byte order mark is skipped afterwards.
#[test]
fn a_byte_order_mark_belongs_to_what_is_signed_and_not_to_what_is_read() {
    let marked = format!("\u{feff}{TAG_ADDED}");
    assert_eq!(Headers::signed(TAG_ADDED.as_bytes()).error(marked.as_bytes()), mismatch());
    let verified = Headers::signed(marked.as_bytes()).verify(marked.as_bytes()).unwrap();
    assert_eq!(verified.body(), marked.as_bytes());
    let raw: Vec<_> = verified.entries().unwrap().iter().map(|entry| entry.raw()).collect();
    assert_eq!(raw, [TAG_ADDED]);
}

#[test]
fn a_mebibyte_of_opening_brackets_is_decided_by_its_mac_first() {
    let body = vec![b'['; 1 << 20];
    assert_eq!(Headers::signed(b"{}").error(&body), mismatch());
    assert_eq!(body_error(&body), Some(BodyError::NotJson { line: 1, column: 1 << 20 }));

    let nested = [br#"{"results":["#, &body[..]].concat();
    let column = nested.len();
    assert_eq!(body_error(&nested), Some(BodyError::NotJson { line: 1, column }));
}

#[test]
fn a_truncated_body_that_is_signed_as_such_is_an_error_of_the_body() {
    for body in [&b""[..], b"{", br#"{"results":["#, br#"{"results":[{}"#, br#"{"results":[]}x"#] {
        assert!(matches!(body_error(body), Some(BodyError::NotJson { .. })), "{body:?}");
    }
}

#[test]
fn a_trusted_replay_opens_like_any_other_delivery() {
    let replayed = danger::assume_verified(TAG_ADDED);
    assert_eq!(replayed.key_id(), None);
    assert_eq!(replayed.entries().unwrap().len(), 1);
    assert_eq!(replayed.into_body(), TAG_ADDED);
}
