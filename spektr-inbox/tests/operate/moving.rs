//! Tests export and import.

use spektr_inbox::operate::{ImportProblem, TransferError, export, import, pause};
use spektr_inbox::store::{Filter, Rejected, State};
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_inbox::{Clock as _, HandlerError, Received, Workers};

use super::super::{count, dead, settle};
use crate::support::{Inbox, ada};

async fn export_all(inbox: &Inbox, file: &mut Vec<u8>) -> u64 {
    let now = inbox.clock.now();
    export(&*inbox.store, &ada(), &Filter::all(), now, file, |_| {}).await.unwrap()
}

async fn import_all(inbox: &Inbox, file: &[u8]) -> (u64, u64) {
    import(&*inbox.store, &ada(), file, inbox.clock.now(), |_| {}).await.unwrap()
}

fn without_actions(file: &[u8]) -> Vec<String> {
    let lines = String::from_utf8(file.to_vec()).unwrap();
    let lines = lines.lines().filter(|line| !line.starts_with(r#"{"kind":"action""#));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn an_export_can_be_imported_and_gives_the_same_export() {
    let inbox = Inbox::new();
    inbox.fill_numbered(2).await;
    settle(&inbox, dead()).await;
    let conflict = tag_added("e1", "s2", 1_700_000_000_000);
    let raws = ["{\"id\" : \"e\u{e9}\",\"type\":\"x\\\"y\"}", "17", &conflict].join(",");
    let body = format!(r#"{{"results":[{raws}]}}"#);
    inbox.store.accept(entries("test", &body, start())).await.unwrap();
    let mut binary = entries("test", "not JSON", start()).remove(0);
    binary.raw = vec![0xff, 0xfe].into();
    inbox.store.accept(vec![binary]).await.unwrap();

    let mut file = Vec::new();
    assert_eq!(export_all(&inbox, &mut file).await, 6);
    let text = String::from_utf8(file.clone()).unwrap();
    let first = r#"{"id":"e0","type":"customer_tag_add","state":"dead","createdAt":1700000000000,"receivedAt":1700000000000,"source":"test","attempts":1,"reason":"why","history":[{"attempt":1,"beganAt":1700000000000,"endedAt":1700000000000,"result":"dead"}],"raw":"{\"id\":\"e0\","#;
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains(r#""state":"unreadable","createdAt":null,"receivedAt":1700000000000,"source":"test","rawEncoding":"base64","raw":"//4=""#), "{text}");

    let other = Inbox::new();
    assert_eq!(import_all(&other, &file).await, (6, 0));
    assert_eq!(import_all(&other, &file).await, (0, 6));
    let mut again = Vec::new();
    export_all(&other, &mut again).await;
    // The exports are equal, except for the record of actions on each store.
    assert_eq!(without_actions(&again), without_actions(&file));
    // An imported pending entry is handled.
    let handler = |_: Received| async { Ok::<(), HandlerError>(()) };
    let workers =
        Workers::new(std::sync::Arc::clone(&other.store), handler).with_clock(other.clock.clone());
    assert_eq!(workers.run_due().await.unwrap(), 2);
}

#[tokio::test]
async fn a_bad_line_is_named_and_not_quoted() {
    let inbox = Inbox::new();
    let good = r#"{"id":"e1","type":"x","state":"done","receivedAt":1700000000000,"raw":"{\"id\":\"e1\"}"}"#;
    let bad = [
        ("{\"marker\":", ImportProblem::NotExported),
        (&good.replace("\"raw\"", "\"marker\""), ImportProblem::NotExported),
        (&good.replace("done", "marker"), ImportProblem::State),
        (&good.replace("\"raw\"", "\"rawEncoding\":\"marker\",\"raw\""), ImportProblem::Encoding),
        (&good.replace("\"raw\"", "\"rawEncoding\":\"base64\",\"raw\""), ImportProblem::Encoding),
        (r#"{"kind":"marker"}"#, ImportProblem::Kind),
        (r#"{"kind":"note","name":"marker"}"#, ImportProblem::NotExported),
        (
            r#"{"kind":"tombstone","sourceHash":"marker","keyHash":"","content":"","prunedAt":1}"#,
            ImportProblem::Encoding,
        ),
    ];
    for (line, expected) in bad {
        let file = format!("{good}\n\n{line}\n");
        let error =
            import(&*inbox.store, &ada(), file.as_bytes(), start(), |_| {}).await.unwrap_err();
        let TransferError::Line { line: 3, problem } = error else { panic!("{error:?}") };
        assert_eq!(problem, expected);
        assert!(!format!("{error} {error:?}").contains("marker"), "{error:?}");
    }
    assert_eq!(inbox.count().await, 0);
}

#[tokio::test]
async fn an_export_carries_everything_else_that_the_store_knows() {
    let inbox = Inbox::new();
    inbox.fill_numbered(3).await;
    settle(&inbox, dead()).await;
    let gone = Filter { id: Some("e0".to_owned()), ..Filter::all() };
    assert_eq!(inbox.store.prune(gone, 1, start(), None).await.unwrap(), 1);
    let rejected = Rejected {
        received_at: start(),
        reason: "signature_mismatch".to_owned(),
        headers: vec![("x-signature".to_owned(), vec![0xff])],
        body: vec![0xfe].into(),
    };
    inbox.store.quarantine(rejected.clone(), 10, 1000).await.unwrap();
    let name = "reconcile spektr https://ingest.spektr.com";
    inbox.store.set_note(name.to_owned(), "1700000000000".to_owned()).await.unwrap();
    let mut file = Vec::new();
    assert_eq!(export_all(&inbox, &mut file).await, 2);

    let other = Inbox::new();
    assert_eq!(import_all(&other, &file).await, (2, 0));
    let watermark = async |inbox: &Inbox| inbox.store.note(name.to_owned()).await.unwrap();
    assert_eq!(watermark(&other).await.as_deref(), Some("1700000000000"));
    assert_eq!(other.store.quarantined(0, 10).await.unwrap()[0].rejected, rejected);
    let tombstones = other.store.tombstones(None, 10).await.unwrap();
    assert_eq!(tombstones, inbox.store.tombstones(None, 10).await.unwrap());
    // A deleted event of the exporting store is a duplicate in the importing store.
    let again = entries("test", &tag_added("e0", "s1", 1_700_000_000_000), start());
    let accepted = other.store.accept(again).await.unwrap();
    assert_eq!(accepted, [spektr_inbox::store::Acceptance::Duplicate]);

    // The earlier of two watermarks counts, because the store now has the entries of both
    // stores.
    for (there, expected) in
        [("1600000000000", "1600000000000"), ("1800000000000", "1700000000000")]
    {
        other.store.set_note(name.to_owned(), there.to_owned()).await.unwrap();
        import_all(&other, &file).await;
        assert_eq!(watermark(&other).await.as_deref(), Some(expected));
    }
    // An export of some of the entries contains no other records.
    let mut part = Vec::new();
    let filter = Filter::state(State::Dead);
    export(&*inbox.store, &ada(), &filter, start(), &mut part, |_| {}).await.unwrap();
    assert!(!String::from_utf8(part).unwrap().contains("\"kind\""));
}

#[tokio::test]
async fn a_pause_is_neither_exported_nor_imported() {
    let inbox = Inbox::new();
    assert!(pause(&*inbox.store, &ada(), start()).await.unwrap());
    let mut file = Vec::new();
    export_all(&inbox, &mut file).await;
    let text = String::from_utf8(file).unwrap();
    assert!(!text.contains(r#""kind":"note""#), "{text}");

    // An export of an earlier version may contain a pause.
    let other = Inbox::new();
    let note = |name: &str| {
        format!("{{\"kind\":\"note\",\"name\":\"{name}\",\"text\":\"1700000000000 ada\"}}\n")
    };
    import_all(&other, [note("paused"), note("more")].concat().as_bytes()).await;
    assert_eq!(other.store.pause().await.unwrap(), None);
    assert!(other.store.note("more".to_owned()).await.unwrap().is_some());
    // An import does not end a pause of the importing store.
    import_all(&inbox, note("paused").as_bytes()).await;
    assert_eq!(inbox.store.pause().await.unwrap().unwrap().since, start());
}

#[tokio::test]
async fn an_export_of_an_earlier_version_is_imported() {
    let inbox = Inbox::new();
    let file = include_str!("../fixtures/export_0.jsonl");
    assert_eq!(import_all(&inbox, file.as_bytes()).await, (5, 0));
    let stored = inbox.all().await;
    let shown: Vec<_> =
        stored.iter().map(|one| (one.state, one.conflict, one.attempts, one.due_at)).collect();
    let at = |index: usize| stored[index].received_at;
    let expected = [
        (State::Done, false, 0, at(0)),
        (State::Dead, false, 0, at(1)),
        (State::Malformed, false, 0, at(2)),
        (State::Unreadable, false, 0, at(3)),
        (State::Conflict, true, 0, at(4)),
    ];
    assert_eq!(shown, expected);
    assert_eq!(count(&inbox, State::Pending).await, 0);
    assert_eq!(import_all(&inbox, file.as_bytes()).await, (0, 5));
}
