//! The contract of operations on a store.

use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{accept, all, entries, ids, request, start, states, tag_added};
use crate::clock::after;
use crate::store::{
    Acceptance, Action, Attempt, ClaimRequest, Erased, Erasure, Filter, Imported, Operator,
    Original, Presence, Recorded, Rejected, Settlement, State, Stats, Store, Tombstone,
};

/// Stores e1 (s1, done), e2 (s1, dead), e3 (s2, pending), e4 (s2, pending later).
pub(super) async fn mixed(store: &dyn Store) {
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

/// Filters by every member, alone and together, page by page.
pub async fn lists_and_counts_by_filter(store: &dyn Store) {
    mixed(store).await;
    let later = after(start(), Duration::from_secs(1));
    let number = all(store).await[1].number;
    let filters = [
        (Filter::all(), "e1 e2 e3 e4"),
        (Filter::number(number), "e2"),
        (Filter { up_to: Some(number), ..Filter::all() }, "e1 e2"),
        (Filter { id: Some("e3".to_owned()), ..Filter::all() }, "e3"),
        (Filter { spektr_id: Some("s1".to_owned()), ..Filter::all() }, "e1 e2"),
        (Filter { wire_type: Some("Customer_Tag_ADD".to_owned()), ..Filter::all() }, "e1 e2 e3 e4"),
        (Filter { wire_type: Some("other".to_owned()), ..Filter::all() }, ""),
        (Filter::state(State::Done), "e1"),
        (Filter::state(State::Pending), "e3 e4"),
        (Filter { received_before: Some(later), ..Filter::all() }, "e1 e2 e3"),
        (Filter { received_since: Some(later), ..Filter::all() }, "e4"),
        (Filter { spektr_id: Some("s1".to_owned()), ..Filter::state(State::Dead) }, "e2"),
        (Filter { source: Some("test".to_owned()), ..Filter::state(State::Dead) }, "e2"),
        (Filter { source: Some("other".to_owned()), ..Filter::all() }, ""),
        (Filter { names: Some("e3".to_owned()), ..Filter::all() }, "e3"),
        (Filter { names: Some("marker".to_owned()), ..Filter::all() }, ""),
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

/// Deletes at most as many entries as requested, and never pending ones.
pub async fn prunes_what_is_not_pending(store: &dyn Store) {
    mixed(store).await;
    let prune = |limit| store.prune(Filter::all(), limit, start(), None);
    assert_eq!(prune(1).await.unwrap(), 1);
    assert_eq!(store.count(Filter::state(State::Pending)).await.unwrap(), 2);
    assert_eq!(store.count(Filter::all()).await.unwrap(), 3);
    assert_eq!(prune(10).await.unwrap(), 1);
    assert_eq!(prune(10).await.unwrap(), 0);
    assert_eq!(states(store).await, [State::Pending; 2]);
}

/// A pruned entry is known if the same or another content of its id comes again, until its
/// tombstone is forgotten.
pub async fn what_was_pruned_stays_known(store: &dyn Store) {
    mixed(store).await;
    let later = after(start(), Duration::from_secs(60));
    assert_eq!(store.prune(Filter::state(State::Done), 10, later, None).await.unwrap(), 1);
    let same = entries("test", &tag_added("e1", "s1", 1_700_000_000_000), later);
    let other = entries("test", &tag_added("e1", "s9", 1_700_000_000_000), later);
    let elsewhere = entries("other", &tag_added("e1", "s1", 1_700_000_000_000), later);
    let known = store.compare([same.clone(), other.clone()].concat()).await.unwrap();
    assert_eq!(known, [Presence::Same, Presence::OtherContent]);
    assert_eq!(store.accept(same.clone()).await.unwrap(), [Acceptance::Duplicate]);
    assert!(matches!(store.accept(other).await.unwrap()[..], [Acceptance::Conflict(_)]));
    assert!(matches!(store.accept(elsewhere).await.unwrap()[..], [Acceptance::Stored(_)]));

    let tombstones = store.tombstones(None, 10).await.unwrap();
    assert_eq!(tombstones.len(), 1);
    assert_eq!(tombstones[0].pruned_at, later);
    assert_eq!(store.tombstones(Some(tombstones[0].clone()), 10).await.unwrap(), []);
    assert_eq!(store.forget(later, Vec::new(), 10).await.unwrap(), 0);
    let last = after(later, Duration::from_millis(1));
    // The source can still be read from the time of pruning on.
    let of = |source: &str, time| vec![("x".to_owned(), last), (source.to_owned(), time)];
    assert_eq!(store.forget(last, of("test", later), 10).await.unwrap(), 0);
    let forgotten = store.forget(last, of("other", later), 10).await.unwrap();
    assert_eq!(forgotten, 1);
    store.bury(tombstones.clone()).await.unwrap();
    assert_eq!(store.forget(last, of("test", last), 10).await.unwrap(), 1);
    assert_eq!(store.tombstones(None, 10).await.unwrap(), []);
    // An import can bring the tombstone back.
    store.bury(tombstones.clone()).await.unwrap();
    store.bury(tombstones.clone()).await.unwrap();
    assert_eq!(store.tombstones(None, 10).await.unwrap(), tombstones);
}

/// Different contents can have the same former hash, so a former hash alone never makes a
/// duplicate.
pub async fn a_former_hash_alone_makes_no_duplicate(store: &dyn Store) {
    let entry = entries("test", &tag_added("e1", "s1", 1_700_000_000_000), start());
    let hash = |text: &str| Sha256::digest(text).to_vec();
    let tombstone = Tombstone {
        source_hash: hash("test"),
        key_hash: hash("id:e1"),
        content: entry[0].former_content().to_vec(),
        spektr_hash: None,
        pruned_at: start(),
    };
    store.bury(vec![tombstone]).await.unwrap();
    assert_eq!(store.compare(entry.clone()).await.unwrap(), [Presence::OtherContent]);
    let accepted = store.accept(entry.clone()).await.unwrap();
    assert!(matches!(accepted[..], [Acceptance::Conflict(_)]), "{accepted:?}");
    assert_eq!(store.accept(entry).await.unwrap(), [Acceptance::Duplicate]);
}

/// Erases entries in any state, and nothing of other customers. Numbers are not reused.
pub async fn erases_all_of_a_spektr_id(store: &dyn Store) {
    mixed(store).await;
    for body in ["{ s2", "{ s1"] {
        store.accept(entries("test", body, start())).await.unwrap();
        store.quarantine(rejected(body), 10, 1000).await.unwrap();
    }
    let stored = all(store).await;
    let kept = store.quarantined(0, 10).await.unwrap();
    let last = stored.last().unwrap().number;
    let erasure = || Erasure {
        bodies: vec![stored[4].number, last + 1],
        rejected: vec![kept[0].number],
        ..Erasure::of("s2")
    };
    let erased = store.erase(erasure(), None).await.unwrap();
    assert_eq!(erased, Erased { entries: 2, bodies: 1, rejected: 1, ..Erased::default() });
    assert_eq!(store.erase(erasure(), None).await.unwrap(), Erased::default());
    let rest: Vec<_> = all(store).await.into_iter().map(|entry| entry.raw).collect();
    assert_eq!(rest.len(), 3);
    assert_eq!(&rest[2][..], b"{ s1");
    assert_eq!(store.quarantined(0, 10).await.unwrap().len(), 1);
    // No tombstone identifies the erased entries.
    assert_eq!(store.tombstones(None, 10).await.unwrap(), []);

    let mentions = vec![stored[5].number];
    let erasure = Erasure { mentions, ..Erasure::of("s1") };
    let erased = store.erase(erasure, None).await.unwrap();
    assert_eq!((erased.entries, erased.mentions, erased.total()), (2, 1, 3));
    accept(store, &[tag_added("e9", "s9", 1_700_000_000_000)]).await;
    assert!(all(store).await[0].number > last);
}

/// Also erases traces of entries that were deleted before: tombstones, and hashes in the record
/// of actions.
pub async fn an_erasure_leaves_nothing_that_identifies_the_person(store: &dyn Store) {
    let of = |id: &str| Filter { spektr_id: Some(id.to_owned()), ..Filter::all() };
    let record = |id| Operator::new("ada").record(Action::Prune, start()).with_filter(&of(id));
    for (event, person) in [("e1", "s1"), ("e2", "s1"), ("e3", "s10")] {
        accept(store, &[tag_added(event, person, 1_700_000_000_000)]).await;
    }
    for claim in store.claim(request(start())).await.unwrap() {
        assert!(store.settle(claim.lease, Settlement::Done, start()).await.unwrap());
    }
    for person in ["s1", "s10"] {
        store.prune(of(person), 10, start(), Some(record(person))).await.unwrap();
    }
    let tombstones = store.tombstones(None, 10).await.unwrap();
    assert_eq!(tombstones.len(), 3);
    let hash = Sha256::digest("s1").to_vec();
    let of_s1 = tombstones.iter().filter(|one| one.spektr_hash.as_ref() == Some(&hash));
    assert_eq!(of_s1.count(), 2);

    let erase = Operator::new("ada").record(Action::Erase, start());
    let erased = store.erase(Erasure::of("s1"), Some(erase)).await.unwrap();
    assert_eq!(erased, Erased { tombstones: 2, ..Erased::default() });
    let left = store.tombstones(None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].spektr_hash, Some(Sha256::digest("s10").to_vec()));
    let filters: Vec<_> =
        store.actions(0, 10).await.unwrap().into_iter().map(|one| one.filter).collect();
    let other = record("s10").filter;
    assert_eq!(filters, [Some(r#"{"spektrId":"erased"}"#.to_owned()), other, None]);
    // An erased event that comes again is new.
    let again = entries("test", &tag_added("e1", "s1", 1_700_000_000_000), start());
    assert!(matches!(store.accept(again).await.unwrap()[..], [Acceptance::Stored(_)]));
}

/// An entry in any state except done can be resolved; a lease on it is lost.
pub async fn an_entry_is_resolved_once_and_with_a_reason(store: &dyn Store) {
    mixed(store).await;
    let numbers: Vec<_> = all(store).await.iter().map(|entry| entry.number).collect();
    let held = store.claim(request(start())).await.unwrap();
    assert_eq!(ids(&held), ["e3"]);
    let record = Operator::new("ada").record(Action::Resolve, start());
    let resolve = |number| store.resolve(number, "done by hand".to_owned(), record.clone());
    assert!(!resolve(numbers[0]).await.unwrap());
    for number in [numbers[1], numbers[2]] {
        assert!(resolve(number).await.unwrap());
        assert!(!resolve(number).await.unwrap());
    }
    assert!(!store.settle(held[0].lease, Settlement::Done, start()).await.unwrap());
    let expected = [State::Done, State::Resolved, State::Resolved, State::Pending];
    assert_eq!(states(store).await, expected);
    assert_eq!(all(store).await[1].reason.as_deref(), Some("done by hand"));
    assert_eq!(store.actions(0, 10).await.unwrap().len(), 2);
    assert_eq!(store.prune(Filter::state(State::Resolved), 10, start(), None).await.unwrap(), 2);
}

/// The replacement is recorded, and happens once.
pub async fn entries_take_the_place_of_what_they_were_read_from(store: &dyn Store) {
    store.accept(entries("test", "not JSON", start())).await.unwrap();
    store.quarantine(rejected("one"), 10, 1000).await.unwrap();
    let body = Original::Body(all(store).await[0].number);
    let kept = Original::Rejected(store.quarantined(0, 10).await.unwrap()[0].number);
    let record = |action| Operator::new("ada").record(action, start());
    for (original, action, id) in [(body, Action::Redecode, "e1"), (kept, Action::Recover, "e2")] {
        let replace = || {
            let new = entries("test", &tag_added(id, "s1", 1_700_000_000_000), start());
            store.replace(original, new, record(action))
        };
        let arrivals = store.arrivals();
        let accepted = replace().await.unwrap().unwrap();
        assert!(matches!(accepted[..], [Acceptance::Stored(_)]), "{accepted:?}");
        assert!(arrivals.has_changed().unwrap());
        assert_eq!(replace().await.unwrap(), None);
    }
    // An entry that is not a body cannot be replaced.
    let other = Original::Body(all(store).await[0].number);
    assert_eq!(store.replace(other, Vec::new(), record(Action::Redecode)).await.unwrap(), None);
    let ids: Vec<_> = all(store).await.into_iter().filter_map(|one| one.id).collect();
    assert_eq!(ids, ["e1", "e2"]);
    assert_eq!(store.quarantined(0, 10).await.unwrap(), []);
    assert_eq!(store.tombstones(None, 10).await.unwrap().len(), 1);
    let actions = store.actions(0, 10).await.unwrap();
    let shown: Vec<_> = actions.iter().map(|one| (one.action.as_str(), one.affected)).collect();
    assert_eq!(shown, [("redecode", 1), ("recover", 1)]);
}

/// An action is recorded with its change, and not recorded if it changed nothing.
pub async fn actions_are_recorded_with_what_they_did(store: &dyn Store) {
    mixed(store).await;
    store.quarantine(rejected("one"), 10, 1000).await.unwrap();
    let filter = Filter { spektr_id: Some("s1".to_owned()), ..Filter::state(State::Dead) };
    let record = |action| Some(Operator::new("ada\0").record(action, start()).with_filter(&filter));
    let release = || store.release(filter.clone(), 0, 10, start(), record(Action::Replay));
    assert_eq!(release().await.unwrap().len(), 1);
    assert_eq!(release().await.unwrap().len(), 0);
    let prune = || store.prune(Filter::state(State::Done), 10, start(), record(Action::Prune));
    assert_eq!(prune().await.unwrap(), 1);
    assert_eq!(prune().await.unwrap(), 0);
    let kept = store.quarantined(0, 10).await.unwrap()[0].number;
    assert_eq!(store.discard(vec![kept], record(Action::Discard)).await.unwrap(), 1);
    assert_eq!(store.discard(vec![kept], record(Action::Discard)).await.unwrap(), 0);
    let erase = Operator::new("ada\0").record(Action::Erase, start());
    store.erase(Erasure::of("s2"), Some(erase)).await.unwrap();
    let export = Operator::new("ada\0").record(Action::Export, start());
    store.record(export.with_detail("a", 1.into()), 0).await.unwrap();

    let actions = store.actions(0, 10).await.unwrap();
    let shown: Vec<_> = actions
        .iter()
        .map(|one| (one.action.as_str(), one.affected, one.filter.is_some()))
        .collect();
    let expected = [
        ("replay", 1, true),
        ("prune", 1, true),
        ("discard", 1, true),
        ("erase", 2, false),
        ("export", 0, false),
    ];
    assert_eq!(shown, expected);
    assert!(actions.iter().all(|one| one.actor == "ada\0" && one.at == start()));
    assert_eq!(actions[4].details.as_deref(), Some(r#"{"a":1}"#));
    // The record contains only a hash of the spektr id.
    assert!(actions.iter().all(|one| !format!("{one:?}").contains("s1\"")), "{actions:?}");
    assert_eq!(store.actions(actions[3].number, 10).await.unwrap(), actions[4..]);
    assert_eq!(store.actions(0, 1).await.unwrap(), actions[..1]);

    // Actions of another store are added once.
    let other = Recorded { number: 1, actor: "eve".to_owned(), ..actions[0].clone() };
    for _ in 0..2 {
        let imported = vec![other.clone(), actions[4].clone()];
        store.import_actions(imported).await.unwrap();
    }
    let actors: Vec<_> =
        store.actions(0, 10).await.unwrap().into_iter().map(|one| one.actor).collect();
    assert_eq!(actors[5..], ["eve"]);
}

/// Imported entries keep state, flag, attempts, due time, reason and history. An entry that was
/// pruned here can be imported.
pub async fn imports_entries_with_what_became_of_them(store: &dyn Store) {
    let later = after(start(), Duration::from_secs(3600));
    let attempt = |number: u32| Attempt {
        attempt: number,
        began_at: Some(start()),
        ended_at: after(start(), Duration::from_secs(number.into())),
        result: "retry".to_owned(),
        status: Some(503),
    };
    let imported = |id: &str, state| {
        let entry = entries("test", &tag_added(id, "s1", 1_700_000_000_000), start()).remove(0);
        Imported {
            entry: crate::store::NewEntry { state, ..entry },
            conflict: false,
            attempts: 2,
            due_at: Some(later),
            reason: Some("why\0".to_owned()),
            history: vec![attempt(1), attempt(2)],
        }
    };
    let batch = || {
        let flagged = Imported { conflict: true, ..imported("e2", State::Conflict) };
        vec![imported("e1", State::Pending), flagged, imported("e3", State::Dead)]
    };
    let record = Operator::new("ada").record(Action::Import, start());
    let mut arrivals = store.arrivals();
    let accepted = store.import(batch(), Some(record.clone())).await.unwrap();
    assert!(accepted.iter().all(|one| matches!(one, Acceptance::Stored(_))), "{accepted:?}");
    assert!(arrivals.has_changed().unwrap());
    arrivals.mark_unchanged();
    let again = store.import(batch(), Some(record)).await.unwrap();
    assert_eq!(again, [Acceptance::Duplicate; 3]);
    assert!(!arrivals.has_changed().unwrap());
    let stored = all(store).await;
    let shown: Vec<_> = stored.iter().map(|one| (one.state, one.conflict, one.attempts)).collect();
    let expected =
        [(State::Pending, false, 2), (State::Conflict, true, 2), (State::Dead, false, 2)];
    assert_eq!(shown, expected);
    assert_eq!((stored[0].due_at, stored[2].due_at), (later, start()));
    assert!(stored.iter().all(|one| one.reason.as_deref() == Some("why\0")));
    let history = store.attempts(stored[0].number).await.unwrap();
    assert_eq!(history, [attempt(1), attempt(2)]);
    assert_eq!(store.actions(0, 10).await.unwrap()[0].affected, 3);
    assert_eq!(store.actions(0, 10).await.unwrap().len(), 1);

    // An import does not park a conflict again that was released in the other store. It parks
    // an entry that is a conflict in this store only.
    let other = |id: &str, state, conflict| {
        let raw = tag_added(id, "s9", 1_700_000_000_000);
        let entry = entries("test", &raw, start()).remove(0);
        let entry = crate::store::NewEntry { state, ..entry };
        Imported { entry, conflict, ..imported(id, state) }
    };
    let others = vec![other("e1", State::Pending, true), other("e2", State::Pending, false)];
    let accepted = store.import(others, None).await.unwrap();
    assert!(accepted.iter().all(|one| matches!(one, Acceptance::Conflict(_))), "{accepted:?}");
    let shown: Vec<_> = all(store).await[3..].iter().map(|one| (one.state, one.conflict)).collect();
    assert_eq!(shown, [(State::Pending, true), (State::Conflict, true)]);

    // The imported entry is handed out when it is due, and not before.
    assert!(store.claim(request(start())).await.unwrap().is_empty());
    let claims = store.claim(request(later)).await.unwrap();
    assert_eq!(ids(&claims), ["e1", "e1"]);
    assert_eq!(claims[0].lease.attempt, 3);

    store.prune(Filter::state(State::Dead), 10, start(), None).await.unwrap();
    assert_eq!(store.tombstones(None, 10).await.unwrap().len(), 1);
    let back = store.import(vec![imported("e3", State::Dead)], None).await.unwrap();
    assert!(matches!(back[..], [Acceptance::Stored(_)]), "{back:?}");
    assert_eq!(store.tombstones(None, 10).await.unwrap(), []);
}

/// `stats` returns the figures for metrics and health.
pub async fn keeps_figures(store: &dyn Store) {
    let empty = store.stats().await.unwrap();
    assert_eq!(Stats { queued: 0, queue_limit: 0, clock: None, ..empty }, Stats::default());
    mixed(store).await;
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.pending, stats.dead), (2, 1));
    for state in State::ALL {
        let count = store.count(Filter::state(state)).await.unwrap();
        let waits = !matches!(state, State::Done | State::Resolved);
        assert_eq!(stats.backlog(state), if waits { count } else { 0 }, "{state}");
    }
    assert_eq!(stats.oldest_pending, Some(start()));
    assert_eq!(stats.newest, Some(after(start(), Duration::from_secs(1))));
    store.probe().await.unwrap();
    assert_eq!(all(store).await.len(), 4);
}

/// The newest deliveries remain, within the limits of number and bytes. Equal bodies are kept
/// once.
pub async fn the_quarantine_is_bounded(store: &dyn Store) {
    for body in ["one", "two", "three", "two"] {
        store.quarantine(rejected(body), 3, 1000).await.unwrap();
    }
    assert_eq!(store.stats().await.unwrap().quarantined, 3);
    assert_eq!(bodies(store).await, ["one", "three", "two"]);
    store.quarantine(rejected("four"), 3, 1000).await.unwrap();
    assert_eq!(bodies(store).await, ["three", "two", "four"]);
    store.quarantine(rejected("five"), 3, 8).await.unwrap();
    assert_eq!(bodies(store).await, ["four", "five"]);

    let kept = store.quarantined(0, 10).await.unwrap();
    assert_eq!(kept[1].rejected, rejected("five"));
    assert_eq!(store.discard(vec![kept[0].number, 999], None).await.unwrap(), 1);
    assert_eq!(store.discard(vec![kept[0].number], None).await.unwrap(), 0);
    assert_eq!(bodies(store).await, ["five"]);
    assert_eq!(store.count(Filter::all()).await.unwrap(), 0);
}

/// Notes are kept by name; the last text written counts.
pub async fn keeps_notes(store: &dyn Store) {
    let note = |name: &str| store.note(name.to_owned());
    assert_eq!(note("a").await.unwrap(), None);
    for (name, text) in [("a", "1"), ("b", "2"), ("a", "3"), ("\0", "\0")] {
        store.set_note(name.to_owned(), text.to_owned()).await.unwrap();
    }
    assert_eq!(note("a").await.unwrap().as_deref(), Some("3"));
    assert_eq!(note("b").await.unwrap().as_deref(), Some("2"));
    assert_eq!(note("\0").await.unwrap().as_deref(), Some("\0"));
    let notes = [("\0", "\0"), ("a", "3"), ("b", "2")];
    let notes = notes.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(store.notes().await.unwrap(), notes);
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
