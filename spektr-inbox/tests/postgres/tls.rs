//! Tests TLS with a real server: the certificate is verified, and plain text must be requested.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use spektr_inbox::store::Reception as _;
use spektr_inbox::store::postgres::{OpenError, PostgresOptions};
use spektr_inbox::testing::postgres::Cluster;

use crate::support::certificate::Certified;

/// Starts a server on loopback whose certificate comes from an authority in a file.
fn with_tls() -> (Cluster, PathBuf) {
    let cluster = Cluster::start(&["fsync = off", "listen_addresses = '127.0.0.1'"]);
    let certified = Certified::new();
    let write = |name: &str, text: String| {
        let file = cluster.folder().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        cluster.give(&file);
        file
    };
    write("data/server.crt", certified.server);
    write("data/server.key", certified.key);
    let roots = write("roots.pem", certified.authority);
    (cluster, roots)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_verified_and_plain_text_has_to_be_asked_for() {
    let (cluster, roots) = with_tls();
    let port = cluster.port();
    let open = async |host: &str, parameters: String| {
        let url = format!("postgres://postgres@{host}:{port}/postgres?{parameters}");
        PostgresOptions::new(url).open().await
    };
    let known = format!("sslrootcert={}", roots.display());

    // The server does not support TLS yet, and the store must not use plain text without a
    // request.
    for mode in ["", "&sslmode=require", "&sslmode=verify-full"] {
        let error = open("localhost", format!("{known}{mode}")).await.unwrap_err();
        assert!(matches!(error, OpenError::Tls { .. }), "{mode}: {error:?}");
        assert!(error.to_string().contains("sslmode=disable"), "{error}");
    }
    open("localhost", "sslmode=disable".to_owned()).await.unwrap();

    let administrator = cluster.connect("postgres").await;
    administrator.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    cluster.restart("fast");
    for mode in ["", "&sslmode=require", "&sslmode=verify-full"] {
        let store = open("localhost", format!("{known}{mode}")).await.unwrap();
        store.probe().await.unwrap();
        let administrator = cluster.connect("postgres").await;
        let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                         WHERE application_name = 'spektr-inbox'";
        let row = administrator.query_one(encrypted, &[]).await.unwrap();
        assert_eq!(row.get::<_, Option<bool>>(0), Some(true), "{mode}");
    }
    // The operating system does not know the authority, or has no certificates at all; the
    // certificate does not contain the address.
    for (host, parameters) in [
        ("localhost", "sslmode=require".to_owned()),
        ("127.0.0.1", known.clone()),
        ("127.0.0.1", format!("{known}&sslmode=require")),
    ] {
        let error = open(host, parameters).await.unwrap_err();
        assert!(
            matches!(error, OpenError::Tls { .. } | OpenError::Certificates { .. }),
            "{error:?}"
        );
    }
    // An address without a host name is not a Unix socket, for which TLS would not be required.
    for parameters in [String::new(), known] {
        let parameters = format!("hostaddr=127.0.0.1&port={port}&{parameters}");
        let url = format!("postgres://postgres@/postgres?{parameters}");
        let error = PostgresOptions::new(url).open().await.unwrap_err();
        assert!(
            matches!(error, OpenError::Tls { .. } | OpenError::Certificates { .. }),
            "{error:?}"
        );
    }
    for file in ["/nowhere", "/dev/null"] {
        let error = open("localhost", format!("sslrootcert={file}")).await.unwrap_err();
        assert!(matches!(error, OpenError::Certificates { .. }), "{error:?}");
    }
}
