//! Runs the example programs as a newcomer does.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use spektr_verify::{Clock as _, SystemClock};
use support::{BODY, signed_at};

/// Returns the command of an example. Cargo builds examples beside the tests.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path: PathBuf = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.is_file(), "`cargo test -p spektr-axum` builds the example");
    let mut command = Command::new(path);
    command.env_remove("SPEKTR_WEBHOOK_KEYS");
    command
}

/// Runs an example without arguments. Returns its output.
fn shown(name: &str) -> String {
    let output = example(name).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    shown
}

#[test]
fn accepts_the_signed_delivery_and_refuses_the_forged_one() {
    let shown = shown("receive");
    for line in [
        "signed delivery: HTTP/1.1 200 OK",
        "forged delivery: HTTP/1.1 401 Unauthorized",
        "signature_mismatch",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn a_replaced_key_counts_from_the_next_delivery_on() {
    let refused = r#"HTTP/1.1 401 Unauthorized {"title":"Unauthorized","status":401}"#;
    let expected = format!(
        "only the old key:\n  signed by old: HTTP/1.1 200 OK\n  signed by new: {refused}\n\
         both keys:\n  signed by old: HTTP/1.1 200 OK\n  signed by new: HTTP/1.1 200 OK\n\
         only the new key:\n  signed by old: {refused}\n  signed by new: HTTP/1.1 200 OK\n\
         authentic 4, decoded 4, key_unknown 2\n"
    );
    assert_eq!(shown("rotate"), expected);
}

/// A running server program. It ends with its test, even if the test fails.
struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn hang_up(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "HUP", &id]).status().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Killing a program that has ended fails, which is harmless.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a delivery that `key-a` signs now. Returns the answer's status line and body.
fn deliver(address: &str) -> (String, String) {
    exchange(address, &signed_at(BODY, SystemClock::new().now()), BODY)
}

/// Announces the whole body with a signature, but sends only `sent`.
fn exchange(address: &str, signature: &[String], sent: &str) -> (String, String) {
    let request = format!(
        "POST /webhooks/spektr HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{}\r\n\r\n{sent}",
        BODY.len(),
        signature.join("\r\n"),
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// Returns the path of a key file for a test.
fn key_file(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    folder.join(format!("spektr-axum-keys-{test}-{}.txt", std::process::id()))
}

#[test]
fn keys_are_read_again_at_sighup_and_a_wrong_file_changes_nothing() {
    let file = key_file("replaced");
    fs::write(&file, "key-b=another secret\n").unwrap();
    let mut program = Program::start(example("rotate").arg(&file).arg("127.0.0.1:0"));
    let line = program.line();
    let address = line.strip_prefix("receiving on ").unwrap();
    let refused = r#"{"title":"Unauthorized","status":401}"#;
    let refused = ("HTTP/1.1 401 Unauthorized".to_owned(), refused.to_owned());
    let accepted = ("HTTP/1.1 200 OK".to_owned(), String::new());
    assert_eq!(deliver(address), refused);

    fs::write(&file, "key-b=another secret,key-a=marker-secret\n").unwrap();
    program.hang_up();
    assert_eq!(program.line(), "keys: key-b, key-a; key_unknown 1");
    assert_eq!(deliver(address), accepted);

    fs::write(&file, "key-a\n").unwrap();
    program.hang_up();
    let said = program.line();
    assert!(said.starts_with("the keys stay as they are: "), "{said}");
    assert!(!said.contains("key-a"), "{said}");
    assert_eq!(deliver(address), accepted);

    fs::write(&file, "key-b=another secret\n").unwrap();
    program.hang_up();
    assert_eq!(program.line(), "keys: key-b; authentic 2, decoded 2, key_unknown 1");
    assert_eq!(deliver(address), refused);
    fs::remove_file(&file).unwrap();
}

#[test]
fn a_body_that_takes_too_long_is_given_up() {
    let file = key_file("slow");
    fs::write(&file, "key-a=marker-secret\n").unwrap();
    let mut program = Program::start(example("rotate").arg(&file).args(["127.0.0.1:0", "0"]));
    let line = program.line();
    let address = line.strip_prefix("receiving on ").unwrap();
    let now = SystemClock::new().now();
    let refused = |status: u16, title: &str| {
        let body = format!(r#"{{"title":"{title}","status":{status}}}"#);
        (format!("HTTP/1.1 {status} {title}"), body)
    };
    let half = &BODY[..BODY.len() / 2];
    for sent in ["", half] {
        assert_eq!(exchange(address, &signed_at(BODY, now), sent), refused(408, "Request Timeout"));
    }
    // A request without a known key is refused before its body is read.
    assert_eq!(exchange(address, &[], ""), refused(401, "Unauthorized"));
    program.hang_up();
    assert_eq!(program.line(), "keys: key-a; body_timeout 2, header_missing 1");
    fs::remove_file(&file).unwrap();
}
