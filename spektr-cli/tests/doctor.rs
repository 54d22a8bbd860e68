//! Runs `spektr doctor` on settings with prepared faults, and compares its lines and exit codes.

mod support;

#[path = "support/service.rs"]
mod service;
#[path = "support/tls.rs"]
mod tls;

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::Value;
use service::Service;
use spektr_inbox::testing::pgbouncer::PgBouncer;
use spektr_inbox::testing::postgres::Cluster;
use support::{run, set_table_version, spektr, text, with_keys};
use tempfile::TempDir;
use tls::TlsServer;

/// A part of secrets. No output may contain it.
const MARKER: &str = "marker-of-a-secret";
const KEYS: Option<&str> = Some("dev=marker-of-a-secret");

const NO_API_KEY: &str = "warning: list of events: there is no API key: a lost delivery is neither noticed nor \
    fetched; set SPEKTR_API_KEY, or name a file that holds the key: --api-key-file FILE";

/// The output of the tool for a setting.
struct Said {
    code: Option<i32>,
    lines: Vec<String>,
}

impl Said {
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
        fs::write(&path, text).expect("is written");
        chmod(&path, 0o600);
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

    fn doctor(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(KEYS, arguments))
    }

    fn of_keys(&self, document: &str) -> Said {
        self.write("keys.toml", document);
        Said::of(&mut self.command(None, &["--keys", "keys.toml"]))
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
            let mut lines = BufReader::new(&stream).lines();
            let first = lines.next().expect("a request").expect("text");
            let expected = "GET /v1/events?page=1&limit=1&sortBy=createdAt&sortOrder=desc HTTP/1.1";
            assert_eq!(first, expected);
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
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
    let said = Said::of(&mut setting.command(None, &[]));
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
    let lines = text(&output.stdout).lines();
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("JSON")).collect();
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
    let said = Said::of(command.env("SPEKTR_TOLERENCE", "5m"));
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
fn a_key_file_that_others_can_read_is_a_fault_and_one_of_a_group_a_warning() {
    let setting = Setting::new();
    let keys = setting.write("keys.toml", "[[keys]]\nid = 'a'\nsecret = 'marker-of-a-secret'\n");
    let doctor = |mode| {
        chmod(&keys, mode);
        Said::of(&mut setting.command(None, &["--keys", "keys.toml"]))
    };
    doctor(0o644).assert(&[
        "fault: file keys.toml: all accounts have rights on a file with a secret (mode 644); \
         chmod 600 keys.toml",
    ]);
    doctor(0o640).assert(&[
        "warning: file keys.toml: its group has rights on a file with a secret (mode 640); \
         chmod 600 keys.toml",
    ]);
    doctor(0o400).assert(&[]);
}

#[test]
fn a_configuration_file_with_a_password_is_a_secret() {
    let setting = Setting::new();
    let port = closed_port();
    let url = format!("postgres://app:{MARKER}@127.0.0.1:{port}/inbox?sslmode=disable");
    let path = setting.write("spektr.toml", &format!("store = '{url}'\n"));
    chmod(&path, 0o604);
    setting.doctor(&[]).assert(&[
        "fault: file spektr.toml: all accounts have rights on a file with a secret (mode 604); \
         chmod 600 spektr.toml",
        &format!(
            "fault: inbox postgres://app@127.0.0.1:{port}/inbox: cannot connect to the database: \
             error connecting to server: Connection refused (os error 111); see that the server \
             runs, takes writes and lets this role in, and that the URL is right"
        ),
    ]);
}

#[test]
fn a_key_that_has_ended_is_a_fault_if_no_other_is_valid() {
    let setting = Setting::new();
    let ended =
        "[[keys]]\nid = 'old'\nsecret = 'marker-of-a-secret'\nnot_after = 2020-01-01T00:00:00Z\n";
    setting.of_keys(ended).assert(&[
        "fault: key old: it has ended at 2020-01-01T00:00:00Z, and no other is valid: every \
         delivery is refused; ask the sender for the next key and put it into the key file, under \
         its own id",
    ]);
    let next = "[[keys]]\nid = 'new'\nsecret = 'another-secret-of-ours'\n";
    setting.of_keys(&format!("{ended}{next}")).assert(&[
        "warning: key old: it has ended at 2020-01-01T00:00:00Z; remove it from the key file",
    ]);
}

