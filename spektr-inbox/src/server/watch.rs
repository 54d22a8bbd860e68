//! Whether the servers of a receiver are there that began.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is known of the servers of a receiver.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    is_one_lost: AtomicBool,
}

impl Servers {
    /// Whether none has ended without being asked to, or another has begun since.
    pub(crate) fn are_there(&self) -> bool {
        !self.is_one_lost.load(Ordering::Relaxed)
    }
}

/// A server that serves. If it is dropped before it was asked to end, it is lost: its task
/// was aborted, or has panicked.
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
