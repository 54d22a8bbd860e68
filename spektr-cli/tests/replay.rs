//! Replays recorded deliveries: only authentic deliveries are signed again, a bad pair of files
//! does not stop the run, and a run that ended early can be continued.

mod support;

#[path = "support/listener.rs"]
mod listener;
#[path = "support/receiver.rs"]
mod receiver;

use std::fs;
use std::path::Path;

use listener::Listener;
use receiver::{Received, Receiver};
use serde_json::{Value, json};
use support::{run, text};

const KEYS: Option<&str> = Some("dev=any secret");

/// Records three deliveries: two authentic ones, and a forgery between them.
fn record(folder: &Path) {
    let folder = folder.to_str().expect("text");
    let listener = Listener::start(KEYS, 3, &["--record", folder]);
    let send = |event: &str, more: &[&str]| {
        let arguments = [&["send", "--to", &listener.url, event], more].concat();
        assert_eq!(run(KEYS, &arguments).status.code(), Some(0));
    };
    send("alert_resolved", &[]);
    send("alert_resolved", &["--corrupt", "signature"]);
    send("process_run_end", &[]);
    assert_eq!(listener.finish().0, 1);
}

fn replay(folder: &Path, url: &str, more: &[&str]) -> (Option<i32>, Value) {
    let folder = folder.to_str().expect("text");
    let common = ["replay", folder, "--to", url, "--format", "json", "--retries", "0"];
    let output = run(KEYS, &[&common[..], more].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    (output.status.code(), report)
}

fn bodies(received: &[Received]) -> Vec<&[u8]> {
    received.iter().map(|one| &one.body[..]).collect()
}

#[test]
fn a_forgery_that_was_recorded_is_not_signed() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path());
    let recorded =
        |number| fs::read(folder.path().join(format!("00000{number}.body"))).expect("is there");

    let receiver = Receiver::start(&["200 OK", "200 OK"]);
    let (code, report) = replay(folder.path(), &receiver.url, &[]);
    assert_eq!((code, &report["unverified"]), (Some(1), &json!(["000002"])));
    assert_eq!(bodies(&receiver.finish()), [recorded(1), recorded(3)]);

    // The forgery is sent with its recorded headers, or if an option asks for it.
    for more in [&["--as-recorded", "--from-start"][..], &["--sign-unverified", "--from-start"]] {
        let receiver = Receiver::start(&["200 OK", "401 No", "200 OK"]);
        let (code, report) = replay(folder.path(), &receiver.url, more);
        assert_eq!((code, &report["unverified"]), (Some(1), &json!([])));
        assert_eq!(bodies(&receiver.finish()), [recorded(1), recorded(2), recorded(3)]);
    }
}

#[test]
fn one_bad_pair_does_not_stop_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path());
    fs::remove_file(folder.path().join("000001.body")).expect("is removed");
    fs::write(folder.path().join("000002.headers"), "no header").expect("is written");
    let receiver = Receiver::start(&["200 OK"]);
    let (code, report) = replay(folder.path(), &receiver.url, &[]);
    assert_eq!(code, Some(1));
    let unreadable: Vec<_> = report["unreadable"].as_array().expect("a list").iter().collect();
    assert_eq!(
        unreadable.iter().map(|one| &one["delivery"]).collect::<Vec<_>>(),
        ["000001", "000002"]
    );
    let third = fs::read(folder.path().join("000003.body")).expect("is there");
    assert_eq!(bodies(&receiver.finish()), [third]);
}

#[test]
fn a_run_that_was_not_acknowledged_is_continued_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path());
    for end in ["headers", "body"] {
        fs::remove_file(folder.path().join(format!("000002.{end}"))).expect("is removed");
    }
    let third = fs::read(folder.path().join("000003.body")).expect("is there");

    // The address has to stay the same, so the first receiver answers all three runs.
    let receiver = Receiver::start(&["200 OK", "500 Oops", "200 OK", "200 OK", "200 OK"]);
    let (code, report) = replay(folder.path(), &receiver.url, &[]);
    assert_eq!((code, &report["acknowledged_before"]), (Some(1), &json!(0)));
    let (code, report) = replay(folder.path(), &receiver.url, &[]);
    assert_eq!((code, &report["acknowledged_before"]), (Some(0), &json!(1)));
    // After a complete run, the next run begins from the start.
    let (code, report) = replay(folder.path(), &receiver.url, &[]);
    assert_eq!((code, &report["acknowledged_before"]), (Some(0), &json!(0)));
    let received = receiver.finish();
    assert_eq!(received.len(), 5);
    assert_eq!([&received[1].body, &received[2].body, &received[4].body], [&third, &third, &third]);
}
