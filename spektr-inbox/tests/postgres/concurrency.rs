//! Tests several stores on one database at once. Each has its own connections, like processes
//! on several machines.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use spektr_inbox::store::postgres::{PostgresOptions, PostgresStore};
use spektr_inbox::store::{
    Acceptance, Archive as _, Claim, ClaimRequest, Filter, NewEntry, Quarantine as _, Queue as _,
    Reception as _, Settlement, State, StoredEntry,
};
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_types::Timestamp;
use tokio::time::timeout;

use super::fresh::{Fresh, fresh};
use crate::support::{PATIENCE, claim_request, until};

const MACHINES: i64 = 4;

async fn machines(fresh: &Fresh) -> Vec<Arc<PostgresStore>> {
    let mut machines = Vec::new();
    for _ in 0..MACHINES {
        machines.push(Arc::new(fresh.another().await));
    }
    machines
}

fn request(owner: i64, limit: usize) -> ClaimRequest {
    ClaimRequest { owner, limit, ..claim_request(start()) }
}

async fn all(fresh: &Fresh) -> Vec<StoredEntry> {
    fresh.list(Filter::all(), 0, 100_000).await.unwrap()
}

/// Returns a batch of the given events in a random order. `variant` determines their payload.
fn batch(ids: impl Iterator<Item = u64>, variant: &str, seed: u64) -> Vec<NewEntry> {
    let mut raws: Vec<_> = ids
        .map(|id| {
            tag_added(&format!("e{id}"), &format!("s{id}"), 1_700_000_000_000)
                .replace(r#""tagId":"t""#, &format!(r#""tagId":"{variant}""#))
        })
        .collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut raws);
    entries("test", &format!(r#"{{"results":[{}]}}"#, raws.join(",")), start())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn receivers_that_race_store_each_content_once_and_flag_all_but_the_first() {
    const ROUNDS: u64 = 20;
    const EVENTS: u64 = 30;
    const VARIANTS: [&str; 2] = ["a", "b"];
    let fresh = fresh().await;
    let machines = machines(&fresh).await;
    let mut tally = BTreeMap::new();
    for round in 0..ROUNDS {
        let together = Arc::new(tokio::sync::Barrier::new(machines.len() * VARIANTS.len()));
        let mut racing = tokio::task::JoinSet::new();
        for (machine, store) in machines.iter().enumerate() {
            for variant in VARIANTS {
                let (store, together) = (Arc::clone(store), Arc::clone(&together));
                let seed = round * 100 + machine as u64;
                let ids = round * EVENTS..(round + 1) * EVENTS;
                racing.spawn(async move {
                    together.wait().await;
                    store.accept(batch(ids, variant, seed)).await.unwrap()
                });
            }
        }
        for accepted in racing.join_all().await.into_iter().flatten() {
            let kind = match accepted {
                Acceptance::Stored(_) => "stored",
                Acceptance::Duplicate => "duplicate",
                Acceptance::Conflict(_) => "conflict",
                _ => "other",
            };
            *tally.entry(kind).or_insert(0) += 1;
        }
    }
    let events = ROUNDS * EVENTS;
    let duplicates = events * (MACHINES.unsigned_abs() - 1) * VARIANTS.len() as u64;
    assert_eq!(
        tally,
        BTreeMap::from([("conflict", events), ("duplicate", duplicates), ("stored", events)])
    );
    let mut rows: HashMap<String, Vec<(bool, State)>> = HashMap::new();
    for entry in all(&fresh).await {
        rows.entry(entry.id.unwrap()).or_default().push((entry.conflict, entry.state));
    }
    assert_eq!(rows.len() as u64, events);
    for (id, mut rows) in rows {
        rows.sort();
        assert_eq!(rows, [(false, State::Pending), (true, State::Conflict)], "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_that_race_never_get_the_same_entry() {
    const EVENTS: u64 = 600;
    let fresh = fresh().await;
    fresh.accept(batch(0..EVENTS, "a", 1)).await.unwrap();
    let mut racing = tokio::task::JoinSet::new();
    for (owner, store) in (1_i64..).zip(machines(&fresh).await) {
        racing.spawn(async move {
            let mut numbers = Vec::new();
            loop {
                let claims = store.claim(request(owner, 7)).await.unwrap();
                if claims.is_empty() {
                    return numbers;
                }
                numbers.extend(claims.iter().map(|claim| claim.lease.number));
            }
        });
    }
    let mut numbers = racing.join_all().await.concat();
    numbers.sort_unstable();
    let expected: Vec<_> = all(&fresh).await.into_iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, expected);
}

/// The entry in work of each spektr id. A second entry at the same time fails the test.
#[derive(Clone, Default)]
struct Lanes(Arc<Mutex<HashMap<String, i64>>>);

impl Lanes {
    fn enter(&self, claim: &Claim) {
        let lane = claim.entry.spektr_id.clone().unwrap();
        let other = self.0.lock().unwrap().insert(lane, claim.lease.number);
        assert_eq!(other, None, "entry {} was claimed beside it", claim.lease.number);
    }

    fn leave(&self, claim: &Claim) {
        self.0.lock().unwrap().remove(claim.entry.spektr_id.as_ref().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_order_one_per_spektr_id_is_worked_on_whatever_arrives_late_or_comes_back() {
    const EVENTS: u64 = 400;
    const PERSONS: u64 = 5;
    let fresh = fresh().await;
    let lanes = Lanes::default();
    let mut racing = tokio::task::JoinSet::new();
    for (owner, store) in (1_i64..).zip(machines(&fresh).await) {
        let lanes = lanes.clone();
        racing.spawn(async move {
            let mut random = fastrand::Rng::with_seed(owner.unsigned_abs());
            // Released entries come back before the last new entries arrive.
            while store.count(Filter::state(State::Done)).await.unwrap() < EVENTS {
                let claims =
                    store.claim(ClaimRequest { ordered: true, ..request(owner, 3) }).await.unwrap();
                claims.iter().for_each(|claim| lanes.enter(claim));
                for claim in claims {
                    if random.bool() {
                        tokio::task::yield_now().await;
                    }
                    // Another worker can claim the next entry of the lane only after the
                    // settlement below.
                    lanes.leave(&claim);
                    let retry = Settlement::Retry { due_at: start(), reason: String::new() };
                    let again = random.u8(..4) == 0;
                    let outcome = if again { retry } else { Settlement::Done };
                    assert!(store.settle(claim.lease, outcome, start()).await.unwrap());
                }
            }
        });
    }
    // Later events arrive first, so every arrival is earlier than the entry in work. Some done
    // entries are released, which are earlier too.
    for index in 0..EVENTS {
        let at = 1_700_000_000_000 - i64::try_from(index).unwrap();
        let raw = tag_added(&format!("e{index}"), &format!("s{}", index % PERSONS), at);
        fresh.accept(entries("test", &raw, start())).await.unwrap();
        if index % 10 == 0 && index + 10 < EVENTS {
            fresh.release(Filter::state(State::Done), 0, 3, start(), None).await.unwrap();
        }
    }
    timeout(PATIENCE, racing.join_all()).await.expect("every event is done");
    assert_eq!(fresh.count(Filter::state(State::Done)).await.unwrap(), EVENTS);
}

#[tokio::test]
async fn in_order_what_arrives_while_another_claims_has_to_wait_for_that_claim() {
    let fresh = fresh().await;
    let in_order = |owner| ClaimRequest { ordered: true, ..request(owner, 10) };
    let arrive = async |id, at| {
        fresh.accept(entries("test", &tag_added(id, "s1", at), start())).await.unwrap();
    };
    arrive("e1", 1_700_000_000_000).await;
    // The first worker's claim stops before its commit, until the lock is released.
    let gate = fresh.client().await;
    let script = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
          IF NEW.owner = 1 THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NULL; END $$; \
        CREATE TRIGGER wait AFTER UPDATE ON spektr_inbox.work \
          FOR EACH ROW EXECUTE FUNCTION wait(); \
        SELECT pg_advisory_lock(4711)";
    gate.batch_execute(script).await.unwrap();
    let slow = PostgresOptions::new(&fresh.url)
        .with_timeout(Duration::from_secs(120))
        .with_callers_clock();
    let slow = slow.open().await.unwrap();
    let first = tokio::spawn(async move { slow.claim(in_order(1)).await.unwrap() });
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database \
                   WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted";
    let claiming = async || gate.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0);
    until("the first worker claims", async || claiming().await > 0).await;
    arrive("earlier", 1_600_000_000_000).await;
    let claims = fresh.claim(in_order(2)).await.unwrap();
    assert!(claims.is_empty(), "{claims:?}");
    gate.batch_execute("SELECT pg_advisory_unlock(4711)").await.unwrap();
    let first = first.await.unwrap();
    assert_eq!(first[0].entry.id.as_deref(), Some("e1"));
    assert!(fresh.claim(in_order(2)).await.unwrap().is_empty());
    assert!(fresh.settle(first[0].lease, Settlement::Done, start()).await.unwrap());
    let next = fresh.claim(in_order(2)).await.unwrap();
    assert_eq!(next[0].entry.id.as_deref(), Some("earlier"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quarantine_that_several_fill_stays_bounded() {
    let fresh = fresh().await;
    let mut racing = tokio::task::JoinSet::new();
    for (machine, store) in machines(&fresh).await.into_iter().enumerate() {
        racing.spawn(async move {
            for index in 0..20 {
                let rejected = spektr_inbox::store::Rejected {
                    received_at: start(),
                    reason: "signature_mismatch".to_owned(),
                    headers: Vec::new(),
                    body: format!("{machine} {index}").into(),
                };
                store.quarantine(rejected, 5, 1000).await.unwrap();
            }
        });
    }
    racing.join_all().await;
    assert_eq!(fresh.quarantined(0, 100).await.unwrap().len(), 5);
}

/// One machine's clock is an hour ahead of the database's clock, and the other's an hour
/// behind.
#[tokio::test]
async fn machines_whose_clocks_differ_share_leases_by_the_clock_of_the_database() {
    let fresh = fresh().await;
    let [one, other] = [(); 2].map(|()| PostgresOptions::new(&fresh.url).open());
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let now = || spektr_inbox::Clock::now(&spektr_inbox::SystemClock::new()).as_millis();
    let at = |hours: i64| Timestamp::from_millis(now() + hours * 3_600_000).unwrap();
    let claim =
        |hours, owner, ordered| ClaimRequest { now: at(hours), ordered, ..request(owner, 10) };
    let ahead = entries("test", &tag_added("e1", "s1", 1_700_000_000_000), at(1));
    one.accept(ahead).await.unwrap();
    for ordered in [false, true] {
        // An entry with a time of arrival an hour ahead is due, and is held for the duration of
        // the lease.
        let claims = other.claim(claim(-1, 1, ordered)).await.unwrap();
        assert_eq!(claims.len(), 1);
        for hours in [-1, 0, 1] {
            let taken = one.claim(claim(hours, 2, ordered)).await.unwrap();
            assert!(taken.is_empty(), "{taken:?}");
        }
        let lease = claims[0].lease;
        assert_eq!(
            other.extend(vec![lease], at(-1), Duration::from_secs(60)).await.unwrap(),
            [lease]
        );
        assert!(one.claim(claim(1, 2, ordered)).await.unwrap().is_empty());
        assert_eq!(other.give_back(vec![lease], at(1)).await.unwrap(), 1);
    }
    // A retry is due after the same pause by every clock.
    let lease = one.claim(claim(1, 1, false)).await.unwrap()[0].lease;
    let retry = Settlement::Retry { due_at: at(1), reason: String::new() };
    assert!(one.settle(lease, retry, at(1)).await.unwrap());
    assert_eq!(other.claim(claim(-1, 2, false)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_two_settlements_of_a_lease_the_one_that_counts_is_told_so() {
    const PAIRS: usize = 40;
    let fresh = fresh().await;
    fresh.accept(batch(0..PAIRS as u64, "a", 1)).await.unwrap();
    let claims = fresh.claim(request(1, PAIRS)).await.unwrap();
    assert_eq!(claims.len(), PAIRS);
    let store = Arc::new(fresh.another().await);
    let mut settling = tokio::task::JoinSet::new();
    for claim in claims {
        let dead = Settlement::Park { state: State::Dead, reason: "refused".to_owned() };
        for settlement in [Settlement::Done, dead] {
            let (store, claim) = (Arc::clone(&store), claim.clone());
            settling.spawn(async move {
                let state = settlement.state();
                let counts = store.settle(claim.lease, settlement, start()).await.unwrap();
                counts.then_some((claim.entry.number, state))
            });
        }
    }
    let told: Vec<_> = settling.join_all().await.into_iter().flatten().collect();
    let stored: HashMap<_, _> =
        all(&fresh).await.into_iter().map(|entry| (entry.number, entry.state)).collect();
    assert_eq!(told.len(), PAIRS);
    assert_eq!(told.into_iter().collect::<HashMap<_, _>>(), stored);
}
