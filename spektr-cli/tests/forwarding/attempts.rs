//! Tests the attempts of forwarding: their pauses and number, an endpoint that refuses or is down,
//! and how many requests are open at a time.

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use crate::deliver::{Connection, alert};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::support::{respond, spektr, text};
use crate::{KEYS, deliver, headers, refused};

#[test]
fn a_dead_letter_holds_back_its_spektr_id_until_it_is_resolved() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["422 No", "200 OK", "200 OK"]);
    let arguments = ["--forward", &receiver.url, "--ordered", "--hold-on-dead"];
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    let deliver = |id: &str, spektr_id: &str| {
        let mut connection = Connection::open(service.address()).expect("is open");
        let body = String::from_utf8(alert(id)).expect("text");
        let spektr_id = format!(r#""spektrId":"{spektr_id}""#);
        let body = body.replace(r#""spektrId":"s1""#, &spektr_id);
        assert!(body.contains(&spektr_id), "{body}");
        assert_eq!(connection.deliver(body.as_bytes()).expect("an answer").status, 200);
    };
    deliver("e1", "s1");
    receiver.waits_for(1);
    deliver("e2", "s1");
    deliver("e3", "s2");
    receiver.waits_for(2);
    let (_, metrics) = service.get("/metrics");
    assert!(metrics.contains("\nspektr_inbox_behind_dead_entries 1\n"), "{metrics}");
    let mut resolve = spektr(None);
    resolve.args(["inbox", "resolve", "e1", "--reason", "by hand"]).current_dir(folder.path());
    assert!(resolve.output().expect("the tool runs").status.success());
    receiver.waits_for(3);
    service.logs("parked");
    assert_eq!(service.terminate().0, Some(0));
    let entries = receiver.finish();
    let entries: Vec<_> = entries.iter().map(|one| headers(one)["spektr-entry"].clone()).collect();
    assert_eq!(entries, ["1", "3", "2"]);
}

#[test]
fn attempts_pauses_and_the_time_for_an_answer_are_those_that_were_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["503 Busy", "503 Busy", "503 Busy"]);
    let mut arguments = vec!["--forward", &receiver.url, "--forward-attempts", "3"];
    arguments.extend(["--forward-first-pause", "1ms", "--forward-longest-pause", "2ms"]);
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    deliver(&service, "e1");
    service.logs("parked");
    service.terminate();
    let attempts: Vec<_> = receiver.finish().iter().map(headers).collect();
    let attempts: Vec<_> = attempts.iter().map(|headers| &headers["spektr-attempt"]).collect();
    assert_eq!(attempts, ["1", "2", "3"]);

    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let arguments = ["--forward", &url, "--forward-timeout", "20ms", "--forward-attempts", "1"];
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    deliver(&service, "e2");
    let line = service.logs("parked");
    assert!(line.contains("attempts exhausted: no answer in time"), "{line}");
    service.terminate();
    assert_eq!(
        refused(folder.path(), &["--forward", &url, "--forward-first-pause", "2h"]),
        "error: the first pause of forwarding, 2 h, is longer than the longest, 1 h",
    );
    assert_eq!(
        refused(folder.path(), &["--forward", &url, "--forward-first-probe", "2m"]),
        "error: the first probe of forwarding, 2 min, is longer than the longest, 1 min",
    );
    assert_eq!(
        refused(folder.path(), &["--forward", &url, "--hold-on-dead"]),
        "error: a dead letter holds events back only if they are ordered",
    );
    let held = "error: --keep-dead would delete a dead letter, and the events held behind it would be forwarded";
    let arguments = ["--forward", &url, "--ordered", "--hold-on-dead", "--keep-dead", "90d"];
    assert_eq!(refused(folder.path(), &arguments), held);
    let settings = "[serve]\nhold_on_dead = true\nkeep_dead = '90d'\n";
    fs::write(folder.path().join("spektr.toml"), settings).expect("is written");
    assert_eq!(refused(folder.path(), &["--forward", &url, "--ordered"]), held);
    fs::remove_file(folder.path().join("spektr.toml")).expect("is removed");
    let mut command = spektr(KEYS);
    command.args(["serve", "--forward", &url, "--ordered", "--hold-on-dead"]);
    command.env("SPEKTR_SERVE_KEEP_DEAD", "90d").current_dir(folder.path());
    let output = command.output().expect("the tool runs");
    assert_eq!(output.status.code(), Some(2));
    let expected =
        format!("{held}\nhint:  set only one of the two: --hold-on-dead or --keep-dead\n");
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn what_is_never_accepted_is_a_dead_letter_and_what_is_down_costs_a_line_and_no_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["422 No", "409 No", "200 OK"]);
    let arguments = ["--forward", &receiver.url, "--permanent-statuses", "422"];
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    deliver(&service, "e1");
    let line = service.logs("parked");
    assert!(line.contains("answered with 422"), "{line}");
    deliver(&service, "e2");
    receiver.waits_for(3);
    // Each failed attempt has one line, with the reason and the time of the next attempt.
    let (_, logged) = service.terminate();
    let of = |id: &str| logged.lines().filter(|line| line.contains(id)).collect::<Vec<_>>();
    let [line] = &of("\"e2\"")[..] else { panic!("one line: {logged}") };
    let is_told = ["the attempt has failed", "answered with 409", "next_attempt="];
    assert!(is_told.iter().all(|part| line.contains(part)), "{line}");
    assert_eq!(of("\"e1\"").len(), 1, "{logged}");
    let attempts: Vec<_> = receiver.finish().iter().map(headers).collect();
    let attempts: Vec<_> = attempts.iter().map(|headers| &headers["spektr-attempt"]).collect();
    assert_eq!(attempts, ["1", "1", "2"]);

    // The port is closed, so nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", closed.local_addr().expect("an address"));
    drop(closed);
    let down_after = ["--forward", &url, "--forward-down-after", "3"];
    let mut service = Service::start(KEYS, folder.path(), &down_after);
    for number in 3..100 {
        deliver(&service, &format!("e{number}"));
    }
    let line = service.logs("the destination is down");
    assert!(line.contains("connection refused"), "{line}");
    let (_, metrics) = service.get("/metrics");
    assert!(metrics.contains("\nspektr_inbox_destination_up 0\n"), "{metrics}");
    assert!(metrics.contains("\nspektr_inbox_destination_opened_total 1\n"), "{metrics}");
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    let count = |text: &str| logged.lines().filter(|line| line.contains(text)).count();
    let failed = count("the attempt has failed");
    // On the third failure the destination counts as down, and no failed attempt is logged for it.
    assert_eq!((failed, count("destination is down")), (2, 1), "{logged}");
}

