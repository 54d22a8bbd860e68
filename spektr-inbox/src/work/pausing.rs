//! What workers log while an operator has paused the store: a line at each change.

use std::time::Duration;

use tokio::time::sleep;

use crate::store::Store;

/// How often the store is asked. Claims go by the store itself, and wait for no answer to this.
const PERIOD: Duration = Duration::from_secs(1);

/// Asks the store again and again, for as long as it runs, and logs each change.
pub(super) async fn log_pauses(store: &dyn Store) {
    let mut is_paused = false;
    loop {
        // What cannot be asked now is asked again.
        if let Ok(pause) = store.pause().await {
            match (&pause, is_paused) {
                (Some(pause), false) => tracing::warn!(
                    by = pause.by,
                    since = %pause.since,
                    "paused by an operator: entries are accepted, and none is handled"
                ),
                (None, true) => tracing::info!("resumed: entries are handled again"),
                _ => {}
            }
            is_paused = pause.is_some();
        }
        sleep(PERIOD).await;
    }
}
