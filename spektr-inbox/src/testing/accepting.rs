//! The contract of storing deliveries.

use super::{accept, all, entries, request, start, states, tag_added};
use crate::store::{Acceptance, ClaimRequest, Erasure, Filter, Presence, Settlement, State, Store};
use crate::trace::TraceParent;

/// A store keeps the order, the bytes and the heads of entries.
pub async fn stores_every_entry_byte_for_byte(store: &dyn Store) {
    let raws = [
        tag_added("e1", "s1", 1_700_000_000_001),
        r#"{ "spektrId" : "s2", "id":"\u0065 2",  "type":"x\ny" }"#.to_owned(),
        "17".to_owned(),
        "{}".to_owned(),
    ];
    let body = format!(r#"{{"results":[{}]}}"#, raws.join(" ,\n"));
    let accepted = store.accept(entries("test", &body, start())).await.unwrap();
    assert_eq!(accepted.len(), 4);
    assert!(accepted.iter().all(|one| matches!(one, Acceptance::Stored(_))), "{accepted:?}");

    let stored = all(store).await;
    let kept: Vec<_> = stored.iter().map(|entry| &entry.raw[..]).collect();
    assert_eq!(kept, raws.iter().map(String::as_bytes).collect::<Vec<_>>());
    assert_eq!(stored[0].id.as_deref(), Some("e1"));
    assert_eq!(stored[0].spektr_id.as_deref(), Some("s1"));
    assert_eq!(stored[0].wire_type.as_deref(), Some("customer_tag_add"));
    assert_eq!(stored[0].created_at.unwrap().as_millis(), 1_700_000_000_001);
    assert_eq!(stored[0].received_at, start());
    assert_eq!(stored[0].source, "test");
    assert_eq!((stored[0].attempts, stored[0].conflict), (0, false));
    assert_eq!(stored[1].id.as_deref(), Some("e 2"));
    assert_eq!(stored[1].wire_type.as_deref(), Some("x\ny"));
    assert_eq!((&stored[2].id, &stored[2].wire_type, stored[2].created_at), (&None, &None, None));
    assert!(stored.windows(2).all(|pair| pair[0].number < pair[1].number));
    assert_eq!(states(store).await, [State::Pending; 4]);
}

/// The trace of an entry reaches the worker, and is not part of the content.
pub async fn keeps_the_trace_of_an_entry_and_ignores_that_of_a_duplicate(store: &dyn Store) {
    let first = TraceParent::new(u128::MAX, 1, 1).unwrap();
    let second = TraceParent::new(2, u64::MAX, 0).unwrap();
    let body = tag_added("e1", "s1", 1_700_000_000_000);
    for trace in [first, second] {
        let mut new = entries("test", &body, start());
        new[0].trace = Some(trace);
        store.accept(new).await.unwrap();
    }
    store.accept(entries("test", &tag_added("e2", "s2", 1), start())).await.unwrap();
    let traces: Vec<_> = all(store).await.iter().map(|entry| entry.trace).collect();
    assert_eq!(traces, [Some(first), None]);
    for ordered in [true, false] {
        let claims = store.claim(ClaimRequest { ordered, ..request(start()) }).await.unwrap();
        let traces: Vec<_> = claims.iter().map(|claim| claim.entry.trace).collect();
        assert_eq!(traces, [Some(first), None]);
        let leases = claims.iter().map(|claim| claim.lease).collect();
        assert_eq!(store.give_back(leases, start()).await.unwrap(), 2);
    }
}

/// A duplicate is recognized within a delivery, and in another delivery with the members that
/// the sender may change.
pub async fn a_duplicate_is_not_stored_again(store: &dyn Store) {
    let raw = tag_added("e1", "s1", 1_700_000_000_000);
    let nameless = r#"{"type":"x"}"#;
    let body = format!(r#"{{"results":[{raw},{raw},{nameless},{nameless}]}}"#);
    let accepted = store.accept(entries("test", &body, start())).await.unwrap();
    assert!(matches!(
        accepted[..],
        [
            Acceptance::Stored(_),
            Acceptance::Duplicate,
            Acceptance::Stored(_),
            Acceptance::Duplicate
        ]
    ));
    let again = raw.replace(r#","data""#, r#", "delivered": true, "data""#);
    let accepted = store.accept(entries("test", &again, start())).await.unwrap();
    assert_eq!(accepted, [Acceptance::Duplicate]);
    assert_eq!(all(store).await.len(), 2);
}

/// Each content is stored once, and only the first is pending.
pub async fn another_content_under_the_same_id_is_a_conflict(store: &dyn Store) {
    let raw = tag_added("e1", "s1", 1_700_000_000_000);
    let other = raw.replace(r#""tagId":"t""#, r#""tagId":"u""#);
    let third = raw.replace(r#""tagId":"t""#, r#""tagId":"v""#);
    for (raw, conflict) in [(&raw, false), (&other, true), (&third, true)] {
        let accepted = store.accept(entries("test", raw, start())).await.unwrap();
        assert_eq!(matches!(accepted[..], [Acceptance::Conflict(_)]), conflict, "{accepted:?}");
    }
    for raw in [&raw, &other, &third] {
        let accepted = store.accept(entries("test", raw, start())).await.unwrap();
        assert_eq!(accepted, [Acceptance::Duplicate]);
    }
    assert_eq!(states(store).await, [State::Pending, State::Conflict, State::Conflict]);
    let flags: Vec<_> = all(store).await.iter().map(|entry| entry.conflict).collect();
    assert_eq!(flags, [false, true, true]);
}

/// `compare` returns what `accept` would find, and stores nothing.
pub async fn compares_without_storing(store: &dyn Store) {
    let raw = tag_added("e1", "s1", 1_700_000_000_000);
    store.accept(entries("test", &raw, start())).await.unwrap();
    let other = raw.replace(r#""tagId":"t""#, r#""tagId":"u""#);
    let body = format!(r#"{{"results":[{other},{raw},17,{raw}]}}"#);
    let presences = store.compare(entries("test", &body, start())).await.unwrap();
    let expected = [Presence::OtherContent, Presence::Same, Presence::Absent, Presence::Same];
    assert_eq!(presences, expected);
    let presences = store.compare(entries("other", &raw, start())).await.unwrap();
    assert_eq!(presences, [Presence::Absent]);
    assert_eq!(store.compare(Vec::new()).await.unwrap(), []);
    assert_eq!(all(store).await.len(), 1);
}

/// The same id in the sandbox and in production is two events.
pub async fn sources_do_not_collide(store: &dyn Store) {
    let raw = tag_added("e1", "s1", 1_700_000_000_000);
    for source in ["live", "sandbox"] {
        let accepted = store.accept(entries(source, &raw, start())).await.unwrap();
        assert!(matches!(accepted[..], [Acceptance::Stored(_)]), "{accepted:?}");
    }
    assert_eq!(all(store).await.len(), 2);
}

/// However many deliveries of an event are in progress, they make one row.
pub async fn racing_duplicates_make_one_row(store: &dyn Store) {
    let raw = tag_added("e1", "s1", 1_700_000_000_000);
    let one = || store.accept(entries("test", &raw, start()));
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let accepted = [a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()].concat();
    let duplicates = accepted.iter().filter(|one| **one == Acceptance::Duplicate).count();
    assert_eq!(duplicates, 3, "{accepted:?}");
    assert_eq!(store.count(Filter::all()).await.unwrap(), 1);
}

/// Of several contents that race for an id, the first is pending and the others are flagged.
pub async fn racing_contents_make_one_pending_row(store: &dyn Store) {
    let raw = |tag: &str| {
        tag_added("e1", "s1", 1_700_000_000_000)
            .replace(r#""tagId":"t""#, &format!(r#""tagId":"{tag}""#))
    };
    let one = |tag| store.accept(entries("test", &raw(tag), start()));
    let (a, b, c, d) = tokio::join!(one("a"), one("b"), one("c"), one("d"));
    let accepted = [a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()].concat();
    let stored = accepted.iter().filter(|one| matches!(one, Acceptance::Stored(_))).count();
    let conflicts = accepted.iter().filter(|one| matches!(one, Acceptance::Conflict(_))).count();
    assert_eq!((stored, conflicts), (1, 3), "{accepted:?}");
    let mut found: Vec<_> =
        all(store).await.iter().map(|entry| (entry.conflict, entry.state)).collect();
    found.sort();
    let conflict = (true, State::Conflict);
    assert_eq!(found, [(false, State::Pending), conflict, conflict, conflict]);
}

/// In one delivery, the first content of an id is pending, and each is stored once.
pub async fn a_delivery_can_contradict_itself(store: &dyn Store) {
    let raw = tag_added("e1", "s1", 1_700_000_000_000);
    let other = raw.replace(r#""tagId":"t""#, r#""tagId":"u""#);
    let body = format!(r#"{{"results":[{raw},{other},{raw},{other}]}}"#);
    let accepted = store.accept(entries("test", &body, start())).await.unwrap();
    assert!(matches!(
        accepted[..],
        [
            Acceptance::Stored(first),
            Acceptance::Conflict(second),
            Acceptance::Duplicate,
            Acceptance::Duplicate
        ] if first < second
    ));
    assert_eq!(states(store).await, [State::Pending, State::Conflict]);
}

/// Conflicts with an earlier delivery are numbered in order with the other entries.
pub async fn a_delivery_is_numbered_in_its_order(store: &dyn Store) {
    let raw = |id: &str, tag: &str| {
        tag_added(id, "s1", 1_700_000_000_000)
            .replace(r#""tagId":"t""#, &format!(r#""tagId":"{tag}""#))
    };
    accept(store, &[raw("e1", "t"), raw("e3", "t")]).await;
    let ids = ["e1", "e2", "e3", "e4"];
    accept(store, &ids.map(|id| raw(id, "u"))).await;
    let stored = all(store).await;
    let found: Vec<_> = stored[2..].iter().filter_map(|entry| entry.id.as_deref()).collect();
    assert_eq!(found, ids);
}

/// Texts that a database may mishandle: U+0000, lone surrogates, quotes and backslashes, and
/// texts of a hundred thousand bytes. Entries with such texts are stored, found and handled
/// like any other.
pub async fn hostile_texts_are_kept_found_and_worked_on(store: &dyn Store) {
    let texts = [
        r"a\u0000b".to_owned(),
        r#"'; DROP TABLE entries; -- \" \\ \\000 %"#.to_owned(),
        "ä€𝄞".to_owned(),
        // Hardly compressible, so that the text stays long in the database.
        (0..25_000).map(|index| format!("{:04x}", index * 40_503 % 65_536)).collect(),
    ];
    let mut raws: Vec<_> = texts
        .iter()
        .map(|text| {
            format!(r#"{{"id":"{text}","spektrId":"{text}","type":"X{text}","data":{{}}}}"#)
        })
        .collect();
    // A lone surrogate is not a text, so no member of the head is readable.
    raws.push(r#"{"id":"\ud800","spektrId":"\ud800","type":"\ud800"}"#.to_owned());
    accept(store, &raws).await;
    let stored = all(store).await;
    let kept: Vec<_> = stored.iter().map(|entry| &entry.raw[..]).collect();
    assert_eq!(kept, raws.iter().map(String::as_bytes).collect::<Vec<_>>());
    for entry in &stored[..texts.len()] {
        let wire_type = entry.wire_type.as_ref().map(|text| text.replacen('X', "x", 1));
        assert!(wire_type.is_some() && wire_type != entry.wire_type);
        for filter in [
            Filter { id: entry.id.clone(), ..Filter::all() },
            Filter { spektr_id: entry.spektr_id.clone(), ..Filter::all() },
            Filter { wire_type, ..Filter::all() },
        ] {
            let found = store.list(filter, 0, 10).await.unwrap();
            assert_eq!(found.len(), 1, "entry {}", entry.number);
            assert_eq!(found[0].number, entry.number);
        }
    }
    assert_eq!(stored[0].id.as_deref(), Some("a\0b"));

    let claims = store.claim(ClaimRequest { ordered: true, ..request(start()) }).await.unwrap();
    assert_eq!(claims.len(), raws.len());
    for claim in claims {
        let reason = claim.entry.id.clone().unwrap_or_default();
        let dead = Settlement::Park { state: State::Dead, reason };
        assert!(store.settle(claim.lease, dead, start()).await.unwrap());
    }
    for entry in &all(store).await[..texts.len()] {
        assert_eq!((entry.state, &entry.reason), (State::Dead, &entry.id));
        let erased =
            store.erase(Erasure::of(entry.spektr_id.clone().unwrap()), None).await.unwrap().entries;
        assert_eq!(erased, 1, "entry {}", entry.number);
    }
    assert_eq!(store.count(Filter::all()).await.unwrap(), 1);
}

/// Unreadable bodies are stored once, and no worker gets them.
pub async fn bodies_that_cannot_be_read_are_kept(store: &dyn Store) {
    for _ in 0..2 {
        store.accept(entries("test", "not JSON", start())).await.unwrap();
    }
    let stored = all(store).await;
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].state, &stored[0].raw[..]), (State::Unreadable, &b"not JSON"[..]));
    let claims = store.claim(request(start())).await.unwrap();
    assert!(claims.is_empty(), "{claims:?}");
}
