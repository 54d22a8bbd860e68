//! Tests the record of actions: every action of an operator leaves a record, in the same
//! transaction.

use spektr_inbox::operate::{
    Kind, empty_quarantine, erase, export, import, pause, prune, redecode, replay, resolve, resume,
    retry, survey,
};
use spektr_inbox::store::{Filter, NewEntry, Operator, Recorded, Rejected, Settlement, State};
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_types::Timestamp;

use super::super::{dead, settle};
use crate::support::Inbox;

/// Returns the record of actions of a store: action, filter, count.
async fn record(inbox: &Inbox) -> Vec<(String, Option<String>, u64)> {
    let actions = inbox.store.actions(0, 100).await.unwrap();
    assert!(actions.iter().all(|one| one.actor == "ada" && one.at == start()));
    actions.into_iter().map(|one| (one.action, one.filter, one.affected)).collect()
}

#[tokio::test]
async fn every_action_of_an_operator_is_recorded() {
    let inbox = Inbox::new();
    let (store, ada, now) = (&*inbox.store, Operator::new("ada"), start());
    inbox.fill_numbered(600).await;
    let due_at = Timestamp::from_millis(now.as_millis() + 1).unwrap();
    settle(&inbox, Settlement::Retry { due_at, reason: "marker".to_owned() }).await;
    retry(store, &ada, &Filter::state(State::Pending), now, |_| {}).await.unwrap();
    settle(&inbox, dead()).await;
    assert!(pause(store, &ada, now).await.unwrap() && resume(store, &ada, now).await.unwrap());
    let all_dead = Filter { source: Some("test".to_owned()), ..Filter::state(State::Dead) };
    replay(store, &ada, &all_dead, now, |_| {}).await.unwrap();
    settle(&inbox, Settlement::Done).await;
    let number = Filter { id: Some("e1".to_owned()), ..Filter::all() };
    prune(store, &ada, &number, now, |_| {}).await.unwrap();
    let unknown = entries("test", &tag_added("u", "s2", 1_700_000_000_000), now).remove(0);
    let unknown = NewEntry { state: State::Unknown, ..unknown };
    store.accept(vec![unknown]).await.unwrap();
    redecode(store, &ada, now, |_| {}).await.unwrap();
    let last = inbox.all().await.last().unwrap().number;
    assert!(resolve(store, &ada, last, "by hand", now).await.unwrap());
    let rejected = Rejected {
        received_at: now,
        reason: "signature_mismatch".to_owned(),
        headers: Vec::new(),
        body: "marker".into(),
    };
    store.quarantine(rejected, 10, 1000).await.unwrap();
    empty_quarantine(store, &ada, None, now).await.unwrap();
    let found = survey(store, "s2").await.unwrap();
    erase(store, &ada, &found, &Kind::ALL, now).await.unwrap();
    let mut file = Vec::new();
    export(store, &ada, &Filter::state(State::Done), now, &mut file, |_| {}).await.unwrap();

    let expected = [
        // The retry takes two steps.
        ("retry", Some(r#"{"state":"pending"}"#.to_owned()), 500),
        ("retry", Some(r#"{"state":"pending"}"#.to_owned()), 100),
        ("pause", None, 0),
        ("resume", None, 0),
        ("replay", Some(r#"{"source":"test","state":"dead"}"#.to_owned()), 500),
        ("replay", Some(r#"{"source":"test","state":"dead"}"#.to_owned()), 100),
        ("prune", Some(r#"{"id":"e1"}"#.to_owned()), 1),
        ("redecode", None, 1),
        ("resolve", Some(format!(r#"{{"number":{last}}}"#)), 1),
        ("discard", Some("{}".to_owned()), 1),
        ("erase", None, 1),
        ("export", Some(r#"{"state":"done"}"#.to_owned()), 599),
    ];
    let expected =
        expected.into_iter().map(|(action, filter, count)| (action.to_owned(), filter, count));
    assert_eq!(record(&inbox).await, expected.collect::<Vec<_>>());
    let actions = inbox.store.actions(0, 100).await.unwrap();
    // The record has the operator's reason, and no other text from the outside.
    let reasons: Vec<_> = actions.iter().filter_map(Recorded::reason).collect();
    assert_eq!(reasons, ["by hand"]);
    let shown = format!("{actions:?}");
    assert!(!shown.contains("marker"), "{shown}");

    // The record comes before the first line, because even a partial export has been read by
    // somebody.
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("there is no room"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    export(store, &ada, &Filter::state(State::Done), now, Full, |_| {}).await.unwrap_err();
    assert_eq!(record(&inbox).await.last().unwrap().0, "export");
    assert_eq!(record(&inbox).await.len(), 13);

    let other = Inbox::new();
    import(&*other.store, &ada, &file[..], now, |_| {}).await.unwrap();
    let counts: Vec<_> = record(&other).await.into_iter().map(|(_, _, count)| count).collect();
    assert_eq!(counts, [500, 99]);
}

#[tokio::test]
async fn a_reason_is_recorded_beside_the_other_details() {
    let inbox = Inbox::new();
    inbox.fill_numbered(2).await;
    let ada = Operator::new("ada").with_reason("ticket 17");
    let found = survey(&*inbox.store, "s1").await.unwrap();
    erase(&*inbox.store, &ada, &found, &[Kind::Entries], start()).await.unwrap();
    pause(&*inbox.store, &Operator::new("eve"), start()).await.unwrap();
    let actions = inbox.store.actions(0, 10).await.unwrap();
    let details: Vec<_> = actions.iter().map(|one| one.details.as_deref()).collect();
    let expected =
        format!(r#"{{"found":{{"entries":{}}},"reason":"ticket 17"}}"#, found.count(Kind::Entries));
    assert_eq!(details, [Some(&expected[..]), None]);
    let reasons: Vec<_> = actions.iter().map(Recorded::reason).collect();
    assert_eq!(reasons, [Some("ticket 17".to_owned()), None]);
}
