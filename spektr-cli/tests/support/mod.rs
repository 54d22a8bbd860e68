//! Runs the tool as a person does: as processes that talk over sockets of this
//! machine.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// Returns the tool, without what the tester's environment says.
pub(crate) fn spektr(keys: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spektr"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPEKTR_") {
            command.env_remove(name);
        }
    }
    if let Some(keys) = keys {
        command.env("SPEKTR_WEBHOOK_KEYS", keys);
    }
    command
}

/// Runs it to its end.
pub(crate) fn run(keys: Option<&str>, arguments: &[&str]) -> Output {
    spektr(keys).args(arguments).output().expect("the tool runs")
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// `spektr listen` on a free port; it ends after a number of deliveries.
pub(crate) struct Listener {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Listener {
    pub(crate) fn start(keys: Option<&str>, count: usize, arguments: &[&str]) -> Self {
        let mut child = spektr(keys)
            .args(["listen", "--port", "0", "--count", &count.to_string()])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the tool runs");
        let mut out = BufReader::new(child.stdout.take().expect("is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("says where it listens");
        let url = line.find("http://").map(|start| &line[start..]).expect("a URL");
        let end = url.find(['"', '\n']).unwrap_or(url.len());
        let url = url[..end].to_owned();
        Self { child, out, url }
    }

    /// Waits for the end; returns the exit code, and what was printed after the
    /// first line.
    pub(crate) fn finish(mut self) -> (i32, String) {
        let mut printed = String::new();
        self.out.read_to_string(&mut printed).expect("text");
        let status = self.child.wait().expect("ends");
        (status.code().expect("no signal"), printed)
    }
}

impl Drop for Listener {
    /// A test that failed leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
