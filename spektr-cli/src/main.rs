//! `spektr`: the command-line tool for those who integrate and operate spektr
//! webhooks.
//!
//! One module per command, below [`commands`]; what several share stands beside.
//! A command returns an answer, which is the exit code, or a failure, which says
//! what to do.

mod arguments;
mod capture;
mod catalogue;
mod cli;
mod client;
mod commands;
mod config;
mod delivery;
mod entry;
mod failure;
mod forwarding;
mod http;
mod input;
mod keys;
mod log;
mod operations;
mod output;
mod progress;
mod record;
mod runtime;
mod secret;
mod sender;
mod sender_list;
mod store;
mod terminal;
mod time;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(answer) => answer.into(),
        Err(failure) => failure.report(),
    }
}