#[test]
fn the_same_secret_under_two_ids_is_found_in_whatever_encoding() {
    let setting = Setting::new();
    let keys = "[[keys]]\nid = 'a'\nsecret = 'marker-of-a-secret'\n\
                [[keys]]\nid = 'b'\nsecret = 'another-secret-of-ours'\n\
                [[keys]]\nid = 'c'\nencoding = 'hex'\n\
                secret = '6d61726b65722d6f662d612d736563726574'\n";
    setting.of_keys(keys).assert(&[
        "fault: key c: it has the same secret as key a; copy the secret of each id from the \
         sender; each rotation creates a new secret",
    ]);
}

#[test]
fn keys_that_cannot_be_read_are_a_fault() {
    let setting = Setting::new();
    let key = "[[keys]]\nid = 'a'\nsecret = 'marker-of-a-secret'\n";
    let form = "a key file has a table [[keys]] with id and secret per key, and optionally \
                encoding, not_before and not_after";
    setting.of_keys(&format!("{key}{key}")).assert(&[&format!(
        "fault: keys: the key file keys.toml cannot be used: keys 1 and 2 have the same id; {form}"
    )]);
    let said = Said::of(&mut setting.command(None, &["--keys", "none.toml"]));
    said.assert(&[&format!(
        "fault: keys: cannot read none.toml: No such file or directory (os error 2); {form}"
    )]);
    let said = Said::of(&mut setting.command(None, &[]));
    said.assert(&[
        "fault: keys: there is no signing key; set SPEKTR_WEBHOOK_KEYS='KEY_ID=SECRET', or name a \
         key file with --keys FILE (a table [[keys]] with id and secret per key)",
    ]);
}

#[test]
fn a_key_file_that_the_environment_hides_is_a_warning() {
    let setting = Setting::new();
    setting.write("keys.toml", "[[keys]]\nid = 'a'\nsecret = 'marker-of-a-secret'\n");
    setting.write("spektr.toml", "keys_file = 'keys.toml'\n");
    setting.doctor(&[]).assert(&[
        "warning: keys: keys.toml is not used, because SPEKTR_WEBHOOK_KEYS is set; unset the \
         variable to change keys while the service runs, or remove keys_file",
    ]);
    Said::of(&mut setting.command(None, &[])).assert(&[]);
    Said::of(&mut setting.command(KEYS, &["--keys", "keys.toml"])).assert(&[]);
}

#[test]
fn a_short_secret_and_deliveries_without_one_are_warnings() {
    let setting = Setting::new();
    let short = [
        "utf8-15=fifteen letters",
        "utf8-16=sixteen letters.",
        "hex-15:hex=00112233445566778899aabbccddee",
        "base64-16:base64=AAECAwQFBgcICQoLDA0ODw==",
    ];
    let said = Said::of(&mut setting.command(Some(&short.join(",")), &[]));
    let remedy = "its secret has 15 bytes, which can be guessed; use a secret of 16 bytes or more";
    said.assert(&[
        &format!("warning: key utf8-15: {remedy}"),
        &format!("warning: key hex-15: {remedy}"),
    ]);
    Said::of(&mut setting.command(None, &["--unsigned"])).assert(&[
        "warning: keys: nothing is verified: --unsigned accepts what anybody posts; remove \
         --unsigned, unless the workspace has signing switched off",
    ]);
}

#[test]
fn a_token_that_is_too_short_is_a_fault() {
    let setting = Setting::new();
    setting.write("token.txt", "short");
    setting.doctor(&["--ops-token-file", "token.txt"]).assert(&[
        "fault: token of operations: the token in token.txt cannot be used: it has fewer than 20 \
         characters; the file holds one token on one line: (umask 077; openssl rand -hex 32 > FILE)",
    ]);
}

