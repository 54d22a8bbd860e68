//! The bytes on the wire: the sender's retries, and requests without changes or additions.

#[path = "support/listener.rs"]
mod listener;
mod support;

#[path = "support/receiver.rs"]
mod receiver;

use std::io::{Read, Write};
use std::net::TcpStream;

use listener::Listener;
use receiver::Receiver;
use serde_json::Value;
use support::{run, text};

const KEYS: Option<&str> = Some("dev=any secret");

fn send(url: &str, more: &[&str]) -> (Option<i32>, Value) {
    let mut arguments = vec!["send", "--to", url, "alert_resolved", "--format", "json"];
    arguments.extend(["--retry-interval", "1ms"]);
    arguments.extend(more);
    let output = run(KEYS, &arguments);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    (output.status.code(), report)
}

#[test]
fn what_fails_at_first_is_tried_again_with_the_same_bytes() {
    let receiver = Receiver::start(&["500 Oops", "202 Accepted", "200 OK"]);
    let (code, report) = send(&receiver.url, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(report["attempts"], 3);
    assert_eq!(report["acknowledged"], 1);
    let [first, second, third] = &receiver.finish()[..] else { panic!("three requests") };
    assert_eq!(first.body, second.body);
    assert_eq!(first.body, third.body);
    assert_eq!(first.headers, third.headers);
}

#[test]
fn only_200_counts_and_no_redirect_is_followed() {
    for (answer, status) in
        [(&["204 No Content"], "204"), (&["301 Moved\r\nlocation: /other"], "301")]
    {
        let receiver = Receiver::start(answer);
        let (code, report) = send(&receiver.url, &["--retries", "0"]);
        assert_eq!(code, Some(1));
        assert_eq!(report["dropped"][0]["last_answer"], status);
        assert_eq!(receiver.finish().len(), 1);
    }
}

#[test]
fn a_delivery_has_the_documented_headers_and_no_others() {
    let receiver = Receiver::start(&["200 OK"]);
    assert_eq!(send(&receiver.url, &[]).0, Some(0));
    let received = receiver.finish();
    assert_eq!(received[0].headers[0], "POST /hook HTTP/1.1");
    let mut names: Vec<_> = received[0].headers[1..]
        .iter()
        .filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase()))
        .collect();
    names.sort();
    let expected = [
        "content-length",
        "content-type",
        "host",
        "x-signature",
        "x-signature-alg",
        "x-signature-key-id",
        "x-signature-timestamp",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_tap_changes_neither_body_nor_headers() {
    let receiver = Receiver::start(&["503 Busy"]);
    let tap = Listener::start(KEYS, 1, &["--forward", &receiver.url]);
    let address = tap.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let body = b"{\"results\" : [ ]\r\n}\xff";
    let head = format!(
        "POST /any HTTP/1.1\r\nHost: {address}\r\nX-Signature: a\r\nx-signature: b\r\n\
         X-Odd: \u{fc}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len(),
    );
    let mut stream = TcpStream::connect(&address).expect("listens");
    stream.write_all(&[head.as_bytes(), body].concat()).expect("is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");

    let received = receiver.finish();
    assert_eq!(received[0].body, body);
    let own = |line: &&String| line.to_ascii_lowercase().starts_with("x-");
    let headers: Vec<_> = received[0].headers.iter().filter(own).collect();
    assert_eq!(headers, ["x-signature: a", "x-signature: b", "x-odd: \u{fc}"]);
    let (code, shown) = tap.finish();
    assert_eq!(code, 1);
    assert!(
        shown.contains("forwarded, answered with 503: the sender counts this as a failure"),
        "{shown}"
    );
}

#[test]
fn a_tap_gives_back_what_the_receiver_says_and_not_what_is_of_its_connection() {
    const ANSWER: &str = "503 Busy\r\nretry-after: 7\r\nlocation: /a\r\ncontent-encoding: gzip\r\n\
                          keep-alive: timeout=9\r\nx-hop: 1\r\nconnection: x-hop";
    let receiver = Receiver::start(&[ANSWER]);
    let tap = Listener::start(KEYS, 1, &["--forward", &receiver.url]);
    let address = tap.url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("connects");
    let request = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close, x-mine\r\nx-mine: 1\r\n\
                   te: trailers\r\nx-other: 2\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(request.as_bytes()).expect("is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let has = |line: &str| answer.lines().any(|other| other == line);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    for line in ["retry-after: 7", "location: /a", "content-encoding: gzip"] {
        assert!(has(line), "{answer}");
    }
    assert!(!answer.contains("x-hop") && !answer.contains("keep-alive"), "{answer}");
    let [passed] = &receiver.finish()[..] else { panic!("one request") };
    let names: Vec<_> =
        passed.headers[1..].iter().filter_map(|line| line.split(':').next()).collect();
    assert!(names.contains(&"x-other"), "{names:?}");
    assert!(!names.iter().any(|name| ["x-mine", "te", "connection"].contains(name)), "{names:?}");
    assert_eq!(tap.finish().0, 1);
}

#[test]
fn a_scenario_is_the_story_of_one_customer_after_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("evening.json");
    let story = r#"{"description":"An alert.","shared":["spektrId","alertId"],
        "steps":[{"send":["alert_created"]},{"after":3600,"send":["service_run","alert_resolved/full"]}]}"#;
    std::fs::write(&path, story).expect("is written");
    let receiver = Receiver::start(&["200 OK"; 4]);
    let path = path.to_str().expect("text");
    let scenario = ["--scenario", path, "--no-pauses", "--repeat", "2"];
    let output = run(KEYS, &[&["send", "--to", &receiver.url], &scenario[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("An alert.\n"), "{}", text(&output.stdout));
    let bodies = receiver.finish().into_iter().map(|request| {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        body["results"].as_array().expect("a batch").clone()
    });
    let bodies: Vec<_> = bodies.collect();
    let types = |body: &Vec<Value>| -> Vec<String> {
        body.iter().map(|entry| entry["type"].as_str().expect("text").to_owned()).collect()
    };
    let one = [vec!["alert_created"], vec!["service_run", "alert_resolved"]];
    assert_eq!(bodies.iter().map(types).collect::<Vec<_>>(), [one.clone(), one].concat());
    let customer = |story: &[Vec<Value>]| {
        let mut ids: Vec<_> =
            story.concat().iter().map(|entry| entry["spektrId"].clone()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
        ids.remove(0)
    };
    assert_ne!(customer(&bodies[..2]), customer(&bodies[2..]));
    let mut ids: Vec<_> = bodies.concat().iter().map(|entry| entry["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[test]
fn a_scenario_pauses_between_its_steps_and_says_for_how_long() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("short.json");
    let story =
        r#"{"description":"Short.","shared":[],"steps":[{"after":1,"send":["step_init"]}]}"#;
    std::fs::write(&path, story).expect("is written");
    let receiver = Receiver::start(&["200 OK"]);
    let began = std::time::Instant::now();
    let path = path.to_str().expect("text");
    let output = run(KEYS, &["send", "--to", &receiver.url, "--scenario", path]);
    // The minimum holds even on a slow machine.
    assert!(began.elapsed() >= std::time::Duration::from_secs(1));
    let said = text(&output.stdout);
    assert!(
        said.starts_with("Short. It pauses for 1 s; --no-pauses skips the pauses.\n"),
        "{said}"
    );
    assert_eq!(receiver.finish().len(), 1);
}

/// With `--corrupt`, an invalid scenario must not lead to the report that all was refused.
#[test]
fn a_scenario_that_is_none_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wrong.json");
    let name = path.to_str().expect("text");
    let none = |what: &str| format!("error: {name} is not a scenario: {what}\n");
    for (content, said) in [
        (
            r#"{"description":"","shared":[],"steps":[]}"#,
            none("it has no steps, or a step that sends nothing"),
        ),
        (
            r#"{"description":"","shared":[],"steps":[{"send":[]}]}"#,
            none("it has no steps, or a step that sends nothing"),
        ),
        (
            r#"{"description":"","shared":["id"],"steps":[{"send":["step_init"]}]}"#,
            none("each event has its own `id`, which cannot be shared"),
        ),
        (
            r#"{"steps":[{"send":["step_init"]}]}"#,
            none("missing field `description` at line 1 column 34"),
        ),
        (
            r#"{"description":"","shared":["spektrid"],"steps":[{"send":["step_init"]}]}"#,
            "error: no event of the scenario has a member `spektrid`\n".to_owned(),
        ),
    ] {
        std::fs::write(&path, content).expect("is written");
        let corrupt = ["--scenario", name, "--corrupt", "signature"];
        let output = run(KEYS, &[&["send", "--to", "http://127.0.0.1:9/"], &corrupt[..]].concat());
        assert_eq!(output.status.code(), Some(2));
        let error = text(&output.stderr).split_inclusive('\n').next().expect("a line");
        assert_eq!(error, said);
    }
}

#[test]
fn a_scenario_that_cannot_be_read_sends_nothing() {
    for (name, said) in [
        (
            "onbording",
            "error: there is no scenario `onbording`\nhint:  did you mean `onboarding`? the scenarios are monitoring, onboarding; the name of your own file must end in .json\n",
        ),
        (
            "nowhere.json",
            "error: cannot read nowhere.json: No such file or directory (os error 2)\n",
        ),
    ] {
        let output = run(KEYS, &["send", "--to", "http://127.0.0.1:9/", "--scenario", name]);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), said));
    }
}
