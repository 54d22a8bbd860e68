//! Tests the server's own log, with settings of an administrator that log more than the
//! default.

use std::fs;

use spektr_inbox::store::{NewEntry, Reception as _, StoreError};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::{entries, start};

use super::fresh::options;

/// Returns an entry whose id contains a marker, and a function that finds the marker in the
/// log, as text or as PostgreSQL shows bytes.
fn marked(marker: &str) -> (Vec<NewEntry>, impl Fn(&Cluster) -> bool + use<>) {
    let entries = entries("test", &format!(r#"{{"id":"{marker}","type":"x"}}"#), start());
    let hex: String = marker.bytes().map(|byte| format!("{byte:02x}")).collect();
    let marker = marker.to_owned();
    let is_logged = move |cluster: &Cluster| {
        let log = fs::read_to_string(cluster.folder().join("log")).unwrap();
        log.contains(&hex) || log.contains(&marker)
    };
    (entries, is_logged)
}

#[tokio::test]
async fn a_server_that_logs_every_statement_and_error_gets_no_payload_where_the_user_may_say_so() {
    let cluster = Cluster::start(&[
        "fsync = off",
        "log_min_duration_statement = 0",
        "log_parameter_max_length_on_error = -1",
    ]);
    let administrator = cluster.connect("postgres").await;
    let script = "CREATE ROLE nobody LOGIN; CREATE ROLE with_values LOGIN; CREATE ROLE with_all LOGIN; \
        GRANT SET ON PARAMETER log_parameter_max_length TO with_values, with_all; \
        GRANT SET ON PARAMETER log_error_verbosity TO with_all";
    administrator.batch_execute(script).await.unwrap();
    // Whether the values of statements and the rows of errors are logged.
    for (role, values, rows) in [
        ("nobody", true, true),
        ("with_values", false, true),
        ("with_all", false, false),
        ("postgres", false, false),
    ] {
        let script = format!("CREATE DATABASE of_{role} OWNER {role}");
        administrator.batch_execute(&script).await.unwrap();
        let database = format!("of_{role}");
        let url = cluster.url(&database).replace("postgres@", &format!("{role}@"));
        let store = options(&url).open().await.unwrap();

        let (entries, is_logged) = marked(&format!("value-{role}"));
        store.accept(entries).await.unwrap();
        assert_eq!(is_logged(&cluster), values, "{role}");

        // The log shows the values of a failed statement with the error.
        let connection = cluster.connect(&database).await;
        let script = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
              $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
            CREATE TRIGGER fail BEFORE INSERT ON spektr_inbox.entries \
              FOR EACH ROW EXECUTE FUNCTION fail()";
        connection.batch_execute(script).await.unwrap();
        let (entries, is_logged) = marked(&format!("error-{role}"));
        store.accept(entries).await.unwrap_err();
        assert_eq!(is_logged(&cluster), values, "{role}");
        connection.batch_execute("DROP FUNCTION fail CASCADE").await.unwrap();

        // The details of the error contain a refused row.
        let script = "ALTER TABLE spektr_inbox.entries ADD CHECK (raw IS NULL) NOT VALID";
        connection.batch_execute(script).await.unwrap();
        let (entries, is_logged) = marked(&format!("row-{role}"));
        let error = store.accept(entries).await.unwrap_err();
        assert!(matches!(error, StoreError::Database { .. }), "{error:?}");
        assert_eq!(is_logged(&cluster), rows, "{role}");
    }
    // The log still contains the statements themselves.
    let log = fs::read_to_string(cluster.folder().join("log")).unwrap();
    assert!(log.contains("INSERT INTO spektr_inbox.entries"));
    assert!(log.contains("violates check constraint"));
    assert!(!log.contains("permission denied"));
}
