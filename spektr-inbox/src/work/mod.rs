//! Hands stored entries to the user's handler, typed, at least once each.

mod attempt;
mod backoff;
mod handler;
mod outage;
mod pool;
mod router;

pub use backoff::Backoff;
pub use handler::{Handler, HandlerError, Received};
pub use pool::Workers;
pub use router::Router;
