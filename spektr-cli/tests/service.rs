//! The inbox as a service: events answered with 200 survive a kill, are forwarded until the
//! endpoint accepts them, and can be operated on while the service runs.

mod support;

#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/service.rs"]
mod service;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use receiver::Receiver;
use serde_json::Value;
use service::Service;
use support::{json_lines, run, spektr, text};

const KEYS: Option<&str> = Some("dev=any secret");

/// Runs `spektr inbox …` in a folder.
fn inbox(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = spektr(None);
    command.arg("inbox").args(arguments).current_dir(folder);
    command.output().expect("the tool runs")
}

/// Runs `spektr inbox …`, which must succeed. Returns its output.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = inbox(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

fn listed(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    json_lines(&printed(folder, &[&["list", "--format", "json"], arguments].concat()))
}

fn send(url: &str, arguments: &[&str]) {
    let sent = run(KEYS, &[&["send", "--to", url], arguments].concat());
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
}

#[test]
fn a_thousand_events_are_all_there_after_the_service_was_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(KEYS, folder.path(), &[]);
    send(&service.url, &["alert_resolved", "--repeat", "1000", "--batch", "7"]);
    service.kill();

    let service = Service::start(KEYS, folder.path(), &[]);
    let entries = listed(folder.path(), &[]);
    assert_eq!(entries.len(), 1000);
    let ids: BTreeSet<_> = entries.iter().map(|entry| entry["id"].to_string()).collect();
    assert_eq!(ids.len(), 1000);
    assert!(entries.iter().all(|entry| entry["state"] == "pending"));
    let shown = printed(folder.path(), &["list"]);
    assert_eq!(shown.lines().count(), 1001);
    assert!(shown.ends_with("\n1000 entries: 1000 pending\n"));
    // A duplicate is acknowledged, but not stored.
    let again = ["alert_resolved", "--set", "id=evt_same", "--as-is", "--corrupt", "duplicate"];
    send(&service.url, &again);
    assert_eq!(listed(folder.path(), &[]).len(), 1001);
    assert_eq!(service.terminate().0, Some(0));
}

#[test]
fn what_is_refused_is_logged_in_a_line_without_what_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--log-level", "warn"];
    let service = Service::start(Some("dev=another secret"), folder.path(), &arguments);
    let forged = ["--set", "data.alertName=marker", "--retries", "0"];
    let sent =
        run(KEYS, &[&["send", "--to", &service.url, "alert_resolved"], &forged[..]].concat());
    assert_eq!(sent.status.code(), Some(1));
    assert!(text(&sent.stdout).contains("delivery 1: 401 after 1 attempt\n"));
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(logged.lines().count(), 1, "{logged}");
    assert!(
        logged.contains("delivery rejected reason=\"signature_mismatch\" status=401"),
        "{logged}"
    );
    assert!(!logged.contains("marker") && !logged.contains("secret"), "{logged}");
    assert_eq!(listed(folder.path(), &[]).len(), 0);
}

