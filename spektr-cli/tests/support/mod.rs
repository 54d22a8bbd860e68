//! Runs the tool as a person does, in processes that talk over sockets of this machine.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Output};

/// Returns the tool, without the settings in the tester's environment.
pub(crate) fn spektr(keys: Option<&str>) -> Command {
    with_keys(Command::new(env!("CARGO_BIN_EXE_spektr")), keys)
}

/// Returns the tool with a listening socket that it inherits, as under `systemd`.
pub(crate) fn inheriting(listener: &TcpListener, keys: Option<&str>) -> Command {
    const SCRIPT: &str = r#"export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" "$@" 3<&0 0</dev/null"#;
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, env!("CARGO_BIN_EXE_spektr")]);
    shell.stdin(OwnedFd::from(listener.try_clone().expect("a file more")));
    with_keys(shell, keys)
}

/// Gives a command keys, and removes the settings in the tester's environment.
pub(crate) fn with_keys(mut command: Command, keys: Option<&str>) -> Command {
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

/// Runs the tool to its end.
pub(crate) fn run(keys: Option<&str>, arguments: &[&str]) -> Output {
    spektr(keys).args(arguments).output().expect("the tool runs")
}

/// The place of `user_version`, the version of the tables, in the header of an SQLite file.
const USER_VERSION: std::ops::Range<usize> = 60..64;

/// Returns the version of the tables in an SQLite file that no process has open.
pub(crate) fn table_version(store: &Path) -> u32 {
    let bytes = std::fs::read(store).expect("a store");
    u32::from_be_bytes(bytes[USER_VERSION].try_into().expect("four bytes"))
}

/// Changes the version of the tables in an SQLite file that no process has open.
pub(crate) fn set_table_version(store: &Path, version: u32) {
    let mut bytes = std::fs::read(store).expect("a store");
    bytes[USER_VERSION].copy_from_slice(&version.to_be_bytes());
    std::fs::write(store, bytes).expect("is written");
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}
