//! Tests PgBouncer in front of the server. A transaction pooler is refused, and a session
//! pooler works like a direct connection.

use std::time::Duration;

use spektr_inbox::store::postgres::{OpenError, PostgresStore};
use spektr_inbox::store::{
    Archive as _, ClaimRequest, Erasure, Filter, NewEntry, Queue as _, Reception as _, Settlement,
    State,
};
use spektr_inbox::testing::pgbouncer::PgBouncer;
use spektr_inbox::testing::{entries, start, tag_added};

use super::fresh::{Fresh, SHARED, client, database, fresh, options};
use crate::support::claim_request;

fn one(id: &str) -> Vec<NewEntry> {
    entries("test", &tag_added(id, id, 1_700_000_000_000), start())
}

fn request(ordered: bool) -> ClaimRequest {
    ClaimRequest { ordered, ..claim_request(start()) }
}

/// Uses every operation of deliveries and workers, in both orders, and an erasure.
async fn use_all(store: &PostgresStore) {
    for (id, ordered) in [("a", false), ("b", true)] {
        store.accept(one(id)).await.unwrap();
        let claims = store.claim(request(ordered)).await.unwrap();
        assert_eq!(claims.len(), 1);
        let lease = claims[0].lease;
        assert_eq!(store.extend(vec![lease], start(), Duration::ZERO).await.unwrap(), [lease]);
        assert!(store.settle(lease, Settlement::Done, start()).await.unwrap());
    }
    store.probe().await.unwrap();
    store.accept(one("c")).await.unwrap();
    assert_eq!(store.erase(Erasure::of("c"), None).await.unwrap().entries, 1);
    assert_eq!(store.count(Filter::state(State::Done)).await.unwrap(), 2);
}

#[tokio::test]
async fn a_pooler_of_transactions_is_refused_with_the_reason_and_the_remedy() {
    let database = database().await;
    for more in ["", "server_round_robin = 1", "server_reset_query_always = 1"] {
        let pooler = PgBouncer::start(&SHARED, &format!("pool_mode = transaction\n{more}"));
        let url = pooler.url(&database);
        // Earlier attempts leave sessions in the pool.
        for _ in 0..4 {
            let error = options(&url).open().await.unwrap_err();
            assert!(matches!(error, OpenError::Pooler), "{more}: {error:?}");
            let text = error.to_string();
            assert!(text.contains("pools transactions"), "{text}");
            assert!(text.contains("pool_mode to session"), "{text}");
        }
    }
    // No attempt created the schema in the database.
    let sql = "SELECT to_regnamespace('spektr_inbox') IS NULL";
    let row = client(&database).await.query_one(sql, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
}

#[tokio::test]
async fn a_pooler_with_a_single_connection_is_refused_in_time() {
    let database = database().await;
    let pooler = PgBouncer::start(&SHARED, "pool_mode = transaction\ndefault_pool_size = 1");
    let error = options(&pooler.url(&database)).open().await.unwrap_err();
    let OpenError::Connect { source } = error else { panic!("{error:?}") };
    assert!(source.to_string().contains("pools transactions"), "{source}");
}

#[tokio::test]
async fn a_pooler_of_statements_is_refused_in_its_own_words() {
    let database = database().await;
    let pooler = PgBouncer::start(&SHARED, "pool_mode = statement");
    let error = options(&pooler.url(&database)).open().await.unwrap_err();
    let OpenError::Connect { source } = error else { panic!("{error:?}") };
    assert!(source.to_string().contains("statement pooling mode"), "{source}");
}

#[tokio::test]
async fn a_pooler_of_sessions_is_as_good_as_none() {
    let database = database().await;
    let pooler = PgBouncer::start(&SHARED, "pool_mode = session");
    let url = pooler.url(&database);
    use_all(&options(&url).open().await.unwrap()).await;
}

#[tokio::test]
async fn no_setting_is_left_to_the_next_client() {
    let database = database().await;
    // This pooler hands sessions on without a reset.
    let pooler = PgBouncer::start(&SHARED, "pool_mode = session\nserver_reset_query =");
    let url = pooler.url(&database);
    use_all(&options(&url).open().await.unwrap()).await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let administrator = client(&database).await;
    let sessions: i64 = administrator.query_one(others, &[]).await.unwrap().get(0);
    assert!(sessions >= 3, "{sessions}");
    // All clients are connected at once, so that each gets another session.
    let mut clients = Vec::new();
    for _ in 0..sessions {
        let client = client(&url).await;
        let changed = "SELECT name FROM pg_settings WHERE source = 'session' \
                       AND name NOT IN ('application_name', 'client_encoding')";
        let rows = client.simple_query(changed).await.unwrap();
        let names = rows.iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        assert_eq!(names.collect::<Vec<_>>(), [""; 0]);
        clients.push(client);
    }
}

/// Creates a trigger that records the `synchronous_commit` of each transaction.
const SEE: &str = "CREATE TABLE IF NOT EXISTS seen (setting text); \
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
      INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$; \
    CREATE TRIGGER see AFTER INSERT OR UPDATE ON spektr_inbox.work \
      FOR EACH STATEMENT EXECUTE FUNCTION see()";

async fn seen(fresh: &Fresh) -> Vec<String> {
    let rows = fresh.client().await.query("SELECT setting FROM seen", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn set_default(fresh: &Fresh, value: &str) {
    let (_, name) = fresh.url.rsplit_once('/').unwrap();
    let sql = format!("ALTER DATABASE {name} SET synchronous_commit = {value}");
    fresh.client().await.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn every_transaction_is_synced_though_its_session_has_lost_its_settings() {
    let fresh = fresh().await;
    set_default(&fresh, "off").await;
    // Like a pooler between two transactions, the trigger resets the session's settings.
    let reset = "CREATE FUNCTION reset() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
          EXECUTE 'RESET ALL'; RETURN NULL; END $$; \
        CREATE TRIGGER reset AFTER INSERT OR UPDATE ON spektr_inbox.work \
          FOR EACH STATEMENT EXECUTE FUNCTION reset()";
    let client = fresh.client().await;
    client.batch_execute(reset).await.unwrap();
    let store = options(&fresh.url).with_connections(1, 1).open().await.unwrap();
    store.accept(one("reset")).await.unwrap();
    let claims = store.claim(request(false)).await.unwrap();
    assert!(store.settle(claims[0].lease, Settlement::Done, start()).await.unwrap());
    client.batch_execute("DROP TRIGGER reset ON spektr_inbox.work").await.unwrap();

    client.batch_execute(SEE).await.unwrap();
    use_some(&store).await;
    assert_eq!(seen(&fresh).await, ["on"; 6]);
}

#[tokio::test]
async fn what_is_more_than_synced_stays_so() {
    let fresh = fresh().await;
    fresh.client().await.batch_execute(SEE).await.unwrap();
    set_default(&fresh, "remote_apply").await;
    use_some(&fresh.another().await).await;
    assert_eq!(seen(&fresh).await, ["remote_apply"; 6]);
}

/// Runs six statements that change the table `work`.
async fn use_some(store: &PostgresStore) {
    for ordered in [false, true] {
        store.accept(one(if ordered { "b" } else { "a" })).await.unwrap();
        let claims = store.claim(request(ordered)).await.unwrap();
        assert!(store.settle(claims[0].lease, Settlement::Done, start()).await.unwrap());
    }
}
