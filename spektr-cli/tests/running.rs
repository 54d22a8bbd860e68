//! The running service: its log, keys, limits and warnings.

mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/service.rs"]
mod service;

use std::fs::{self, Permissions};
use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use deliver::{Connection, alert};
use service::Service;
use support::{read_request, spektr, text, write_secret};

const KEYS: Option<&str> = Some("dev=any secret");

#[test]
fn a_log_that_nobody_reads_stops_nothing_and_says_what_it_lost() {
    /// The log lines of these batches exceed the capacity of the pipe and the queue.
    const BATCHES: usize = 12;
    const ENTRIES: usize = 1000;
    let folder = tempfile::tempdir().expect("a folder");
    let mut service = Service::start(KEYS, folder.path(), &["--log-level", "warn"]);
    let mut connection = Connection::open(service.address()).expect("is open");
    for batch in 0..BATCHES {
        // Each entry but the first has a content that differs from the first: a logged conflict.
        let entry =
            |index| format!(r#"{{"id":"evt_1","type":"t","data":{}}}"#, batch * ENTRIES + index);
        let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
        let body = format!(r#"{{"results":[{}]}}"#, entries.join(","));
        assert_eq!(connection.deliver(body.as_bytes()).expect("an answer").status, 200);
    }
    assert_eq!(connection.deliver(&alert("evt_2")).expect("an answer").status, 200);
    assert_eq!(service.get("/health/live").0, 200);
    assert_eq!(service.get("/health/ready").0, 200);
    let dropped = service.figure("spektr_inbox_log_lines_dropped_total");
    assert!(dropped > 0);

    let notice = service.logs("lines of the log were dropped");
    assert!(notice.ends_with(&format!(" dropped={dropped}\n")), "{notice}");
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    let conflict = "Z  WARN an id was there with another content number=";
    let conflicts = logged.lines().filter(|line| {
        let number = line.split_once(conflict).map(|(_, number)| number.parse::<u64>());
        number.is_some_and(|number| number.is_ok())
    });
    let written = conflicts.count();
    // All lines are whole, and none is missing.
    assert_eq!(logged.lines().count(), written + 1, "{logged}");
    assert_eq!(written as u64 + dropped, (BATCHES * ENTRIES - 1) as u64);
}

/// Returns the text of a key file with these ids. All keys have the secret of the deliveries.
fn keys(ids: &[&str]) -> String {
    ids.iter().map(|id| format!("[[keys]]\nid = '{id}'\nsecret = 'any secret'\n")).collect()
}

/// Delivers an event signed with the key `dev`, and returns the status.
fn deliver(service: &Service) -> u16 {
    let mut connection = Connection::open(service.address()).expect("is open");
    connection.deliver(&alert("evt_1")).expect("an answer").status
}

#[test]
fn keys_are_read_again_at_sighup_and_stay_if_they_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys.toml");
    write_secret(&file, &keys(&["old"]));
    let mut service = Service::start(None, folder.path(), &["--keys", "keys.toml"]);
    assert_eq!(deliver(&service), 401);

    let long = "k".repeat(100);
    write_secret(&file, &keys(&["dev", &long]));
    service.signal("HUP");
    let line = service.logs("the signing keys were read again");
    let added = format!("added=\"dev, {}…\" removed=\"old\" count=2\n", &long[..64]);
    assert!(line.ends_with(&added), "{line}");
    assert_eq!(deliver(&service), 200);
    write_secret(&file, &keys(&["dev", &long]).replacen("any secret", "another one", 1));
    service.signal("HUP");
    let line = service.logs("the signing keys were read again");
    assert!(line.ends_with(" changed=\"dev\" count=2\n"), "{line}");
    assert_eq!(deliver(&service), 401);
    write_secret(&file, &keys(&["dev", &long]));
    service.signal("HUP");
    service.logs("the signing keys were read again");
    assert_eq!(deliver(&service), 200);

    // A file that is not TOML, has no key, has no key that is valid now, or does not exist.
    let expired = format!("{}not_after = 2020-01-01T00:00:00Z\n", keys(&["dev"]));
    for (content, reason) in [
        ("[[keys]]\nid = 'a'\nsecret = marker\n", "is not TOML at line 3"),
        ("", "the key ring has no keys"),
        (&expired, "no key in keys.toml is valid now"),
    ] {
        write_secret(&file, content);
        service.signal("HUP");
        let line = service.logs("stays as it was: it cannot be read again");
        assert!(line.contains("what=\"the signing keys\"") && line.contains(reason), "{line}");
        assert_eq!(deliver(&service), 200);
    }
    fs::remove_file(&file).expect("is there");
    service.signal("HUP");
    service.logs("stays as it was: it cannot be read again");
    assert_eq!(deliver(&service), 200);
    let figures =
        ["spektr_inbox_settings_reloads_total", "spektr_inbox_settings_reload_failures_total"];
    assert_eq!(figures.map(|name| service.figure(name)), [7, 4]);

    write_secret(&file, &keys(&["new"]));
    service.signal("HUP");
    let line = service.logs("the signing keys were read again");
    assert!(line.contains("added=\"new\""), "{line}");
    assert_eq!(deliver(&service), 401);
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    assert!(!logged.contains("marker") && !logged.contains("others can read"), "{logged}");
}

#[test]
fn the_api_key_and_the_level_of_the_log_are_read_again_at_sighup() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (asked, asks) = mpsc::channel();
    // The list makes the client ask again, and reports the API key of each request.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok((head, _)) = read_request(BufReader::new(&stream)) else { continue };
            let key = head.iter().find_map(|line| line.strip_prefix("x-api-key: "));
            let _ended = asked.send(key.unwrap_or_default().to_owned());
            let answer = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _gone = (&stream).write_all(answer.as_bytes());
        }
    });
    let asked_with = || asks.recv_timeout(Duration::from_secs(60)).expect("is asked");
    let (key, config) = (folder.path().join("api-key"), folder.path().join("spektr.toml"));
    write_secret(&key, "first-key\n");
    write_secret(&config, "serve.log_level = 'error'\n");
    let arguments = ["--from", &url, "--api-key-file", "api-key"];
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    assert_eq!(asked_with(), "first-key");

    write_secret(&config, "serve.log_level = 'info'\n");
    write_secret(&key, "marker key\n");
    service.signal("HUP");
    let line = service.logs("stays as it was: it cannot be read again");
    assert!(line.contains("what=\"the API key\""), "{line}");
    service.logs("settings were read again log_level=info");
    write_secret(&key, "second-key\n");
    service.signal("HUP");
    service.logs("the API key was read again");
    // One request may still have been sent with the old key.
    assert!([asked_with(), asked_with()].contains(&"second-key".to_owned()));

    write_secret(&config, "serve.log_level = 'loud'\n");
    service.signal("HUP");
    let line = service.logs("stays as it was: it cannot be read again");
    assert!(line.contains("what=\"keys and settings\""), "{line}");
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    for secret in ["marker", "first-key", "second-key", "any secret"] {
        assert!(!logged.contains(secret), "{logged}");
    }
}

