//! What the stores in `tests/fixtures` hold. The version before the present one has made
//! both: the file, and the database from which `pg_dump --inserts` made the text.

use std::time::Duration;

use spektr_inbox::store::{ClaimRequest, Filter, State, Store};
use spektr_inbox::testing::start;
use spektr_types::Timestamp;

use State::{Conflict, Dead, Done, Malformed, Pending, Unknown, Unreadable};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(start().as_millis() + 1000 * seconds).unwrap()
}

/// Asserts that everything is there, and can be worked on.
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

    // The lease that the other version gave is kept until its end.
    let claim = |seconds| {
        let (owner, limit, ordered) = (2, 100, false);
        let (lease, horizon) = (Duration::from_secs(30), Duration::from_secs(3600));
        store.claim(ClaimRequest { owner, now: at(seconds), lease, limit, ordered, horizon })
    };
    assert_eq!(claim(10).await.unwrap().len(), 6);
    let late: Vec<_> = claim(31).await.unwrap();
    assert_eq!((late[0].entry.id.as_deref(), late[0].lease.attempt), (Some("leased"), 2));
}
