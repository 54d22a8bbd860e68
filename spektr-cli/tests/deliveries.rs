//! Deliveries over sockets of this machine: the sender's retries, forgeries, forwarding, recording
//! and replaying.

#[path = "support/listener.rs"]
mod listener;
mod support;

use listener::Listener;
use serde_json::Value;
use support::{json_lines, run, text};

const KEYS: Option<&str> = Some("dev=any secret");
const OTHER: Option<&str> = Some("dev=another secret");

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_delivery_is_tried_four_times_and_then_given_up() {
    let listener = Listener::start(OTHER, 4, &[]);
    let sent = run(
        KEYS,
        &[
            "send",
            "--to",
            &listener.url,
            "alert_resolved",
            "--retry-interval",
            "1ms",
            "--format",
            "json",
        ],
    );
    assert_eq!(sent.status.code(), Some(1));
    let report = json(&sent);
    assert_eq!(report["attempts"], 4);
    assert_eq!(report["answers"]["401"], 4);
    assert_eq!(report["dropped"][0]["attempts"], 4);
    assert_eq!(listener.finish().0, 1);
}

#[test]
fn a_forgery_that_is_refused_is_what_was_asked_for() {
    for corruption in ["signature", "timestamp", "body"] {
        let listener = Listener::start(KEYS, 2, &["--format", "json"]);
        let arguments = [
            "send",
            "--to",
            &listener.url,
            "alert_resolved",
            "--repeat",
            "2",
            "--corrupt",
            corruption,
        ];
        let sent = run(KEYS, &arguments);
        assert_eq!(sent.status.code(), Some(0), "{corruption}: {}", text(&sent.stdout));
        assert!(text(&sent.stdout).ends_with("all refused: that is right\n"));
        let expected =
            if corruption == "timestamp" { "timestamp_too_old" } else { "signature_mismatch" };
        let (_, printed) = listener.finish();
        let reasons: Vec<_> =
            json_lines(&printed).iter().map(|line| line["reason"].clone()).collect();
        assert_eq!(reasons, [expected, expected], "{corruption}");
    }
}

#[test]
fn a_listener_prints_what_it_was_asked_for_and_takes_the_rest_as_well() {
    let wanted = ["--type", "ALERT_RESOLVED", "--match", "data.alertName=A", "--format", "json"];
    let listener = Listener::start(KEYS, 4, &wanted);
    for arguments in [
        &["alert_resolved", "--set", "data.alertName=A"][..],
        &["alert_resolved", "--set", "data.alertName=B"],
        &["step_init"],
        &["step_init", "alert_resolved", "--set", "data.alertName=A", "--batch", "2", "--as-is"],
    ] {
        let sent = run(KEYS, &[&["send", "--to", &listener.url], arguments].concat());
        assert_eq!(sent.status.code(), Some(0), "{arguments:?}: {}", text(&sent.stderr));
    }
    let (code, printed) = listener.finish();
    let events: Vec<Vec<_>> = json_lines(&printed)
        .iter()
        .map(|line| line["entries"].as_array().into_iter().flatten())
        .map(|entries| entries.map(|entry| entry["event"].clone()).collect())
        .collect();
    assert_eq!((code, events), (0, vec![vec!["ALERT_RESOLVED".into()]; 2]));
}

#[test]
fn a_receiver_that_acknowledges_a_forgery_fails() {
    let listener = Listener::start(None, 1, &["--unsigned"]);
    let arguments = ["send", "--to", &listener.url, "alert_resolved", "--corrupt", "signature"];
    let sent = run(KEYS, &arguments);
    assert_eq!(sent.status.code(), Some(1));
    let report = text(&sent.stdout);
    assert!(
        report.contains("1 delivery was forged: the receiver acknowledged them and must not"),
        "{report}"
    );
    listener.finish();
}

