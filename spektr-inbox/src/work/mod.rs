//! Hands stored entries to the user's handler, typed, at least once each.

mod attempt;
mod backoff;
mod handler;
mod pool;

pub use backoff::Backoff;
pub use handler::{Handler, HandlerError, Received};
pub use pool::Workers;
