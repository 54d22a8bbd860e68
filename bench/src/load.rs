//! Puts load on a receiver: processes that receive, and clients that deliver and wait.

use std::error::Error;
use std::net::SocketAddr;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use spektr_verify::{Secret, SecretEncoding, SignedContent, Signer, SigningKey, UnixSeconds};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::inbox::event;

/// The result of the benchmarks.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Number of clients that deliver at the same time.
pub const CONNECTIONS: usize = 64;

/// The id of the signing key.
pub const KEY_ID: &str = "bench";

/// The secret of the signing key.
pub const SECRET: &str = "a secret of the benchmark";

/// Returns the signing key.
pub fn key() -> Result<SigningKey> {
    Ok(SigningKey::new(KEY_ID, Secret::new(SECRET, SecretEncoding::Utf8)?)?)
}

/// A process that is killed when the value is dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Sorted latencies of responses.
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// Sorts the latencies; fails if there are none.
    pub fn new(mut all: Vec<Duration>) -> Result<Self> {
        all.sort_unstable();
        if all.is_empty() { Err("nothing was measured".into()) } else { Ok(Self(all)) }
    }

    /// Returns the median of single durations.
    pub fn median(all: Vec<Duration>) -> Result<Duration> {
        Ok(Self::new(all)?.at(0.5))
    }

    /// Returns the number of latencies.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the latency that a share of deliveries, from 0 to 1, does not exceed.
    pub fn at(&self, share: f64) -> Duration {
        self.0[((self.0.len() - 1) as f64 * share) as usize]
    }
}

/// Delivers different events on [`CONNECTIONS`] connections for some time. The first second warms
/// up and does not count.
pub async fn deliver_for(
    address: SocketAddr,
    next: &Arc<AtomicU64>,
    duration: Duration,
) -> Result<Latencies> {
    let begin = Instant::now() + Duration::from_secs(1);
    let clients = (0..CONNECTIONS).map(|_| {
        let next = Arc::clone(next);
        async move {
            let mut client = Client::connect(address).await?;
            let mut latencies = Vec::new();
            loop {
                let body = batch(next.fetch_add(1, Ordering::Relaxed), 1);
                let request = client.request(&body);
                let sent = Instant::now();
                if sent >= begin + duration {
                    return Ok::<_, Box<dyn Error + Send + Sync>>(latencies);
                }
                client.exchange(&request).await?;
                if sent >= begin {
                    latencies.push(sent.elapsed());
                }
            }
        }
    });
    let mut latencies = Vec::new();
    for client in clients.collect::<JoinSet<_>>().join_all().await {
        latencies.extend(client?);
    }
    Latencies::new(latencies)
}

/// Delivers different events at a constant rate, even if the receiver does not keep up. Each
/// delivery has a due time. Its latency counts from that time and so includes the wait in a queue.
/// A delivery that was not sent by the end has the latency that it had by then. At most
/// [`CONNECTIONS`] are in flight; the first second warms up and does not count. The timer has a
/// resolution of a millisecond, which is part of the latencies.
pub async fn deliver_at(
    address: SocketAddr,
    next: &Arc<AtomicU64>,
    rate: u32,
    duration: Duration,
) -> Result<Latencies> {
    let begin = Instant::now() + Duration::from_millis(50);
    let counts_from = begin + Duration::from_secs(1);
    let end = counts_from + duration;
    let arrival = Arc::new(AtomicU64::new(0));
    let due = move |index: u64| begin + Duration::from_secs_f64(index as f64 / f64::from(rate));
    let clients = (0..CONNECTIONS).map(|_| {
        let (next, arrival) = (Arc::clone(next), Arc::clone(&arrival));
        async move {
            let mut client = Client::connect(address).await?;
            let mut latencies = Vec::new();
            loop {
                let due = due(arrival.fetch_add(1, Ordering::Relaxed));
                if due >= end {
                    return Ok::<_, Box<dyn Error + Send + Sync>>(latencies);
                }
                tokio::time::sleep_until(due.into()).await;
                if Instant::now() < end {
                    let body = batch(next.fetch_add(1, Ordering::Relaxed), 1);
                    client.exchange(&client.request(&body)).await?;
                }
                if due >= counts_from {
                    latencies.push(due.elapsed());
                }
            }
        }
    });
    let mut latencies = Vec::new();
    for client in clients.collect::<JoinSet<_>>().join_all().await {
        latencies.extend(client?);
    }
    Latencies::new(latencies)
}

/// Delivers a number of events, in batches of a thousand on four connections.
pub async fn fill(address: SocketAddr, next: &Arc<AtomicU64>, events: u64) -> Result<()> {
    const BATCH: u64 = 1000;
    let end = next.load(Ordering::Relaxed) + events;
    let clients = (0..4).map(|_| {
        let next = Arc::clone(next);
        async move {
            let mut client = Client::connect(address).await?;
            loop {
                let first = next.fetch_add(BATCH, Ordering::Relaxed);
                if first >= end {
                    return Ok::<_, Box<dyn Error + Send + Sync>>(());
                }
                let request = client.request(&batch(first, BATCH));
                client.exchange(&request).await?;
            }
        }
    });
    clients.collect::<JoinSet<_>>().join_all().await.into_iter().collect()
}

/// Returns the body of a delivery with a number of events.
pub fn batch(first: u64, count: u64) -> String {
    let events: Vec<_> = (first..first + count).map(event).collect();
    format!(r#"{{"results":[{}]}}"#, events.join(","))
}

/// A connection to a receiver.
pub struct Client {
    stream: TcpStream,
    signer: Signer,
    buffer: Box<[u8; 4096]>,
}

impl Client {
    /// Connects to a receiver.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let signer = Signer::new(key()?, SignedContent::TIMESTAMP_DOT_BODY);
        Ok(Self { stream, signer, buffer: Box::new([0; 4096]) })
    }

    /// Returns a request with a body, signed with the current time.
    pub fn request(&self, body: &str) -> Vec<u8> {
        let headers = self.signer.sign_at(body.as_bytes(), UnixSeconds::from(SystemTime::now()));
        let lines = headers.pairs().map(|(name, value)| format!("{name}: {value}\r\n")).concat();
        format!(
            "POST /webhooks/spektr HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n{lines}\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// Sends a request, and waits for a response with status 200.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await?;
        let mut length = 0;
        while !ends(&self.buffer[..length]) {
            match self.stream.read(&mut self.buffer[length..]).await? {
                0 => return Err("the receiver has closed the connection".into()),
                read => length += read,
            }
        }
        if self.buffer.starts_with(b"HTTP/1.1 200") {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&self.buffer[..length]).into())
        }
    }
}

/// Tells whether a response without a body, or with the body `OK`, is complete.
fn ends(answer: &[u8]) -> bool {
    answer.ends_with(b"\r\n\r\n") || answer.ends_with(b"\r\n\r\nOK")
}