#[test]
fn a_duplicate_is_the_same_event_twice_and_other_events_have_ids_of_their_own() {
    let listener = Listener::start(KEYS, 4, &["--format", "json"]);
    let url = listener.url.clone();
    let events = ["send", "--to", &url, "alert_resolved", "process_run_end", "--batch", "1"];
    assert_eq!(run(KEYS, &events).status.code(), Some(0));
    let twice = ["send", "--to", &url, "alert_resolved", "--corrupt", "duplicate"];
    assert_eq!(run(KEYS, &twice).status.code(), Some(0));
    let (code, printed) = listener.finish();
    assert_eq!(code, 0);
    let lines = json_lines(&printed);
    let ids: Vec<_> = lines.iter().map(|line| &line["entries"][0]["id"]).collect();
    assert_eq!(ids[2], ids[3]);
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

#[test]
fn members_can_be_set_and_envelopes_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().to_str().expect("text");
    let listener = Listener::start(KEYS, 1, &["--record", record]);
    let sent = run(
        KEYS,
        &[
            "send",
            "--to",
            &listener.url,
            "alert_resolved",
            "--envelope",
            "eventType",
            "--batch",
            "5",
            "--repeat",
            "3",
            "--set",
            "data.alertName=Test",
            "--set",
            "id=fixed",
            "--set",
            "/data/new=[1]",
        ],
    );
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
    assert_eq!(listener.finish().0, 0);
    let body = std::fs::read(folder.path().join("000001.body")).expect("is recorded");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let results = body["results"].as_array().expect("a batch");
    assert_eq!(results.len(), 3);
    for entry in results {
        assert_eq!(entry["eventType"], "alert_resolved");
        assert_eq!(entry["data"]["alertName"], "Test");
        assert_eq!(entry["data"]["new"][0], 1);
        assert_eq!(entry["id"], "fixed");
    }
}

#[test]
fn what_was_recorded_is_forwarded_verified_and_sent_again_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let path = |path: &std::path::Path| path.to_str().expect("text").to_owned();

    // The receiver records the deliveries that the listener in front of it forwards.
    let receiver = Listener::start(KEYS, 2, &["--record", &path(&second)]);
    let tap = ["--forward", &receiver.url, "--record", &path(&first)];
    let listener = Listener::start(KEYS, 1, &tap);
    let sent = run(KEYS, &["send", "--to", &listener.url, "process_run_end"]);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    let (code, shown) = listener.finish();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("forwarded, answered with 200\n"), "{shown}");

    // `replay` signs the delivery again, with the same body.
    let again = run(KEYS, &["replay", &path(&first), "--to", &receiver.url]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stdout));
    assert_eq!(receiver.finish().0, 0);
    let read = |folder: &std::path::Path, name: &str| std::fs::read(folder.join(name)).expect(name);
    let body = read(&first, "000001.body");
    assert_eq!(read(&second, "000001.body"), body);
    assert_eq!(read(&second, "000002.body"), body);

    // `verify` can read the recorded files.
    let verified = run(
        KEYS,
        &[
            "verify",
            "--headers",
            &path(&second.join("000001.headers")),
            "--body",
            &path(&second.join("000001.body")),
        ],
    );
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));
}

#[test]
fn a_tap_passes_on_what_it_cannot_verify_and_gives_back_the_receivers_answer() {
    let receiver = Listener::start(KEYS, 1, &[]);
    let tap = Listener::start(OTHER, 1, &["--forward", &receiver.url]);
    let sent = run(KEYS, &["send", "--to", &tap.url, "alert_resolved"]);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    let (code, shown) = tap.finish();
    assert_eq!(code, 1);
    assert!(shown.contains("REFUSED  the signature by key dev does not match\n"), "{shown}");
    assert_eq!(receiver.finish().0, 0);
}

#[test]
fn a_replay_without_signing_is_old_to_the_receiver() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().to_str().expect("text");
    let listener = Listener::start(KEYS, 1, &["--record", record]);
    let forged = ["send", "--to", &listener.url, "alert_resolved", "--corrupt", "timestamp"];
    assert_eq!(run(KEYS, &forged).status.code(), Some(0));
    listener.finish();

    let receiver = Listener::start(KEYS, 1, &["--format", "json"]);
    let again = ["replay", record, "--to", &receiver.url, "--as-recorded", "--retries", "0"];
    assert_eq!(run(None, &again).status.code(), Some(1));
    let (_, printed) = receiver.finish();
    assert_eq!(json_lines(&printed)[0]["reason"], "timestamp_too_old");
}
