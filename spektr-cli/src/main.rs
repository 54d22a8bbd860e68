//! `spektr`: the command-line tool for integrating and operating spektr webhooks.
//!
//! Each command has a module below [`commands`]; the other modules are shared. A command returns
//! an answer, which becomes the exit code, or a failure, which says what to do.

// Code that others run does not panic. Where a case is impossible, a comment there says why.
#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

mod arguments;
mod capture;
mod catalogue;
mod cli;
mod client;
mod collector;
mod commands;
mod config;
mod delivery;
mod descriptors;
mod doctor;
mod entry;
mod failure;
mod forwarding;
mod http;
mod input;
mod keys;
mod location;
mod log;
mod operations;
mod operator;
mod output;
mod progress;
mod reattempt;
mod record;
mod runtime;
mod scenario;
mod secret;
mod sender;
mod sender_list;
mod serving;
mod store;
mod terminal;
mod time;
mod traces;
mod values;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(answer) => answer.into(),
        Err(failure) => failure.report(),
    }
}
