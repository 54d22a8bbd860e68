//! Tests the receiver on a loopback port: the status of each kind of delivery, and the stored
//! entries.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::task::{Context, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::{App, HttpServer, ResponseError as _};
use rusqlite::Connection;
use spektr_example_actix::{PATH, Refusal, Webhooks};
use spektr_inbox::store::sqlite::{SqliteOptions, SqliteStore};
use spektr_inbox::store::{Archive as _, Filter, Notes as _, State, Store, StoreError};
use spektr_verify::{
    Clock as _, KeyRing, Secret, SignedContent, Signer, SigningKey, SystemClock, UnixSeconds,
    Verifier,
};
use tempfile::TempDir;

const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);
const LIMIT: usize = 1024;

/// A batch of a known event, an undocumented one, and a malformed one.
const BATCH: &str = r#"{"results":[
    {"id":"e1","spektrId":"s1","type":"alert_resolved","createdAt":1731057600000,
     "data":{"contextId":"c","processId":"p","userId":"u","alertId":"a1","alertName":"n"}},
    {"id":"e2","spektrId":"s1","type":"never_documented","createdAt":1731057600000,"data":{}},
    {"id":"e3","spektrId":"s1","type":"alert_resolved","createdAt":"then","data":7}
]}"#;

fn key(id: &str, secret: &str) -> SigningKey {
    SigningKey::new(id, Secret::from_bytes(secret.as_bytes()).unwrap()).unwrap()
}

fn signed_at(key: SigningKey, body: &[u8], now: UnixSeconds) -> Vec<String> {
    let headers = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY).sign_at(body, now);
    headers.pairs().map(|(name, value)| format!("{name}: {value}")).to_vec()
}

/// Returns the lines of valid signature headers.
fn signed(body: impl AsRef<[u8]>) -> Vec<String> {
    signed_at(key("dev", "any secret"), body.as_ref(), NOW)
}

/// The log of the receivers in all tests.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl Log {
    fn keep() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| tracing_subscriber::fmt().with_ansi(false).with_writer(|| Self).init());
    }

    /// Returns the number of logged refusals for a reason, in all tests.
    fn refusals(reason: &str) -> usize {
        let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
        log.matches(&format!("delivery refused reason=\"{reason}\" ")).count()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A receiver in a thread of its own, whose clock shows `NOW`.
struct Receiver {
    address: SocketAddr,
    store: Arc<SqliteStore>,
    server: ServerHandle,
    thread: JoinHandle<io::Result<()>>,
    folder: TempDir,
}

impl Receiver {
    fn start() -> Self {
        Self::with(key("dev", "any secret"), |webhooks| webhooks)
    }

    fn with(key: SigningKey, configure: impl Fn(Webhooks) -> Webhooks) -> Self {
        Self::with_store(key, |options| options, configure)
    }

    fn with_store(
        key: SigningKey,
        options: impl Fn(SqliteOptions) -> SqliteOptions,
        configure: impl Fn(Webhooks) -> Webhooks,
    ) -> Self {
        Log::keep();
        let keys = KeyRing::new([key]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = options(SqliteOptions::new(folder.path().join("inbox.db"))).open().unwrap();
        let store = Arc::new(store);
        let verifier = Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY).with_clock(|| NOW);
        let webhooks = Webhooks::new(verifier, Arc::clone(&store) as Arc<dyn Store>);
        let webhooks = configure(webhooks.with_body_limit(LIMIT));
        let (started, address) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let server = HttpServer::new(move || App::new().configure(webhooks.routes()))
                    .workers(1)
                    .disable_signals()
                    .bind("127.0.0.1:0")?;
                let address = server.addrs()[0];
                let server = server.run();
                started.send((address, server.handle())).unwrap();
                server.await
            })
        });
        let (address, server) = address.recv().unwrap();
        Self { address, store, server, thread, folder }
    }

    /// Posts a body as JSON, and returns the status.
    fn post(&self, signature: &[String], body: impl AsRef<[u8]>) -> u16 {
        self.answer(signature, body).0
    }

    /// Posts a body as JSON, and returns the status and the body of the response.
    fn answer(&self, signature: &[String], body: impl AsRef<[u8]>) -> (u16, String) {
        let body = body.as_ref();
        let length = format!("content-length: {}", body.len());
        let json = "content-type: application/json".to_owned();
        let lines = [signature, &[json, length]].concat();
        exchange(self.address, &lines, body)
    }

    /// Returns id, state and JSON or body of each stored entry.
    async fn kept(&self) -> Vec<(Option<String>, State, String)> {
        let entries = self.store.list(Filter::all(), 0, 100).await.unwrap();
        let entry = |entry: spektr_inbox::store::StoredEntry| {
            (entry.id, entry.state, String::from_utf8(entry.raw.to_vec()).unwrap())
        };
        entries.into_iter().map(entry).collect()
    }

    /// Keeps the store from committing until the lock is rolled back or dropped. The store gives up
    /// after 5 s.
    fn locked(&self) -> Connection {
        let lock = Connection::open(self.folder.path().join("inbox.db")).unwrap();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        lock
    }

    async fn stop(self) {
        self.server.stop(true).await;
        self.thread.join().unwrap().unwrap();
    }
}

