//! Tests deliveries of the largest size that a receiver accepts.

use std::time::Duration;

use spektr_inbox::store::postgres::PostgresOptions;
use spektr_inbox::store::{
    Acceptance, Archive as _, ClaimRequest, Filter, NewEntry, Queue as _, Reception as _, State,
};
use spektr_inbox::testing::{entries, start, tag_added};

use super::fresh::{Fresh, database, fresh};
use crate::support::{claim_request, until};

/// Returns `count` entries of one delivery, made from a template entry.
fn batch(count: usize) -> Vec<NewEntry> {
    let template = entries("test", &tag_added("e0", "s0", 1_700_000_000_000), start()).remove(0);
    let entry = |index: usize| {
        let mut entry = template.clone();
        entry.key = format!("id:e{index}");
        entry.id = Some(format!("e{index}"));
        entry.spektr_id = Some(format!("s{index}"));
        entry
    };
    (0..count).map(entry).collect()
}

#[tokio::test]
async fn the_longest_timeout_is_one() {
    let url = database().await;
    let store = PostgresOptions::new(url).with_timeout(Duration::MAX).open().await.unwrap();
    assert_eq!(store.accept(batch(3)).await.unwrap().len(), 3);
}

#[tokio::test]
async fn as_many_entries_as_a_batch_can_have_are_one_delivery() {
    const COUNT: usize = spektr_types::MAX_ENTRIES;
    let fresh = fresh().await;
    // Temporary files are forbidden, so the delivery must fit into the server's memory.
    let (_, name) = fresh.url.rsplit_once('/').unwrap();
    let sql = format!("ALTER DATABASE {name} SET temp_file_limit = 0");
    fresh.client().await.batch_execute(&sql).await.unwrap();
    let batch = batch(COUNT);
    let accepted = fresh.accept(batch.clone()).await.unwrap();
    let stored = accepted.iter().filter(|one| matches!(one, Acceptance::Stored(_))).count();
    assert_eq!(stored, COUNT);
    assert_eq!(fresh.count(Filter::all()).await.unwrap(), COUNT as u64);
    let again = fresh.accept(batch).await.unwrap();
    assert!(again == vec![Acceptance::Duplicate; COUNT]);
}

