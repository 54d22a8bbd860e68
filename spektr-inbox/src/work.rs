//! Workers: hand stored entries to the user's handler, decoded, at least once each.

mod attempt;
mod backoff;
mod breaker;
mod handler;
mod outage;
mod pausing;
mod pool;
mod router;
mod shared;
#[cfg(feature = "testing")]
mod testing;

pub use backoff::Backoff;
pub use breaker::Breaker;
pub use handler::{Handler, HandlerError, Malformed, Received};
pub use pool::Workers;
pub use router::Router;