/// Sends a request, and reads one response: its status and its body. The server may leave the
/// connection open for the rest of a refused body.
fn exchange(to: SocketAddr, headers: &[String], body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(to).unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{}\r\n\r\n",
        headers.join("\r\n")
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        line.trim_end().to_ascii_lowercase()
    };
    let status = line().split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = None;
    loop {
        let line = line();
        if line.is_empty() {
            break;
        }
        length =
            length.or(line.strip_prefix("content-length: ").map(|value| value.parse().unwrap()));
    }
    let mut body = vec![0; length.unwrap()];
    answer.read_exact(&mut body).unwrap();
    (status, String::from_utf8(body).unwrap())
}

#[actix_web::test]
async fn every_entry_of_a_signed_delivery_is_kept_byte_for_byte_before_the_200() {
    let receiver = Receiver::start();
    assert_eq!(receiver.answer(&signed(BATCH), BATCH), (200, String::new()));
    let kept = receiver.kept().await;
    let ids: Vec<_> = kept.iter().map(|(id, state, _)| (id.as_deref(), *state)).collect();
    assert_eq!(
        ids,
        [(Some("e1"), State::Pending), (Some("e2"), State::Pending), (Some("e3"), State::Pending)]
    );
    for (_, _, raw) in &kept {
        assert!(BATCH.contains(raw.as_str()), "{raw}");
    }
    // If the response is lost, the sender repeats the delivery.
    assert_eq!(receiver.post(&signed(BATCH), BATCH), 200);
    assert_eq!(receiver.kept().await, kept);
    receiver.stop().await;
}

#[actix_web::test]
async fn an_authentic_body_that_cannot_be_read_is_kept_whole() {
    let receiver = Receiver::start();
    for body in ["not JSON", r#"{"results":[]}"#] {
        assert_eq!(receiver.post(&signed(body), body), 200);
    }
    assert_eq!(receiver.kept().await, [(None, State::Unreadable, "not JSON".to_owned())]);
    receiver.stop().await;
}

#[actix_web::test]
async fn what_is_not_authentic_gets_the_same_401_and_is_not_kept() {
    let receiver = Receiver::start();
    let right = signed(BATCH);
    let doubled = [&right[..], &right[2..3]].concat();
    let old = UnixSeconds::new(NOW.as_secs() - 301);
    let forgeries = [
        (Vec::new(), BATCH.to_owned()),
        (right.clone(), BATCH.replace("a1", "a2")),
        (right[1..].to_vec(), BATCH.to_owned()),
        (doubled, BATCH.to_owned()),
        (signed_at(key("dev", "another secret"), BATCH.as_bytes(), NOW), BATCH.to_owned()),
        (signed_at(key("other", "any secret"), BATCH.as_bytes(), NOW), BATCH.to_owned()),
        (signed_at(key("dev", "any secret"), BATCH.as_bytes(), old), BATCH.to_owned()),
    ];
    for (signature, body) in forgeries {
        let answer = receiver.answer(&signature, &body);
        assert_eq!(answer, (401, "Unauthorized".to_owned()), "{signature:?}");
    }
    assert_eq!(receiver.kept().await, []);
    receiver.stop().await;
}

