//! Databases of one server that the tests of this program share.

use std::ops::Deref;
use std::sync::LazyLock;
use std::time::Duration;

use spektr_inbox::store::postgres::{PostgresOptions, PostgresStore};
use spektr_inbox::testing::postgres::Cluster;

/// For tests in which the server stays up. It ends with the process.
pub(crate) static SHARED: LazyLock<Cluster> =
    LazyLock::new(|| Cluster::start(&["fsync = off", "full_page_writes = off"]));

/// A store in a database of its own.
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
    /// Another store on the same database, with connections of its own, as another
    /// process has it.
    pub(crate) async fn another(&self) -> PostgresStore {
        options(&self.url).open().await.unwrap()
    }

    /// Connects past the store.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        client(&self.url).await
    }
}

/// Connects past a store.
pub(crate) async fn client(url: &str) -> tokio_postgres::Client {
    SHARED.connect_to(url).await
}

/// With a limit that says nothing about the speed of this machine, and the clock of the tests.
pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions::new(url).with_timeout(Duration::from_secs(600)).with_callers_clock()
}

pub(crate) async fn fresh() -> Fresh {
    let url = database().await;
    Fresh { store: options(&url).open().await.unwrap(), url }
}

/// The URL of a new database.
pub(crate) async fn database() -> String {
    SHARED.database().await
}
