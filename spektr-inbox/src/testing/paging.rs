//! The contract of pages of entries.

use std::time::Duration;

use super::operating::mixed;
use super::{accept, all, entries, request, start, tag_added};
use crate::clock::after;
use crate::store::{ClaimRequest, Filter, Page, State, Store, StoredEntry, Summary};

/// Returns the summary of an entry without a lease.
fn summary(entry: StoredEntry) -> Summary {
    Summary {
        number: entry.number,
        source: entry.source,
        id: entry.id,
        spektr_id: entry.spektr_id,
        wire_type: entry.wire_type,
        created_at: entry.created_at,
        received_at: entry.received_at,
        state: entry.state,
        conflict: entry.conflict,
        attempts: entry.attempts,
        due_at: entry.due_at,
        is_leased: false,
        reason: entry.reason,
        bytes: entry.raw.len() as u64,
    }
}

/// Pages show everything except the JSON, and each entry once, with any filter.
pub async fn pages_show_all_but_the_json_from_the_newest_to_the_oldest(store: &dyn Store) {
    mixed(store).await;
    store.accept(entries("test", "{ s1", start())).await.unwrap();
    let stored = all(store).await;
    let whole = store.page(Filter::all(), None, 10).await.unwrap();
    let expected: Vec<_> = stored.iter().rev().cloned().map(summary).collect();
    assert_eq!(whole, Page { entries: expected, next: None });

    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = store.page(Filter::all(), before, 2).await.unwrap();
        pages.push(page.entries.iter().map(|entry| entry.number).collect::<Vec<_>>());
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let numbers: Vec<_> = stored.iter().map(|entry| entry.number).collect();
    let [e1, e2, e3, e4, body] = numbers[..] else { panic!("{numbers:?}") };
    assert_eq!(pages, [vec![body, e4], vec![e3, e2], vec![e1]]);

    let text = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (Filter::number(e2), vec![e2]),
        (Filter { up_to: Some(e2), ..Filter::all() }, vec![e2, e1]),
        (Filter { up_to: Some(e3), ..Filter::state(State::Pending) }, vec![e3]),
        (Filter { id: text("e3"), ..Filter::all() }, vec![e3]),
        (Filter { id: text("e3"), ..Filter::state(State::Done) }, vec![]),
        (Filter { spektr_id: text("s1"), ..Filter::all() }, vec![e2, e1]),
        (Filter { spektr_id: text("s1"), ..Filter::state(State::Dead) }, vec![e2]),
        (Filter { wire_type: text("Customer_Tag_ADD"), ..Filter::all() }, vec![e4, e3, e2, e1]),
        (Filter { source: text("other"), ..Filter::all() }, vec![]),
        (Filter::state(State::Unreadable), vec![body]),
        (Filter::state(State::Pending), vec![e4, e3]),
        (Filter::state(State::Done), vec![e1]),
        (Filter { received_before: Some(start()), ..Filter::all() }, vec![]),
    ] {
        let page = store.page(filter.clone(), None, 10).await.unwrap();
        let found: Vec<_> = page.entries.iter().map(|entry| entry.number).collect();
        assert_eq!((found, page.next), (expected, None), "{filter:?}");
    }
}

/// An entry that a worker holds does not wait for a retry.
pub async fn pages_tell_what_waits_from_what_is_leased_or_due(store: &dyn Store) {
    mixed(store).await;
    let second = after(start(), Duration::from_secs(1));
    let waiting = async |now| {
        let page = store.page(Filter::state(State::Pending), None, 10).await.unwrap();
        page.entries.iter().map(|entry| entry.is_waiting(now)).collect::<Vec<_>>()
    };
    // The newest, e4, is due a second after the start.
    assert_eq!(waiting(start()).await, [true, false]);
    assert_eq!(waiting(second).await, [false, false]);
    store.claim(ClaimRequest { limit: 2, ..request(second) }).await.unwrap();
    assert_eq!(waiting(start()).await, [false, false]);
}

/// A page examines a bounded number of entries, however many there are, and however few match
/// the filter.
pub async fn a_page_looks_at_a_bounded_number_of_entries(store: &dyn Store) {
    const BATCH: usize = 1000;
    let event = |index: usize| tag_added(&format!("e{index}"), "s1", 1_700_000_000_000);
    accept(store, &[event(0).replace("customer_tag_add", "alert_created")]).await;
    let events: Vec<_> = (1..=Page::LOOKED_AT).map(event).collect();
    for batch in events.chunks(BATCH) {
        accept(store, batch).await;
    }
    let numbers: Vec<_> = store
        .page(Filter::all(), None, Page::LOOKED_AT + 1)
        .await
        .unwrap()
        .entries
        .iter()
        .map(|entry| entry.number)
        .collect();
    // The oldest entry is beyond the limit.
    assert_eq!(numbers.len(), Page::LOOKED_AT);
    let alerts = Filter { wire_type: Some("alert_created".to_owned()), ..Filter::all() };
    let of_one = Filter { spektr_id: Some("s1".to_owned()), ..alerts.clone() };
    let pending = Filter { state: Some(State::Pending), ..alerts.clone() };
    for filter in [alerts, of_one, pending] {
        let first = store.page(filter.clone(), None, 10).await.unwrap();
        let edge = numbers.last().copied();
        assert_eq!(first, Page { entries: Vec::new(), next: edge }, "{filter:?}");
        let second = store.page(filter.clone(), edge, 10).await.unwrap();
        let found: Vec<_> = second.entries.iter().map(|entry| entry.id.as_deref()).collect();
        assert_eq!((found, second.next), (vec![Some("e0")], None), "{filter:?}");
    }
}
