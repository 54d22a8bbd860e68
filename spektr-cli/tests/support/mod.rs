//! Runs the tool as a person does, in processes that talk over sockets of this machine.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The longest time that a test waits for something.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until a condition holds. Fails if it still does not after the longest time.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it did not come to pass that {what}");
        std::thread::yield_now();
    }
}

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
    let bytes = fs::read(store).expect("a store");
    u32::from_be_bytes(bytes[USER_VERSION].try_into().expect("four bytes"))
}

/// Changes the version of the tables in an SQLite file that no process has open.
pub(crate) fn set_table_version(store: &Path, version: u32) {
    let mut bytes = fs::read(store).expect("a store");
    bytes[USER_VERSION].copy_from_slice(&version.to_be_bytes());
    fs::write(store, bytes).expect("is written");
}

/// Writes a file that only its owner can read.
pub(crate) fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).expect("is written");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("is closed");
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// Returns the values of lines of JSON.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Reads a request: the lines of its head, and its body.
pub(crate) fn read_request(mut stream: impl BufRead) -> io::Result<(Vec<String>, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    stream.read_exact(&mut body)?;
    Ok((head, body))
}

/// Reads a request from a connection, answers it, and closes the connection. Returns the lines of
/// the request's head, and its body.
pub(crate) fn respond(mut stream: TcpStream, answer: &str) -> (Vec<String>, Vec<u8>) {
    let request = read_request(BufReader::new(&stream)).expect("a request");
    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).expect("the answer");
    request
}
