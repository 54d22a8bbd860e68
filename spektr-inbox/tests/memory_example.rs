//! Tests the example `memory` as a process: its output for the events that it receives. Its store
//! is tested in the example itself and by `model.rs`.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use spektr_inbox::testing::tag_added;
use spektr_inbox::{Clock as _, SystemClock};
use support::{Program, example, exchange, request, signed_at};

#[tokio::test]
async fn prints_each_event_once_and_ends() {
    let program = Command::new(example("memory"))
        .arg("127.0.0.1:0")
        .env("SPEKTR_WEBHOOK_KEYS", "key-a=marker-secret")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut program = Program(program);
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let address = line.strip_prefix("receiving on ").unwrap().parse().unwrap();

    let first = tag_added("e1", "s1", 1_731_057_600_000);
    let second = tag_added("e2", "s1", 1_731_057_600_001);
    let now = SystemClock::new().now().as_seconds().unsigned_abs();
    // The first event is delivered twice.
    for body in [&first, &first, &second] {
        let delivery = request(&signed_at(body.as_bytes(), now), body.as_bytes());
        assert_eq!(exchange(address, &delivery).await, (200, String::new()));
    }
    for id in ["e1", "e2"] {
        let line = lines.next().unwrap().unwrap();
        assert_eq!(line, format!(r#"customer_tag_add Some(EventId("{id}"))"#));
    }
    let id = program.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
    assert!(program.0.wait().unwrap().success());
    assert!(lines.next().is_none());
}
