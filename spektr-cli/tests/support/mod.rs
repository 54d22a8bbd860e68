//! Runs the tool as a person does: as processes that talk over sockets of this
//! machine.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::process::{Command, Output};

/// Returns the tool, without what the tester's environment says.
pub(crate) fn spektr(keys: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spektr"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPEKTR_") {
            command.env_remove(name);
        }
    }
    if let Some(keys) = keys {
        command.env("SPEKTR_WEBHOOK_KEYS", keys);
    }
    command
}

/// Runs it to its end.
pub(crate) fn run(keys: Option<&str>, arguments: &[&str]) -> Output {
    spektr(keys).args(arguments).output().expect("the tool runs")
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}
