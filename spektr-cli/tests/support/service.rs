//! `spektr serve` as a process, which can be killed and started again.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{spektr, text};

/// A service on free ports.
pub(crate) struct Service {
    child: Child,
    /// URL of the endpoint.
    pub(crate) url: String,
}

impl Service {
    /// Starts it on the inbox of a folder, and waits until it receives.
    pub(crate) fn start(keys: Option<&str>, folder: &Path, arguments: &[&str]) -> Self {
        Self::run(spektr(keys), folder, arguments)
    }

    /// Starts a tool with an environment of its own.
    pub(crate) fn run(mut tool: Command, folder: &Path, arguments: &[&str]) -> Self {
        let mut child = tool
            .args(["serve", "--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("is piped");
        BufReader::new(out).read_line(&mut line).expect("says where it receives");
        let url = line.trim().strip_prefix("receiving on ").unwrap_or_default().to_owned();
        assert!(url.ends_with("/webhooks/spektr"), "{line}");
        Self { child, url }
    }

    /// Ends it without any warning, as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("runs until then");
        self.child.wait().expect("ends");
    }

    /// Asks it to end; returns the exit code and what it logged.
    pub(crate) fn terminate(self) -> (Option<i32>, String) {
        self.ask_to_end();
        self.wait()
    }

    /// Asks it to end.
    pub(crate) fn ask_to_end(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end; returns the exit code and what it logged.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let mut logged = Vec::new();
        let mut err = self.child.stderr.take().expect("is piped");
        err.read_to_end(&mut logged).expect("is read");
        (self.child.wait().expect("ends").code(), text(&logged).to_owned())
    }

    /// Where it receives.
    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.url.trim_start_matches("http://").split('/').next();
        address.and_then(|address| address.parse().ok()).expect("an address")
    }
}

impl Drop for Service {
    /// A test that failed leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