#[actix_web::test]
async fn a_body_over_the_limit_is_refused_by_its_announced_length_and_as_it_arrives() {
    let receiver = Receiver::start();
    let largest = format!("{:LIMIT$}", "{\"results\":[]}");
    assert_eq!(receiver.post(&signed(&largest), &largest), 200);

    let over = format!("{largest} ");
    let json = "content-type: application/json".to_owned();
    // The client sends nothing of the body, so the response cannot depend on it.
    let announced = format!("content-length: {}", over.len());
    let lines = [signed(&over), vec![json.clone(), announced]].concat();
    let refused = (413, "Payload Too Large".to_owned());
    assert_eq!(exchange(receiver.address, &lines, b""), refused);
    // The request announces no length, and the body does not end.
    let chunked = "transfer-encoding: chunked".to_owned();
    let lines = [signed(&over), vec![json, chunked]].concat();
    let chunk = format!("{:x}\r\n{over}\r\n", over.len());
    assert_eq!(exchange(receiver.address, &lines, chunk.as_bytes()), refused);
    // A client without a known key does not learn the limit.
    let other = signed_at(key("other", "any secret"), over.as_bytes(), NOW);
    assert_eq!(receiver.post(&other, &over), 401);
    assert_eq!(receiver.kept().await, []);
    receiver.stop().await;
}

#[actix_web::test]
async fn other_requests_are_refused_as_by_spektr_axum() {
    let receiver = Receiver::start();
    let with_types = |types: &[&str]| {
        let length = format!("content-length: {}", BATCH.len());
        let types = types.iter().map(|value| format!("content-type: {value}")).collect();
        let lines = [signed(BATCH), vec![length], types].concat();
        exchange(receiver.address, &lines, BATCH.as_bytes())
    };
    let json = "application/json";
    for types in [&[][..], &["text/plain"], &[json, json], &[json, "text/plain"]] {
        let refused = (415, "Unsupported Media Type".to_owned());
        assert_eq!(with_types(types), refused, "{types:?}");
    }
    assert_eq!(receiver.kept().await, []);
    assert_eq!(with_types(&["application/json; charset=utf-8"]), (200, String::new()));
    receiver.stop().await;

    let expired = key("dev", "any secret");
    let expired = expired.with_validity(None, Some(UnixSeconds::new(1))).unwrap();
    let receiver = Receiver::with(expired, |webhooks| webhooks);
    let answer = receiver.answer(&signed(BATCH), BATCH);
    assert_eq!(answer, (500, "Internal Server Error".to_owned()));
    assert_eq!(receiver.kept().await, []);
    receiver.stop().await;
}

#[actix_web::test]
async fn a_body_that_takes_too_long_is_given_up() {
    let at_once = |webhooks: Webhooks| webhooks.with_body_timeout(Duration::ZERO);
    let receiver = Receiver::with(key("dev", "any secret"), at_once);
    // Nothing of the body arrives.
    let length = format!("content-length: {}", BATCH.len());
    let json = "content-type: application/json".to_owned();
    let lines = [signed(BATCH), vec![json, length]].concat();
    let refused = (408, "Request Timeout".to_owned());
    assert_eq!(exchange(receiver.address, &lines, b""), refused);
    assert_eq!(receiver.kept().await, []);
    receiver.stop().await;
}

#[actix_web::test]
async fn a_connection_closed_in_mid_body_stores_nothing_and_the_server_goes_on() {
    let receiver = Receiver::start();
    let half = &BATCH[..BATCH.len() / 2];
    let chunk = format!("{:x}\r\n{half}", BATCH.len());
    let length = format!("content-length: {}", BATCH.len());
    for (framing, sent) in [(length.as_str(), half), ("transfer-encoding: chunked", &chunk)] {
        let json = "content-type: application/json".to_owned();
        let lines = [signed(BATCH), vec![json, framing.to_owned()]].concat();
        let mut stream = TcpStream::connect(receiver.address).unwrap();
        let head =
            format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\n{}\r\n\r\n", lines.join("\r\n"));
        stream.write_all(&[head.as_bytes(), sent.as_bytes()].concat()).unwrap();
        // The server sees that the client has closed, but the response can still be read.
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap();
        assert_eq!((status, body), ("HTTP/1.1 400 Bad Request", "Bad Request"), "{framing}");
    }
    assert_eq!(Log::refusals("body_unreadable"), 2);
    assert_eq!(receiver.kept().await, []);
    assert_eq!(receiver.post(&signed("not JSON"), "not JSON"), 200);
    assert_eq!(receiver.kept().await, [(None, State::Unreadable, "not JSON".to_owned())]);
    receiver.stop().await;
}