#[test]
fn files_with_secrets_that_others_can_read_are_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name| folder.path().join(name);
    write_secret(&path("keys.toml"), &keys(&["dev"]));
    write_secret(&path("api-key"), "any-key");
    let store = "store = 'postgres://user:marker@127.0.0.1:1/db?sslmode=disable'";
    write_secret(&path("spektr.toml"), &format!("{store}\nreconcile.api_key_file = 'api-key'\n"));
    let arguments = ["serve", "--keys", "keys.toml", "--listen", "127.0.0.1:0"];
    let logged = || {
        let output = spektr(None).args(arguments).current_dir(folder.path()).output();
        let output = output.expect("the tool runs");
        // The database does not exist.
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr).to_owned()
    };
    assert!(!logged().contains("others can read"), "{}", logged());
    for (name, mode) in [("keys.toml", 0o640), ("api-key", 0o604), ("spektr.toml", 0o644)] {
        fs::set_permissions(path(name), Permissions::from_mode(mode)).expect("is allowed");
        let logged = logged();
        let lines: Vec<_> =
            logged.lines().filter(|line| line.contains("others can read")).collect();
        let [line] = lines[..] else { panic!("{logged}") };
        assert!(line.contains(name) && line.contains(&format!("mode=\"{mode:o}\"")), "{line}");
        assert!(!logged.contains("marker"), "{logged}");
        fs::set_permissions(path(name), Permissions::from_mode(0o600)).expect("is allowed");
    }
}

#[test]
fn a_service_without_a_valid_key_says_so_at_once_and_is_not_ready() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys.toml");
    write_secret(&file, &format!("{}not_after = 2020-01-01T00:00:00Z\n", keys(&["dev"])));
    let mut service = Service::start(None, folder.path(), &["--keys", "keys.toml"]);
    service.logs("no signing key is valid now: every delivery is refused with 500");
    let (status, report) = service.get("/health/ready");
    assert_eq!(status, 503);
    assert!(report.contains(r#""keys":"none is valid""#), "{report}");
    assert_eq!(deliver(&service), 500);
    write_secret(&file, &keys(&["dev"]));
    service.signal("HUP");
    service.logs("the signing keys were read again");
    assert_eq!(deliver(&service), 200);
    assert_eq!(service.terminate().0, Some(0));
}

#[test]
fn milliseconds_in_a_key_file_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let content = format!("{}not_after = 1767225600000\n", keys(&["dev"]));
    write_secret(&folder.path().join("keys.toml"), &content);
    let serve = ["serve", "--keys", "keys.toml"];
    let output = spektr(None).args(serve).current_dir(folder.path()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("after the year 9999: give seconds, not milliseconds"), "{message}");
}

