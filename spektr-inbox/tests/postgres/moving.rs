//! Tests an export and an import from one database to another and back: nothing is lost.

use spektr_inbox::operate::{export, import};
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{ClaimRequest, Filter, Operator, Rejected, Settlement, State, Store};
use spektr_inbox::testing::{entries, start, tag_added};

use super::fresh::fresh;
use crate::support::claim_request;

/// Stores entries in several states, a deleted entry, a rejected delivery, and a watermark.
async fn fill(store: &dyn Store) {
    let raws: Vec<_> =
        (0..6).map(|index| tag_added(&format!("e{index}"), "s1", 1_700_000_000_000)).collect();
    let conflict = tag_added("e0", "s2", 1_700_000_000_000);
    let body = format!(r#"{{"results":[{},{conflict}]}}"#, raws.join(","));
    store.accept(entries("test", &body, start())).await.unwrap();
    store.accept(entries("test", "not JSON", start())).await.unwrap();
    let request = ClaimRequest { limit: 3, ..claim_request(start()) };
    let claims = store.claim(request).await.unwrap();
    let settlements = [
        Settlement::Done,
        Settlement::Park { state: State::Dead, reason: "why\0".to_owned() },
        Settlement::Retry { due_at: spektr_types::Timestamp::MAX, reason: "later".to_owned() },
    ];
    for (claim, settlement) in claims.iter().zip(settlements) {
        assert!(store.settle(claim.lease, settlement, start()).await.unwrap());
    }
    let gone = Filter { id: Some("e0".to_owned()), ..Filter::state(State::Done) };
    assert_eq!(store.prune(gone, 1, start(), None).await.unwrap(), 1);
    let rejected = Rejected {
        received_at: start(),
        reason: "signature_mismatch".to_owned(),
        headers: vec![("x-signature".to_owned(), vec![0xff])],
        body: vec![0xfe].into(),
    };
    store.quarantine(rejected, 10, 1000).await.unwrap();
    let name = "reconcile test https://ingest.spektr.com".to_owned();
    store.set_note(name, "1700000000000".to_owned()).await.unwrap();
}

/// Returns the contents of a store, except for its record of actions.
async fn held(store: &dyn Store) -> Vec<String> {
    let mut file = Vec::new();
    let ada = Operator::new("ada");
    export(store, &ada, &Filter::all(), start(), &mut file, |_| {}).await.unwrap();
    let text = String::from_utf8(file).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with(r#"{"kind":"action""#));
    lines.map(str::to_owned).collect()
}

async fn moves(from: &dyn Store, to: &dyn Store) {
    fill(from).await;
    let lines = held(from).await;
    let kinds = ["tombstone", "rejected", "note"].map(|kind| {
        lines.iter().filter(|line| line.starts_with(&format!(r#"{{"kind":"{kind}""#))).count()
    });
    assert_eq!((lines.len(), kinds), (10, [1; 3]));
    let file = lines.join("\n");
    let ada = Operator::new("ada");
    let moved = import(to, &ada, file.as_bytes(), start(), |_| {}).await.unwrap();
    assert_eq!(moved, (7, 0));
    assert_eq!(held(to).await, lines);
}

#[tokio::test]
async fn nothing_is_forgotten_from_sqlite_to_postgres_and_from_postgres_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = |name: &str| SqliteOptions::new(folder.path().join(name)).open().unwrap();
    moves(&sqlite("from.db"), &*fresh().await).await;
    moves(&*fresh().await, &sqlite("to.db")).await;
}