#[test]
fn what_was_rejected_is_kept_diagnosed_and_recovered_once_the_setting_is_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let content = "{key_id}.{timestamp}.{body}";
    let service = Service::start(KEYS, path, &["--quarantine"]);
    let other = ["alert_resolved", "--retries", "0", "--signed-content", content];
    let sent = run(KEYS, &[&["send", "--to", &service.url], &other[..]].concat());
    assert_eq!(sent.status.code(), Some(1));
    assert_eq!(listed(path, &[]).len(), 0);

    let kept = printed(path, &["quarantine", "--record", "rejected", "--format", "json"]);
    assert_eq!(json_lines(&kept)[0]["reason"], "signature_mismatch");
    let with_keys = |arguments: &[&str]| {
        spektr(KEYS).args(arguments).current_dir(path).output().expect("the tool runs")
    };
    let (headers, body) = ("rejected/000001.headers", "rejected/000001.body");
    let diagnosed = with_keys(&["diagnose", "--headers", headers, "--body", body]);
    assert_eq!(diagnosed.status.code(), Some(0));
    assert!(text(&diagnosed.stdout).contains(content), "{}", text(&diagnosed.stdout));

    let wrong = with_keys(&["inbox", "recover"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert_eq!(text(&wrong.stdout), "0 deliveries recovered, 1 remain\n");
    let right = with_keys(&["inbox", "recover", "--signed-content", content]);
    assert_eq!(right.status.code(), Some(0));
    assert_eq!(text(&right.stdout), "1 delivery recovered, 0 remain\n");
    assert_eq!(listed(path, &[])[0]["wire_type"], "alert_resolved");
    assert_eq!(
        printed(path, &["quarantine"]),
        "0 deliveries in quarantine (`serve` keeps them with --quarantine only)\n"
    );
    service.terminate();
}

#[test]
fn events_are_posted_on_until_they_are_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["503 Busy", "201 Created", "204 No Content"]);
    let forward = ["--forward", &receiver.url, "--source", "sandbox", "--log-level", "debug"];
    let mut service = Service::start(KEYS, folder.path(), &forward);
    send(&service.url, &["alert_resolved", "--set", "id=evt_1"]);
    service.logs("attempt ended result=\"done\"");
    let done = listed(folder.path(), &["--state", "done"]);
    assert_eq!((&done[0]["attempts"], &done[0]["source"]), (&2.into(), &"sandbox".into()));
    // An id with a line feed cannot be a header. An unknown event is forwarded too.
    send(&service.url, &["unknown", "--set", r#"id="evt_2\nx: y""#]);
    service.logs("attempt ended result=\"done\"");
    assert_eq!(listed(folder.path(), &["--state", "done"]).len(), 2);
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    let refused: Vec<_> =
        logged.lines().filter(|line| line.contains("the attempt has failed")).collect();
    let [refused] = refused[..] else { panic!("{logged}") };
    assert!(refused.contains(r#"event_id="evt_1" "#), "{refused}");
    assert!(refused.ends_with(" reason=\"answered with 503\""), "{refused}");

    let [first, again, unknown] = &receiver.finish()[..] else { panic!("three requests") };
    let own = |received: &receiver::Received| {
        let own = |line: &&String| line.starts_with("spektr-") || line.starts_with("content-type");
        received.headers.iter().filter(own).cloned().collect::<Vec<_>>()
    };
    let mut expected = [
        "content-type: application/json",
        "spektr-event-id: evt_1",
        "spektr-event-type: alert_resolved",
        "spektr-source: sandbox",
        "spektr-entry: 1",
        "spektr-attempt: 1",
    ];
    assert_eq!(own(first), expected);
    expected[5] = "spektr-attempt: 2";
    assert_eq!(own(again), expected);
    assert_eq!(first.body, again.body);
    let shown = printed(folder.path(), &["show", "evt_1", "--reveal", "--format", "json"]);
    let shown = &json_lines(&shown)[0];
    assert_eq!(shown["raw"].as_str().map(str::as_bytes), Some(&first.body[..]));
    let statuses = [0, 1].map(|index| shown["history"][index]["status"].as_u64());
    assert_eq!(statuses, [Some(503), Some(201)]);

    let expected = [
        "content-type: application/json",
        "spektr-event-type: example_future_event",
        "spektr-source: sandbox",
        "spektr-entry: 2",
        "spektr-attempt: 1",
    ];
    assert_eq!(own(unknown), expected);
    assert!(text(&unknown.body).contains(r#""id":"evt_2\nx: y""#));
}

#[test]
fn entries_are_looked_after_while_the_service_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let service = Service::start(KEYS, path, &[]);
    send(&service.url, &["alert_resolved", "--set", "id=evt_1", "--set", "spektrId=spk_1"]);
    send(&service.url, &["alert_resolved", "--set", "id=evt_2", "--set", "spektrId=spk_2"]);
    // This event has the same id, with another content.
    send(&service.url, &["alert_resolved", "--set", "id=evt_2", "--set", "spektrId=spk_3"]);

    // For an id of two entries, `show` prints both.
    let numbers = |shown: &str| -> Vec<i64> {
        json_lines(shown).iter().filter_map(|entry| entry["number"].as_i64()).collect()
    };
    assert_eq!(numbers(&printed(path, &["show", "evt_2", "--format", "json"])), [2, 3]);
    assert_eq!(inbox(path, &["show", "evt_3"]).status.code(), Some(1));

    // Export the entries, to be handled elsewhere.
    assert_eq!(printed(path, &["export", "--out", "a.jsonl"]), "3 entries in a.jsonl\n");
    let file = std::fs::metadata(path.join("a.jsonl")).expect("is there");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let again = inbox(path, &["export", "--out", "a.jsonl"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("cannot write a.jsonl: File exists"));
    let exported = std::fs::read_to_string(path.join("a.jsonl")).expect("is text");
    // The second export contains the record of the first.
    let again = printed(path, &["export"]);
    let record = again.strip_prefix(&exported).expect("the same entries");
    let record: serde_json::Value = serde_json::from_str(record).expect("one more line");
    assert_eq!((&record["kind"], &record["action"]), (&"action".into(), &"export".into()));
    let mended = exported.replace(r#""state":"pending""#, r#""state":"done""#);
    std::fs::write(path.join("b.jsonl"), mended).expect("is written");
    let other = ["--store", "sqlite://b.db"];
    let imported = printed(path, &[&["import", "b.jsonl"], &other[..]].concat());
    assert_eq!(imported, "3 entries imported, 0 there already\n");

    let replayed = printed(path, &[&["replay", "--state", "conflict"], &other[..]].concat());
    assert_eq!(replayed, "1 entry pending again\n");
    let replayed = inbox(path, &[&["replay", "3", "evt_1", "gone"], &other[..]].concat());
    assert_eq!(replayed.status.code(), Some(1));
    assert_eq!(
        text(&replayed.stdout),
        "there is no entry gone\nentry 3 is pending; `spektr inbox retry 3` makes it due\n1 entry pending again\n",
    );

    let dry = [&["prune", "--older-than", "0s", "--dry-run"], &other[..]].concat();
    assert_eq!(printed(path, &dry), "1 entry would be deleted\n");
    let prune = [&["prune", "--older-than", "0s"], &other[..]].concat();
    assert_eq!(printed(path, &prune), "1 entry deleted\n");
    let rest = listed(path, &other);
    let rest: Vec<_> = rest.iter().map(|entry| (&entry["number"], &entry["state"])).collect();
    assert_eq!(rest, [(&1.into(), &"pending".into()), (&3.into(), &"pending".into())]);

    let unasked = inbox(path, &["erase", "spk_2"]);
    assert_eq!(unasked.status.code(), Some(2));
    assert!(text(&unasked.stderr).contains("--yes erases without asking"));
    assert_eq!(printed(path, &["erase", "spk_2", "--yes"]), "1 entry of this person erased\n");
    assert_eq!(listed(path, &[]).len(), 2);
    assert_eq!(printed(path, &["redecode"]), "0 entries decoded\n");
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    assert!(logged.contains("an id was there with another content number=3"), "{logged}");
}

#[test]
fn dead_letters_are_listed_with_their_reason_and_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let dead = r#"{"id":"e1","type":"x","state":"dead","receivedAt":1700000000000,"raw":"{\"id\":\"e1\"}"}"#;
    std::fs::write(folder.path().join("dead.jsonl"), format!("{dead}\n")).expect("is written");
    printed(folder.path(), &["import", "dead.jsonl"]);
    let shown = printed(folder.path(), &["dead"]);
    assert!(
        shown.ends_with(
            "1 dead letter\nonce the reason is gone: spektr inbox replay --state dead\n"
        )
    );
    assert_eq!(json_lines(&printed(folder.path(), &["dead", "--format", "json"]))[0]["id"], "e1");
    let replayed = printed(folder.path(), &["replay", "--state", "dead"]);
    assert_eq!(replayed, "1 entry pending again\n");
    assert_eq!(printed(folder.path(), &["dead"]), "0 dead letters\n");
}

#[test]
fn looking_for_entries_makes_no_inbox() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["list"][..], &["show", "1"], &["dead"], &["export"], &["redecode"]] {
        let output = inbox(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = text(&output.stderr);
        assert!(message.starts_with("error: there is no inbox at sqlite://spektr-inbox.db\n"));
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
