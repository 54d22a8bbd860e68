//! The contract of handing out entries to workers.

use std::time::Duration;

use super::{accept, all, ids, request, start, states, tag_added};
use crate::clock::{after, before};
use crate::store::{
    Action, ClaimRequest, Filter, Lease, MAX_ATTEMPTS_KEPT, Operator, Settlement, State, Store,
};

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn ordered(now: spektr_types::Timestamp) -> ClaimRequest {
    ClaimRequest { ordered: true, ..request(now) }
}

pub(super) async fn three(store: &dyn Store) {
    let raws = ["e1", "e2", "e3"].map(|id| tag_added(id, "s1", 1_700_000_000_000));
    accept(store, &raws).await;
}

/// A claim returns due entries in the order of arrival, at most as many as requested, and no
/// entry twice.
pub async fn claims_what_is_due_once(store: &dyn Store) {
    three(store).await;
    let early = store.claim(request(before(start(), SECOND))).await.unwrap();
    assert!(early.is_empty(), "{early:?}");
    let two = store.claim(ClaimRequest { limit: 2, ..request(start()) }).await.unwrap();
    assert_eq!(ids(&two), ["e1", "e2"]);
    let number = two[0].entry.number;
    let token = two[0].lease.token;
    assert_eq!(two[0].lease, Lease { number, owner: 1, attempt: 1, token });
    assert_eq!((two[0].entry.attempts, two[0].entry.state), (1, State::Pending));
    let rest = store.claim(ClaimRequest { owner: 2, ..request(start()) }).await.unwrap();
    assert_eq!(ids(&rest), ["e3"]);
}

/// The receiver of `arrivals` changes at each change that can make entries due, and at no
/// other.
pub async fn tells_workers_what_can_be_due(store: &dyn Store) {
    let mut arrivals = store.arrivals();
    let mut told = |when: &str, expected: bool| {
        assert_eq!(arrivals.has_changed().unwrap(), expected, "{when}");
        arrivals.mark_unchanged();
    };
    told("before anything", false);
    three(store).await;
    told("accepted", true);
    three(store).await;
    told("accepted again: duplicates", false);
    let claims = store.claim(ClaimRequest { limit: 2, ..request(start()) }).await.unwrap();
    let leases: Vec<_> = claims.iter().map(|claim| claim.lease).collect();
    store.extend(leases.clone(), start(), SECOND).await.unwrap();
    store.settle(leases[0], Settlement::Done, start()).await.unwrap();
    told("worked on", false);
    store.give_back(leases.clone(), start()).await.unwrap();
    told("given back", true);
    store.give_back(leases, start()).await.unwrap();
    told("given back again", false);
    let done = || Filter::state(State::Done);
    assert_eq!(store.release(done(), 0, 10, start(), None).await.unwrap().len(), 1);
    told("released", true);
    assert!(store.release(done(), 0, 10, start(), None).await.unwrap().is_empty());
    told("released nothing", false);
    let first = all(store).await.remove(0);
    let record = || Operator::new("ada").record(Action::Resolve, start());
    let resolve = || store.resolve(first.number, "by hand".to_owned(), record());
    assert!(resolve().await.unwrap());
    told("resolved: what waits behind it can be due", true);
    assert!(!resolve().await.unwrap());
    told("resolved before", false);
}

/// Done and dead entries leave the queue, and a lease ends once.
pub async fn ends_a_lease_with_an_outcome(store: &dyn Store) {
    three(store).await;
    let claims = store.claim(request(start())).await.unwrap();
    let dead = Settlement::Park { state: State::Dead, reason: "why".to_owned() };
    assert!(store.settle(claims[0].lease, Settlement::Done, start()).await.unwrap());
    assert!(store.settle(claims[1].lease, dead.clone(), start()).await.unwrap());
    assert!(!store.settle(claims[0].lease, dead, start()).await.unwrap());
    let other = Lease { owner: 2, ..claims[2].lease };
    assert!(!store.settle(other, Settlement::Done, start()).await.unwrap());
    assert_eq!(states(store).await, [State::Done, State::Dead, State::Pending]);
    let reasons: Vec<_> = all(store).await.into_iter().map(|entry| entry.reason).collect();
    assert_eq!(reasons, [None, Some("why".to_owned()), None]);
}

