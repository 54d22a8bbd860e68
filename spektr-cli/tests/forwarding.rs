//! What `spektr serve` posts on: signed, with headers of the user's own, and as often and as
//! fast as it is told.

mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/service.rs"]
mod service;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use deliver::{Connection, alert};
use receiver::{Received, Receiver};
use service::Service;
use standardwebhooks::Webhook;
use support::{spektr, text};

const KEYS: Option<&str> = Some("dev=any secret");

const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Writes a file that its owner alone can read.
fn secret(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("is closed");
}

/// Delivers an event, which must be accepted.
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

/// Verifies a request as an endpoint does, with the library of the specification.
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
    // A broken file takes no key away.
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

#[test]
fn a_file_that_cannot_be_used_is_refused_at_the_start_and_an_open_one_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |arguments: &[&str]| {
        let mut command = spektr(KEYS);
        command.args(["serve", "--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0"]);
        let output = command.args(arguments).current_dir(folder.path()).output();
        let output = output.expect("the tool runs");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        text(&output.stderr).lines().next().unwrap_or_default().to_owned()
    };
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
        refused(&["--forward-keys", "keys.txt"]),
        "error: there is no URL that events are posted to",
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
