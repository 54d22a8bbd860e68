//! How a store is operated.

use std::time::Duration;

use bytes::Bytes;

use super::{accept, all, entries, ids, request, start, states, tag_added};
use crate::clock::after;
use crate::store::{ClaimRequest, Filter, Rejected, Settlement, State, Stats, Store};

/// Stores e1 (s1, done), e2 (s1, dead), e3 (s2, pending), e4 (s2, pending later).
async fn mixed(store: &dyn Store) {
    let raws = [("e1", "s1"), ("e2", "s1"), ("e3", "s2")]
        .map(|(id, spektr_id)| tag_added(id, spektr_id, 1_700_000_000_000));
    accept(store, &raws).await;
    let claims = store.claim(ClaimRequest { limit: 2, ..request(start()) }).await.unwrap();
    let dead = Settlement::Park { state: State::Dead, reason: "why".to_owned() };
    assert!(store.settle(claims[0].lease, Settlement::Done, start()).await.unwrap());
    assert!(store.settle(claims[1].lease, dead, start()).await.unwrap());
    let later = tag_added("e4", "s2", 1_700_000_000_000);
    store.accept(entries("test", &later, after(start(), Duration::from_secs(1)))).await.unwrap();
}

/// By every member of a filter, alone and together, page by page.
pub async fn lists_and_counts_by_filter(store: &dyn Store) {
    mixed(store).await;
    let later = after(start(), Duration::from_secs(1));
    let number = all(store).await[1].number;
    let filters = [
        (Filter::all(), "e1 e2 e3 e4"),
        (Filter::number(number), "e2"),
        (Filter { id: Some("e3".to_owned()), ..Filter::all() }, "e3"),
        (Filter { spektr_id: Some("s1".to_owned()), ..Filter::all() }, "e1 e2"),
        (Filter { wire_type: Some("Customer_Tag_ADD".to_owned()), ..Filter::all() }, "e1 e2 e3 e4"),
        (Filter { wire_type: Some("other".to_owned()), ..Filter::all() }, ""),
        (Filter::state(State::Done), "e1"),
        (Filter::state(State::Pending), "e3 e4"),
        (Filter { received_before: Some(later), ..Filter::all() }, "e1 e2 e3"),
        (Filter { received_since: Some(later), ..Filter::all() }, "e4"),
        (Filter { spektr_id: Some("s1".to_owned()), ..Filter::state(State::Dead) }, "e2"),
    ];
    for (filter, expected) in filters {
        let found = store.list(filter.clone(), 0, 10).await.unwrap();
        let found: Vec<_> = found.into_iter().filter_map(|entry| entry.id).collect();
        assert_eq!(found.join(" "), expected, "{filter:?}");
        assert_eq!(store.count(filter.clone()).await.unwrap(), found.len() as u64, "{filter:?}");
    }
    let mut pages = Vec::new();
    let mut last = 0;
    while let [entry] = &store.list(Filter::all(), last, 1).await.unwrap()[..] {
        pages.extend(entry.id.clone());
        last = entry.number;
    }
    assert_eq!(pages, ["e1", "e2", "e3", "e4"]);
}

/// With attempts and reason forgotten; a lease is left alone. The first ones first.
pub async fn releases_what_is_not_pending(store: &dyn Store) {
    mixed(store).await;
    let now = after(start(), Duration::from_secs(5));
    let held = store.claim(request(start())).await.unwrap();
    assert_eq!(ids(&held), ["e3"]);
    let numbers: Vec<_> = all(store).await.iter().map(|entry| entry.number).collect();
    let release = |filter, after: i64| store.release(filter, after, 10, now);
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
    assert_eq!(store.release(Filter::all(), numbers[0], 1, now).await.unwrap(), [numbers[1]]);
    store.accept(entries("test", "not JSON", start())).await.unwrap();
    assert!(release(Filter::state(State::Unreadable), 0).await.unwrap().is_empty());
}