/// Concurrent settlements each end their own lease with their own outcome, or none, and a lease
/// ends once.
pub async fn leases_that_end_at_once_end_each_with_its_own_outcome(store: &dyn Store) {
    let raws: Vec<_> = (0..6).map(|index| tag_added(&format!("e{index}"), "s1", 1)).collect();
    accept(store, &raws).await;
    let claims = store.claim(request(start())).await.unwrap();
    let lease = |index: usize| claims[index].lease;
    let end = |lease, settlement, status| {
        store.settle_with_status(lease, settlement, status, after(start(), SECOND))
    };
    let reason = |text: &str| text.to_owned();
    let retry = Settlement::Retry { due_at: after(start(), 10 * SECOND), reason: reason("later") };
    let dead = Settlement::Park { state: State::Dead, reason: reason("never\0") };
    let ended = tokio::join!(
        end(lease(0), Settlement::Done, Some(204)),
        end(lease(1), retry, Some(503)),
        end(lease(2), dead, None),
        end(Lease { owner: 2, ..lease(3) }, Settlement::Done, None),
        end(Lease { token: lease(4).token + 100, ..lease(4) }, Settlement::Done, None),
        end(lease(5), Settlement::Done, None),
        end(lease(5), Settlement::Done, None),
    );
    let (zero, one, two, three, four, five, again) = ended;
    assert!(zero.unwrap() && one.unwrap() && two.unwrap());
    assert!(!three.unwrap() && !four.unwrap());
    assert_ne!(five.unwrap(), again.unwrap());
    let entries = all(store).await;
    let shown: Vec<_> =
        entries.iter().map(|entry| (entry.state, entry.reason.as_deref())).collect();
    let pending = (State::Pending, None);
    let expected = [
        (State::Done, None),
        (State::Pending, Some("later")),
        (State::Dead, Some("never\0")),
        pending,
        pending,
        (State::Done, None),
    ];
    assert_eq!(shown, expected);
    assert_eq!(entries[1].due_at, after(start(), 10 * SECOND));
    let mut results = Vec::new();
    for entry in &entries {
        let attempts = store.attempts(entry.number).await.unwrap();
        results.push(attempts.into_iter().map(|one| (one.result, one.status)).collect::<Vec<_>>());
    }
    let one = |result: &str, status| vec![(result.to_owned(), status)];
    let expected = [
        one("done", Some(204)),
        one("retry", Some(503)),
        one("dead", None),
        vec![],
        vec![],
        one("done", None),
    ];
    assert_eq!(results, expected);
}

/// The outcome of a stalled worker is not recorded any more.
pub async fn an_expired_lease_goes_to_another_worker(store: &dyn Store) {
    accept(store, &[tag_added("e1", "s1", 1_700_000_000_000)]).await;
    let stalled = store.claim(request(start())).await.unwrap().remove(0);
    let other = |now| store.claim(ClaimRequest { owner: 2, ..request(now) });
    let held = other(after(start(), 29 * SECOND)).await.unwrap();
    assert!(held.is_empty(), "{held:?}");
    let now = after(start(), 30 * SECOND);
    let claims = other(now).await.unwrap();
    assert_eq!((ids(&claims), claims[0].lease.attempt), (vec!["e1".to_owned()], 2));
    assert!(!store.settle(stalled.lease, Settlement::Done, now).await.unwrap());
    assert_eq!(store.extend(vec![stalled.lease], now, SECOND).await.unwrap(), []);
    assert!(store.settle(claims[0].lease, Settlement::Done, now).await.unwrap());
    assert_eq!(states(store).await, [State::Done]);
}

