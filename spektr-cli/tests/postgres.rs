//! The service on PostgreSQL, with a server of its own.

mod support;

#[path = "support/service.rs"]
mod service;

use service::Service;
use spektr_inbox::testing::postgres::Cluster;
use support::{run, spektr, text};

const KEYS: Option<&str> = Some("dev=any secret");

#[test]
fn what_was_answered_is_there_after_the_service_was_killed() {
    let cluster = Cluster::start(&["fsync = off"]);
    // A machine with much to do may take its time.
    let url = format!("{}?connect_timeout=60", cluster.url("postgres"));
    let folder = tempfile::tempdir().expect("a folder");
    let inbox = |arguments: &[&str]| {
        let mut command = spektr(None);
        command.env("SPEKTR_STORE", &url).current_dir(folder.path());
        let output = command.arg("inbox").args(arguments).output().expect("the tool runs");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };

    let service = Service::start(KEYS, folder.path(), &["--store", &url]);
    let events = ["alert_resolved", "--repeat", "100", "--batch", "7"];
    let sent = run(KEYS, &[&["send", "--to", &service.url], &events[..]].concat());
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    service.kill();

    assert!(inbox(&["list"]).ends_with("\n100 entries: 100 pending\n"));
    assert_eq!(inbox(&["list", "--format", "json"]).lines().count(), 100);
    let done = inbox(&["export"]).replace(r#""state":"pending""#, r#""state":"done""#);
    std::fs::write(folder.path().join("done.jsonl"), done).expect("is written");
    let known = inbox(&["import", "done.jsonl"]);
    assert_eq!(known, "0 entries imported, 100 there already\n");
    let user = inbox(&["list", "--limit", "1", "--format", "json"]);
    let user: serde_json::Value = serde_json::from_str(&user).expect("JSON");
    let user = user["spektr_id"].as_str().expect("an id");
    assert_eq!(inbox(&["erase", user, "--yes"]), "100 entries of this person erased\n");
    assert_eq!(inbox(&["import", "done.jsonl"]), "100 entries imported, 0 there already\n");
    assert_eq!(inbox(&["replay", "--state", "done"]), "100 entries pending again\n");
    assert!(inbox(&["list"]).ends_with("\n100 entries: 100 pending\n"));
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    let mut command = spektr(None);
    let url = "postgres://user:marker@127.0.0.1:1/db?sslmode=disable";
    let output = command.env("SPEKTR_STORE", url).args(["inbox", "list"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("cannot connect to the database"), "{message}");
    assert!(message.contains("Connection refused") && !message.contains("TLS"), "{message}");
    assert!(!message.contains("marker"), "{message}");
}
