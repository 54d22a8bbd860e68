//! How a store tells workers of its process that entries may be due.

use tokio::sync::watch;

use super::Acceptance;

/// What a store tells when it has committed something that workers wait for. It costs a store
/// without workers next to nothing. Whose caller has gone away by then is not told of: workers
/// look now and then as well.
#[derive(Debug)]
pub(super) struct Arrivals(watch::Sender<()>);

impl Arrivals {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }

    /// Tells of what was accepted, if anything of it is new.
    pub(super) fn accepted(&self, accepted: &[Acceptance]) {
        self.changed(accepted.iter().any(|one| *one != Acceptance::Duplicate));
    }

    /// Tells of what was changed, if anything was.
    pub(super) fn changed(&self, any: bool) {
        if any {
            self.0.send_replace(());
        }
    }
}
