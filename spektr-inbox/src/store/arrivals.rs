//! Notifies the workers of the same process that entries may be due.

use tokio::sync::watch;

use super::Acceptance;

/// Notifies workers when the store has committed entries that may be due. Without workers, a
/// notification costs next to nothing. A commit whose caller has been dropped causes no
/// notification: workers also poll at intervals.
#[derive(Debug)]
pub(super) struct Arrivals(watch::Sender<()>);

impl Arrivals {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }

    /// Notifies workers if any of the accepted entries is new.
    pub(super) fn accepted(&self, accepted: &[Acceptance]) {
        self.changed(accepted.iter().any(|one| *one != Acceptance::Duplicate));
    }

    /// Notifies workers if anything was changed.
    pub(super) fn changed(&self, any: bool) {
        if any {
            self.0.send_replace(());
        }
    }
}
