//! `spektr listen` as a process.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use crate::support::spektr;

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

    /// Waits for the end. Returns the exit code, and the output after the first line.
    pub(crate) fn finish(mut self) -> (i32, String) {
        let mut printed = String::new();
        self.out.read_to_string(&mut printed).expect("text");
        let status = self.child.wait().expect("ends");
        (status.code().expect("no signal"), printed)
    }
}

impl Drop for Listener {
    /// Kills the process, so that a failed test leaves none behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