/// Returns the tool with a limit of open files.
fn limited(limit: &str) -> Command {
    let mut tool = Command::new("sh");
    tool.args(["-c", &format!(r#"ulimit {limit}; exec "$0" "$@""#), env!("CARGO_BIN_EXE_spektr")]);
    tool.env("SPEKTR_WEBHOOK_KEYS", "dev=any secret");
    tool
}

#[test]
fn more_files_may_be_open_after_the_start_or_there_is_a_warning_and_fewer_connections_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut service = Service::run(limited("-S -n 256"), folder.path(), &[]);
    service.logs("more files may be open now from=256 to=624");
    assert_eq!(deliver(&service), 200);
    assert_eq!(service.terminate().0, Some(0));

    let mut service = Service::run(limited("-n 256"), folder.path(), &[]);
    let line = service.logs("the limit of open files is too low");
    assert!(line.ends_with(" limit=256 needed=624 connections=144\n"), "{line}");
    // More clients connect than files may be open, but a delivery still succeeds.
    let idle: Vec<_> = (0..300).map(|_| Connection::open(service.address())).collect();
    assert!(idle.iter().all(Result::is_ok));
    assert_eq!(deliver(&service), 200);
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    assert!(!logged.contains("cannot accept a connection"), "{logged}");
}

#[test]
fn a_damaged_file_is_refused_at_the_start_if_a_check_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(KEYS, folder.path(), &[]);
    assert_eq!(deliver(&service), 200);
    assert_eq!(service.terminate().0, Some(0));
    let file = folder.path().join("spektr-inbox.db");
    let mut bytes = fs::read(&file).expect("is there");
    // Damage the leaf page of the index with the entry's id. It is not read at the start.
    let mut pages = bytes.chunks_exact_mut(4096);
    let has_id = |page: &[u8]| page[0] == 0x0a && page.windows(5).any(|bytes| bytes == b"evt_1");
    pages.find(|page| has_id(page)).expect("there is one").fill(0xff);
    fs::write(&file, &bytes).expect("is written");
    Service::start(KEYS, folder.path(), &[]).kill();
    let message = |arguments: &[&str], variable: Option<&str>| {
        let mut tool = spektr(KEYS);
        tool.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).current_dir(folder.path());
        tool.envs(variable.map(|value| ("SPEKTR_SERVE_QUICK_CHECK", value)));
        let output = tool.output().expect("the tool runs");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        text(&output.stderr).to_owned()
    };
    let expected = "error: cannot open the inbox: spektr-inbox.db is damaged\n\
        hint:  put a backup in its place: spektr inbox restore FILE; the damaged file is kept\n";
    assert_eq!(message(&["--quick-check"], None), expected);
    assert_eq!(message(&[], Some("true")), expected);
    write_secret(&folder.path().join("spektr.toml"), "serve.quick_check = true\n");
    assert_eq!(message(&[], None), expected);
    // A file without any readable page gives the same error, even without the check.
    bytes[4096..].fill(0xff);
    fs::write(&file, bytes).expect("is written");
    assert_eq!(message(&["--config", "/dev/null"], None), expected);
    let elsewhere = ["--quick-check", "--store", "postgres://user@127.0.0.1:1/db"];
    assert!(message(&elsewhere, None).contains("error: a quick check is for SQLite files"));
}

/// The log is JSON, independent of the format of the output.
#[test]
fn the_log_says_when_the_service_starts_and_what_it_did_when_it_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut service = Service::start(KEYS, folder.path(), &["--log-format", "json"]);
    let line = |text: &str| {
        let line: serde_json::Value = serde_json::from_str(text).expect("a line is JSON");
        assert_eq!(line["level"], "INFO");
        line["fields"].clone()
    };
    let (receiving, operations) = (service.url.clone(), format!("http://{}/", service.operations));
    assert_eq!(
        line(&service.logs("the service has started")),
        serde_json::json!({
            "message": "the service has started",
            "version": env!("CARGO_PKG_VERSION"),
            "receiving": receiving,
            "operations": operations,
            "store": "sqlite://spektr-inbox.db",
            "source": "spektr",
            "verifying": true,
            "reconciling": false,
        })
    );
    let mut connection = Connection::open(service.address()).expect("is open");
    for (body, status) in [(alert("evt_1"), 200), (alert("evt_2"), 200), (alert("evt_2"), 200)] {
        assert_eq!(connection.deliver(&body).expect("an answer").status, status);
    }
    assert_eq!(connection.post("/webhooks/spektr", "", b"{}").expect("an answer").status, 401);
    drop(connection);
    service.ask_to_end();
    let mut fields = line(&service.logs("the service has ended"));
    assert!(fields["seconds"].take().is_u64());
    assert_eq!(
        fields,
        serde_json::json!({
            "message": "the service has ended",
            "seconds": null,
            "accepted": 2,
            "handled": 0,
            "failed": 0,
            "refused": 1,
            "pending": 2,
        })
    );
    assert_eq!(service.wait().0, Some(0));
}
