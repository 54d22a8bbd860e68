//! Tells whether a receiver's servers are still running.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The state of the servers of a receiver.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    is_one_lost: AtomicBool,
}

impl Servers {
    /// Returns `false` if a server has ended without a shutdown, and no other has started
    /// since.
    pub(crate) fn are_there(&self) -> bool {
        !self.is_one_lost.load(Ordering::Relaxed)
    }
}

/// A running server. If it is dropped before its shutdown, the server is lost: its task was
/// aborted, or has panicked.
pub(super) struct Serving {
    servers: Arc<Servers>,
    was_asked: bool,
}

impl Serving {
    pub(super) fn begin(servers: Arc<Servers>) -> Self {
        servers.is_one_lost.store(false, Ordering::Relaxed);
        Self { servers, was_asked: false }
    }

    pub(super) fn was_asked_to_end(&mut self) {
        self.was_asked = true;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.was_asked {
            self.servers.is_one_lost.store(true, Ordering::Relaxed);
        }
    }
}
