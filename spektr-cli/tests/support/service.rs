//! `spektr serve` as a process, which can be killed and started again.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;

use crate::support::{PATIENCE, spektr};

/// A service on free ports.
pub(crate) struct Service {
    child: Child,
    /// Standard error, which nobody reads until a test asks for it.
    err: BufReader<ChildStderr>,
    /// The part of standard error that was read.
    logged: String,
    /// URL of the endpoint.
    pub(crate) url: String,
    /// The address of health and metrics.
    pub(crate) operations: SocketAddr,
}

impl Service {
    /// Starts the service on the inbox of a folder, and waits until it receives.
    pub(crate) fn start(keys: Option<&str>, folder: &Path, arguments: &[&str]) -> Self {
        Self::run(spektr(keys), folder, arguments)
    }

    /// Starts the service by a tool with its own environment.
    pub(crate) fn run(mut tool: Command, folder: &Path, arguments: &[&str]) -> Self {
        tool.args(["serve", "--listen", "127.0.0.1:0"]);
        if !arguments.contains(&"--operations") {
            tool.args(["--operations", "127.0.0.1:0"]);
        }
        let mut child = tool
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool runs");
        let mut out = BufReader::new(child.stdout.take().expect("is piped"));
        let mut says = |prefix: &str| {
            let mut line = String::new();
            out.read_line(&mut line).expect("says where it receives");
            line.trim().strip_prefix(prefix).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        let url = says("receiving on ");
        let operations = address(&says("health and metrics on "));
        let err = BufReader::new(child.stderr.take().expect("is piped"));
        Self { child, err, logged: String::new(), url, operations }
    }

    /// Kills the service without warning, as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("runs until then");
        self.child.wait().expect("ends");
    }

    /// Asks the service to end. Returns the exit code and the log.
    pub(crate) fn terminate(self) -> (Option<i32>, String) {
        self.ask_to_end();
        self.wait()
    }

    /// Asks the service to end.
    pub(crate) fn ask_to_end(&self) {
        self.signal("TERM");
    }

    /// Sends a signal to the service.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits until the service logs a line with a text, and returns that line. Fails after a
    /// minute without such a line.
    pub(crate) fn logs(&mut self, text: &str) -> String {
        let _deadline = self.deadline();
        loop {
            let start = self.logged.len();
            let length = self.err.read_line(&mut self.logged).expect("text");
            assert!(length > 0, "it ended without the line {text:?}: {}", self.logged);
            let line = &self.logged[start..];
            if line.contains(text) {
                return line.to_owned();
            }
        }
    }

    /// Kills the service after a minute, which ends its output, unless the result is dropped
    /// before.
    fn deadline(&self) -> Sender<()> {
        let (sender, in_time) = mpsc::channel();
        let id = self.child.id().to_string();
        thread::spawn(move || {
            if in_time.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _killed = Command::new("kill").args(["-s", "KILL", &id]).status();
            }
        });
        sender
    }

    /// Waits for the end of the service. Returns the exit code and the log.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let _deadline = self.deadline();
        self.err.read_to_string(&mut self.logged).expect("text");
        (self.child.wait().expect("ends").code(), std::mem::take(&mut self.logged))
    }

    /// Returns the address at which the service receives.
    pub(crate) fn address(&self) -> SocketAddr {
        address(&self.url)
    }

    /// Requests a page of health or metrics. Returns status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.operations).expect("is open");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .expect("is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), body.to_owned())
    }

    /// Returns the value of a series of its metrics.
    pub(crate) fn figure(&self, series: &str) -> u64 {
        let (status, metrics) = self.get("/metrics");
        assert_eq!(status, 200);
        let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{metrics}"))
    }
}

fn address(url: &str) -> SocketAddr {
    let address = url.trim_start_matches("http://").split('/').next();
    address.and_then(|address| address.parse().ok()).expect("an address")
}

impl Drop for Service {
    /// Kills the process, so that a failed test leaves none behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