/// A replay restarts the count of attempts, but the leases before and after it are different.
pub async fn a_lease_never_repeats(store: &dyn Store) {
    three(store).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let claims = store.claim(request(start())).await.unwrap();
        tokens.extend(claims.iter().map(|claim| claim.lease.token));
        assert_eq!(claims.iter().map(|claim| claim.lease.attempt).max(), Some(1));
        for claim in &claims {
            assert!(store.settle(claim.lease, Settlement::Done, start()).await.unwrap());
        }
        assert_eq!(store.release(Filter::all(), 0, 10, start(), None).await.unwrap().len(), 3);
        let again = store.claim(request(start())).await.unwrap();
        tokens.extend(again.iter().map(|claim| claim.lease.token));
        // Same owner, same entry, same attempt number.
        for old in claims {
            let dead = Settlement::Park { state: State::Dead, reason: String::new() };
            assert!(!store.settle(old.lease, dead, start()).await.unwrap());
            assert_eq!(store.extend(vec![old.lease], start(), SECOND).await.unwrap(), []);
            assert_eq!(store.give_back(vec![old.lease], start()).await.unwrap(), 0);
        }
        for new in again {
            assert!(store.settle(new.lease, Settlement::Done, start()).await.unwrap());
        }
        assert_eq!(store.release(Filter::all(), 0, 10, start(), None).await.unwrap().len(), 3);
    }
    let once: std::collections::BTreeSet<_> = tokens.iter().collect();
    assert_eq!((tokens.len(), once.len()), (18, 18));
}

/// After a lease is given back, others can claim the entry at once, and the attempt is not
/// counted.
pub async fn a_lease_that_is_given_back_counts_no_attempt(store: &dyn Store) {
    three(store).await;
    let claims = store.claim(request(start())).await.unwrap();
    let leases: Vec<_> = claims.iter().map(|claim| claim.lease).collect();
    assert!(store.settle(leases[0], Settlement::Done, start()).await.unwrap());
    assert_eq!(store.give_back(leases.clone(), start()).await.unwrap(), 2);
    assert_eq!(store.give_back(leases.clone(), start()).await.unwrap(), 0);
    assert!(!store.settle(leases[1], Settlement::Done, start()).await.unwrap());
    let other = store.claim(ClaimRequest { owner: 2, ..request(start()) }).await.unwrap();
    assert_eq!(ids(&other), ["e2", "e3"]);
    assert!(other.iter().all(|claim| claim.lease.attempt == 1));
    assert_eq!(store.attempts(leases[1].number).await.unwrap(), []);
}

/// A store keeps the latest attempts, including expired ones, until the entry is deleted.
pub async fn keeps_the_latest_attempts(store: &dyn Store) {
    accept(store, &[tag_added("e1", "s1", 1_700_000_000_000)]).await;
    let mut now = start();
    let mut number = 0;
    for _ in 0..MAX_ATTEMPTS_KEPT + 3 {
        let lease = store.claim(request(now)).await.unwrap().remove(0).lease;
        number = lease.number;
        let retry = Settlement::Retry { due_at: after(now, SECOND), reason: "why".to_owned() };
        assert!(store.settle(lease, retry, now).await.unwrap());
        now = after(now, SECOND);
    }
    let attempts = store.attempts(number).await.unwrap();
    let counted: Vec<_> = attempts.iter().map(|one| one.attempt).collect();
    assert_eq!(counted, (4..=23).collect::<Vec<_>>());
    assert!(attempts.iter().all(|one| one.result == "retry"));

    // A worker dies, and another one finds the expired lease.
    assert_eq!(store.claim(request(now)).await.unwrap().len(), 1);
    let began_at = now;
    now = after(now, 30 * SECOND);
    let lease = store.claim(request(now)).await.unwrap().remove(0).lease;
    now = after(now, SECOND);
    assert!(store.settle(lease, Settlement::Done, now).await.unwrap());
    let attempts = store.attempts(number).await.unwrap();
    assert_eq!(attempts.len(), MAX_ATTEMPTS_KEPT);
    let [expired, done] = &attempts[18..] else { panic!("{attempts:?}") };
    assert_eq!((expired.attempt, expired.result.as_str()), (24, "lease_expired"));
    assert_eq!(expired.began_at, Some(began_at));
    assert_eq!((done.attempt, done.result.as_str()), (25, "done"));
    assert_eq!((done.began_at, done.ended_at), (Some(expired.ended_at), now));
    assert_eq!(store.prune(Filter::all(), 10, now, None).await.unwrap(), 1);
    assert_eq!(store.attempts(number).await.unwrap(), []);
}