/// Closes the store, and returns the number of index entries that the server has read.
async fn visited(fresh: Fresh) -> i64 {
    drop(fresh.store);
    // A session reports its statistics when it ends, if not earlier.
    let client = super::fresh::client(&fresh.url).await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND application_name = 'spektr-inbox'";
    let open = async || client.query_one(others, &[]).await.unwrap().get::<_, i64>(0);
    until("its sessions have ended", async || open().await == 0).await;
    let sql = "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE schemaname = 'spektr_inbox'";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_id_with_many_contents_costs_each_the_same() {
    const COUNT: usize = 2000;
    let fresh = fresh().await;
    let contents = |from: usize| -> Vec<NewEntry> {
        let entry = |index: usize| {
            let raw = format!(r#"{{"id":"undefined","type":"x","data":{{"n":{index}}}}}"#);
            entries("test", &raw, start()).remove(0)
        };
        (from..from + COUNT).map(entry).collect()
    };
    for from in [0, COUNT] {
        let accepted = fresh.accept(contents(from)).await.unwrap();
        let conflicts = accepted.iter().filter(|one| matches!(one, Acceptance::Conflict(_)));
        assert_eq!(conflicts.count(), if from == 0 { COUNT - 1 } else { COUNT });
    }
    assert!(fresh.accept(contents(0)).await.unwrap() == vec![Acceptance::Duplicate; COUNT]);
    let visited = visited(fresh).await;
    assert!(visited < 20 * COUNT as i64, "{visited}");
}

#[tokio::test]
async fn a_page_of_a_list_costs_the_same_wherever_it_is() {
    const COUNT: usize = 4000;
    const PAGE: usize = 100;
    let fresh = fresh().await;
    // The planner would scan so few rows sequentially, but reads many rows through the indexes.
    let (_, name) = fresh.url.rsplit_once('/').unwrap();
    let client = fresh.client().await;
    client.batch_execute(&format!("ALTER DATABASE {name} SET enable_seqscan = off")).await.unwrap();
    fresh.accept(batch(COUNT)).await.unwrap();
    client.batch_execute("ANALYZE").await.unwrap();
    drop(client);
    let (mut after, mut listed) = (0, 0);
    loop {
        let page = fresh.list(Filter::all(), after, PAGE).await.unwrap();
        let Some(last) = page.last() else { break };
        (after, listed) = (last.number, listed + page.len());
    }
    assert_eq!(listed, COUNT);
    let visited = visited(fresh).await;
    assert!(visited < 10 * COUNT as i64, "{visited}");
}

#[tokio::test]
async fn a_page_of_the_newest_or_the_dead_reads_what_it_shows() {
    const COUNT: usize = 4000;
    const PAGE: usize = 50;
    let fresh = fresh().await;
    let url = fresh.url.clone();
    let (_, name) = url.rsplit_once('/').unwrap();
    let client = fresh.client().await;
    client.batch_execute(&format!("ALTER DATABASE {name} SET enable_seqscan = off")).await.unwrap();
    let with_state = |(index, entry)| NewEntry {
        state: if index % 2 == 0 { State::Dead } else { State::Pending },
        ..entry
    };
    fresh.accept(batch(COUNT).into_iter().enumerate().map(with_state).collect()).await.unwrap();
    client.batch_execute("ANALYZE").await.unwrap();
    drop(client);
    let before = visited(fresh).await;
    let store = PostgresOptions::new(&url).open().await.unwrap();
    for filter in [Filter::all(), Filter::state(State::Dead)] {
        let page = store.page(filter, None, PAGE).await.unwrap();
        assert_eq!((page.entries.len(), page.next.is_some()), (PAGE, true));
    }
    let visited = visited(Fresh { store, url }).await - before;
    assert!(visited < 20 * PAGE as i64, "{visited}");
}

#[tokio::test]
async fn an_entry_as_large_as_a_body_can_be_is_kept_and_worked_on() {
    let fresh = fresh().await;
    let filler = "x".repeat(16 * 1024 * 1024 - 40);
    let raw = format!(r#"{{"id":"large","type":"x","data":"{filler}"}}"#);
    fresh.accept(entries("test", &raw, start())).await.unwrap();
    let request = ClaimRequest { ordered: true, ..claim_request(start()) };
    let claims = fresh.claim(request).await.unwrap();
    assert_eq!(claims.len(), 1);
    assert!(claims[0].entry.raw == raw);
}

#[tokio::test]
async fn a_larger_delivery_has_more_time() {
    let fresh = fresh().await;
    let script = "CREATE TABLE seen (setting text); \
        CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
          INSERT INTO seen VALUES (current_setting('statement_timeout')); RETURN NULL; END $$; \
        CREATE TRIGGER see AFTER INSERT ON spektr_inbox.entries \
          FOR EACH STATEMENT EXECUTE FUNCTION see()";
    let client = fresh.client().await;
    client.batch_execute(script).await.unwrap();
    let batch = batch(1000);
    for count in [0, 1, 1000] {
        fresh.accept(batch[..count].to_vec()).await.unwrap();
    }
    let rows = client.query("SELECT setting FROM seen", &[]).await.unwrap();
    let seen: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    // The time limit grows by a millisecond for each entry, and by one for each KiB.
    let bytes: usize = batch.iter().map(|entry| entry.raw.len()).sum();
    let longer = format!("{}ms", 600_000 + 1000 + bytes / 1024);
    assert_eq!(seen, ["600001ms", &longer]);
}

#[tokio::test]
async fn many_dead_letters_cost_a_claim_as_much_as_one() {
    const DEAD: i64 = 3000;
    let fresh = fresh().await;
    let with_state = |id: String, at, state| {
        let entry = entries("test", &tag_added(&id, "s1", at), start()).remove(0);
        NewEntry { state, ..entry }
    };
    let dead = (0..DEAD).map(|index| with_state(format!("d{index}"), index, State::Dead));
    let held = (0..50).map(|index| with_state(format!("h{index}"), DEAD + index, State::Pending));
    fresh.accept(dead.chain(held).collect()).await.unwrap();
    let request = ClaimRequest { ordered: true, hold_on_dead: true, ..claim_request(start()) };
    for _ in 0..3 {
        assert!(fresh.claim(request.clone()).await.unwrap().is_empty());
    }
    // With a worse plan, a claim visits every dead letter for each entry.
    let visited = visited(fresh).await;
    assert!(visited < 3000, "{visited}");
}