#[test]
fn an_endpoint_that_is_down_is_tried_as_often_as_was_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["503 Busy", "503 Busy", "200 OK"]);
    let mut arguments = vec!["--forward", &receiver.url, "--forward-down-after", "1"];
    arguments.extend(["--forward-first-probe", "50ms", "--forward-longest-probe", "50ms"]);
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    deliver(&service, "e1");
    let line = service.logs("the destination is down");
    assert!(line.contains("next_attempt_seconds=0"), "{line}");
    service.logs("the destination is up again");
    service.terminate();
    let attempts: Vec<_> = receiver.finish().iter().map(headers).collect();
    let attempts: Vec<_> = attempts.iter().map(|headers| &headers["spektr-attempt"]).collect();
    assert_eq!(attempts, ["1", "1", "1"]);
}

#[test]
fn as_many_events_as_were_set_are_posted_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let arguments = ["--forward", &url, "--forward-concurrency", "3", "--forward-rate", "1000"];
    let service = Service::start(KEYS, folder.path(), &arguments);
    for number in 0..6 {
        deliver(&service, &format!("e{number}"));
    }
    for _ in 0..2 {
        // Three requests arrive before any of them is answered.
        let accept = |_| listener.accept().expect("a connection").0;
        let streams: Vec<TcpStream> = (0..3).map(accept).collect();
        listener.set_nonblocking(true).expect("is set");
        let fourth = listener.accept().map(drop).map_err(|error| error.kind());
        assert_eq!(fourth, Err(ErrorKind::WouldBlock));
        listener.set_nonblocking(false).expect("is set");
        for stream in streams {
            respond(stream, "200 OK");
        }
    }
    assert_eq!(service.terminate().0, Some(0));
}
