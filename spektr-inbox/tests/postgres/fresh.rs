//! Databases on one server, which the tests of this program share.

use std::ops::Deref;
use std::sync::LazyLock;
use std::time::Duration;

use spektr_inbox::store::postgres::{PostgresOptions, PostgresStore};
use spektr_inbox::testing::postgres::Cluster;

/// A server for tests in which the server stays up. It ends with the process.
pub(crate) static SHARED: LazyLock<Cluster> =
    LazyLock::new(|| Cluster::start(&["fsync = off", "full_page_writes = off"]));

/// A store in its own database.
pub(crate) struct Fresh {
    pub(crate) store: PostgresStore,
    pub(crate) url: String,
}

impl Deref for Fresh {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        &self.store
    }
}

impl Fresh {
    /// Opens another store on the same database with its own connections, like another process.
    pub(crate) async fn another(&self) -> PostgresStore {
        options(&self.url).open().await.unwrap()
    }

    /// Connects to the database without the store.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        client(&self.url).await
    }
}

/// Connects to a database without a store.
pub(crate) async fn client(url: &str) -> tokio_postgres::Client {
    SHARED.connect_to(url).await
}

/// Returns options with a timeout too long for any machine's speed to matter, and with the
/// clock of the tests.
pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions::new(url).with_timeout(Duration::from_secs(600)).with_callers_clock()
}

pub(crate) async fn fresh() -> Fresh {
    let url = database().await;
    Fresh { store: options(&url).open().await.unwrap(), url }
}

/// Creates a database, and returns its URL.
pub(crate) async fn database() -> String {
    SHARED.database().await
}