#[test]
fn an_endpoint_that_does_not_listen_is_a_fault() {
    let setting = Setting::new();
    let url = format!("http://127.0.0.1:{}/", closed_port());
    setting.doctor(&["--forward", &url]).assert(&[&format!(
        "fault: forwarding to {url}: connection refused; start the endpoint, or correct --forward"
    )]);
}

#[test]
fn an_endpoint_of_an_unknown_authority_is_a_fault_until_it_is_named_and_gets_no_request() {
    let (setting, folder) = (Setting::new(), tempfile::tempdir().expect("a folder"));
    let asked = Arc::<AtomicBool>::default();
    let seen = Arc::clone(&asked);
    let server = TlsServer::start(folder.path(), move |_| {
        seen.store(true, Ordering::Release);
        String::new()
    });
    let url = format!("{}/", server.url);
    setting.doctor(&["--forward", &url]).assert(&[&format!(
        "fault: forwarding to {url}: invalid peer certificate: UnknownIssuer; name the authority \
         of its certificate with --forward-ca FILE"
    )]);
    let authority = server.certificate.to_str().expect("text");
    let said = setting.doctor(&["--forward", &url, "--forward-ca", authority]);
    said.assert(&[]);
    said.assert_has(&format!("ok: forwarding to {url}: connected by TLS"));
    assert!(!asked.load(Ordering::Acquire));
    setting.doctor(&["--forward", &url, "--forward-ca", "none.pem"]).assert(&[&format!(
        "fault: forwarding to {url}: cannot read none.pem: No such file or directory (os error 2); \
         examine the files that the options --forward-… name"
    )]);
}

