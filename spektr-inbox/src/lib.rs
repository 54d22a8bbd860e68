//! A durable receiver of spektr webhooks that loses nothing.

mod clock;
mod hex;
pub mod intake;
mod metrics;
pub mod operate;
mod receive;
mod server;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod work;

pub use clock::{Clock, SystemClock};
pub use metrics::Metrics;
pub use receive::Receiver;
pub use server::Server;
pub use work::{Backoff, Handler, HandlerError, Received, Workers};
