//! Measures the cost of the pages of operations with many entries: the time of each page, the
//! service's processor time for it (without a database server's), and the effect on deliveries.
//!
//! ```text
//! cargo run --release --bin pages -- PROGRAM [sqlite|postgres] [ENTRIES] [TIMES]
//! ```

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use spektr_bench::inbox::{events, remove};
use spektr_bench::load::{Latencies, Result, deliver_at};
use spektr_bench::machine::{describe, processor_time_of};
use spektr_bench::rates::sqlite;
use spektr_bench::receivers::Service;
use spektr_inbox::store::postgres::PostgresOptions;
use spektr_inbox::store::{Imported, State, Store};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::start;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const FILE: &str = "bench-pages.db";

/// The pages, including the most expensive filters, which match nothing.
const PATHS: [&str; 10] = [
    "/",
    "/?span=day",
    "/entries",
    "/entries?state=done&type=alert_created",
    "/entries?type=alert_created",
    "/entries?source=other",
    "/entries?state=pending",
    "/dead",
    "/entries/1",
    "/replay?state=dead",
];

/// Deliveries per second that arrive beside the pages.
const DELIVERIES: u32 = 200;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |index: usize, preset: u64| {
        arguments.get(index).map_or(Ok(preset), |text| text.parse::<u64>())
    };
    let program =
        Path::new(arguments.first().ok_or("the path of the program `spektr` is missing")?);
    let (entries, times) = (number(2, 1_000_000)?, number(3, 200)?);
    println!("{}", describe()?);
    match arguments.get(1).map_or("sqlite", String::as_str) {
        "sqlite" => {
            fill(&*sqlite(FILE)?.remove(0), entries).await?;
            measure(program, &format!("sqlite://{FILE}"), entries, times).await?;
            remove(FILE);
        }
        "postgres" => {
            let cluster = Cluster::start(&[]);
            let url = cluster.database().await;
            fill(&PostgresOptions::new(&url).open().await?, entries).await?;
            // The server would otherwise vacuum by itself during a later measurement.
            cluster.connect_to(&url).await.batch_execute("VACUUM (ANALYZE)").await?;
            measure(program, &url, entries, times).await?;
        }
        other => return Err(format!("unknown store `{other}`: give `sqlite` or `postgres`").into()),
    }
    Ok(())
}

async fn measure(program: &Path, store: &str, entries: u64, times: u64) -> Result<()> {
    let service = Service::start(program, store, &[])?;
    let process = service.running.0.id().to_string();
    println!("| {entries} entries | p50 | p99 | processor each |\n|---|---|---|---|");
    for path in PATHS {
        // The first fetch reads from the disk, so it is not measured.
        fetch(service.operations, path).await?;
        let (mut took, before) = (Vec::new(), processor_time_of(&process)?);
        for _ in 0..times {
            let began = Instant::now();
            fetch(service.operations, path).await?;
            took.push(began.elapsed());
        }
        let processor = (processor_time_of(&process)? - before).div_f64(times as f64);
        let took = Latencies::new(took)?;
        println!("| `{path}` | {:.1?} | {:.1?} | {processor:.1?} |", took.at(0.5), took.at(0.99));
    }
    println!("\n| deliveries, {DELIVERIES}/s | p50 | p99 |\n|---|---|---|");
    let next = Arc::new(AtomicU64::new(entries));
    for (what, is_watched) in
        [("alone", false), ("beside ten browsers, a page a second each", true)]
    {
        let is_over = Arc::new(AtomicBool::new(false));
        let browsers = (0..if is_watched { 10 } else { 0 }).map(|browser| {
            let (is_over, operations) = (Arc::clone(&is_over), service.operations);
            tokio::spawn(async move {
                for turn in browser.. {
                    if is_over.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    fetch(operations, PATHS[turn % PATHS.len()]).await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        let browsers: Vec<_> = browsers.collect();
        let duration = Duration::from_secs(15);
        let latencies = deliver_at(service.receiving, &next, DELIVERIES, duration).await?;
        is_over.store(true, Ordering::Relaxed);
        for browser in browsers {
            browser.await??;
        }
        println!("| {what} | {:.1?} | {:.1?} |", latencies.at(0.5), latencies.at(0.99));
    }
    Ok(())
}

/// Fills a store: of a thousand entries 980 are done, ten dead, five malformed, and five wait for
/// an attempt.
async fn fill(store: &dyn Store, entries: u64) -> Result<()> {
    const BATCH: u64 = 1000;
    for first in (0..entries).step_by(BATCH as usize) {
        let imported = events(first, BATCH.min(entries - first)).into_iter().enumerate();
        let imported = imported.map(|(index, mut entry)| {
            let reason = |text: &str| Some(text.to_owned());
            let (state, reason) = match index {
                0..5 => (State::Pending, reason("answered with 500")),
                5..10 => (State::Malformed, reason("/data/tagId: expected a string")),
                10..20 => (State::Dead, reason("answered with 400")),
                _ => (State::Done, None),
            };
            entry.state = state;
            let attempts = u32::from(state != State::Malformed);
            let due_at = (state == State::Pending).then(start);
            Imported { entry, conflict: false, attempts, due_at, reason, history: Vec::new() }
        });
        store.import(imported.collect(), None).await?;
    }
    Ok(())
}

/// Fetches a page, as a browser on this machine would.
async fn fetch(operations: SocketAddr, path: &str) -> Result<()> {
    let mut stream = TcpStream::connect(operations).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {operations}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    match text.starts_with("HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(format!("{path}: {}", text.lines().next().unwrap_or_default()).into()),
    }
}
