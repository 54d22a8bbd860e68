//! Processes that are killed, paused and ended.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::spektr;

/// A process. Dropping it kills it.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    /// Sends SIGKILL to the process, which must be running.
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("it runs");
        assert_eq!(self.0.wait().expect("it ends").signal(), Some(9));
    }

    /// Pauses the process for a time.
    pub(crate) fn pause_for(&mut self, time: Duration) {
        self.signal("STOP");
        std::thread::sleep(time);
        self.signal("CONT");
        assert_eq!(self.0.try_wait().expect("it is a child"), None, "it has ended by itself");
    }

    /// Sends SIGTERM to the process, which must end with 0.
    pub(crate) fn end(&mut self) {
        self.signal("TERM");
        assert_eq!(self.0.wait().expect("it ends").code(), Some(0));
    }

    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("install the package procps").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process has ended already, unless the test has failed.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// `spektr serve`.
pub(crate) struct Service {
    process: Process,
    address: SocketAddr,
}

impl Service {
    /// Starts the service with workers that forward in order, and waits until it receives.
    pub(crate) fn start(folder: &Path, store: &str, endpoint: &str) -> Self {
        let log = folder.join("service.log");
        let mut command = spektr(Some("dev=any secret"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0"]);
        command.args(["--store", store, "--forward", endpoint, "--ordered"]);
        // Retry soon and without limit, because the endpoint is away only for seconds.
        command.args(["--forward-timeout", "1s", "--forward-attempts", "1000000"]);
        command.args(["--forward-first-pause", "20ms", "--forward-longest-pause", "200ms"]);
        command.args(["--forward-first-probe", "50ms", "--forward-longest-probe", "200ms"]);
        let file = OpenOptions::new().create(true).append(true).open(&log);
        let mut child = command
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(file.expect("the log can be written"))
            .spawn()
            .expect("the tool runs");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("is piped"));
        out.read_line(&mut line).expect("text");
        let address = line.trim().strip_prefix("receiving on http://");
        let address = address.and_then(|rest| rest.split('/').next()?.parse().ok());
        let process = Process(child);
        let address = address.unwrap_or_else(|| panic!("does not start: {}", tail(&log)));
        Self { process, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    pub(crate) fn end(&mut self) {
        self.process.end();
    }

    pub(crate) fn pause_for(&mut self, time: Duration) {
        self.process.pause_for(time);
    }
}

/// Returns the last lines of a file.
pub(crate) fn tail(path: &Path) -> String {
    let lines = BufReader::new(File::open(path).expect("it is there")).lines();
    let lines: Vec<_> = lines.map_while(Result::ok).collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
