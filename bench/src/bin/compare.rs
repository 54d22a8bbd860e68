//! Compares the deliveries that two versions of `spektr serve` accept, in one run.
//!
//! ```text
//! cargo run --release --bin compare -- BEFORE AFTER [ENTRIES] [SECONDS]
//! ```
//!
//! Both arguments are paths of the program `spektr`, built in the same profile. For SQLite and for
//! PostgreSQL, it delivers in turns for some seconds, twice: events on 64 connections, first to an
//! empty store, then to a store filled up to a number of entries (by default a million). Then, with
//! SQLite, it measures a delivery on a new connection among 600 idle connections. It prints the
//! resident memory of the process after each step, and the maximum.
//!
//! SQLite is a file in the working folder; PostgreSQL is a server of its own on this machine, with
//! its default settings. The order of the two versions alternates.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use spektr_bench::inbox::remove;
use spektr_bench::load::{Client, Latencies, Result, Running, batch, deliver_for, fill};
use spektr_bench::receivers::Service;
use spektr_inbox::testing::postgres::Cluster;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const ROUNDS: usize = 2;
const IDLE: usize = 600;

/// Number of deliveries measured among idle connections, one after the other.
const AMONG_IDLE: usize = 9;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [before, after, rest @ ..] = &arguments[..] else {
        return Err("give the paths of two programs `spektr`: before and after".into());
    };
    let number =
        |index: usize, default: u64| rest.get(index).map_or(Ok(default), |text| text.parse());
    let (entries, duration) = (number(0, 1_000_000)?, Duration::from_secs(number(1, 6)?));
    let programs = [("before", before), ("after", after)]
        .map(|(name, path)| (name, std::fs::canonicalize(path)));
    let began = Instant::now();
    let cluster = Cluster::start(&[]);
    for store in ["SQLite", "PostgreSQL"] {
        println!("{store}:");
        let mut versions = Vec::new();
        for (name, program) in &programs {
            let program = program.as_ref().map_err(ToString::to_string)?;
            let file = format!("bench-{name}.db");
            remove(&file);
            let url = match store {
                "SQLite" => format!("sqlite://{file}"),
                _ => format!("{}?sslmode=disable", cluster.database().await),
            };
            versions.push(Version { name, program: program.clone(), url, next: Arc::default() });
        }
        for round in 0..ROUNDS {
            for version in in_turn(&versions, round) {
                version.measure(duration).await?;
            }
        }
        for version in in_turn(&versions, ROUNDS) {
            version.fill(entries).await?;
        }
        for version in in_turn(&versions, ROUNDS + 1) {
            version.measure(duration).await?;
        }
        if store == "SQLite" {
            for version in &versions {
                version.measure_among_idle().await?;
            }
        }
        for (name, _) in &programs {
            remove(&format!("bench-{name}.db"));
        }
    }
    println!("{:.0?} in all", began.elapsed());
    Ok(())
}

/// Returns the versions; in every second round in reverse order.
fn in_turn(versions: &[Version], round: usize) -> impl Iterator<Item = &Version> {
    let count = versions.len();
    (0..count).map(move |index| &versions[(index + round) % count])
}

/// A version of the program with a store of its own.
struct Version {
    name: &'static str,
    program: PathBuf,
    url: String,
    /// The number of the next event, so that all events are different.
    next: Arc<AtomicU64>,
}

impl Version {
    fn start(&self) -> Result<Service> {
        Service::start(&self.program, &self.url, &[])
    }

    async fn measure(&self, duration: Duration) -> Result<()> {
        let before = self.next.load(Ordering::Relaxed);
        let Service { running, receiving: address, .. } = self.start()?;
        let latencies = deliver_for(address, &self.next, duration).await?;
        println!(
            "  {:6} from {before:8} entries: {:7.0}/s  p50 {:8.2?}  p99 {:8.2?}  {}",
            self.name,
            latencies.count() as f64 / duration.as_secs_f64(),
            latencies.at(0.5),
            latencies.at(0.99),
            memory(&running)?,
        );
        Ok(())
    }

    async fn fill(&self, entries: u64) -> Result<()> {
        let there = self.next.load(Ordering::Relaxed);
        let Service { running, receiving: address, .. } = self.start()?;
        let began = Instant::now();
        fill(address, &self.next, entries.saturating_sub(there)).await?;
        let elapsed = began.elapsed();
        println!("  {:6} filled in {elapsed:.1?}, {}", self.name, memory(&running)?);
        Ok(())
    }

    /// Measures deliveries on new connections while many others are idle; an idle connection that
    /// is closed is opened again.
    async fn measure_among_idle(&self) -> Result<()> {
        let Service { running, receiving: address, .. } = self.start()?;
        let mut idle = JoinSet::new();
        for _ in 0..IDLE {
            let mut stream = TcpStream::connect(address).await?;
            idle.spawn(async move {
                loop {
                    let _closed = stream.read(&mut [0]).await;
                    match TcpStream::connect(address).await {
                        Ok(again) => stream = again,
                        Err(_) => return,
                    }
                }
            });
        }
        let mut latencies = Vec::new();
        for _ in 0..AMONG_IDLE {
            let began = Instant::now();
            let mut client = Client::connect(address).await?;
            let body = batch(self.next.fetch_add(1, Ordering::Relaxed), 1);
            let request = client.request(&body);
            client.exchange(&request).await?;
            latencies.push(began.elapsed());
        }
        let latencies = Latencies::new(latencies)?;
        println!(
            "  {:6} among {IDLE} idle connections: p50 {:8.2?}  max {:8.2?}  {}",
            self.name,
            latencies.at(0.5),
            latencies.at(1.0),
            memory(&running)?,
        );
        Ok(())
    }
}

/// Returns the current and the maximum resident memory of a process.
fn memory(running: &Running) -> Result<String> {
    let path = format!("/proc/{}/status", running.0.id());
    let status = std::fs::read_to_string(Path::new(&path))?;
    let mib = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no figure")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024)
    };
    Ok(format!("resident {} MiB, at most {} MiB", mib("VmRSS:")?, mib("VmHWM:")?))
}
