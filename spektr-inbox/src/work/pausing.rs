//! Logs when an operator has paused or resumed the store: a line at each change.

use std::time::Duration;

use tokio::time::sleep;

use crate::store::Store;

/// How often the store is asked for a pause. Claims do not depend on the answer.
const PERIOD: Duration = Duration::from_secs(1);

/// Asks the store again and again, without end, and logs each change.
pub(super) async fn log_pauses(store: &dyn Store) {
    let mut is_paused = false;
    loop {
        // A failed question is repeated in the next period.
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
