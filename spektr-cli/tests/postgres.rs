//! The service with PostgreSQL, on a separate server for each test.

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
    // A busy machine may take long to connect.
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

/// The SQL for the database administrator is all that a role without the right to create needs.
#[test]
fn a_role_that_may_not_create_works_on_tables_that_were_made_by_hand() {
    let cluster = Cluster::start(&["fsync = off"]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let admin = |script: &str| {
        let done = async { cluster.connect("postgres").await.batch_execute(script).await };
        runtime.block_on(done).expect("the server does it");
    };
    admin("CREATE ROLE app LOGIN");
    let url = cluster.url("postgres").replace("postgres@", "app@");
    let url = format!("{url}?connect_timeout=60");
    let folder = tempfile::tempdir().expect("a folder");
    let inbox = |arguments: &[&str]| {
        let mut command = spektr(None);
        command.env("SPEKTR_STORE", &url).current_dir(folder.path());
        command.arg("inbox").args(arguments).output().expect("the tool runs")
    };
    let refused = inbox(&["list"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said.contains("permission denied") && said.contains("inbox schema --role"), "{said}");

    let script = inbox(&["schema", "--role", "app"]);
    assert_eq!(script.status.code(), Some(0), "{}", text(&script.stderr));
    admin(text(&script.stdout));
    let service =
        Service::start(KEYS, folder.path(), &["--store", &url, "--forward", "http://127.0.0.1:1/"]);
    let sent = run(KEYS, &["send", "--to", &service.url, "alert_resolved", "--repeat", "20"]);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    assert_eq!(service.get("/health/ready").0, 200);
    service.kill();
    for (arguments, expected) in [
        (&["pause"][..], 0),
        (&["resume"], 0),
        (&["retry", "--all"], 0),
        (&["resolve", "1", "--reason", "by hand"], 0),
        (&["prune", "--state", "resolved", "--older-than", "0s"], 0),
        (&["log"], 0),
        (&["schema", "--from", "99"], 2),
    ] {
        let output = inbox(arguments);
        let said = [text(&output.stdout), text(&output.stderr)].concat();
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {said}");
    }
    let listed = inbox(&["list", "--format", "json"]);
    assert_eq!(text(&listed.stdout).lines().count(), 19);
}
