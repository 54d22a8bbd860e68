//! A receiver on a real socket with a store in its own folder, and a client that sends exactly
//! the given bytes.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

pub(crate) mod before;
pub(crate) mod certificate;
pub(crate) mod lines;
pub(crate) mod memory;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{ClaimRequest, Filter, NewEntry, Operator, Store, StoredEntry};
use spektr_inbox::testing::{ManualClock, entries, start, tag_added};
use spektr_inbox::{Clock as _, Receiver, Server};
use spektr_types::Timestamp;
use spektr_verify::{
    KeyRing, Secret, SharedKeys, SignedContent, Signer, SigningKey, UnixSeconds, Verifier,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

/// The longest time that a test waits for something.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const PATH: &str = "/webhooks/spektr";

/// The store and clock of a test of the receiver.
pub(crate) struct Inbox {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: ManualClock,
    pub(crate) folder: TempDir,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self::with(|options| options)
    }

    pub(crate) fn with(configure: impl Fn(SqliteOptions) -> SqliteOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = configure(SqliteOptions::new(folder.path().join("inbox.db")));
        Self { store: Arc::new(options.open().unwrap()), clock: ManualClock::new(), folder }
    }

    pub(crate) fn verifier(&self, keys: impl Into<SharedKeys>) -> Verifier {
        let clock = self.clock.clone();
        let now = move || UnixSeconds::new(clock.now().as_seconds().unsigned_abs());
        Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY).with_clock(now)
    }

    /// Returns a receiver for the signatures of [`signed`]. It has long timeouts, because a busy
    /// machine can be slow and most tests are not about timeouts.
    pub(crate) fn receiver(&self) -> Receiver {
        let store = Arc::clone(&self.store);
        Receiver::new(store, self.verifier(ring("key-a")))
            .with_clock(self.clock.clone())
            .with_body_timeout(Duration::from_secs(60))
            .with_commit_timeout(Duration::from_secs(60))
    }

    /// Stores the entries of one delivery.
    pub(crate) async fn fill(&self, raws: &[String]) {
        let body = format!(r#"{{"results":[{}]}}"#, raws.join(","));
        self.store.accept(entries("test", &body, start())).await.unwrap();
    }

    /// Stores a number of events of one customer: `e0`, `e1` and so on.
    pub(crate) async fn fill_numbered(&self, count: usize) {
        let raws: Vec<_> = (0..count).map(|index| tag(&format!("e{index}"))).collect();
        self.fill(&raws).await;
    }

    pub(crate) async fn all(&self) -> Vec<StoredEntry> {
        self.store.list(Filter::all(), 0, 100_000).await.unwrap()
    }

    pub(crate) async fn count(&self) -> u64 {
        self.store.count(Filter::all()).await.unwrap()
    }
}

/// Returns an event of the customer `s1`.
pub(crate) fn tag(id: &str) -> String {
    tag_added(id, "s1", 1_700_000_000_000)
}

/// Returns the entry of a delivery with one event of the customer `s1`.
pub(crate) fn one(id: &str) -> Vec<NewEntry> {
    entries("test", &tag(id), start())
}

/// Returns a claim of at most ten entries, in no order and for 30 seconds.
pub(crate) fn claim_request(now: Timestamp) -> ClaimRequest {
    ClaimRequest {
        owner: 1,
        now,
        lease: Duration::from_secs(30),
        limit: 10,
        ordered: false,
        hold_on_dead: false,
        horizon: Duration::from_secs(3600),
    }
}

pub(crate) fn ada() -> Operator {
    Operator::new("ada")
}

pub(crate) fn key(id: &str) -> SigningKey {
    SigningKey::new(id, Secret::from_bytes(b"marker-secret").unwrap()).unwrap()
}

pub(crate) fn ring(id: &str) -> KeyRing {
    KeyRing::new([key(id)]).unwrap()
}

/// Serves a receiver's endpoint and its endpoints for operators, without limits.
pub(crate) async fn serve(receiver: &Receiver) -> SocketAddr {
    serve_with(receiver, |server| server).await
}

pub(crate) async fn serve_with(
    receiver: &Receiver,
    configure: impl Fn(Server) -> Server,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = receiver.router(PATH).merge(receiver.operations());
    let server = Server::new(router).with_metrics(receiver.metrics().clone());
    tokio::spawn(configure(server).serve(listener, std::future::pending()));
    address
}

/// Returns the signature headers of a body, signed at the time of the test's start.
pub(crate) fn signed(body: &[u8]) -> String {
    signed_at(body, start().as_seconds().unsigned_abs())
}

pub(crate) fn signed_at(body: &[u8], seconds: u64) -> String {
    Signer::new(key("key-a"), SignedContent::TIMESTAMP_DOT_BODY)
        .sign_at(body, UnixSeconds::new(seconds))
        .pairs()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .concat()
}

/// Returns a request with the given header lines, as bytes.
pub(crate) fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Posts a signed body, and returns the status.
pub(crate) async fn deliver(to: SocketAddr, body: impl AsRef<[u8]>) -> u16 {
    let body = body.as_ref();
    exchange(to, &request(&signed(body), body)).await.0
}

/// Waits until a condition holds. Fails if it still does not after the longest time.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "it did not come to pass that {what}");
}

/// Returns the value of a series in the text of metrics.
pub(crate) fn figure(metrics: &str, series: &str) -> usize {
    let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {series} in {metrics}")).parse().unwrap()
}

pub(crate) async fn fetch(to: SocketAddr, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    exchange(to, request.as_bytes()).await
}

/// Sends requests without reading an answer, and returns when the server closes the connection.
/// Fails if the server does not.
pub(crate) async fn reads_nothing(to: SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(to).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let closed = async { while stream.write_all(request).await.is_ok() {} };
    timeout(PATIENCE, closed).await.expect("the server closes the connection");
}

/// Sends bytes and reads one answer. Returns its status and its body.
pub(crate) async fn exchange(to: SocketAddr, request: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    // The server may answer and close the connection before it has read everything.
    let (mut read, mut write) = stream.split();
    let sending = async {
        let _closed = write.write_all(request).await;
        std::future::pending::<()>().await
    };
    tokio::select! {
        () = sending => unreachable!("sending never ends"),
        answer = answer(&mut read) => answer,
    }
}

/// Reads one answer. Returns its status and its body.
pub(crate) async fn answer(stream: &mut (impl AsyncReadExt + Unpin)) -> (u16, String) {
    let mut read = Vec::new();
    let reading = async {
        loop {
            if let Some(answer) = parse(&read) {
                return answer;
            }
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer).await.unwrap_or(0) {
                0 => panic!("closed after {:?}", String::from_utf8_lossy(&read)),
                length => read.extend_from_slice(&buffer[..length]),
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("an answer")
}

fn parse(read: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(read).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let body = body.get(..length.parse().ok()?)?;
    Some((status, body.to_owned()))
}

/// A process that is killed on drop, even if the test fails.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        // A process that has ended needs no kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds an example, because `cargo test --test` does not.
pub(crate) fn example(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--message-format=json"])
        .args(["--package", env!("CARGO_PKG_NAME"), "--example", name])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the example does not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let mut messages =
        messages.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let is_example = |message: &serde_json::Value| message["target"]["name"] == name;
    let message = messages.rfind(is_example).unwrap();
    PathBuf::from(message["executable"].as_str().unwrap())
}
