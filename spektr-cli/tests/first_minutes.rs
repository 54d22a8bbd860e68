//! A newcomer's first minutes: `listen` in one process and `send` in another show verified events;
//! with a wrong secret, both say what to do.

#[path = "support/listener.rs"]
mod listener;
mod support;

use std::net::{TcpListener, TcpStream};

use listener::Listener;
use support::{run, text};

const KEYS: Option<&str> = Some("dev=any secret");

#[test]
fn what_is_sent_is_verified_and_shown() {
    let listener = Listener::start(KEYS, 1, &[]);
    let sent = run(KEYS, &["send", "--to", &listener.url, "all", "unknown", "--batch", "100"]);
    // One event of each type, and one of unknown type.
    let count = spektr_types::catalogue().len() + 1;
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
    let report = text(&sent.stdout);
    let start = format!("1 delivery with {count} events to http://127.0.0.1:");
    assert!(report.starts_with(&start), "{report}");
    assert!(report.contains("answers  200 (1×)\n"), "{report}");
    assert!(report.ends_with("all acknowledged\n"), "{report}");

    let (code, shown) = listener.finish();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains(&format!("verified  key dev  {count} entries\n")), "{shown}");
    for event in spektr_types::catalogue() {
        assert!(shown.contains(event.name()), "{} is missing:\n{shown}", event.name());
    }
    assert!(shown.contains("unknown event `example_future_event`"), "{shown}");
}

#[test]
fn a_wrong_secret_is_told_with_what_to_do_on_both_sides() {
    let listener = Listener::start(Some("dev=another secret"), 1, &[]);
    let sent = run(KEYS, &["send", "--to", &listener.url, "alert_resolved", "--retries", "0"]);
    assert_eq!(sent.status.code(), Some(1));
    let report = text(&sent.stdout);
    assert!(report.contains("delivery 1: 401 after 1 attempt\n"), "{report}");
    assert!(
        report.contains(
            "hint: the receiver refuses the signature: does it have the same key id and secret"
        ),
        "{report}"
    );

    let (code, shown) = listener.finish();
    assert_eq!(code, 1);
    assert!(shown.contains("REFUSED  the signature by key dev does not match\n"), "{shown}");
    assert!(shown.contains("hint: this is not the secret of dev"), "{shown}");
    assert!(shown.contains("SPEKTR_WEBHOOK_KEYS='dev=…'"), "{shown}");
    assert!(shown.contains("spektr diagnose --headers DIR/000001.headers"), "{shown}");
    for secret in ["any secret", "another secret"] {
        assert!(!shown.contains(secret) && !report.contains(secret));
    }
    // The body is not authentic, so no part of it is shown.
    assert!(!shown.contains("ALERT_RESOLVED"), "{shown}");
}

#[test]
fn another_construction_is_found_by_itself_and_ready_to_configure() {
    let listener = Listener::start(KEYS, 1, &[]);
    let sent = run(
        KEYS,
        &[
            "send",
            "--to",
            &listener.url,
            "alert_resolved",
            "--retries",
            "0",
            "--signed-content",
            "{key_id}:{timestamp}:{body}",
        ],
    );
    assert_eq!(sent.status.code(), Some(1));
    let (code, shown) = listener.finish();
    assert_eq!(code, 1);
    assert!(
        shown.contains("hint: the secret is right, but the sender signs in another way"),
        "{shown}"
    );
    assert!(shown.contains("signed_content = '{key_id}:{timestamp}:{body}'\n"), "{shown}");
}

#[test]
fn keys_that_were_mixed_up_are_told_apart() {
    let listener = Listener::start(Some("dev=another secret,live=any secret"), 1, &[]);
    let sent = run(KEYS, &["send", "--to", &listener.url, "alert_resolved", "--retries", "0"]);
    assert_eq!(sent.status.code(), Some(1));
    let (_, shown) = listener.finish();
    let expected = "hint: the secret of live gives this signature: is it really the secret of dev?";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn without_a_key_both_sides_say_how_to_give_one() {
    for arguments in [&["listen"][..], &["send", "--to", "http://127.0.0.1:9/", "alert_resolved"]] {
        let output = run(None, arguments);
        assert_eq!(output.status.code(), Some(2));
        let message = text(&output.stderr);
        assert!(
            message.starts_with(
                "error: there is no signing key\nhint:  set SPEKTR_WEBHOOK_KEYS='KEY_ID=SECRET'"
            ),
            "{message}",
        );
    }
}

#[test]
fn nobody_listening_is_told_with_the_command_that_listens() {
    // The client's port of an open connection: no other process can listen on it.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let connection = TcpStream::connect(listener.local_addr().expect("bound")).expect("connects");
    let url = format!("http://{}/", connection.local_addr().expect("bound"));
    let sent = run(KEYS, &["send", "--to", &url, "alert_resolved", "--retries", "0"]);
    assert_eq!(sent.status.code(), Some(1));
    let report = text(&sent.stdout);
    assert!(report.contains("delivery 1: connection refused after 1 attempt\n"), "{report}");
    assert!(report.contains("hint: nothing listens there; `spektr listen` listens on"), "{report}");
}
