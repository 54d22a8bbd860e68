//! The contract of holding entries back: behind a dead letter, or during a pause.

use std::time::Duration;

use super::working::{ordered, three};
use super::{accept, all, ids, request, start, tag_added};
use crate::clock::{after, before};
use crate::store::{Action, ClaimRequest, Filter, Operator, Pause, Settlement, State, Store};

fn holding(now: spektr_types::Timestamp) -> ClaimRequest {
    ClaimRequest { hold_on_dead: true, ..ordered(now) }
}

fn dead() -> Settlement {
    Settlement::Park { state: State::Dead, reason: "why".to_owned() }
}

/// A dead letter does not hold back later entries by default.
pub async fn a_dead_letter_does_not_hold_back_the_next(store: &dyn Store) {
    three(store).await;
    let first = store.claim(ordered(start())).await.unwrap();
    assert_eq!(ids(&first), ["e1"]);
    let dead = Settlement::Park { state: State::Dead, reason: String::new() };
    assert!(store.settle(first[0].lease, dead, start()).await.unwrap());
    assert_eq!(ids(&store.claim(ordered(start())).await.unwrap()), ["e2"]);
}

/// With `hold_on_dead`, a dead letter holds back later entries of its spektr id, until it is
/// replayed, resolved or deleted.
pub async fn a_dead_letter_holds_back_what_comes_later_if_it_is_to(store: &dyn Store) {
    three(store).await;
    let others = [
        tag_added("other", "s2", 1_700_000_000_000),
        r#"{"id":"nobody-1","type":"x"}"#.to_owned(),
        r#"{"id":"nobody-2","type":"x"}"#.to_owned(),
    ];
    accept(store, &others).await;
    let claims = store.claim(holding(start())).await.unwrap();
    assert_eq!(ids(&claims), ["e1", "other", "nobody-1", "nobody-2"]);
    for claim in &claims[..3] {
        assert!(store.settle(claim.lease, dead(), start()).await.unwrap());
    }
    // An entry without a spektr id holds back no other entry.
    assert!(store.give_back(vec![claims[3].lease], start()).await.unwrap() == 1);
    let claims = store.claim(holding(start())).await.unwrap();
    assert_eq!(ids(&claims), ["nobody-2"]);
    assert!(store.settle(claims[0].lease, Settlement::Done, start()).await.unwrap());
    assert_eq!(store.stats().await.unwrap().behind_dead, 2);
    let free = || async { ids(&store.claim(holding(start())).await.unwrap()) };
    let none: [&str; 0] = [];
    assert_eq!(free().await, none);

    // A late entry that comes before the dead one has its turn.
    accept(store, &[tag_added("late", "s1", 1_600_000_000_000)]).await;
    let late = store.claim(holding(start())).await.unwrap();
    assert_eq!(ids(&late), ["late"]);
    // A second dead entry does not change which entries are held back.
    assert!(store.settle(late[0].lease, dead(), start()).await.unwrap());
    assert_eq!(free().await, none);
    assert_eq!(store.stats().await.unwrap().behind_dead, 2);

    let of = |id: &str| Filter { id: Some(id.to_owned()), ..Filter::all() };
    let number =
        |id: &'static str| async move { store.list(of(id), 0, 1).await.unwrap()[0].number };
    let record = Operator::new("ada").record(Action::Resolve, start());
    let resolved = store.resolve(number("late").await, "by hand".to_owned(), record).await;
    assert!(resolved.unwrap());
    assert_eq!(free().await, none);
    // The replayed entry comes first, then the others in their turn.
    assert_eq!(store.release(of("e1"), 0, 1, start(), None).await.unwrap().len(), 1);
    assert_eq!(store.stats().await.unwrap().behind_dead, 0);
    for (id, outcome) in [("e1", Settlement::Done), ("e2", dead())] {
        let claims = store.claim(holding(start())).await.unwrap();
        assert_eq!(ids(&claims), [id]);
        assert!(store.settle(claims[0].lease, outcome, start()).await.unwrap());
    }
    assert_eq!(free().await, none);
    assert_eq!(store.stats().await.unwrap().behind_dead, 1);
    let deleted = store.prune(of("e2"), 1, start(), None).await.unwrap();
    assert_eq!((deleted, free().await), (1, vec!["e3".to_owned()]));
}

