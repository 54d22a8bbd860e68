//! Tests the files with secrets of forwarding: signing keys, headers and certificates. They are
//! checked at the start, read again at SIGHUP, and never logged.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{self, TryRecvError};
use std::time::Instant;

use standardwebhooks::Webhook;

use crate::receiver::{Received, Receiver};
use crate::service::Service;
use crate::support::{PATIENCE, write_secret};
use crate::tls::{Certificate, TlsServer};
use crate::{KEYS, deliver, headers, refused};

const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Writes a file with a secret into a folder.
fn secret(folder: &Path, name: &str, text: &str) {
    write_secret(&folder.join(name), text);
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
    let post = |service: &Service| {
        let began = Instant::now();
        loop {
            match posts.try_recv() {
                Ok(entry) => break entry.expect("the entry is named"),
                Err(error) => assert_eq!(error, TryRecvError::Empty),
            }
            assert_eq!(service.figure("spektr_inbox_backlog_entries{state=\"dead\"}"), 1);
            assert!(began.elapsed() < PATIENCE, "nothing is posted");
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
