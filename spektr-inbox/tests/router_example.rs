//! Tests the example `router` as a process: its output for the events that it receives.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{Archive, Filter, State};
use spektr_inbox::testing::tag_added;
use spektr_inbox::{Clock as _, SystemClock};
use support::{Program, example, exchange, request, signed_at, until};

#[tokio::test]
async fn writes_the_tags_of_the_events_that_it_receives_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let [inbox, tags] = ["inbox.db", "tags.db"].map(|name| folder.path().join(name));
    let program = Command::new(example("router"))
        .args([&inbox, &tags])
        .arg("127.0.0.1:0")
        .env("SPEKTR_WEBHOOK_KEYS", "key-a=marker-secret")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut program = Program(program);
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("receiving on ").unwrap().parse().unwrap();

    let added = tag_added("e1", "s1", 1_731_057_600_000);
    let other = r#"{"id":"e2","type":"never_documented"}"#;
    let now = SystemClock::new().now().as_seconds().unsigned_abs();
    // The first event is delivered twice.
    for body in [&added, other, &added] {
        let delivery = request(&signed_at(body.as_bytes(), now), body.as_bytes());
        assert_eq!(exchange(address, &delivery).await, (200, String::new()));
    }
    let store = SqliteOptions::new(&inbox).open().unwrap();
    let done = async || store.count(Filter::state(State::Done)).await.unwrap();
    until("both are done", async || done().await >= 2).await;
    let id = program.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    assert!(program.0.wait().unwrap().success());

    let database = Connection::open(&tags).unwrap();
    let mut rows = database.prepare("SELECT customer, tag FROM tags").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, String)> = rows.map(Result::unwrap).collect();
    assert_eq!(rows, [("s1".to_owned(), "t".to_owned())]);
}
