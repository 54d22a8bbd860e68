//! How a store accepts deliveries.

use super::{all, entries, start, states, tag_added};
use crate::store::{Acceptance, Filter, State, Store};

/// Order, bytes and heads are kept.
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

/// Within a delivery, and in another one with what the sender changes.
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

/// The same id in the sandbox and in production is two events.
pub async fn sources_do_not_collide(store: &dyn Store) {
    let raw = tag_added("e1", "s1", 1_700_000_000_000);
    for source in ["live", "sandbox"] {
        let accepted = store.accept(entries(source, &raw, start())).await.unwrap();
        assert!(matches!(accepted[..], [Acceptance::Stored(_)]), "{accepted:?}");
    }
    assert_eq!(all(store).await.len(), 2);
}

/// However many deliveries of an event are in flight, one row comes of it.
pub async fn racing_duplicates_make_one_row(store: &dyn Store) {
    let raw = tag_added("e1", "s1", 1_700_000_000_000);
    let one = || store.accept(entries("test", &raw, start()));
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let accepted = [a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()].concat();
    let duplicates = accepted.iter().filter(|one| **one == Acceptance::Duplicate).count();
    assert_eq!(duplicates, 3, "{accepted:?}");
    assert_eq!(store.count(Filter::all()).await.unwrap(), 1);
}

/// They are stored once, and no worker gets them.
pub async fn bodies_that_cannot_be_read_are_kept(store: &dyn Store) {
    for _ in 0..2 {
        store.accept(entries("test", "not JSON", start())).await.unwrap();
    }
    let stored = all(store).await;
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].state, &stored[0].raw[..]), (State::Unreadable, &b"not JSON"[..]));
    let claims = store.claim(super::request(start())).await.unwrap();
    assert!(claims.is_empty(), "{claims:?}");
}
