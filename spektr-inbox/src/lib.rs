//! A durable receiver of spektr webhooks that loses nothing.

mod clock;
mod hex;
pub mod intake;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use clock::{Clock, SystemClock};