/// A replay restarts the count of attempts, but the earlier attempts are not kept longer.
pub async fn keeps_no_more_attempts_after_replays(store: &dyn Store) {
    accept(store, &[tag_added("e1", "s1", 1_700_000_000_000)]).await;
    let mut statuses = Vec::new();
    let mut number = 0;
    for status in 200..200 + MAX_ATTEMPTS_KEPT as u16 + 3 {
        let lease = store.claim(request(start())).await.unwrap().remove(0).lease;
        number = lease.number;
        assert_eq!(lease.attempt, 1);
        let done = Settlement::Done;
        assert!(store.settle_with_status(lease, done, Some(status), start()).await.unwrap());
        let released = store.release(Filter::all(), 0, 10, start(), None).await.unwrap();
        assert_eq!(released, [number]);
        statuses.push(Some(status));
    }
    let attempts = store.attempts(number).await.unwrap();
    let kept: Vec<_> = attempts.iter().map(|one| one.status).collect();
    assert_eq!(kept, statuses[3..]);
}

/// Every duration is accepted, however long.
pub async fn the_longest_durations_are_durations(store: &dyn Store) {
    let raws = [("e1", "s1"), ("e2", "s2")]
        .map(|(id, spektr_id)| tag_added(id, spektr_id, 1_700_000_000_000));
    accept(store, &raws).await;
    for ordered in [false, true] {
        let (lease, horizon) = (Duration::MAX, Duration::MAX);
        let request = ClaimRequest { lease, horizon, limit: 1, ordered, ..request(start()) };
        let lease = store.claim(request).await.unwrap().remove(0).lease;
        assert_eq!(store.extend(vec![lease], start(), Duration::MAX).await.unwrap(), [lease]);
        let due_at = after(start(), Duration::MAX);
        let retry = Settlement::Retry { due_at, reason: String::new() };
        assert!(store.settle(lease, retry, start()).await.unwrap());
    }
}

/// A heartbeat extends the lease.
pub async fn an_extended_lease_does_not_expire(store: &dyn Store) {
    accept(store, &[tag_added("e1", "s1", 1_700_000_000_000)]).await;
    let lease = store.claim(request(start())).await.unwrap().remove(0).lease;
    let held = store.extend(vec![lease], start(), 60 * SECOND).await.unwrap();
    assert_eq!(held, [lease]);
    let other = |now| store.claim(ClaimRequest { owner: 2, ..request(now) });
    assert_eq!(other(after(start(), 59 * SECOND)).await.unwrap().len(), 0);
    assert_eq!(other(after(start(), 60 * SECOND)).await.unwrap().len(), 1);
}

/// A lease is identified by number, owner and token together: the token of another entry
/// extends nothing.
pub async fn extends_no_lease_for_the_token_of_another(store: &dyn Store) {
    three(store).await;
    let claims = store.claim(request(start())).await.unwrap();
    let [one, two] = [0, 1].map(|index: usize| claims[index].lease);
    let forged = [
        Lease { number: two.number, ..one },
        Lease { owner: 2, ..one },
        Lease { token: two.token, ..one },
    ];
    let given = [&forged[..], &[one, two]].concat();
    assert_eq!(store.extend(given, start(), 60 * SECOND).await.unwrap(), [one, two]);
}

/// A retry is not claimed a millisecond early, and the attempts stay counted.
pub async fn a_retry_waits_for_its_time(store: &dyn Store) {
    accept(store, &[tag_added("e1", "s1", 1_700_000_000_000)]).await;
    let lease = store.claim(request(start())).await.unwrap().remove(0).lease;
    let due_at = after(start(), 10 * SECOND);
    let retry = Settlement::Retry { due_at, reason: "why".to_owned() };
    assert!(store.settle(lease, retry, start()).await.unwrap());
    let early = before(due_at, Duration::from_millis(1));
    assert_eq!(store.claim(request(early)).await.unwrap().len(), 0);
    let again = store.claim(request(due_at)).await.unwrap();
    assert_eq!((again[0].lease.attempt, again[0].entry.reason.as_deref()), (2, Some("why")));
}