/// Entries that are not held back are found, however many others are held back and are due
/// earlier.
pub async fn what_is_held_back_does_not_hide_what_is_not(store: &dyn Store) {
    let in_order = |now| ClaimRequest { limit: 10, ..holding(now) };
    let raw = |index: i64| tag_added(&format!("e{index}"), &format!("s{index}"), 1);
    accept(store, &(0..400).map(raw).collect::<Vec<_>>()).await;
    for claim in store.claim(ClaimRequest { limit: 400, ..in_order(start()) }).await.unwrap() {
        assert!(store.settle(claim.lease, dead(), start()).await.unwrap());
    }
    let raw = |index: i64| tag_added(&format!("f{index}"), &format!("s{index}"), 2);
    accept(store, &(0..400).map(raw).collect::<Vec<_>>()).await;
    accept(store, &["a", "z"].map(|person| tag_added(person, person, 3))).await;
    let claims = store.claim(in_order(start())).await.unwrap();
    let mut claimed = ids(&claims);
    claimed.sort();
    assert_eq!(claimed, ["a", "z"]);
    for claim in claims {
        assert!(store.settle(claim.lease, Settlement::Done, start()).await.unwrap());
    }
    let later = after(start(), Duration::from_secs(3600));
    assert!(store.claim(in_order(later)).await.unwrap().is_empty());
    assert_eq!(store.stats().await.unwrap().behind_dead, 400);
    assert_eq!(all(store).await.len(), 802);
    // A request without `hold_on_dead` gets the held entries.
    let others = ClaimRequest { limit: 400, ..ordered(later) };
    assert_eq!(store.claim(others).await.unwrap().len(), 400);
}

/// A pause lasts until it is resumed. Held leases can still be settled, and each change is
/// recorded once.
pub async fn a_paused_store_accepts_and_hands_out_nothing(store: &dyn Store) {
    three(store).await;
    let held = store.claim(ClaimRequest { limit: 1, ..ordered(start()) }).await.unwrap();
    assert_eq!(store.pause().await.unwrap(), None);
    let later = after(start(), Duration::from_secs(5));
    let pause = |at| store.set_paused(true, Operator::new("ada \0").record(Action::Pause, at));
    assert!(pause(start()).await.unwrap());
    assert!(!pause(later).await.unwrap());
    let paused = Pause { since: start(), by: "ada \0".to_owned() };
    assert_eq!(store.pause().await.unwrap(), Some(paused));
    assert_eq!(store.stats().await.unwrap().paused_since, Some(start()));

    accept(store, &[tag_added("other", "s2", 1), r#"{"id":"nobody","type":"x"}"#.to_owned()]).await;
    assert_eq!(
        store.extend(vec![held[0].lease], start(), Duration::from_secs(60)).await.unwrap(),
        [held[0].lease]
    );
    assert!(store.settle(held[0].lease, Settlement::Done, start()).await.unwrap());
    // The paused store hands out neither due entries nor those that a wrong clock has deferred.
    let day_before = before(start(), Duration::from_secs(24 * 3600));
    for now in [later, day_before] {
        for request in [holding(now), ordered(now), ClaimRequest { owner: 2, ..request(now) }] {
            assert!(store.claim(request).await.unwrap().is_empty());
        }
    }
    let arrivals = store.arrivals();
    let resume = || store.set_paused(false, Operator::new("eve").record(Action::Resume, later));
    assert!(resume().await.unwrap());
    assert!(arrivals.has_changed().unwrap());
    assert!(!resume().await.unwrap());
    assert_eq!(store.pause().await.unwrap(), None);
    assert_eq!(store.stats().await.unwrap().paused_since, None);
    assert_eq!(ids(&store.claim(ordered(later)).await.unwrap()), ["e2", "other", "nobody"]);
    let actions = store.actions(0, 10).await.unwrap();
    let shown: Vec<_> = actions
        .iter()
        .map(|one| (one.actor.as_str(), one.action.as_str(), one.at, one.affected))
        .collect();
    let expected = [("ada \0", "pause", start(), 0), ("eve", "resume", later, 0)];
    assert_eq!(shown, expected);
}
