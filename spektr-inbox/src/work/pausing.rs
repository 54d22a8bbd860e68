//! What workers log while an operator has paused the store: a line at each change.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::store::Store;

/// How long it takes at most until a pause of the store is noticed, and its end. Claims go by
/// the store itself.
const PERIOD: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Pausing(Mutex<State>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    is_paused: bool,
    /// When the store was asked last.
    asked: Option<Instant>,
}

impl Pausing {
    /// Takes note of a claim that has found so many entries; asks the store now and then where
    /// there are none.
    pub(super) async fn note(&self, store: &dyn Store, found: usize) {
        let State { is_paused, asked } = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = asked.is_none_or(|asked| asked.elapsed() >= PERIOD);
        if found > 0 && !is_paused || found == 0 && !is_due {
            return;
        }
        // What cannot be asked now is asked again at the next claim.
        let Ok(pause) = store.pause().await else { return };
        match (&pause, is_paused) {
            (Some(pause), false) => tracing::warn!(
                by = pause.by,
                since = %pause.since,
                "paused by an operator: entries are accepted, and none is handled"
            ),
            (None, true) => tracing::info!("resumed: entries are handled again"),
            _ => {}
        }
        let state = State { is_paused: pause.is_some(), asked: Some(Instant::now()) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