/// A deferred entry is due at its time and is kept among the attempts. Deferring needs a valid
/// lease, like every outcome.
pub async fn what_is_deferred_counts_no_attempt(store: &dyn Store) {
    accept(store, &[tag_added("e1", "s1", 1_700_000_000_000)]).await;
    let due_at = after(start(), 10 * SECOND);
    let defer = || Settlement::Defer { due_at, reason: "why".to_owned() };
    let lease = store.claim(request(start())).await.unwrap().remove(0).lease;
    let other = Lease { token: lease.token + 1, ..lease };
    assert!(!store.settle(other, defer(), start()).await.unwrap());
    assert!(store.settle_with_status(lease, defer(), Some(503), start()).await.unwrap());
    assert!(!store.settle(lease, defer(), start()).await.unwrap());
    let entry = all(store).await.remove(0);
    assert_eq!((entry.state, entry.attempts), (State::Pending, 0));
    assert_eq!((entry.due_at, entry.reason.as_deref()), (due_at, Some("why")));
    let early = before(due_at, Duration::from_millis(1));
    assert_eq!(store.claim(request(early)).await.unwrap().len(), 0);
    let again = store.claim(request(due_at)).await.unwrap().remove(0).lease;
    assert_eq!(again.attempt, 1);
    assert!(store.settle(again, Settlement::Done, due_at).await.unwrap());
    let attempts = store.attempts(lease.number).await.unwrap();
    let attempts: Vec<_> =
        attempts.iter().map(|one| (one.attempt, one.result.as_str(), one.status)).collect();
    assert_eq!(attempts, [(1, "deferred", Some(503)), (1, "done", None)]);
}

/// An ordered claim goes by createdAt, then by arrival, and the order survives retries.
pub async fn an_ordered_claim_takes_one_per_spektr_id_in_order(store: &dyn Store) {
    let raws = [
        tag_added("late", "s1", 1_700_000_000_002),
        tag_added("tie-1", "s1", 1_700_000_000_001),
        tag_added("tie-2", "s1", 1_700_000_000_001),
        tag_added("other", "s2", 1_700_000_000_009),
        r#"{"id":"nobody-1","type":"x"}"#.to_owned(),
        r#"{"id":"nobody-2","type":"x"}"#.to_owned(),
    ];
    accept(store, &raws).await;
    let first = store.claim(ordered(start())).await.unwrap();
    assert_eq!(ids(&first), ["tie-1", "other", "nobody-1", "nobody-2"]);
    assert_eq!(store.claim(ordered(start())).await.unwrap().len(), 0);

    // A retry keeps its place.
    let due_at = after(start(), SECOND);
    let retry = Settlement::Retry { due_at, reason: String::new() };
    assert!(store.settle(first[0].lease, retry, start()).await.unwrap());
    assert_eq!(store.claim(ordered(start())).await.unwrap().len(), 0);
    for expected in ["tie-1", "tie-2", "late"] {
        let claims = store.claim(ordered(due_at)).await.unwrap();
        assert_eq!(ids(&claims), [expected]);
        assert!(store.settle(claims[0].lease, Settlement::Done, due_at).await.unwrap());
    }
    assert_eq!(store.claim(ordered(due_at)).await.unwrap().len(), 0);
}

/// An entry that arrives late, or is released, comes before the one being handled. It still
/// waits until the lease of that entry ends or expires.
pub async fn what_comes_late_waits_for_the_lease_beside_it(store: &dyn Store) {
    let late = || tag_added("late", "s1", 1_600_000_000_000);
    three(store).await;
    let first = store.claim(ordered(start())).await.unwrap();
    assert_eq!(ids(&first), ["e1"]);
    assert!(store.settle(first[0].lease, Settlement::Done, start()).await.unwrap());
    let second = store.claim(ordered(start())).await.unwrap();
    assert_eq!(ids(&second), ["e2"]);
    accept(store, &[late()]).await;
    let released = store.release(Filter::state(State::Done), 0, 1, start(), None).await.unwrap();
    assert_eq!(released, [first[0].lease.number]);
    for owner in [1, 2] {
        let claims = store.claim(ClaimRequest { owner, ..ordered(start()) }).await.unwrap();
        assert!(claims.is_empty(), "{claims:?}");
    }
    assert!(store.settle(second[0].lease, Settlement::Done, start()).await.unwrap());
    let held = store.claim(ordered(start())).await.unwrap();
    assert_eq!(ids(&held), ["late"]);
    // The worker dies. The next claim returns the same entry again, not the entry after it.
    let now = after(start(), 30 * SECOND);
    let again = store.claim(ClaimRequest { owner: 2, ..ordered(now) }).await.unwrap();
    assert_eq!((ids(&again), again[0].lease.attempt), (vec!["late".to_owned()], 2));
    assert!(store.settle(again[0].lease, Settlement::Done, now).await.unwrap());
    assert_eq!(ids(&store.claim(ordered(now)).await.unwrap()), ["e1"]);
}

