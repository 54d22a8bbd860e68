//! How `spektr serve` forwards events: with signatures, with the user's own headers, and with the
//! configured attempts and rates.

mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/service.rs"]
mod service;
#[path = "support/tls.rs"]
mod tls;

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{self, TryRecvError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use deliver::{Connection, alert, respond};
use receiver::{Received, Receiver};
use service::Service;
use standardwebhooks::Webhook;
use support::{spektr, text};
use tls::{Certificate, TlsServer};

const KEYS: Option<&str> = Some("dev=any secret");

const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Writes a file that only its owner can read.
fn secret(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("is closed");
}

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

/// Verifies a request as an endpoint does, with the signature specification's own library.
fn is_signed(received: &Received, key: &str) -> bool {
    let webhook = Webhook::new(key).expect("a key");
    webhook.verify(&received.body, &headers(received)).is_ok()
}

#[test]
fn what_is_posted_is_signed_by_one_key_and_by_two_while_they_are_rotated() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["503 Busy", "200 OK", "200 OK", "200 OK"]);
    secret(folder.path(), "keys.txt", ONE);
    let forward = ["--forward", &receiver.url, "--forward-keys", "keys.txt"];
    let mut service = Service::start(KEYS, folder.path(), &forward);
    deliver(&service, "e1");
    receiver.waits_for(2);

    let mut read_again = |text: &str| {
        secret(folder.path(), "keys.txt", text);
        service.signal("HUP");
        service.logs("settings were read again");
        deliver(&service, text.get(..9).unwrap_or("none"));
    };
    read_again(&format!("{OTHER}\n{ONE}\n"));
    receiver.waits_for(3);
    // After reading a broken file, the service keeps its keys.
    read_again("whsec_marker");
    receiver.waits_for(4);
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    assert!(logged.contains("--forward-keys"), "{logged}");
    assert!(!logged.contains("marker") && !logged.contains(&ONE[6..]), "{logged}");

    let [failed, again, rotated, kept] = &receiver.finish()[..] else { panic!("four requests") };
    let verified = |received| [ONE, OTHER].map(|key| is_signed(received, key));
    assert_eq!(verified(failed), [true, false]);
    assert_eq!(verified(again), [true, false]);
    assert_eq!(verified(rotated), [true, true]);
    assert_eq!(verified(kept), [true, true]);
    let id = |received| headers(received)["webhook-id"].to_str().expect("text").to_owned();
    assert_eq!(id(failed), id(again));
    assert_ne!(id(again), id(rotated));
    let changed = Received { headers: rotated.headers.clone(), body: b"{}".to_vec() };
    assert_eq!(verified(&changed), [false, false]);
}

#[test]
fn headers_of_a_file_are_added_and_read_again_and_not_logged() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["200 OK", "200 OK"]);
    secret(folder.path(), "headers.txt", "Authorization: Bearer marker-1\nx-tenant: 7\n");
    let forward = ["--forward", &receiver.url, "--forward-headers", "headers.txt"];
    let forward = [&forward[..], &["--log-level", "debug"]].concat();
    let mut service = Service::start(KEYS, folder.path(), &forward);
    deliver(&service, "e1");
    receiver.waits_for(1);
    secret(folder.path(), "headers.txt", "Authorization: Bearer marker-2\n");
    service.signal("HUP");
    service.logs("settings were read again");
    deliver(&service, "e2");
    receiver.waits_for(2);
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    assert!(!logged.contains("marker"), "{logged}");

    let requests = receiver.finish();
    let [first, second] = &requests[..] else { panic!("two requests") };
    let (first, second) = (headers(first), headers(second));
    assert_eq!(first["authorization"], "Bearer marker-1");
    assert_eq!(
        (&first["x-tenant"], &first["spektr-entry"]),
        (&"7".parse().expect("a value"), &"1".parse().expect("a value"))
    );
    assert_eq!(second["authorization"], "Bearer marker-2");
    assert!(!second.contains_key("x-tenant") && !second.contains_key("webhook-id"));
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
fn a_file_that_cannot_be_used_is_refused_at_the_start_and_an_open_one_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |arguments: &[&str]| refused(folder.path(), arguments);
    secret(folder.path(), "keys.txt", "whsec_bWFya2Vy\n");
    let url = "http://127.0.0.1:9/";
    assert_eq!(
        refused(&["--forward", url, "--forward-keys", "keys.txt"]),
        "error: the signing keys in keys.txt cannot be used: line 1: the key has 6 bytes, and 24 to 64 are expected",
    );
    assert_eq!(
        refused(&["--forward", url, "--forward-headers", "keys.txt"]),
        "error: the headers in keys.txt cannot be used: line 1: `name: value` is expected",
    );
    assert_eq!(
        refused(&["--forward", url, "--forward-ca", "keys.txt"]),
        "error: certificates for TLS are named, but events would be posted without TLS",
    );
    assert_eq!(
        refused(&["--forward-keys", "keys.txt"]),
        "error: there is no URL to post events to",
    );

    fs::write(folder.path().join("open.txt"), OTHER).expect("is written");
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(folder.path().join("open.txt"), mode).expect("is opened");
    let configuration = format!("[serve]\nforward = '{url}'\nforward_keys = 'open.txt'\n");
    fs::write(folder.path().join("spektr.toml"), configuration).expect("is written");
    let mut service = Service::start(KEYS, folder.path(), &[]);
    let warned = service.logs("others can read a file with a secret");
    assert!(warned.contains("open.txt"), "{warned}");
    service.terminate();
}

