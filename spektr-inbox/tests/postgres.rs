//! The PostgreSQL store: what every store does, and what only a server does.

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
