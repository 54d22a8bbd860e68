//! The example `inbox` as a process, and a client that can tell when the process dies.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{example, request, signed_at};

/// The system calls of SQLite on files and of the server on connections.
const CALLS: &str = "trace=pwrite64,ftruncate,unlink,fsync,fdatasync,write,writev,sendto,sendmsg";

/// A running receiver. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(store: &Path) -> Self {
        Self::spawn(Command::new(executable()), store)
    }

    /// Starts the receiver under strace, which logs the relevant calls to a file.
    pub(crate) fn start_traced(store: &Path, log: &Path) -> Self {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-y", "-xx", "-s", "100000000", "-o"])
            .arg(log)
            .args(["-e", CALLS])
            .arg(executable());
        Self::spawn(command, store)
    }

    /// Starts the receiver under strace, which injects a fault into a call of each thread, if
    /// `fault` names one. If the receiver does not start, returns its error output.
    pub(crate) fn start_failing(store: &Path, log: &Path, fault: &str) -> Result<Self, String> {
        let said = log.with_extension("said");
        let mut command = Command::new("strace");
        command.args(["-f", "--seccomp-bpf", "-e", fault, "-o"]).arg(log).arg(executable());
        command.stderr(File::create(&said).unwrap());
        Self::try_spawn(command, store).map_err(|mut child| {
            assert!(!child.wait().unwrap().success());
            std::fs::read_to_string(said).unwrap()
        })
    }

    fn spawn(mut command: Command, store: &Path) -> Self {
        command.stderr(Stdio::null());
        Self::try_spawn(command, store).unwrap()
    }

    fn try_spawn(mut command: Command, store: &Path) -> Result<Self, Child> {
        let program = command.get_program().to_owned();
        let mut child = command
            .arg(store)
            .arg("127.0.0.1:0")
            .env("SPEKTR_WEBHOOK_KEYS", "key-a=marker-secret")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("install the package {program:?}: {error}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(line) = lines.next() else { return Err(child) };
        let line = line.unwrap();
        let address = line.strip_prefix("receiving on ").unwrap().parse().unwrap();
        // The process needs a reader for later output.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address })
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        // The process was still running before the signal.
        assert_eq!(self.child.wait().unwrap().signal(), Some(9));
    }

    /// Sends SIGTERM to the traced process, the only child of strace, and waits for both
    /// processes to end with success.
    pub(crate) fn terminate(mut self) {
        let strace = self.child.id();
        let children = format!("/proc/{strace}/task/{strace}/children");
        let children = std::fs::read_to_string(children).unwrap();
        let pid = children.trim();
        let sent = Command::new("kill").args(["-TERM", pid]).status().unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process has ended already, unless the test has failed.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn executable() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| example("inbox"))
}

/// Sends deliveries over one connection.
pub(crate) struct Client {
    stream: Option<TcpStream>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).ok();
        if let Some(stream) = &stream {
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream.set_nodelay(true).unwrap();
        }
        Self { stream }
    }

    /// Returns the status of the answer, or `None` if there is no answer.
    pub(crate) fn deliver(&mut self, body: &str) -> Option<u16> {
        let stream = self.stream.as_mut()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let request = request(&signed_at(body.as_bytes(), now), body.as_bytes());
        stream.write_all(&request).ok()?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            answer.push(byte[0]);
        }
        let answer = String::from_utf8(answer).unwrap();
        Some(answer.split(' ').nth(1).unwrap().parse().unwrap())
    }
}