#[test]
fn an_authority_of_ones_own_is_trusted_and_a_certificate_shown() {
    let (folder, other) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
    let client = Certificate::make("client");
    secret(folder.path(), "client.pem", &client.certificate);
    secret(folder.path(), "client.key", &client.key.serialize_pem());
    let (posted, posts) = mpsc::channel();
    let server = TlsServer::start_for(folder.path(), Some(&client), move |head| {
        let entry = head.iter().find(|line| line.starts_with("spektr-entry"));
        posted.send(entry.cloned()).expect("is awaited");
        String::new()
    });
    let stranger = TlsServer::start(other.path(), |_| String::new());
    let own = server.certificate.to_string_lossy();
    let (stranger, url) = (stranger.certificate.to_string_lossy(), &server.url[..]);
    let identity = ["--forward-certificate", "client.pem", "--forward-private-key", "client.key"];
    let pauses = ["--forward-attempts", "1"];
    let start = |arguments: &[&str]| {
        let arguments = [&["--forward", url][..], &pauses, arguments].concat();
        Service::start(KEYS, folder.path(), &arguments)
    };
    // The client does not trust the server by the system's authorities (e1), nor by another
    // authority (e2). The server does not accept a client without a certificate (e3).
    let strange = [&["--forward-ca", &*stranger][..], &identity].concat();
    for (id, arguments) in
        [("e1", &identity[..]), ("e2", &strange[..]), ("e3", &["--forward-ca", &*own][..])]
    {
        let mut service = start(arguments);
        deliver(&service, id);
        let line = service.logs(id);
        assert!(line.contains("parked") && line.contains("attempts exhausted: "), "{line}");
        service.terminate();
    }
    let service = start(&[&["--forward-ca", &*own][..], &identity].concat());
    deliver(&service, "e4");
    assert_eq!(posts.recv().expect("a post").as_deref(), Some("spektr-entry: 4"));
    assert_eq!(service.terminate().0, Some(0));
    assert_eq!(posts.try_recv(), Err(TryRecvError::Empty));

    let refused =
        |arguments: &[&str]| refused(folder.path(), &[&["--forward", url][..], arguments].concat());
    assert_eq!(
        refused(&identity[..2]),
        "error: a certificate and its private key belong together, and one is missing",
    );
    assert_eq!(
        refused(&["--forward-certificate", &own, "--forward-private-key", "client.key"]),
        format!("error: the private key in client.key does not belong to the certificate in {own}"),
    );
    assert_eq!(
        refused(&["--forward-ca", "client.key"]),
        "error: client.key is not a file in PEM format with certificates",
    );
}

#[test]
fn certificates_are_read_again_at_sighup_and_stay_if_they_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (client, other) = (Certificate::make("client"), Certificate::make("other"));
    let place = |certificate: &Certificate, key: &Certificate| {
        secret(folder.path(), "client.pem", &certificate.certificate);
        secret(folder.path(), "client.key", &key.key.serialize_pem());
    };
    let (posted, posts) = mpsc::channel();
    let server = TlsServer::start_for(folder.path(), Some(&client), move |head| {
        let entry = head.iter().find(|line| line.starts_with("spektr-entry"));
        posted.send(entry.cloned()).expect("is awaited");
        String::new()
    });
    let own = server.certificate.to_string_lossy();
    place(&other, &other);
    let mut arguments = vec!["--forward", &server.url, "--forward-ca", &own];
    arguments.extend([
        "--forward-certificate",
        "client.pem",
        "--forward-private-key",
        "client.key",
    ]);
    arguments.extend(["--forward-attempts", "1"]);
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    deliver(&service, "e1");
    service.logs("parked");
    // Waits for a post. Fails at once if the event becomes a dead letter, as the first event has.
    let post = |service: &Service| loop {
        match posts.try_recv() {
            Ok(entry) => break entry.expect("the entry is named"),
            Err(error) => {
                assert_eq!(error, TryRecvError::Empty);
                let (_, metrics) = service.get("/metrics");
                let one_is_dead = "\nspektr_inbox_backlog_entries{state=\"dead\"} 1\n";
                assert!(metrics.contains(one_is_dead), "{metrics}");
            }
        }
    };

    place(&client, &client);
    service.signal("HUP");
    service.logs("settings were read again");
    deliver(&service, "e2");
    assert_eq!(post(&service), "spektr-entry: 2");
    // A certificate that does not belong to its key does not replace the current one.
    place(&other, &client);
    service.signal("HUP");
    let line = service.logs("stays as it was");
    assert!(line.contains("the certificates for forwarding"), "{line}");
    service.logs("settings were read again");
    deliver(&service, "e3");
    assert_eq!(post(&service), "spektr-entry: 3");
    assert_eq!(service.terminate().0, Some(0));
    assert_eq!(posts.try_recv(), Err(TryRecvError::Empty));
}

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
    std::fs::write(folder.path().join("spektr.toml"), settings).expect("is written");
    assert_eq!(refused(folder.path(), &["--forward", &url, "--ordered"]), held);
    std::fs::remove_file(folder.path().join("spektr.toml")).expect("is removed");
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
        streams.into_iter().for_each(|stream| respond(stream, "200 OK"));
    }
    assert_eq!(service.terminate().0, Some(0));
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
