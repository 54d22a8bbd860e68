//! The contract of making entries due.

use std::time::Duration;

use super::operating::mixed;
use super::{accept, all, entries, ids, request, start, states, tag_added};
use crate::clock::after;
use crate::store::{Action, Filter, Operator, Settlement, State, Store, StoredEntry};

/// A release resets attempts and reason, and leaves leases alone. The earliest entries come
/// first.
pub async fn releases_what_is_not_pending(store: &dyn Store) {
    mixed(store).await;
    let now = after(start(), Duration::from_secs(5));
    let held = store.claim(request(start())).await.unwrap();
    assert_eq!(ids(&held), ["e3"]);
    let numbers: Vec<_> = all(store).await.iter().map(|entry| entry.number).collect();
    let release = |filter, after: i64| store.release(filter, after, 10, now, None);
    assert!(release(Filter::state(State::Dead), numbers[1]).await.unwrap().is_empty());
    assert_eq!(release(Filter::state(State::Dead), 0).await.unwrap(), [numbers[1]]);
    assert_eq!(release(Filter::all(), 0).await.unwrap(), [numbers[0]]);
    assert!(release(Filter::all(), 0).await.unwrap().is_empty());
    assert_eq!(states(store).await, [State::Pending; 4]);
    assert_eq!(all(store).await[1].reason, None);
    let claims = store.claim(request(now)).await.unwrap();
    assert_eq!(ids(&claims), ["e4", "e1", "e2"]);
    assert!(claims.iter().all(|claim| claim.lease.attempt == 1));
    assert!(store.settle(held[0].lease, Settlement::Done, now).await.unwrap());

    for claim in claims {
        assert!(store.settle(claim.lease, Settlement::Done, now).await.unwrap());
    }
    let release_one = |after| store.release(Filter::all(), after, 1, now, None);
    assert_eq!(release_one(numbers[0]).await.unwrap(), [numbers[1]]);
    store.accept(entries("test", "not JSON", start())).await.unwrap();
    assert!(release(Filter::state(State::Unreadable), 0).await.unwrap().is_empty());
}

/// A retry keeps the attempts counted. It changes neither leases nor entries that are due or
/// not pending.
pub async fn makes_due_what_waits_and_leaves_the_rest(store: &dyn Store) {
    mixed(store).await;
    let raws = ["e5", "e6"].map(|id| tag_added(id, "s3", 1_700_000_000_000));
    accept(store, &raws).await;
    let claims = store.claim(request(start())).await.unwrap();
    assert_eq!(ids(&claims), ["e3", "e5", "e6"]);
    let hour = after(start(), Duration::from_secs(3600));
    for claim in &claims[..2] {
        let retry = Settlement::Retry { due_at: hour, reason: "why".to_owned() };
        assert!(store.settle(claim.lease, retry, start()).await.unwrap());
    }
    let now = after(start(), Duration::from_secs(5));
    let before = all(store).await;
    let record = || Some(Operator::new("ada").record(Action::Retry, now));
    let make_due = |filter, after, limit| store.make_due(filter, after, limit, now, record());
    let of = |id: &str| Filter { id: Some(id.to_owned()), ..Filter::all() };
    let mut arrivals = store.arrivals();
    let none: [i64; 0] = [];
    for id in ["e1", "e2", "e4", "e6"] {
        assert_eq!(make_due(of(id), 0, 10).await.unwrap(), none, "{id}");
    }
    assert_eq!(make_due(Filter::all(), before[4].number, 10).await.unwrap(), none);
    assert!(!arrivals.has_changed().unwrap());
    assert_eq!(store.actions(0, 10).await.unwrap(), []);
    assert_eq!(all(store).await, before);

    assert_eq!(make_due(Filter::all(), 0, 1).await.unwrap(), [before[2].number]);
    assert!(arrivals.has_changed().unwrap());
    arrivals.mark_unchanged();
    assert_eq!(make_due(Filter::all(), 0, 10).await.unwrap(), [before[4].number]);
    assert_eq!(make_due(Filter::all(), 0, 10).await.unwrap(), none);
    let changed = all(store).await;
    for (index, (before, entry)) in before.iter().zip(&changed).enumerate() {
        let due_at = if matches!(index, 2 | 4) { now } else { before.due_at };
        assert_eq!(*entry, StoredEntry { due_at, ..before.clone() });
    }
    let again = store.claim(request(now)).await.unwrap();
    assert_eq!(ids(&again), ["e4", "e3", "e5"]);
    assert_eq!(again[1].lease.attempt, 2);
    // The lease that was held is still valid.
    assert!(store.settle(claims[2].lease, Settlement::Done, now).await.unwrap());
    let actions = store.actions(0, 10).await.unwrap();
    let shown: Vec<_> = actions.iter().map(|one| (one.action.as_str(), one.affected)).collect();
    assert_eq!(shown, [("retry", 1), ("retry", 1)]);
}

/// Counts only the entries that match the filter.
pub async fn tallies_by_state_type_and_whether_it_waits(store: &dyn Store) {
    mixed(store).await;
    let others = [r#"{"id":"u1","spektrId":"s4","type":"other\u0000"}"#, r#"{"id":"u2"}"#];
    accept(store, &others.map(str::to_owned)).await;
    let tally = async |filter, now| {
        let mut tallies = store.tally(filter, now).await.unwrap();
        tallies.sort_by_key(|one| (one.state, one.wire_type.clone(), one.is_waiting));
        let shown = tallies.into_iter().map(|one| {
            (one.state.as_str(), one.wire_type.unwrap_or_default(), one.is_waiting, one.count)
        });
        shown.collect::<Vec<_>>()
    };
    let tag = || "customer_tag_add".to_owned();
    let expected = [
        ("pending", String::new(), false, 1),
        ("pending", tag(), false, 1),
        // e4 arrives a second later.
        ("pending", tag(), true, 1),
        ("pending", "other\0".to_owned(), false, 1),
        ("done", tag(), false, 1),
        ("dead", tag(), false, 1),
    ];
    assert_eq!(tally(Filter::all(), start()).await, expected);
    let of_s2 = || Filter { spektr_id: Some("s2".to_owned()), ..Filter::all() };
    let later = after(start(), Duration::from_secs(1));
    assert_eq!(tally(of_s2(), later).await, [("pending", tag(), false, 2)]);
    // An entry that a worker holds does not wait.
    assert_eq!(store.claim(request(later)).await.unwrap().len(), 4);
    assert_eq!(tally(of_s2(), start()).await, [("pending", tag(), false, 2)]);
}