#[test]
fn a_proxy_is_connected_to_in_place_of_the_endpoint() {
    let setting = Setting::new();
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let doctor = |url: &str, proxy: String| {
        let mut command = setting.command(KEYS, &["--forward", url]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().to_ascii_lowercase().ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        Said::of(command.env("HTTP_PROXY", proxy))
    };
    let url = "http://endpoint.example/";
    let said = doctor(url, format!("http://{}", proxy.local_addr().expect("an address")));
    said.assert(&[]);
    said.assert_has(&format!(
        "ok: forwarding to {url}: connected to the proxy; the endpoint was not tried"
    ));
    doctor(url, format!("http://127.0.0.1:{}", closed_port())).assert(&[&format!(
        "fault: forwarding to {url}: connection refused; start the proxy that the environment \
         names, or correct HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY"
    )]);
    doctor(url, "proxy:port".to_owned()).assert(&[&format!(
        "fault: forwarding to {url}: HTTP_PROXY must name a proxy, for example \
         http://proxy.example:3128; NO_PROXY lists the hosts, domains and networks that are \
         connected to directly"
    )]);
}

#[test]
fn a_folder_that_is_missing_is_no_folder_or_takes_no_files_is_a_fault() {
    let setting = Setting::new();
    setting.doctor(&["--store", "sqlite://none/inbox.db"]).assert(&[
        "fault: folder none: it does not exist; create it, as the account of the service: \
         mkdir -m 700 none",
    ]);
    setting.write("file", "");
    setting
        .doctor(&["--store", "sqlite://file/inbox.db"])
        .assert(&["fault: folder file: it is not a folder; correct --store"]);
    // Not even root can make files there.
    let error = fs::File::create("/proc/self/spektr").expect_err("is refused");
    setting.doctor(&["--store", "sqlite:///proc/self/inbox.db", "--least-free", "0MiB"]).assert(&[
        &format!(
            "fault: folder /proc/self: no file can be created in it: {error}; give it to the \
             account of the service (chown), on a disk that can be written to"
        ),
    ]);
}

#[test]
fn less_room_than_is_wanted_is_a_fault() {
    let setting = Setting::new();
    let said = setting.doctor(&["--least-free", "1000000TiB"]);
    let [finding] = said.findings()[..] else { panic!("{:#?}", said.lines) };
    let free = finding.strip_prefix("fault: disk of .: ").expect(finding);
    let (_, rest) = free.split_once(" free").expect(finding);
    let expected = ", less than 1,000,000 TiB; make room; `spektr inbox prune --older-than 30d \
                    --dry-run` shows what can go";
    assert_eq!((rest, said.code), (expected, Some(1)));
}

#[test]
fn a_file_that_cannot_be_the_inbox_is_a_fault_and_stays_as_it_is() {
    let setting = Setting::new();
    let path = setting.inbox();
    set_table_version(&path, 99);
    let bytes = fs::read(&path).expect("is there");
    setting.doctor(&[]).assert(&[
        "fault: inbox sqlite://spektr-inbox.db: version 99, and this program knows 6; run the version of spektr that has written it, or a later one",
    ]);
    assert_eq!(fs::read(&path).expect("is there"), bytes);
    set_table_version(&path, 4);
    let said = setting.doctor(&[]);
    said.assert(&[]);
    said.assert_has("ok: inbox sqlite://spektr-inbox.db: version 4, `serve` migrates it to 6");
    let mut bytes = fs::read(&path).expect("is there");
    // The field `application_id` of the SQLite header.
    bytes[68..72].copy_from_slice(b"else");
    fs::write(&path, &bytes).expect("is written");
    setting.doctor(&[]).assert(&[
        "fault: inbox sqlite://spektr-inbox.db: spektr-inbox.db is the database of another \
         program; name another file with --store, or let the account of the service read this one",
    ]);
}

#[test]
fn an_inbox_on_which_others_have_rights_is_a_warning() {
    let setting = Setting::new();
    chmod(&setting.inbox(), 0o644);
    setting.doctor(&[]).assert(&[
        "warning: inbox sqlite://spektr-inbox.db: other accounts have rights on it (mode 644); \
         set its mode to 600 (chmod); `serve` does that at its start",
    ]);
}

#[test]
fn a_list_that_refuses_the_key_or_does_not_answer_is_a_fault() {
    let setting = Setting::new();
    let doctor = |url: &str| {
        let mut command = setting.command(KEYS, &["--from", url]);
        Said::of(command.env("SPEKTR_API_KEY", "marker-of-a-secret"))
    };
    let url = list("401 Unauthorized", Duration::ZERO);
    let said = doctor(&url);
    said.assert(&[&format!(
        "fault: list of events {url}: it refuses the API key (401); see that the key is valid, may \
         read events, and belongs to this environment"
    )]);
    said.assert_has("ok: clock of the sender: the same as this machine's");
    let base = "see that the base URL (--from) is right and this machine reaches it";
    let url = list("503 Service Unavailable", Duration::ZERO);
    let expected = format!("fault: list of events {url}: the server answered 503; {base}");
    doctor(&url).assert(&[&expected]);
    let url = list("404 Not Found", Duration::ZERO);
    let expected = format!("fault: list of events {url}: it answers 404 instead of 200; {base}");
    doctor(&url).assert(&[&expected]);
    let mut command = setting.command(KEYS, &[]);
    Said::of(command.env("SPEKTR_API_KEY", "marker of a secret")).assert(&[
        "fault: list of events: SPEKTR_API_KEY cannot be used: the API key has a character that is not visible ASCII; was it \
         copied with a space?; correct SPEKTR_API_KEY, or the file, which must hold the key and \
         nothing else",
    ]);
}

#[test]
fn a_clock_behind_that_of_the_sender_is_a_fault_beyond_the_tolerance() {
    let setting = Setting::new();
    let url = list("200 OK", Duration::from_secs(3600));
    let doctor = |more: &[&str]| {
        let mut command = setting.command(KEYS, &[&["--from", &url], more].concat());
        Said::of(command.env("SPEKTR_API_KEY", MARKER))
    };
    let finding = "clock of the sender: this machine's clock is 1 h behind; set the clock that is \
                   wrong; `timedatectl` says whether this machine's is synchronized";
    doctor(&[]).assert(&[&format!("fault: {finding}")]);
    doctor(&["--tolerance", "2h"]).assert(&[&format!("warning: {finding}")]);
}

#[test]
fn too_few_open_files_for_the_connections_are_a_fault() {
    let setting = Setting::new();
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"ulimit -n 64; exec "$0" doctor"#, env!("CARGO_BIN_EXE_spektr")]);
    let mut shell = with_keys(shell, KEYS);
    Said::of(shell.current_dir(setting.path())).assert(&[
        "fault: open files: 64 are allowed, which leaves room for 1 of 512 connections; allow 624: \
         LimitNOFILE= of the unit, or `ulimit -n`",
    ]);
}

/// A server of PostgreSQL, with a runtime and a setting for a test.
struct Database {
    cluster: Cluster,
    runtime: tokio::runtime::Runtime,
    setting: Setting,
}

impl Database {
    fn start(settings: &[&str]) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        Self { cluster: Cluster::start(settings), runtime, setting: Setting::new() }
    }

    fn admin(&self, script: &str) {
        let done = async { self.cluster.connect("postgres").await.batch_execute(script).await };
        self.runtime.block_on(done).expect("the server does it");
    }

    /// Examines a database by its URL. Allows a long time, because the machine may be busy.
    fn doctor(&self, url: &str) -> Said {
        self.setting.doctor(&["--store", &format!("{url}?connect_timeout=60")])
    }
}