/// As many as asked for, and what is pending never.
pub async fn prunes_what_is_not_pending(store: &dyn Store) {
    mixed(store).await;
    assert_eq!(store.prune(Filter::all(), 1).await.unwrap(), 1);
    assert_eq!(store.count(Filter::state(State::Pending)).await.unwrap(), 2);
    assert_eq!(store.count(Filter::all()).await.unwrap(), 3);
    assert_eq!(store.prune(Filter::all(), 10).await.unwrap(), 1);
    assert_eq!(store.prune(Filter::all(), 10).await.unwrap(), 0);
    assert_eq!(states(store).await, [State::Pending; 2]);
}

/// Pending or done, unreadable or in quarantine; a number is not used again.
pub async fn erases_all_of_a_spektr_id(store: &dyn Store) {
    mixed(store).await;
    for body in ["{ s2", "{ s1"] {
        store.accept(entries("test", body, start())).await.unwrap();
        store.quarantine(rejected(body), 10, 1000).await.unwrap();
    }
    let last = all(store).await.last().unwrap().number;
    assert_eq!(store.erase("s2".to_owned()).await.unwrap(), 4);
    assert_eq!(store.erase("s2".to_owned()).await.unwrap(), 0);
    let rest: Vec<_> = all(store).await.into_iter().map(|entry| entry.raw).collect();
    assert_eq!(rest.len(), 3);
    assert_eq!(&rest[2][..], b"{ s1");
    assert_eq!(store.quarantined(0, 10).await.unwrap().len(), 1);

    assert_eq!(store.erase("s1".to_owned()).await.unwrap(), 4);
    accept(store, &[tag_added("e9", "s9", 1_700_000_000_000)]).await;
    assert!(all(store).await[0].number > last);
}

/// What metrics and health show.
pub async fn keeps_figures(store: &dyn Store) {
    let empty = store.stats().await.unwrap();
    assert_eq!(Stats { queued: 0, queue_limit: 0, ..empty }, Stats::default());
    mixed(store).await;
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.pending, stats.dead), (2, 1));
    assert_eq!(stats.oldest_pending, Some(start()));
    assert_eq!(stats.newest, Some(after(start(), Duration::from_secs(1))));
    store.probe().await.unwrap();
    assert_eq!(all(store).await.len(), 4);
}

/// The newest remain, by number and by size, and a body is kept once.
pub async fn the_quarantine_is_bounded(store: &dyn Store) {
    for body in ["one", "two", "three", "two"] {
        store.quarantine(rejected(body), 3, 1000).await.unwrap();
    }
    assert_eq!(bodies(store).await, ["one", "three", "two"]);
    store.quarantine(rejected("four"), 3, 1000).await.unwrap();
    assert_eq!(bodies(store).await, ["three", "two", "four"]);
    store.quarantine(rejected("five"), 3, 8).await.unwrap();
    assert_eq!(bodies(store).await, ["four", "five"]);

    let kept = store.quarantined(0, 10).await.unwrap();
    assert_eq!(kept[1].rejected, rejected("five"));
    assert!(store.discard(kept[0].number).await.unwrap());
    assert!(!store.discard(kept[0].number).await.unwrap());
    assert_eq!(bodies(store).await, ["five"]);
    assert_eq!(store.count(Filter::all()).await.unwrap(), 0);
}

/// Each by its name, the last one written.
pub async fn keeps_notes(store: &dyn Store) {
    let note = |name: &str| store.note(name.to_owned());
    assert_eq!(note("a").await.unwrap(), None);
    for (name, text) in [("a", "1"), ("b", "2"), ("a", "3"), ("\0", "\0")] {
        store.set_note(name.to_owned(), text.to_owned()).await.unwrap();
    }
    assert_eq!(note("a").await.unwrap().as_deref(), Some("3"));
    assert_eq!(note("b").await.unwrap().as_deref(), Some("2"));
    assert_eq!(note("\0").await.unwrap().as_deref(), Some("\0"));
}

fn rejected(body: &'static str) -> Rejected {
    Rejected {
        received_at: start(),
        reason: "signature\0mismatch".to_owned(),
        headers: vec![("x-signature\0".to_owned(), vec![0, 0xff])],
        body: Bytes::from_static(body.as_bytes()),
    }
}

async fn bodies(store: &dyn Store) -> Vec<String> {
    let kept = store.quarantined(0, 10).await.unwrap();
    kept.iter().map(|one| String::from_utf8(one.rejected.body.to_vec()).unwrap()).collect()
}
