//! Tests authentication at the server: a password in a file, or a certificate.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use spektr_inbox::store::Reception as _;
use spektr_inbox::store::postgres::{OpenError, PostgresOptions};
use spektr_inbox::testing::postgres::Cluster;

use crate::support::certificate::Certified;
use crate::support::until;

/// Writes a file that the server can read.
fn write(cluster: &Cluster, name: &str, text: &str) -> PathBuf {
    let file = cluster.folder().join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    cluster.give(&file);
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_a_file_is_read_for_each_connection() {
    let cluster = Cluster::start(&["fsync = off", "listen_addresses = '127.0.0.1'"]);
    let administrator = cluster.connect("postgres").await;
    let set = async |password: &str| {
        let sql = format!("ALTER ROLE bank PASSWORD '{password}'");
        administrator.batch_execute(&sql).await.unwrap();
    };
    let script = "CREATE ROLE bank LOGIN; GRANT CREATE ON DATABASE postgres TO bank";
    administrator.batch_execute(script).await.unwrap();
    set("first word").await;
    let rules = "local all postgres trust\nhost all bank 127.0.0.1/32 scram-sha-256\n";
    write(&cluster, "data/pg_hba.conf", rules);
    administrator.batch_execute("SELECT pg_reload_conf()").await.unwrap();

    let file = write(&cluster, "password", "first word\n");
    let base = format!("postgres://bank@127.0.0.1:{}/postgres?sslmode=disable", cluster.port());
    let url = format!("{base}&passwordfile={}", file.display());
    let store = PostgresOptions::new(&url).open().await.unwrap();
    store.probe().await.unwrap();

    set("second word").await;
    fs::write(&file, "second word").unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bank'";
    administrator.batch_execute(end).await.unwrap();
    // The store notices a closed connection at its next use at the latest.
    until("the store connects again", async || store.probe().await.is_ok()).await;

    fs::write(&file, "first word").unwrap();
    let error = PostgresOptions::new(&url).open().await.unwrap_err();
    assert!(matches!(error, OpenError::Connect { .. }), "{error:?}");
    fs::remove_file(&file).unwrap();
    let error = PostgresOptions::new(&url).open().await.unwrap_err();
    let OpenError::Connect { source } = error else { panic!("{error:?}") };
    let expected = "cannot read the file with the password, passwordfile in the URL";
    assert_eq!(source.to_string(), expected);
    let both = url.replace("bank@", "bank:word@");
    let error = PostgresOptions::new(both).open().await.unwrap_err();
    assert!(
        matches!(error, OpenError::Url { problem: "it has a password and a passwordfile" }),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_known_by_its_certificate() {
    let cluster = Cluster::start(&["fsync = off", "listen_addresses = '127.0.0.1'"]);
    let certified = Certified::new();
    let roots = write(&cluster, "data/roots.pem", &certified.authority);
    write(&cluster, "data/server.crt", &certified.server);
    write(&cluster, "data/server.key", &certified.key);
    let client = write(&cluster, "client.pem", &certified.client);
    let key = write(&cluster, "client.key", &certified.client_key);
    let other = Certified::new();
    let (other_client, other_key) = (
        write(&cluster, "other.pem", &other.client),
        write(&cluster, "other.key", &other.client_key),
    );
    let rules = "local all postgres trust\nhostssl all postgres 127.0.0.1/32 cert\n";
    write(&cluster, "data/pg_hba.conf", rules);
    let administrator = cluster.connect("postgres").await;
    for sql in ["ALTER SYSTEM SET ssl = on", "ALTER SYSTEM SET ssl_ca_file = 'roots.pem'"] {
        administrator.batch_execute(sql).await.unwrap();
    }
    cluster.restart("fast");

    let port = cluster.port();
    let base = format!(
        "postgres://postgres@localhost:{port}/postgres?hostaddr=127.0.0.1&sslrootcert={}",
        roots.display()
    );
    let with = |certificate: &PathBuf, key: &PathBuf| {
        format!("{base}&sslcert={}&sslkey={}", certificate.display(), key.display())
    };
    let store = PostgresOptions::new(with(&client, &key)).open().await.unwrap();
    store.probe().await.unwrap();
    // No certificate, and a certificate of another authority.
    for url in [base.clone(), with(&other_client, &other_key)] {
        let error = PostgresOptions::new(url).open().await.unwrap_err();
        let is_refused = matches!(error, OpenError::Connect { .. } | OpenError::Tls { .. });
        assert!(is_refused, "{error:?}");
    }
    // The key of another certificate, half of the key, and a file that is not a key.
    let error = PostgresOptions::new(with(&client, &other_key)).open().await.unwrap_err();
    let problem = "TLS cannot be used";
    assert!(
        matches!(error, OpenError::Certificates { problem: found, .. } if found == problem),
        "{error:?}"
    );
    let half = format!("{base}&sslcert={}", client.display());
    let error = PostgresOptions::new(half).open().await.unwrap_err();
    let problem = "sslcert and sslkey belong together";
    assert!(matches!(error, OpenError::Url { problem: found } if found == problem), "{error:?}");
    let error = PostgresOptions::new(with(&client, &client)).open().await.unwrap_err();
    let problem = "sslkey is not a file in PEM format";
    assert!(
        matches!(error, OpenError::Certificates { problem: found, .. } if found == problem),
        "{error:?}"
    );
}
