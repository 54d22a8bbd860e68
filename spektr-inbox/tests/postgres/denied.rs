//! Tests a server that is up but refuses operations: each operation returns an error, and the
//! next one succeeds when the server allows it again.

use std::error::Error as _;

use spektr_inbox::store::{Archive, ClaimRequest, Filter, Queue, Reception, Store, StoreError};
use spektr_inbox::testing::start;

use super::fresh::{Fresh, fresh, options};
use crate::support::{claim_request, one, until};

fn request() -> ClaimRequest {
    ClaimRequest { ordered: true, ..claim_request(start()) }
}

/// Asserts that every operation fails with the server's error code.
async fn assert_denied(store: &dyn Store, code: &str) {
    let errors = [
        store.accept(one("denied")).await.map(drop),
        store.claim(request()).await.map(drop),
        store.extend(Vec::new(), start(), std::time::Duration::ZERO).await.map(drop),
        store.count(Filter::all()).await.map(drop),
        store.set_note("name".to_owned(), "text".to_owned()).await,
        store.stats().await.map(drop),
        store.probe().await,
    ];
    for (index, error) in errors.into_iter().enumerate() {
        let error = error.unwrap_err();
        assert!(matches!(error, StoreError::Database { .. }), "{index}: {error:?}");
        let source = error.source().unwrap().to_string();
        assert!(source.ends_with(&format!("(SQLSTATE {code})")), "{index}: {source}");
    }
}

#[tokio::test]
async fn a_right_a_table_or_a_connection_that_is_gone_is_an_error_until_it_is_back() {
    let fresh = fresh().await;
    let client = fresh.client().await;
    let role = format!("denied{}", fastrand::u64(..));
    let script = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA spektr_inbox TO {role}; \
         GRANT ALL ON ALL TABLES IN SCHEMA spektr_inbox TO {role}; \
         GRANT ALL ON ALL SEQUENCES IN SCHEMA spektr_inbox TO {role}"
    );
    client.batch_execute(&script).await.unwrap();
    // A role that may read and write needs no right to create the tables.
    let url = fresh.url.replace("postgres@", &format!("{role}@"));
    let store = options(&url).open().await.unwrap();
    store.accept(one("e1")).await.unwrap();
    let run = async |script: &str| client.batch_execute(script).await.unwrap();

    run(&format!("REVOKE USAGE ON SCHEMA spektr_inbox FROM {role}")).await;
    assert_denied(&store, "42501").await;
    run(&format!("GRANT USAGE ON SCHEMA spektr_inbox TO {role}")).await;
    store.accept(one("e2")).await.unwrap();

    run("ALTER SCHEMA spektr_inbox RENAME TO elsewhere").await;
    // The schema does not exist.
    let error = store.accept(one("denied")).await.unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }), "{error:?}");
    run("ALTER SCHEMA elsewhere RENAME TO spektr_inbox").await;
    store.accept(one("e3")).await.unwrap();

    // The same answer as that of a server without a free connection.
    let cut = format!(
        "ALTER ROLE {role} CONNECTION LIMIT 0; \
         SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE usename = '{role}'"
    );
    run(&cut).await;
    until("no connection is free", async || store.probe().await.is_err()).await;
    assert_denied(&store, "53300").await;
    run(&format!("ALTER ROLE {role} CONNECTION LIMIT -1")).await;
    store.accept(one("e4")).await.unwrap();

    let claims = store.claim(ClaimRequest { ordered: false, ..request() }).await.unwrap();
    let ids: Vec<_> = claims.into_iter().filter_map(|claim| claim.entry.id).collect();
    assert_eq!(ids, ["e1", "e2", "e3", "e4"]);
}

#[tokio::test]
async fn a_database_that_is_dropped_is_an_error_and_not_a_wait() {
    let Fresh { store, url } = fresh().await;
    store.accept(one("e1")).await.unwrap();
    let name = url.rsplit('/').next().unwrap();
    let other = fresh().await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    other.client().await.batch_execute(&drop).await.unwrap();
    // Each existing connection fails once, and new connections are refused.
    let is_gone = async || {
        let error = store.count(Filter::all()).await.err();
        error.is_some_and(|error| error.source().unwrap().to_string().contains("3D000"))
    };
    until("new connections are refused", is_gone).await;
    assert_denied(&store, "3D000").await;
}
