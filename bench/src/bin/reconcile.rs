//! Measures the cost of fetching events from the sender's list, which another process serves over
//! loopback.
//!
//! ```text
//! cargo run --release --bin reconcile -- [EVENTS]
//! ```

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use spektr_bench::inbox::{remove, resident};
use spektr_inbox::reconcile::{ApiKey, BaseUrl, Client, Reconciler};
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::testing::tag_added;
use spektr_types::Timestamp;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Creation time of the first event.
const START: u64 = 1_700_000_000_000;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [serve, events, crowd] = &arguments[..] {
        if serve == "serve" {
            return List { events: events.parse()?, crowd: crowd.parse()? }.serve();
        }
    }
    let events = arguments.first().map_or(Ok(100_000), |text| text.parse::<u64>())?;
    println!("{events} events");
    for (name, crowd) in [("one every 10 ms", 1), ("130 at each moment", 130)] {
        remove("bench-reconcile.db");
        let server = Server::start(events, crowd)?;
        let store = Arc::new(SqliteOptions::new("bench-reconcile.db").open()?);
        let client = Client::new(BaseUrl::parse(&server.url)?, ApiKey::new("bench")?)?;
        let reconciler = Reconciler::new(store, client);
        for state in ["all new", "all there"] {
            let began = Instant::now();
            let mut memory = Vec::new();
            let summary = reconciler
                .run_since(Timestamp::from_millis(i64::try_from(START)? - 1)?, |so_far| {
                    // Measures memory after a tenth of the events, after a half, and at the end.
                    let parts = [events / 10, events / 2, events];
                    if parts.get(memory.len()).is_some_and(|part| so_far.seen >= *part) {
                        memory.push(resident("/proc/self/statm").unwrap_or_default());
                    }
                })
                .await?;
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "{name}, {state}: {seconds:.1} s, {:.0} a second, {} requests, {} seen, {} new, \
                 resident {memory:?} MiB",
                events as f64 / seconds,
                summary.requests,
                summary.seen,
                summary.new,
            );
        }
        drop(reconciler);
        remove("bench-reconcile.db");
    }
    Ok(())
}

/// The list, in a process of its own so that its memory is not counted.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(events: u64, crowd: u64) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", &events.to_string(), &crowd.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut url)?;
        Ok(Self { child, url: url.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Events that are generated on request.
struct List {
    events: u64,
    /// Number of events with the same creation time.
    crowd: u64,
}

impl List {
    fn serve(&self) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("http://{}", listener.local_addr()?);
        for stream in listener.incoming() {
            self.answer(stream?)?;
        }
        Ok(())
    }

    /// Answers the requests of one connection.
    fn answer(&self, mut stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        while let Some(request) = lines.next() {
            let request = request?;
            while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
            let body = self.page(&request)?;
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
            );
            stream.write_all((head + &body).as_bytes())?;
        }
        Ok(())
    }

    fn page(&self, request: &str) -> Result<String> {
        let number = |name: &str| -> Result<u64> {
            let value = request.split(name).nth(1).ok_or("a parameter is missing")?;
            Ok(value.split(['&', ' ']).next().unwrap_or_default().parse()?)
        };
        let after = number("createdAfter=")?;
        // The number of the first later event: creation times are 10 ms times the crowd apart.
        let apart = 10 * self.crowd;
        let moments = if after < START { 0 } else { (after - START) / apart + 1 };
        let first = (moments * self.crowd).min(self.events);
        let total = self.events - first;
        let skip = (number("page=")? - 1) * 50;
        let shown = (first + skip).min(self.events)..(first + skip + 50).min(self.events);
        let has_next = shown.end < self.events;
        let event = |index: u64| {
            let at = START + index / self.crowd * apart;
            let created_at = i64::try_from(at).unwrap_or(i64::MAX);
            tag_added(&format!("evt_{index:024}"), &format!("spk_{}", index % 1000), created_at)
        };
        let results: Vec<_> = shown.map(event).collect();
        Ok(format!(
            r#"{{"results":[{}],"totalResults":{total},"hasNextPage":{has_next}}}"#,
            results.join(",")
        ))
    }
}