#[test]
fn a_database_is_examined_and_left_without_tables() {
    let database = Database::start(&[]);
    let url = database.cluster.url("postgres");
    let subject = format!("inbox {url}");
    let said = database.doctor(&url);
    said.assert(&[]);
    let expected = [
        format!("ok: {subject}: there are no tables yet, `serve` creates them"),
        "ok: clock of the database: the same as this machine's".to_owned(),
        format!("ok: {subject}: commits wait for the disk: synchronous_commit is on"),
        format!("ok: {subject}: commits wait for no standby"),
    ];
    assert_eq!(said.lines[2..6], expected);
    database.doctor(&url).assert_has(&expected[0]);

    database.admin("CREATE ROLE app LOGIN; ALTER ROLE app SET synchronous_commit = off");
    let of_app = url.replace("postgres@", "app@");
    let subject = format!("inbox {of_app}");
    database.doctor(&of_app).assert(&[&format!(
        "fault: {subject}: there are no tables, and role app may not create them; let a role with \
         that right run the SQL of `spektr inbox schema --role app`"
    )]);
    let mut inbox = spektr(None);
    let script = inbox.args(["inbox", "schema", "--role", "app"]).output().expect("the tool runs");
    database.admin(text(&script.stdout));
    let said = database.doctor(&of_app);
    said.assert(&[]);
    said.assert_has(&format!("ok: {subject}: version 5"));
    said.assert_has(&format!(
        "ok: {subject}: commits wait for the disk: `serve` sets synchronous_commit, which is off"
    ));

    database.admin("REVOKE ALL ON ALL SEQUENCES IN SCHEMA spektr_inbox FROM app");
    database.doctor(&of_app).assert(&[&format!(
        "fault: {subject}: role app lacks USAGE ON ALL SEQUENCES IN SCHEMA spektr_inbox; let an \
         owner of the tables grant it: `spektr inbox schema --role app` prints the grants"
    )]);
    database.admin(text(&script.stdout).split_once("COMMIT;\n").expect("grants follow").1);
    database.admin("UPDATE spektr_inbox.version SET version = 9");
    database.doctor(&of_app).assert(&[&format!(
        "fault: {subject}: the tables have version 9, and this program knows 5; run the version of \
         spektr that has created them, or a later one"
    )]);
    database.admin("UPDATE spektr_inbox.version SET version = 3");
    database.doctor(&of_app).assert(&[&format!(
        "fault: {subject}: version 3, and role app may not migrate it to 5; let a role with that \
         right run the SQL of `spektr inbox schema --from 3 --role app`"
    )]);
}

