//! The pages of operations in Chromium, against a service with real traffic.
//! `tests/browser/operations.js` contains the assertions.

mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/operated.rs"]
mod operated;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/service.rs"]
mod service;

use std::path::Path;
use std::process::Command;

use operated::{MARKER, Operated, TOKEN};
use support::text;

#[test]
fn pages_are_live_accessible_and_quiet_and_a_replay_is_done_by_whoever_has_the_token_alone() {
    let operated = Operated::start();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/browser");
    let output = Command::new("node")
        .arg("operations.js")
        .current_dir(folder)
        .env("ORIGIN", operated.origin())
        .env("ENDPOINT", &operated.service.url)
        .env("SPEKTR", env!("CARGO_BIN_EXE_spektr"))
        .env("INBOX", operated.folder.path().join("spektr-inbox.db"))
        .env("TOKEN", TOKEN)
        .env("MARKER", MARKER)
        .output()
        .expect("node is installed: `cargo xtask setup` does that");
    let said = [text(&output.stdout), text(&output.stderr)].concat();
    assert!(output.status.success(), "{said}");
    assert_eq!(text(&output.stdout), "everything is as it must be\n");

    // The browser's action is recorded, and forged ones are not.
    let log = operated.inbox(&["log"]);
    let log: Vec<_> = log.iter().map(|one| (one["action"].as_str(), one["by"].as_str())).collect();
    assert_eq!(log, [(Some("replay"), Some("grace"))]);
}