/// Entries that can be claimed are found, however many others must wait and are due earlier.
pub async fn what_has_to_wait_does_not_hide_what_has_not(store: &dyn Store) {
    let in_order = |now| ClaimRequest { limit: 10, ..ordered(now) };
    let raws = |spektr_id: &str, count: i64| -> Vec<String> {
        let raw = |index| {
            tag_added(&format!("{spektr_id}-{index}"), spektr_id, 1_700_000_000_000 + index)
        };
        (0..count).map(raw).collect()
    };
    // A customer with many events; the first of them is retried later.
    accept(store, &raws("blocked", 1000)).await;
    let first = store.claim(ClaimRequest { limit: 1, ..in_order(start()) }).await.unwrap();
    assert_eq!(ids(&first), ["blocked-0"]);
    let due_at = after(start(), SECOND);
    let retry = Settlement::Retry { due_at, reason: String::new() };
    assert!(store.settle(first[0].lease, retry, start()).await.unwrap());
    // After all of them, others arrive: with spektr ids before and after that customer's, and
    // without spektr ids.
    for person in ["a", "b", "c"] {
        accept(store, &raws(person, 2)).await;
    }
    accept(store, &[0, 1].map(|index| format!(r#"{{"id":"nobody-{index}","type":"x"}}"#))).await;
    let mut claimed = Vec::new();
    for (a, b, c) in [("a-0", "b-0", "c-0"), ("a-1", "b-1", "c-1")] {
        let claims = store.claim(in_order(start())).await.unwrap();
        let mut round = ids(&claims);
        round.retain(|id| !id.starts_with("nobody"));
        round.sort();
        assert_eq!(round, [a, b, c]);
        claimed.extend(ids(&claims));
        for claim in claims {
            assert!(store.settle(claim.lease, Settlement::Done, start()).await.unwrap());
        }
    }
    claimed.sort();
    assert_eq!(claimed, ["a-0", "a-1", "b-0", "b-1", "c-0", "c-1", "nobody-0", "nobody-1"]);
    assert_eq!(store.claim(in_order(start())).await.unwrap().len(), 0);
    assert_eq!(ids(&store.claim(in_order(due_at)).await.unwrap()), ["blocked-0"]);
}

/// An entry that a wrong clock has deferred is claimed even if other lanes have held leases and
/// must wait.
pub async fn lanes_that_wait_do_not_hide_what_a_wrong_clock_has_put_off(store: &dyn Store) {
    let in_order = || ClaimRequest { limit: 1, ..ordered(start()) };
    accept(store, &[tag_added("far", "far", 1)]).await;
    let lease = store.claim(in_order()).await.unwrap().remove(0).lease;
    let due_at = after(start(), 2 * 3600 * SECOND);
    let retry = Settlement::Retry { due_at, reason: String::new() };
    assert!(store.settle(lease, retry, start()).await.unwrap());
    let raws = |id: &str, created_at: i64| -> Vec<String> {
        let raw = |index| tag_added(&format!("{id}{index}"), &format!("s{index}"), created_at);
        (0..20).map(raw).collect()
    };
    accept(store, &raws("held", 2)).await;
    let claims = store.claim(ClaimRequest { limit: 20, ..in_order() }).await.unwrap();
    assert_eq!(claims.len(), 20);
    accept(store, &raws("late", 1)).await;
    assert_eq!(ids(&store.claim(in_order()).await.unwrap()), ["far"]);
}

/// A due time beyond the horizon was set by a wrong clock.
pub async fn a_clock_put_back_delays_nothing_for_long(store: &dyn Store) {
    accept(store, &[tag_added("e1", "s1", 1_700_000_000_000)]).await;
    let lease = store.claim(request(start())).await.unwrap().remove(0).lease;
    let day_before = before(start(), 24 * 3600 * SECOND);
    // The holder itself is working, and renews its lease by the new time.
    assert_eq!(store.claim(request(day_before)).await.unwrap().len(), 0);
    // Another worker cannot know that, and after a crash of the holder nobody would renew the
    // lease.
    let other = store.claim(ClaimRequest { owner: 2, ..request(day_before) }).await.unwrap();
    assert_eq!(ids(&other), ["e1"]);
    assert!(!store.settle(lease, Settlement::Done, day_before).await.unwrap());
}
