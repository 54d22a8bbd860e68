//! Stores entries that can wait, such as those of a reconciliation: deliveries come first.

use std::time::Duration;

use tokio::time::sleep;

use super::{Acceptance, NewEntry, Store, StoreError};

/// Stores entries; waits while deliveries fill the queue.
pub(crate) async fn accept_patiently(
    store: &dyn Store,
    entries: Vec<NewEntry>,
) -> Result<Vec<Acceptance>, StoreError> {
    loop {
        match store.accept(entries.clone()).await {
            Err(StoreError::Overloaded) => sleep(Duration::from_millis(50)).await,
            accepted => return accepted,
        }
    }
}
