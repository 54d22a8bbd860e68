//! Runs `spektr doctor` on settings with prepared faults, and compares its lines and exit codes.

mod doctor {
    mod connections;
    mod files;
    mod postgres;
    mod secrets;
}
mod support;

#[path = "support/service.rs"]
mod service;
#[path = "support/tls.rs"]
mod tls;

use std::fs::{self, Permissions};
use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::Value;
use service::Service;
use support::{json_lines, read_request, run, spektr, text, with_keys, write_secret};
use tempfile::TempDir;

/// A part of secrets. No output may contain it.
const MARKER: &str = "marker-of-a-secret";
const KEYS: Option<&str> = Some("dev=marker-of-a-secret");

const NO_API_KEY: &str = "warning: list of events: there is no API key: a lost delivery is neither noticed nor \
    fetched; set SPEKTR_API_KEY, or name a file that holds the key: --api-key-file FILE";

/// The output of the tool for a setting.
struct Diagnosis {
    code: Option<i32>,
    lines: Vec<String>,
}

impl Diagnosis {
    fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the tool runs");
        assert_eq!(text(&output.stderr), "");
        let out = text(&output.stdout);
        assert!(!out.contains(MARKER), "{out}");
        Self { code: output.status.code(), lines: out.lines().map(str::to_owned).collect() }
    }

    /// Returns the lines of faults and warnings. Leaves out the time of a sync, because a disk can
    /// be slow while tests run, and the missing API key, because most tests have no list of events.
    fn findings(&self) -> Vec<&str> {
        let is_fine = |line: &&str| {
            line.starts_with("ok: ") || line.contains(": a sync takes ") || *line == NO_API_KEY
        };
        let (_verdict, lines) = self.lines.split_last().expect("a verdict");
        lines.iter().map(String::as_str).filter(|line| !is_fine(line)).collect()
    }

    /// Asserts that the findings are exactly these, and asserts the exit code.
    #[track_caller]
    fn assert(&self, expected: &[&str]) {
        assert_eq!(self.findings(), expected, "{:#?}", self.lines);
        let has_fault = expected.iter().any(|line| line.starts_with("fault: "));
        assert_eq!(self.code, Some(i32::from(has_fault)), "{:#?}", self.lines);
    }

    #[track_caller]
    fn assert_has(&self, line: &str) {
        assert!(self.lines.iter().any(|one| one == line), "{line}\n{:#?}", self.lines);
    }
}

/// A folder for an inbox and files.
struct Setting(TempDir);

impl Setting {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file that only its owner can read.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        write_secret(&path, text);
        path
    }

    fn command(&self, keys: Option<&str>, arguments: &[&str]) -> Command {
        let mut command = spektr(keys);
        // Port 0 is free on every machine.
        let addresses = ["--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0"];
        let chosen = arguments.contains(&"--listen");
        command.current_dir(self.path()).arg("doctor").args(arguments);
        if !chosen {
            command.args(addresses);
        }
        command
    }

    fn doctor(&self, arguments: &[&str]) -> Diagnosis {
        Diagnosis::of(&mut self.command(KEYS, arguments))
    }

    fn of_keys(&self, document: &str) -> Diagnosis {
        self.write("keys.toml", document);
        Diagnosis::of(&mut self.command(None, &["--keys", "keys.toml"]))
    }

    /// Makes an inbox.
    fn inbox(&self) -> PathBuf {
        self.write("none.jsonl", "");
        let mut import = spektr(None);
        import.current_dir(self.path()).args(["inbox", "import", "none.jsonl"]);
        assert!(import.status().expect("the tool runs").success());
        self.path().join("spektr-inbox.db")
    }

    fn names(&self) -> Vec<String> {
        let files = fs::read_dir(self.path()).expect("is there").map(|file| file.expect("a file"));
        let mut names: Vec<_> =
            files.map(|file| file.file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("is ours");
}

/// Answers every request with a status, a page without entries, and a time.
fn list(status: &'static str, ahead: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (head, _) = read_request(BufReader::new(&stream)).expect("a request");
            let expected = "GET /v1/events?page=1&limit=1&sortBy=createdAt&sortOrder=desc HTTP/1.1";
            assert_eq!(head[0], expected);
            let now = Timestamp::try_from(SystemTime::now() + ahead).expect("a time");
            let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
            let body = r#"{"results":[],"totalResults":0,"hasNextPage":false}"#;
            let length = body.len();
            // The client may have ended already.
            let _gone = write!(
                &stream,
                "HTTP/1.1 {status}\r\ndate: {date}\r\nconnection: close\r\n\
                 content-length: {length}\r\n\r\n{body}"
            );
        }
    });
    url
}

