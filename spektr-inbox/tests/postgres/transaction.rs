//! Tests that a handler's own writes and the completion of its event are one transaction.

use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::store::postgres::{CompleteError, complete};
use spektr_inbox::store::{
    Archive, Claim, ClaimRequest, Filter, Queue, Reception, Settlement, State, Store, StoredEntry,
};
use spektr_inbox::testing::{ManualClock, entries, start, tag_added};
use spektr_inbox::{Clock as _, HandlerError, Received, Workers};
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::fresh::{Fresh, fresh};
use crate::support::{PATIENCE, claim_request};

const LEASE: Duration = Duration::from_secs(30);

/// Returns a store with one event, and a table that the handler writes to.
async fn prepared() -> Fresh {
    let fresh = fresh().await;
    fresh.client().await.batch_execute("CREATE TABLE seen (id text)").await.unwrap();
    fresh
        .accept(entries("test", &tag_added("e1", "s1", 1_700_000_000_000), start()))
        .await
        .unwrap();
    fresh
}

async fn seen(fresh: &Fresh) -> Vec<String> {
    let rows = fresh.client().await.query("SELECT id FROM seen", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn only(fresh: &Fresh) -> StoredEntry {
    fresh.list(Filter::all(), 0, 10).await.unwrap().remove(0)
}

/// How a handler ends.
#[derive(Clone, Copy)]
enum HandlerEnd {
    /// The handler commits.
    Commit,
    /// The handler commits, and then fails.
    CommitAndFail,
    /// The handler rolls back, and returns success.
    RollBack,
    /// The handler's connection is cut between the completion and the commit.
    Cut,
}

/// Runs workers until nothing is due, and returns the metrics.
async fn handle(fresh: &Fresh, clock: &ManualClock, end: HandlerEnd) -> String {
    let client = Arc::new(Mutex::new(fresh.client().await));
    let administrator = Arc::new(fresh.client().await);
    let handler = move |received: Received| {
        let (client, administrator) = (Arc::clone(&client), Arc::clone(&administrator));
        async move {
            let mut client = client.lock().await;
            write_and_end(&mut client, &administrator, &received, end).await
        }
    };
    let store: Arc<dyn Store> = Arc::new(fresh.another().await);
    let workers = Workers::new(store, handler).with_clock(clock.clone());
    let metrics = spektr_inbox::Metrics::new();
    workers.with_metrics(metrics.clone()).run_due().await.unwrap();
    metrics.render()
}

async fn write_and_end(
    client: &mut Client,
    administrator: &Client,
    received: &Received,
    end: HandlerEnd,
) -> Result<(), HandlerError> {
    let transaction = client.transaction().await?;
    complete(&transaction, received.completion()).await?;
    let id = received.event().id().unwrap().as_ref();
    transaction.execute("INSERT INTO seen VALUES ($1)", &[&id]).await?;
    match end {
        HandlerEnd::Commit => transaction.commit().await?,
        HandlerEnd::CommitAndFail => {
            transaction.commit().await?;
            return Err(HandlerError::retry("something else"));
        }
        HandlerEnd::RollBack => transaction.rollback().await?,
        HandlerEnd::Cut => {
            let pid: i32 = transaction.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
            administrator.execute("SELECT pg_terminate_backend($1)", &[&pid]).await?;
            transaction.commit().await?;
        }
    }
    Ok(())
}

#[track_caller]
fn assert_counted(metrics: &str, result: &str) {
    let end = format!("result=\"{result}\"}} 1");
    assert!(metrics.lines().any(|line| line.ends_with(&end)), "no {end} in {metrics}");
}

#[tokio::test]
async fn the_writes_and_the_completion_are_committed_together() {
    let fresh = prepared().await;
    let metrics = handle(&fresh, &ManualClock::new(), HandlerEnd::Commit).await;
    assert_eq!((seen(&fresh).await.len(), only(&fresh).await.state), (1, State::Done));
    assert_counted(&metrics, "done");
    let mut lost = metrics.lines().filter(|line| line.contains("result=\"lease_lost\"} "));
    assert!(lost.all(|line| line.ends_with(" 0")), "{metrics}");
}

#[tokio::test]
async fn a_failure_after_the_commit_does_not_repeat_the_event() {
    let fresh = prepared().await;
    let metrics = handle(&fresh, &ManualClock::new(), HandlerEnd::CommitAndFail).await;
    assert_eq!((seen(&fresh).await.len(), only(&fresh).await.state), (1, State::Done));
    assert_counted(&metrics, "done");
}

#[tokio::test]
async fn what_is_rolled_back_is_not_done_whatever_the_handler_says() {
    let fresh = prepared().await;
    let clock = ManualClock::new();
    let metrics = handle(&fresh, &clock, HandlerEnd::RollBack).await;
    assert_counted(&metrics, "retry");
    let entry = only(&fresh).await;
    assert_eq!((seen(&fresh).await.len(), entry.state), (0, State::Pending));
    assert_eq!(entry.reason.as_deref(), Some("the handler's transaction was not committed"));
    clock.advance(Duration::from_secs(10));
    handle(&fresh, &clock, HandlerEnd::Commit).await;
    assert_eq!((seen(&fresh).await.len(), only(&fresh).await.state), (1, State::Done));
}

#[tokio::test]
async fn a_cut_between_completion_and_commit_leaves_neither() {
    let fresh = prepared().await;
    let clock = ManualClock::new();
    let metrics = handle(&fresh, &clock, HandlerEnd::Cut).await;
    assert_counted(&metrics, "retry");
    assert_eq!((seen(&fresh).await.len(), only(&fresh).await.state), (0, State::Pending));
    clock.advance(Duration::from_secs(10));
    handle(&fresh, &clock, HandlerEnd::Commit).await;
    assert_eq!((seen(&fresh).await.len(), only(&fresh).await.state), (1, State::Done));
}

#[tokio::test]
async fn a_handler_that_goes_on_after_its_commit_is_not_stopped() {
    const LEASE: Duration = Duration::from_secs(3);
    let fresh = prepared().await;
    // The heartbeats of this second entry show that those of the first have been sent.
    fresh.accept(entries("test", &tag_added("e2", "s2", 1), start())).await.unwrap();
    let client = Arc::new(Mutex::new(fresh.client().await));
    let (ended, end) = (Arc::new(Mutex::new(false)), Arc::new(Notify::new()));
    let clock = ManualClock::new();
    let other = Arc::new(fresh.another().await);
    let handler = {
        let (ended, clock) = (Arc::clone(&ended), clock.clone());
        move |received: Received| {
            let (client, other) = (Arc::clone(&client), Arc::clone(&other));
            let (ended, end, clock) = (Arc::clone(&ended), Arc::clone(&end), clock.clone());
            async move {
                if received.event().id().is_some_and(|id| id.as_ref() == "e2") {
                    end.notified().await;
                    return Ok(());
                }
                let mut client = client.lock().await;
                let transaction = client.transaction().await?;
                complete(&transaction, received.completion()).await?;
                transaction.commit().await?;
                // From now on, heartbeats find no lease of the first entry. When the heartbeats
                // of the second entry have run, the workers have seen the result for the first.
                for _ in 0..2 {
                    clock.advance(LEASE / 2);
                    let until = clock.now().as_millis() + LEASE.as_millis() as i64;
                    let is_extended = |entry: &StoredEntry| entry.due_at.as_millis() >= until;
                    while !other.list(Filter::all(), 0, 10).await?.iter().any(is_extended) {}
                }
                *ended.lock().await = true;
                end.notify_one();
                Ok(())
            }
        }
    };
    let store: Arc<dyn Store> = Arc::new(fresh.another().await);
    let metrics = spektr_inbox::Metrics::new();
    let workers = Workers::new(store, handler).with_lease(LEASE);
    let workers = workers.with_clock(clock).with_metrics(metrics.clone());
    timeout(PATIENCE, workers.run_due()).await.expect("both handlers end").unwrap();
    assert!(*ended.lock().await);
    assert!(metrics.render().contains("result=\"done\"} 2\n"), "{}", metrics.render());
    assert_eq!(fresh.count(Filter::state(State::Done)).await.unwrap(), 2);
}

fn request(owner: i64, clock: &ManualClock) -> ClaimRequest {
    ClaimRequest { owner, lease: LEASE, ..claim_request(clock.now()) }
}

#[tokio::test]
async fn a_lost_lease_takes_the_writes_with_it() {
    let fresh = prepared().await;
    let clock = ManualClock::new();
    let (kept, stalled) = (clock.clone(), fresh.another().await);
    let client = Arc::new(Mutex::new(fresh.client().await));
    let lost = Arc::new(Mutex::new(false));
    let found = Arc::clone(&lost);
    let stalled = Arc::new(stalled);
    let handler = move |received: Received| {
        let (clock, other) = (kept.clone(), Arc::clone(&stalled));
        let (client, found) = (Arc::clone(&client), Arc::clone(&found));
        async move {
            let mut client = client.lock().await;
            let transaction = client.transaction().await?;
            transaction.execute("INSERT INTO seen VALUES ('lost')", &[]).await?;
            // While this worker stalls, its lease ends and another worker claims the event.
            clock.advance(LEASE);
            let claims = other.claim(request(2, &clock)).await?;
            assert_eq!(claims.len(), 1);
            let completed = complete(&transaction, received.completion()).await;
            *found.lock().await = matches!(completed, Err(CompleteError::LeaseLost));
            completed?;
            transaction.commit().await?;
            Ok(())
        }
    };
    let store: Arc<dyn Store> = Arc::new(fresh.another().await);
    let metrics = spektr_inbox::Metrics::new();
    let workers = Workers::new(store, handler).with_clock(clock.clone());
    workers.with_metrics(metrics.clone()).run_due().await.unwrap();
    assert_counted(&metrics.render(), "lease_lost");
    assert!(*lost.lock().await);
    assert!(seen(&fresh).await.is_empty());
    let entry = only(&fresh).await;
    assert_eq!((entry.state, entry.attempts), (State::Pending, 2));
}

#[tokio::test]
async fn an_open_completion_holds_up_no_other_heartbeat_and_cannot_be_claimed() {
    let fresh = prepared().await;
    fresh
        .accept(entries("test", &tag_added("e2", "s2", 1_700_000_000_000), start()))
        .await
        .unwrap();
    let clock = ManualClock::new();
    let claims = fresh.claim(request(1, &clock)).await.unwrap();
    let leases: Vec<_> = claims.iter().map(|claim| claim.lease).collect();
    let mut client = fresh.client().await;
    let transaction = client.transaction().await.unwrap();
    let sql = spektr_inbox::store::postgres::Completing::SQL;
    let lease = leases[0];
    let changed =
        transaction.execute(sql, &[&lease.number, &lease.owner, &lease.token]).await.unwrap();
    assert_eq!(changed, 1);

    // Both leases are valid: one is extended, and the row of the other is locked.
    let extend = || fresh.extend(leases.clone(), start(), 2 * LEASE);
    assert_eq!(extend().await.unwrap(), leases);
    clock.advance(LEASE);
    for ordered in [false, true] {
        let other = ClaimRequest { ordered, ..request(2, &clock) };
        let claims = fresh.claim(other).await.unwrap();
        assert!(claims.is_empty(), "{claims:?}");
    }
    transaction.commit().await.unwrap();
    assert_eq!(extend().await.unwrap(), leases[1..]);
    assert!(!fresh.settle(lease, Settlement::Done, clock.now()).await.unwrap());
    assert_eq!(only(&fresh).await.state, State::Done);
}

#[tokio::test]
async fn an_open_completion_holds_up_no_settlement_beside_it() {
    let fresh = prepared().await;
    for id in ["e2", "e3"] {
        fresh.accept(entries("test", &tag_added(id, "s2", 1), start())).await.unwrap();
    }
    let clock = ManualClock::new();
    let claims = fresh.claim(request(1, &clock)).await.unwrap();
    let [completed, others @ ..] = &claims[..] else { panic!("{claims:?}") };
    let mut client = fresh.client().await;
    let transaction = client.transaction().await.unwrap();
    let sql = spektr_inbox::store::postgres::Completing::SQL;
    let Claim { lease, .. } = completed;
    transaction.execute(sql, &[&lease.number, &lease.owner, &lease.token]).await.unwrap();

    // Settle all at once, the locked entry first.
    let settle = |claim: &Claim| fresh.settle(claim.lease, Settlement::Done, start());
    let mut waiting = settle(completed);
    let settled = tokio::select! {
        biased;
        settled = &mut waiting => panic!("{settled:?} while it is locked"),
        settled = async { tokio::join!(settle(&others[0]), settle(&others[1])) } => settled,
    };
    assert!(settled.0.unwrap() && settled.1.unwrap());
    transaction.commit().await.unwrap();
    // The handler's transaction has already completed the entry.
    assert!(!waiting.await.unwrap());
    let done = fresh.count(Filter::state(State::Done)).await.unwrap();
    assert_eq!(done, 3);
}

#[tokio::test]
async fn a_settlement_that_fails_fails_no_other() {
    let fresh = prepared().await;
    fresh.accept(entries("test", &tag_added("e2", "s2", 1), start())).await.unwrap();
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN RAISE 'no'; END $$; \
        CREATE TRIGGER refuse BEFORE UPDATE ON spektr_inbox.work FOR EACH ROW \
        WHEN (NEW.state = 'dead') EXECUTE FUNCTION refuse()";
    fresh.client().await.batch_execute(refuse).await.unwrap();
    let claims = fresh.claim(request(1, &ManualClock::new())).await.unwrap();
    let dead = Settlement::Park { state: State::Dead, reason: String::new() };
    let (refused, settled) = tokio::join!(
        fresh.settle(claims[0].lease, dead, start()),
        fresh.settle(claims[1].lease, Settlement::Done, start()),
    );
    refused.unwrap_err();
    assert!(settled.unwrap());
}
