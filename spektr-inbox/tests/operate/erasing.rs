//! Tests erasure: everything that names a customer, and nothing of another customer.

use spektr_inbox::operate::{Belongings, Kind, erase, survey};
use spektr_inbox::store::{Erased, Filter, NewEntry, Rejected, State};
use spektr_inbox::testing::{entries, start, tag_added};

use super::super::settle;
use crate::support::{Inbox, ada};

/// Returns an inbox with entries of spk_1, and of other customers that name spk_1 or have a
/// similar id, in many states.
async fn mixed() -> Inbox {
    let inbox = Inbox::new();
    let accept = async |body: &str, state: Option<State>| {
        let stored = entries("test", body, start()).into_iter();
        let stored = stored.map(|one| NewEntry { state: state.unwrap_or(one.state), ..one });
        inbox.store.accept(stored.collect()).await.unwrap();
    };
    let tag = |id: &str, of: &str| tag_added(id, of, 1_700_000_000_000);
    accept(&tag("own-done", "spk_1"), Some(State::Done)).await;
    accept(&tag("own-pending", "spk_1"), None).await;
    accept(&tag("own-escaped", "spk\\u005f1"), Some(State::Dead)).await;
    accept(&tag("other", "spk_10"), None).await;
    // The entries are malformed: the id is in an unexpected place, so the column of the spektr
    // id is empty.
    accept(r#"{"id":"malformed","spektr":{"id":"spk_1"}}"#, Some(State::Malformed)).await;
    accept(r#"{"id":"malformed-other","spektr":{"id":"spk_10"}}"#, Some(State::Malformed)).await;
    let named = tag("names", "spk_2").replace("\"t\"", "\"spk\\u005F1\"");
    accept(&named, Some(State::Done)).await;
    let told = tag("tells", "spk_2").replace("\"t\"", "\"see spk_1\"");
    accept(&told, Some(State::Done)).await;
    accept(r#"{"results":[{"spektrId":"spk_1"#, None).await;
    accept(r#"{"results":[{"spektrId":"spk_10"}"#, None).await;
    accept("spektrId=spk_10&a=b", None).await;
    for body in [r#"{"spektrId":"spk_1"}"#, r#"{"spektrId":"spk_10"}"#, "a=spk_1"] {
        let rejected = Rejected {
            received_at: start(),
            reason: "signature_mismatch".to_owned(),
            headers: Vec::new(),
            body: body.into(),
        };
        inbox.store.quarantine(rejected, 10, 1000).await.unwrap();
    }
    inbox
}

fn counts(found: &Belongings) -> [u64; 4] {
    Kind::ALL.map(|kind| found.count(kind))
}

async fn ids(inbox: &Inbox) -> Vec<String> {
    inbox.all().await.into_iter().map(|one| one.id.unwrap_or_default()).collect()
}

#[tokio::test]
async fn what_names_a_person_is_found_in_every_state_and_somebody_alike_is_not() {
    let inbox = mixed().await;
    let found = survey(&*inbox.store, "spk_1").await.unwrap();
    assert_eq!(counts(&found), [3, 2, 1, 2]);
    let states: Vec<_> = found.states().iter().map(|(state, count)| (*state, *count)).collect();
    assert_eq!(states, [(State::Pending, 1), (State::Done, 1), (State::Dead, 1)]);

    let erased = erase(&*inbox.store, &ada(), &found, &Kind::ALL, start()).await.unwrap();
    let all = Erased { entries: 3, mentions: 2, bodies: 1, rejected: 2, ..Erased::default() };
    assert_eq!(erased, all);
    assert_eq!(ids(&inbox).await, ["other", "malformed-other", "tells", "", ""]);
    assert_eq!(inbox.store.quarantined(0, 10).await.unwrap().len(), 1);
    let again = survey(&*inbox.store, "spk_1").await.unwrap();
    assert_eq!(counts(&again), [0; 4]);

    let other = survey(&*inbox.store, "spk_10").await.unwrap();
    assert_eq!(counts(&other), [1, 1, 2, 1]);
    assert_eq!(counts(&survey(&*inbox.store, "").await.unwrap()), [0; 4]);
}

#[tokio::test]
async fn only_the_kinds_that_are_asked_for_go() {
    for (index, kind) in Kind::ALL.into_iter().enumerate() {
        let inbox = mixed().await;
        let found = survey(&*inbox.store, "spk_1").await.unwrap();
        let erased = erase(&*inbox.store, &ada(), &found, &[kind], start()).await.unwrap();
        assert_eq!(erased.total(), found.count(kind));
        let mut expected = counts(&found);
        expected[index] = 0;
        let left = survey(&*inbox.store, "spk_1").await.unwrap();
        assert_eq!(counts(&left), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn what_came_since_the_survey_goes_too_and_the_record_says_not_whose() {
    let inbox = mixed().await;
    let found = survey(&*inbox.store, "spk_1").await.unwrap();
    let late = tag_added("late", "spk_1", 1_700_000_000_000);
    inbox.store.accept(entries("test", &late, start())).await.unwrap();
    let erased = erase(&*inbox.store, &ada(), &found, &Kind::ALL, start()).await.unwrap();
    assert_eq!(erased.entries, 4);
    let actions = inbox.store.actions(0, 10).await.unwrap();
    assert_eq!((actions.len(), &*actions[0].action, &*actions[0].actor), (1, "erase", "ada"));
    assert_eq!((actions[0].affected, &actions[0].filter), (9, &None));
    let found_then = r#"{"found":{"bodies":1,"entries":3,"mentions":2,"rejected":2}}"#;
    assert_eq!(actions[0].details.as_deref(), Some(found_then));
    assert!(!format!("{actions:?} {found:?}").contains("spk_1"), "{actions:?}");
}

#[tokio::test]
async fn everything_is_erased_in_one_transaction_and_recorded_once() {
    let inbox = Inbox::new();
    let naming = |index: usize| {
        let other = tag_added(&format!("e{index}"), "spk_2", 1_700_000_000_000);
        other.replace("\"t\"", "\"spk_1\"")
    };
    let all: Vec<_> = (0..1100).map(naming).collect();
    let body = format!(r#"{{"results":[{}]}}"#, all.join(","));
    inbox.store.accept(entries("test", &body, start())).await.unwrap();
    settle(&inbox, spektr_inbox::store::Settlement::Done).await;
    let found = survey(&*inbox.store, "spk_1").await.unwrap();
    let erased = erase(&*inbox.store, &ada(), &found, &Kind::ALL, start()).await.unwrap();
    assert_eq!((found.count(Kind::Mentions), erased.mentions), (1100, 1100));
    assert_eq!(inbox.store.count(Filter::all()).await.unwrap(), 0);
    let recorded = inbox.store.actions(0, 10).await.unwrap();
    assert_eq!(recorded.iter().map(|one| one.affected).collect::<Vec<_>>(), [1100]);
}

#[tokio::test]
async fn a_person_is_found_however_many_numbers_are_in_between() {
    let inbox = Inbox::new();
    let file = rusqlite::Connection::open(inbox.folder.path().join("inbox.db")).unwrap();
    let skip_to = "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'entries'";
    for number in [9_998_i64, 9_999, 10_000, 10_001, 35_000, 40_000] {
        let naming = tag_added(&format!("e{number}"), "spk_2", 1_700_000_000_000);
        let naming = naming.replace("\"t\"", "\"spk_1\"");
        inbox.store.accept(entries("test", &naming, start())).await.unwrap();
        file.execute(skip_to, [number]).unwrap();
    }
    let found = survey(&*inbox.store, "spk_1").await.unwrap();
    assert_eq!(found.count(Kind::Mentions), 6);
}
