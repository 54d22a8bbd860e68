//! Tests fetching missed events from a list on a real socket.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod reconcile {
    mod answers;
    pub(crate) mod list;
    mod listing;
    mod processes;
    mod running;
    pub(crate) mod setup;
    mod stories;
    mod units;
    mod verifying;
}
mod support;
