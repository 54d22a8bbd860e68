//! Connections over TLS: the tool accepts only a trusted certificate.

mod support;

#[path = "support/service.rs"]
mod service;
#[path = "support/tls.rs"]
mod tls;

use std::path::Path;
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use service::Service;
use support::{spektr, text};
use tls::TlsServer;

const API_KEY: &str = "marker-api-key";

/// Returns the tool, which trusts only this certificate.
fn tool(certificate: &Path) -> Command {
    let mut command = spektr(Some("dev=any secret"));
    command.env("SSL_CERT_FILE", certificate).env("SPEKTR_API_KEY", API_KEY);
    command
}

fn run(certificate: &Path, folder: &Path, arguments: &[&str]) -> Output {
    tool(certificate).current_dir(folder).args(arguments).output().expect("the tool runs")
}

#[test]
fn a_receiver_is_sent_to_if_its_certificate_is_trusted() {
    let (folder, other) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
    let server = TlsServer::start(folder.path(), |_| String::new());
    let stranger = TlsServer::start(other.path(), |_| String::new());
    let send = ["send", "--to", &server.url, "alert_resolved", "--retries", "0"];
    let sent = run(&server.certificate, folder.path(), &send);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    let sent = run(&stranger.certificate, folder.path(), &send);
    assert_eq!(sent.status.code(), Some(1));
    let report = text(&sent.stdout);
    assert!(
        report.contains("hint: the issuer of the receiver's certificate is not in"),
        "{report}"
    );
}

/// Answers like the sender's list, with one event, which is a minute old.
fn list() -> impl Fn(&[String]) -> String + Send + 'static {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let entry = format!(
        r#"{{"id":"evt_missed","spektrId":"spk_1","type":"customer_status_changed","createdAt":{},"data":{{"oldStatus":"a","newStatus":"b"}}}}"#,
        now - 60_000,
    );
    move |head| {
        assert!(head[0].starts_with("GET /v1/events?"), "{head:?}");
        assert!(head.contains(&format!("x-api-key: {API_KEY}")), "{head:?}");
        format!(r#"{{"results":[{entry}],"totalResults":1,"hasNextPage":false}}"#)
    }
}

#[test]
fn what_was_missed_is_fetched_with_the_key_and_stored_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let server = TlsServer::start(path, list());

    let from = ["reconcile", "--from", &server.url];
    let first = run(&server.certificate, path, &from);
    assert_eq!(first.status.code(), Some(2));
    assert!(text(&first.stderr).contains("hint:  name a time: --since 2h\n"));

    let since = [&from[..], &["--since", "2h", "--format", "json"]].concat();
    for (new, duplicates) in [(1, 0), (0, 1)] {
        let output = run(&server.certificate, path, &since);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["completed"], true);
        assert_eq!((&report["new"], &report["duplicates"]), (&new.into(), &duplicates.into()));
    }
    let again = run(&server.certificate, path, &from);
    assert_eq!(again.status.code(), Some(0));
    let shown = text(&again.stdout);
    assert!(shown.contains(": 0 were missed, 1 there already\n"), "{shown}");
    let other = [&from[..], &["--since", "2h", "--store", "sqlite://other.db"]].concat();
    let other = run(&server.certificate, path, &other);
    let shown = text(&other.stdout);
    let expected = ": 1 was missed, 0 there already\n1 of them malformed, but stored\n";
    assert!(shown.ends_with(expected), "{shown}");
    let listed = run(&server.certificate, path, &["inbox", "list"]);
    assert!(text(&listed.stdout).contains("evt_missed\n1 entry: 1 pending\n"));
}

#[test]
fn the_service_fetches_what_was_missed_at_its_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TlsServer::start(folder.path(), list());
    let settings = format!("[reconcile]\nfrom = '{}'\n", server.url);
    std::fs::write(folder.path().join("spektr.toml"), settings).expect("is written");
    let mut service = Service::run(tool(&server.certificate), folder.path(), &[]);
    service.logs("events were missed");
    let arguments = ["inbox", "list", "--id", "evt_missed", "--format", "json"];
    let listed = run(&server.certificate, folder.path(), &arguments);
    assert_eq!(listed.status.code(), Some(0), "{}", text(&listed.stderr));
    assert_eq!(text(&listed.stdout).lines().count(), 1);
    assert_eq!(service.terminate().0, Some(0));
}
