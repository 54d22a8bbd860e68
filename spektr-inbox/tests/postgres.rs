//! Tests the PostgreSQL store: the contract of every store, and the properties of a server.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod postgres {
    mod authentication;
    mod behaviour;
    mod concurrency;
    mod denied;
    mod faults;
    pub(crate) mod fresh;
    mod large;
    mod log;
    mod moving;
    mod opening;
    mod pooler;
    mod processes;
    mod tls;
    mod transaction;
    mod unready;
}
mod support;
