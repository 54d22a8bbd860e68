//! The endpoint that events are forwarded to. It writes their ids into a file before it answers.
//!
//! The endpoint is a process of this test program, which runs a test below with an address.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::process::Process;
use crate::support::until;

const ADDRESS: &str = "SPEKTR_TEST_ENDPOINT";
const FILE: &str = "SPEKTR_TEST_ENDPOINT_FILE";

/// One of this number of requests is answered with 503 and not recorded.
const BUSY: u64 = 50;

/// The endpoint as a process. No other process looks for a free port at its address.
pub(crate) struct Endpoint {
    process: Process,
    address: String,
    file: PathBuf,
}

impl Endpoint {
    pub(crate) fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        Self::start_at(address, log(folder))
    }

    /// Starts the endpoint again at the same address.
    pub(crate) fn start_again(endpoint: Self) -> Self {
        Self::start_at(endpoint.address.clone(), endpoint.file.clone())
    }

    fn start_at(address: String, file: PathBuf) -> Self {
        let module = module_path!().split_once("::").expect("it is a module").1;
        let test = format!("{module}::writes_down_what_it_is_sent_before_it_answers");
        let mut command = Command::new(std::env::current_exe().expect("it has a path"));
        command.args(["--exact", &test]).env(ADDRESS, &address).env(FILE, &file);
        // The endpoint ends when its standard input closes, even if this process is killed.
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let child = command.spawn().expect("this program runs");
        let endpoint = Self { process: Process::new(child), address, file };
        until("the endpoint listens", || TcpStream::connect(&endpoint.address).is_ok());
        endpoint
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    pub(crate) fn pause_for(&mut self, time: Duration) {
        self.process.pause_for(time);
    }
}

/// Returns the path of the file with the ids, one per line.
pub(crate) fn log(folder: &Path) -> PathBuf {
    folder.join("forwarded")
}

fn serve(listener: &TcpListener, file: &Path) {
    let count = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            let count = &count;
            scope.spawn(move || while answer(&stream, file, count).is_some() {});
        }
    });
}

/// Reads a request, records its id, and answers. Returns `None` at the end of the connection.
fn answer(stream: &TcpStream, file: &Path, count: &AtomicU64) -> Option<()> {
    // Read without a buffer, so that the bytes of the next request stay in the stream.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        (&mut &*stream).read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let mut body = vec![0; value("content-length: ")?.parse().ok()?];
    (&mut &*stream).read_exact(&mut body).ok()?;
    let is_busy = count.fetch_add(1, Ordering::SeqCst) % BUSY == BUSY - 1;
    if !is_busy {
        let mut file = OpenOptions::new().create(true).append(true).open(file).ok()?;
        file.write_all(format!("{}\n", value("spektr-event-id: ")?).as_bytes()).ok()?;
    }
    let status = if is_busy { "503 Busy" } else { "200 OK" };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    (&mut &*stream).write_all(answer.as_bytes()).ok()
}

#[test]
fn writes_down_what_it_is_sent_before_it_answers() {
    if let (Ok(address), Some(file)) = (std::env::var(ADDRESS), std::env::var_os(FILE)) {
        let listener = TcpListener::bind(address).expect("the address is free");
        std::thread::spawn(move || serve(&listener, Path::new(&file)));
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("it is read");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut endpoint = Endpoint::start(folder.path());
    let stream = TcpStream::connect(&endpoint.address).expect("it is there");
    let request = "POST / HTTP/1.1\r\nspektr-event-id: e1\r\ncontent-length: 2\r\n\r\n{}";
    for expected in ["e1\n", "e1\ne1\n"] {
        (&mut &stream).write_all(request.as_bytes()).expect("is sent");
        let mut line = String::new();
        let mut reader = BufReader::new(&stream);
        while line != "\r\n" {
            line.clear();
            assert_ne!(reader.read_line(&mut line).expect("an answer"), 0, "it breaks off");
        }
        assert_eq!(std::fs::read_to_string(&endpoint.file).expect("it is written"), expected);
    }
    endpoint.kill();
}