#[test]
fn a_database_whose_clock_differs_is_a_fault() {
    let database = Database::start(&["fsync = on"]);
    // The schema `fake` precedes `pg_catalog` in the search path, so its clock is the one found.
    database.admin(
        "CREATE SCHEMA fake; CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz \
         LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() - interval '1 hour' $$; \
         ALTER DATABASE postgres SET search_path = fake, pg_catalog",
    );
    database.doctor(&database.cluster.url("postgres")).assert(&[
        "fault: clock of the database: this machine's clock is 1 h ahead; set the clock that is \
         wrong; `timedatectl` says whether this machine's is synchronized",
    ]);
}

#[test]
fn a_server_that_loses_commits_or_accepts_none_is_a_fault() {
    let database = Database::start(&[
        "fsync = off",
        "full_page_writes = off",
        "synchronous_standby_names = 'elsewhere'",
    ]);
    let url = database.cluster.url("postgres");
    let subject = format!("inbox {url}");
    database.doctor(&url).assert(&[
        &format!(
            "fault: {subject}: the server runs with fsync = off: a power cut loses deliveries; set \
             fsync = on in postgresql.conf, and let the server read it again"
        ),
        &format!(
            "warning: {subject}: the server runs with full_page_writes = off: a power cut can \
             damage pages; set full_page_writes = on, unless the file system writes pages whole"
        ),
        &format!(
            "fault: {subject}: commits wait for a standby, and none of synchronous_standby_names \
             is connected; start the standby, or empty synchronous_standby_names"
        ),
    ]);
}

#[test]
fn a_pooler_of_transactions_is_a_fault_and_one_of_sessions_is_none() {
    let database = Database::start(&[]);
    let own = database.cluster.url("postgres");
    let pooler = PgBouncer::start(&database.cluster, "pool_mode = transaction");
    let url = pooler.url(&own);
    database.doctor(&url).assert(&[&format!(
        "fault: inbox {url}: a pooler in front of the database pools transactions, and the store \
         needs sessions; set its pool_mode to session, or connect to the database itself"
    )]);
    let pooler = PgBouncer::start(&database.cluster, "pool_mode = session");
    database.doctor(&pooler.url(&own)).assert(&[]);
}

#[test]
fn without_an_api_key_nothing_that_was_lost_is_fetched() {
    let setting = Setting::new();
    setting.inbox();
    setting.doctor(&[]).assert_has(NO_API_KEY);
}

#[test]
fn an_address_is_free_or_of_a_running_service_and_not_another_program_s() {
    let setting = Setting::new();
    setting.inbox();
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = other.local_addr().expect("an address");
    let free = format!("127.0.0.1:{}", closed_port());
    let said = setting.doctor(&["--listen", &taken.to_string(), "--operations", &free]);
    let fault = format!(
        "fault: address of deliveries {taken}: in use, and no service answers at the address of \
         operations; end the program that uses it, or choose another address: --listen IP:PORT; a \
         socket of systemd may use it"
    );
    said.assert(&[&fault]);
    said.assert_has(&format!("ok: address of operations {free}: free"));

    let service = Service::start(KEYS, setting.path(), &[]);
    let (public, private) = (service.address().to_string(), service.operations.to_string());
    let said = setting.doctor(&["--listen", &public, "--operations", &private]);
    said.assert_has(&format!("ok: address of deliveries {public}: in use by a running service"));
    said.assert_has(&format!("ok: address of operations {private}: in use by a running service"));

    let own = format!("http://localhost:{}/events", public.rsplit(':').next().expect("a port"));
    let said = setting.doctor(&["--listen", &public, "--operations", &private, "--forward", &own]);
    said.assert_has(&format!(
        "fault: forwarding to {own}: this is an address that `serve` itself listens on; correct \
         --forward: it must name the endpoint that handles the events"
    ));
    assert_eq!(said.code, Some(1));
}