#[actix_web::test]
async fn a_commit_that_takes_too_long_is_given_up() {
    let at_once = |webhooks: Webhooks| webhooks.with_commit_timeout(Duration::ZERO);
    let receiver = Receiver::with(key("dev", "any secret"), at_once);
    let lock = receiver.locked();
    let refused = (503, "Service Unavailable".to_owned());
    assert_eq!(receiver.answer(&signed(BATCH), BATCH), refused);
    assert_eq!(Log::refusals("commit_timeout"), 1);
    assert_eq!(receiver.kept().await, []);
    lock.execute_batch("ROLLBACK").unwrap();
    receiver.stop().await;
}

#[actix_web::test]
async fn a_store_with_a_full_queue_is_a_503_until_it_has_room() {
    let patient = |webhooks: Webhooks| webhooks.with_commit_timeout(Duration::from_secs(3600));
    let short = |options: SqliteOptions| options.with_queue(1).with_group(1);
    let receiver = Receiver::with_store(key("dev", "any secret"), short, patient);
    let lock = receiver.locked();
    let mut context = Context::from_waker(Waker::noop());
    let note = || receiver.store.set_note("a".to_owned(), String::new());
    // The store's thread waits for the lock with one write; another write fills the queue.
    let mut first = note();
    assert!(first.as_mut().poll(&mut context).is_pending());
    let began = Instant::now();
    while receiver.store.stats().await.unwrap().queued > 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "the first write waits");
    }
    let mut second = note();
    assert!(second.as_mut().poll(&mut context).is_pending());
    let refused = (503, "Service Unavailable".to_owned());
    assert_eq!(receiver.answer(&signed(BATCH), BATCH), refused);
    assert_eq!(Log::refusals("queue_full"), 1);
    lock.execute_batch("ROLLBACK").unwrap();
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(receiver.kept().await, []);
    assert_eq!(receiver.answer(&signed(BATCH), BATCH), (200, String::new()));
    assert_eq!(receiver.kept().await.len(), 3);
    receiver.stop().await;
}

#[test]
fn what_the_store_says_decides_whether_another_attempt_helps() {
    let refused = |error| {
        let refusal = Refusal::Store(error);
        (refusal.status_code().as_u16(), refusal.reason())
    };
    assert_eq!(refused(StoreError::Overloaded), (503, "queue_full"));
    assert_eq!(refused(StoreError::Closed), (503, "store_failed"));
    assert_eq!(refused(StoreError::Full { source: "no room".into() }), (507, "disk_full"));
}

/// A program that is killed when a test fails.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // If the program has already ended, there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[actix_web::test]
async fn the_program_receives_handles_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    let program = Command::new(env!("CARGO_BIN_EXE_spektr-example-actix"))
        .arg(&path)
        .arg("127.0.0.1:0")
        .env("SPEKTR_WEBHOOK_KEYS", "dev=any secret")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut program = Program(program);
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("receiving on ").unwrap().parse().unwrap();
    let now = SystemClock::new().now();
    let json = "content-type: application/json".to_owned();
    let length = format!("content-length: {}", BATCH.len());
    let signature = signed_at(key("dev", "any secret"), BATCH.as_bytes(), now);
    let lines = [signature, vec![json, length]].concat();
    assert_eq!(exchange(address, &lines, BATCH.as_bytes()), (200, String::new()));

    let store = SqliteOptions::new(&path).open().unwrap();
    let began = Instant::now();
    let states = loop {
        let entries = store.list(Filter::all(), 0, 10).await.unwrap();
        let states: Vec<_> = entries.iter().map(|entry| entry.state).collect();
        if !states.contains(&State::Pending) {
            break states;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{states:?}");
        actix_web::rt::task::yield_now().await;
    };
    // The malformed entry is kept for an operator.
    assert_eq!(states, [State::Done, State::Done, State::Malformed]);
    let id = program.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    assert!(program.0.wait().unwrap().success());
}