/// Returns a port at which nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn all_is_well_and_nothing_is_sent_or_changed() {
    let setting = Setting::new();
    setting.inbox();
    let key = "[[keys]]\nid = '2026-a'\nsecret = 'marker-of-a-secret'\n";
    setting.write("keys.toml", key);
    setting.write("api-key.txt", "marker-of-a-secret-too");
    setting.write("token.txt", "marker-of-a-secret-0123");
    setting.write("headers.txt", "authorization: marker-of-a-secret");
    setting.write("forward-keys.txt", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let endpoint = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let forward = format!("http://{}/events", endpoint.local_addr().expect("an address"));
    let list = list("200 OK", Duration::ZERO);
    setting.write(
        "spektr.toml",
        &format!(
            "keys_file = 'keys.toml'\n[serve]\nops_token_file = 'token.txt'\n\
             forward = '{forward}'\nforward_keys = 'forward-keys.txt'\n\
             forward_headers = 'headers.txt'\n\
             [reconcile]\nfrom = '{list}'\napi_key_file = 'api-key.txt'\n"
        ),
    );
    let received = std::thread::spawn(move || {
        let (mut stream, _) = endpoint.accept().expect("a connection");
        let mut received = Vec::new();
        stream.read_to_end(&mut received).expect("is ended in order");
        received
    });
    let before = setting.names();
    let said = Diagnosis::of(&mut setting.command(None, &[]));
    said.assert(&[]);
    assert_eq!(setting.names(), before);
    assert_eq!(received.join().expect("does not panic"), b"");
    // The time of a sync and the free space of the disk differ from run to run.
    let is_measured = |line: &&String| line.contains(" a sync takes ") || line.contains("disk of ");
    let (measured, lines): (Vec<_>, Vec<_>) = said.lines.iter().partition(is_measured);
    assert_eq!(measured.len(), 2);
    assert_eq!(
        lines[..lines.len() - 1],
        [
            "ok: configuration: spektr.toml",
            "ok: key 2026-a: valid without an end",
            "ok: file keys.toml: only its owner has rights on it",
            "ok: file api-key.txt: only its owner has rights on it",
            "ok: file token.txt: only its owner has rights on it",
            "ok: file forward-keys.txt: only its owner has rights on it",
            "ok: file headers.txt: only its owner has rights on it",
            "ok: token of operations: can be used",
            "ok: keys that sign forwarded events: can be used",
            "ok: headers of forwarded events: can be used",
            "ok: inbox sqlite://spektr-inbox.db: version 6",
            "ok: address of deliveries 127.0.0.1:0: free",
            "ok: address of operations 127.0.0.1:0: free",
            &format!("ok: forwarding to {forward}: connected"),
            &format!("ok: list of events {list}: it answers, and accepts the API key"),
            "ok: clock of the sender: the same as this machine's",
            "ok: open files: room for 512 connections",
        ],
    );
}

#[test]
fn an_inbox_that_is_not_there_is_not_made() {
    let setting = Setting::new();
    let said = setting.doctor(&[]);
    said.assert(&[]);
    said.assert_has(
        "ok: inbox sqlite://spektr-inbox.db: it does not exist yet, `serve` creates it",
    );
    assert_eq!(setting.names(), [""; 0]);
}

#[test]
fn an_inbox_can_be_examined_while_the_service_runs() {
    let setting = Setting::new();
    let service = Service::start(KEYS, setting.path(), &[]);
    let sent = run(KEYS, &["send", "--to", &service.url, "alert_resolved"]);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    let before = setting.names();
    let said = setting.doctor(&[]);
    said.assert(&[]);
    said.assert_has("ok: inbox sqlite://spektr-inbox.db: version 6");
    assert_eq!(setting.names(), before);
    let sent = run(KEYS, &["send", "--to", &service.url, "alert_resolved"]);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    assert_eq!(service.terminate().0, Some(0));
}

#[test]
fn findings_are_lines_of_json_too() {
    let setting = Setting::new();
    let url = format!("http://127.0.0.1:{}/", closed_port());
    let arguments = ["--forward", &url, "--format", "json"];
    let output = setting.command(KEYS, &arguments).output().expect("the tool runs");
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(text(&output.stdout));
    let faults: Vec<_> = lines.iter().filter(|line| line["level"] == "fault").collect();
    let expected = serde_json::json!({
        "level": "fault",
        "subject": format!("forwarding to {url}"),
        "text": "connection refused",
        "remedy": "start the endpoint, or correct --forward",
    });
    assert_eq!(faults, [&expected]);
    assert_eq!(lines[0]["remedy"], Value::Null);
}

#[test]
fn wrong_settings_are_named_and_the_rest_is_examined() {
    let setting = Setting::new();
    let mut command = setting.command(KEYS, &["--keep-known", "1h"]);
    let said = Diagnosis::of(command.env("SPEKTR_TOLERENCE", "5m"));
    said.assert(&[
        "fault: configuration: SPEKTR_TOLERENCE: there is no such setting; did you mean \
         `SPEKTR_TOLERANCE`? `spektr config check --help` lists the settings; correct or remove \
         it; `spektr config check` shows the resulting settings",
        "fault: configuration: a deleted entry is forgotten 1 h after its deletion, and would be \
         fetched again; a reconciliation goes back 2 d: --keep-known must be longer than that",
    ]);
    said.assert_has("ok: open files: room for 512 connections");
    let forward = ["--forward", "http://127.0.0.1:1/", "--ordered", "--hold-on-dead"];
    setting.doctor(&[&forward[..], &["--keep-dead", "1d"]].concat()).assert(&[
        "fault: forwarding: --keep-dead would delete a dead letter, and the events held behind it \
         would be forwarded; set only one of the two: --hold-on-dead or --keep-dead",
    ]);
}

#[test]
fn too_few_open_files_for_the_connections_are_a_fault() {
    let setting = Setting::new();
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"ulimit -n 64; exec "$0" doctor"#, env!("CARGO_BIN_EXE_spektr")]);
    let mut shell = with_keys(shell, KEYS);
    Diagnosis::of(shell.current_dir(setting.path())).assert(&[
        "fault: open files: 64 are allowed, which leaves room for 1 of 512 connections; allow 624: \
         LimitNOFILE= of the unit, or `ulimit -n`",
    ]);
}
