//! A durable receiver of spektr webhooks that loses nothing.

mod clock;
mod hex;
pub mod intake;
mod metrics;
mod receive;
mod server;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use clock::{Clock, SystemClock};
pub use metrics::Metrics;
pub use receive::Receiver;
pub use server::Server;
