//! Tests which events `spektr serve` forwards; the modules test its secrets and its attempts.

mod forwarding {
    mod attempts;
    mod secrets;
}
mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/service.rs"]
mod service;
#[path = "support/tls.rs"]
mod tls;

use std::path::Path;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use deliver::{Connection, alert};
use receiver::{Received, Receiver};
use service::Service;
use support::{spektr, text};

const KEYS: Option<&str> = Some("dev=any secret");

/// Delivers an event. The service must accept it.
fn deliver(service: &Service, id: &str) {
    let mut connection = Connection::open(service.address()).expect("is open");
    assert_eq!(connection.deliver(&alert(id)).expect("an answer").status, 200);
}

fn headers(received: &Received) -> HeaderMap {
    let pairs = received.headers.iter().filter_map(|line| line.split_once(": "));
    let header = |(name, value): (&str, &str)| {
        let name = HeaderName::try_from(name).expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    };
    pairs.map(header).collect()
}

/// Starts a service that must refuse to start. Returns the first line of its error.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let mut command = spektr(KEYS);
    command.args(["serve", "--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0"]);
    let output = command.args(arguments).current_dir(folder).output().expect("the tool runs");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    text(&output.stderr).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn events_of_other_types_are_done_without_having_been_posted_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["200 OK"]);
    // Post one event at a time, so that the first is done when the second is posted.
    let mut arguments = vec!["--forward", &receiver.url, "--forward-concurrency", "1"];
    arguments.extend(["--forward-types", "customer_tag_add,later_event"]);
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    let warned = service.logs("a type that the schema does not know");
    assert!(warned.contains("later_event"), "{warned}");
    deliver(&service, "e1");
    let mut connection = Connection::open(service.address()).expect("is open");
    let body = br#"{"id":"e2","spektrId":"s","type":"LATER_EVENT","createdAt":1,"data":{}}"#;
    assert_eq!(connection.deliver(body).expect("an answer").status, 200);
    receiver.waits_for(1);
    let (_, metrics) = service.get("/metrics");
    assert!(metrics.contains("\nspektr_inbox_forward_filtered_total 1\n"), "{metrics}");
    assert_eq!(service.terminate().0, Some(0));
    let [posted] = &receiver.finish()[..] else { panic!("one request") };
    assert_eq!(headers(posted)["spektr-entry"], "2");
}

#[test]
fn what_cannot_be_decoded_is_posted_if_it_is_asked_for_and_after_a_replay() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["200 OK", "200 OK"]);
    let malformed = |id: &str| {
        let event = String::from_utf8(alert(id)).expect("text");
        event.replace(r#""alertId":"a""#, r#""alertId":null"#).into_bytes()
    };
    let deliver = |service: &Service, id| {
        let mut connection = Connection::open(service.address()).expect("is open");
        assert_eq!(connection.deliver(&malformed(id)).expect("an answer").status, 200);
    };
    let forward = ["--forward", &receiver.url];
    let mut service = Service::start(KEYS, folder.path(), &forward);
    deliver(&service, "e1");
    let parked = service.logs("is parked");
    assert!(parked.contains("malformed") && parked.contains("e1"), "{parked}");
    service.terminate();

    let forward = [&forward[..], &["--forward-malformed"]].concat();
    let service = Service::start(KEYS, folder.path(), &forward);
    deliver(&service, "e2");
    receiver.waits_for(1);
    let mut replay = spektr(None);
    replay.args(["inbox", "replay", "--state", "malformed"]).current_dir(folder.path());
    let replayed = replay.output().expect("the tool runs");
    assert_eq!(text(&replayed.stdout), "1 entry pending again\n");
    receiver.waits_for(2);
    assert_eq!(service.terminate().0, Some(0));
    let mut list = spektr(None);
    list.args(["inbox", "list", "--state", "done"]).current_dir(folder.path());
    let listed = list.output().expect("the tool runs");
    assert!(text(&listed.stdout).ends_with("2 entries: 2 done\n"), "{}", text(&listed.stdout));

    for (posted, id) in receiver.finish().iter().zip(["e2", "e1"]) {
        let headers = headers(posted);
        assert_eq!(
            (&headers["spektr-event-id"], &posted.body),
            (&id.parse().expect("a value"), &malformed(id))
        );
        assert_eq!(headers["spektr-event-type"], "alert_resolved");
        let reason = "malformed entry: /data/alertId is null, expected string";
        assert_eq!(headers["spektr-malformed"], reason);
    }
}
