//! The contents of the stores in `tests/fixtures`. The previous version made both stores: the
//! file, and the database that `pg_dump --inserts` wrote as text.

use spektr_inbox::store::{Acceptance, ClaimRequest, Filter, Presence, Settlement, State, Store};
use spektr_inbox::testing::{entries, start};
use spektr_types::Timestamp;

use super::{claim_request, tag};

use State::{Conflict, Dead, Done, Malformed, Pending, Unknown, Unreadable};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(start().as_millis() + 1000 * seconds).unwrap()
}

/// Asserts that a repeated delivery is a duplicate, although the hash of its content has
/// changed. Another content with the same old hash is not a duplicate.
pub(crate) async fn assert_known(store: &dyn Store) {
    let bodies = [
        tag("done"),
        tag("done").replace(r#""t""#, r#""u""#),
        "not JSON".to_owned(),
        r#"{"spektrId":"s3","type":"without_id"}"#.to_owned(),
        r#"{"id":"hoisted","spektrId":"s3","type":"ANY","data":{"x":2},"x":1}"#.to_owned(),
        r#"{"id":"files","type":"process_run_end","files":{"clientFiles":["https://f.example/1?sig=b"]},"data":{"a":1}}"#.to_owned(),
        r#"{"id":"\u0000 ä","spektrId":"\u0000 ä","type":"X"}"#.to_owned(),
    ];
    for body in bodies {
        let new = entries("test", &body, at(100));
        assert_eq!(store.compare(new.clone()).await.unwrap(), [Presence::Same], "{body}");
        assert_eq!(store.accept(new).await.unwrap(), [Acceptance::Duplicate], "{body}");
    }
    let swapped = r#"{"id":"hoisted","spektrId":"s3","type":"any","x":2,"data":{"x":1}}"#;
    let new = || entries("test", swapped, at(100));
    assert_eq!(store.compare(new()).await.unwrap(), [Presence::OtherContent]);
    let accepted = store.accept(new()).await.unwrap();
    assert!(matches!(accepted[..], [Acceptance::Conflict(_)]), "{accepted:?}");
    assert_eq!(store.accept(new()).await.unwrap(), [Acceptance::Duplicate]);
}

/// Handles and deletes everything. The tombstones must then have the current hash, although the
/// earlier version stored the old one.
pub(crate) async fn delete_all(store: &dyn Store) {
    let request = ClaimRequest { owner: 3, limit: 100, ..claim_request(at(100)) };
    for claim in store.claim(request).await.unwrap() {
        assert!(store.settle(claim.lease, Settlement::Done, at(100)).await.unwrap());
    }
    assert_eq!(store.prune(Filter::all(), 100, at(100), None).await.unwrap(), 14);
    assert_eq!(store.count(Filter::all()).await.unwrap(), 0);
}

/// Asserts that all entries are present and can be handled.
pub(crate) async fn assert_complete(store: &dyn Store) {
    let entries = store.list(Filter::all(), 0, 100).await.unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| {
            let due = (entry.due_at.as_millis() - start().as_millis()) / 1000;
            (entry.id.as_deref().unwrap_or("-"), entry.state, entry.attempts, due, entry.conflict)
        })
        .collect();
    let expected = [
        ("done", Done, 1, 2, false),
        ("dead", Dead, 1, 2, false),
        ("retried", Pending, 1, 60, false),
        ("malformed", Malformed, 1, 2, false),
        ("unknown", Unknown, 1, 2, false),
        ("leased", Pending, 1, 31, false),
        ("waiting", Pending, 0, 0, false),
        ("-", Unreadable, 0, 3, false),
        ("done", Conflict, 0, 3, true),
        ("-", Pending, 0, 3, false),
        ("hoisted", Pending, 0, 3, false),
        ("files", Pending, 0, 3, false),
        ("\0 ä", Pending, 0, 3, false),
        ("done", Pending, 0, 4, false),
    ];
    assert_eq!(shown, expected);
    let reasons: Vec<_> = entries.iter().filter_map(|entry| entry.reason.as_deref()).collect();
    let malformed = "malformed entry: /data/tagId is object, expected string";
    let expected = ["no such customer", "no connection", malformed, "the wire type is not known"];
    assert_eq!(reasons, expected);
    assert_eq!(&entries[7].raw[..], b"not JSON");
    assert_eq!((&*entries[12].source, &*entries[13].source), ("test", "sandbox"));
    let note = store.note("reconcile test https://ingest.spektr.com".to_owned()).await.unwrap();
    assert_eq!(note.as_deref(), Some("1700000000000"));
    let rejected = store.quarantined(0, 10).await.unwrap();
    let bodies: Vec<_> = rejected.iter().map(|one| &one.rejected.body[..]).collect();
    assert_eq!(bodies, [&b"forged"[..], b"old"]);
    assert_eq!(rejected[0].rejected.reason, "signature_mismatch");
    assert_eq!(rejected[0].rejected.headers, [("x-signature".to_owned(), b"00".to_vec())]);

    // A lease of the earlier version is kept until its end.
    let claim =
        |seconds| store.claim(ClaimRequest { owner: 2, limit: 100, ..claim_request(at(seconds)) });
    assert_eq!(claim(10).await.unwrap().len(), 6);
    let late: Vec<_> = claim(31).await.unwrap();
    assert_eq!((late[0].entry.id.as_deref(), late[0].lease.attempt), (Some("leased"), 2));
}
