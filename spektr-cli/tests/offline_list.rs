//! Reconciles missed events without the sender: `spektr send --list` serves the list of events, and
//! `spektr reconcile` fetches them.

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;
use support::{spektr, text};

/// A process that is killed at the end of the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_is_listed_is_fetched_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = spektr(None);
    command.args(["send", "--list", "127.0.0.1:0", "--format", "json", "--repeat", "60"]);
    command.args(["alert_resolved", "process_run_end"]).stdout(Stdio::piped());
    let mut list = Running(command.spawn().expect("the tool runs"));
    let mut line = String::new();
    let out = list.0.stdout.take().expect("is piped");
    BufReader::new(out).read_line(&mut line).expect("says where it listens");
    let listing: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(listing["events"], 120);

    for new in [120, 0] {
        let mut command = spektr(None);
        command.env("SPEKTR_API_KEY", "any").current_dir(folder.path());
        command.args(["reconcile", "--since", "1h", "--format", "json", "--from"]);
        let output = command.arg(listing["listing"].as_str().expect("a URL")).output();
        let output = output.expect("the tool runs");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((&report["new"], &report["malformed"]), (&new.into(), &0.into()));
    }
}
