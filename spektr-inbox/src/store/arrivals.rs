//! Notifies the workers of the same process that entries may be due.

use tokio::sync::watch;

use super::Acceptance;

/// The source of [`Queue::arrivals`](super::Queue::arrivals): a store notifies its workers by it
/// when it has committed entries that may be due. Without workers, a notification costs next to
/// nothing. A commit whose caller has been dropped need not notify: workers also poll at
/// intervals.
///
/// # Examples
///
/// ```
/// use spektr_inbox::store::{Acceptance, Arrivals};
///
/// let arrivals = Arrivals::new();
/// let mut workers = arrivals.subscribe();
/// arrivals.accepted(&[Acceptance::Duplicate]);
/// assert!(!workers.has_changed()?);
/// arrivals.accepted(&[Acceptance::Stored(1)]);
/// assert!(workers.has_changed()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Arrivals(watch::Sender<()>);

impl Arrivals {
    /// Creates a source without receivers.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// Returns a receiver of later notifications.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }

    /// Notifies workers if any of the accepted entries is new.
    pub fn accepted(&self, accepted: &[Acceptance]) {
        self.changed(accepted.iter().any(Acceptance::is_new));
    }

    /// Notifies workers if anything was changed.
    pub fn changed(&self, any: bool) {
        if any {
            self.0.send_replace(());
        }
    }
}

impl Default for Arrivals {
    fn default() -> Self {
        Self::new()
    }
}
