//! Measures the deliveries per second that a receiver accepts, over loopback on 64 connections with
//! one event each. Also measures the cost of a delivery as the store grows.
//!
//! ```text
//! cargo run --release --bin accept -- receivers [SECONDS]   # against its peers
//! cargo run --release --bin accept -- growth [ENTRIES]      # accept and claim on a full store
//! ```
//!
//! `receivers` runs each receiver as a process of its own, on a new file in the working folder:
//! this crate with its defaults; this crate with a commit for each delivery; express with
//! better-sqlite3; and FastAPI with sqlite3. All verify the HMAC, and answer after a commit with
//! `synchronous = FULL`.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use spektr_bench::inbox::{events, remove, resident};
use spektr_bench::load::{CONNECTIONS, Result, deliver_for};
use spektr_bench::rates::request;
use spektr_bench::receivers::{FILE, Kind, SERVE, serve};
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{NewEntry, Queue, Reception, Settlement, State};
use spektr_inbox::testing::start;

const FSYNC_BLOCKS: u64 = 300;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| {
        arguments.get(index).map_or(Ok(default), |text| text.parse::<u64>())
    };
    match arguments.first().map(String::as_str) {
        Some(SERVE) => serve(&arguments[1], usize::try_from(number(2, 256)?)?).await,
        Some("receivers") => receivers(Duration::from_secs(number(1, 10)?)).await,
        Some("growth") => growth(number(1, 5_000_000)?).await,
        _ => Err("give `receivers` or `growth` as the first argument".into()),
    }
}

async fn receivers(duration: Duration) -> Result<()> {
    for (blocks, length) in [("new blocks", 0), ("existing blocks", FSYNC_BLOCKS * 4096)] {
        let (median, late) = fsync_latency(length)?;
        println!("fdatasync of 4 KiB, {blocks}: median {median:.2?}, p99 {late:.2?}");
    }
    println!("{CONNECTIONS} connections, {duration:?} each");
    for kind in [Kind::Own(256), Kind::Own(1), Kind::Node, Kind::Python] {
        kind.ensure_installed()?;
        remove(FILE);
        let (running, address) = kind.start()?;
        let latencies = deliver_for(address, &Arc::default(), duration).await?;
        let resident = resident(&format!("/proc/{}/statm", running.0.id()))?;
        println!(
            "{:14} {:8.0}/s  p50 {:8.2?}  p99 {:8.2?}  max {:8.2?}  resident {resident} MiB",
            kind.name(),
            latencies.count() as f64 / duration.as_secs_f64(),
            latencies.at(0.5),
            latencies.at(0.99),
            latencies.at(1.0),
        );
        drop(running);
        remove(FILE);
    }
    Ok(())
}

/// Measures accepts and claims on a store with a growing number of done entries.
async fn growth(entries_in_all: u64) -> Result<()> {
    remove(FILE);
    let store = SqliteOptions::new(FILE).open()?;
    let mut filled = 0;
    let mut sizes = vec![10_000, 100_000, 1_000_000, 5_000_000];
    sizes.retain(|size| *size < entries_in_all);
    sizes.push(entries_in_all);
    for size in sizes {
        let began = Instant::now();
        while filled < size {
            store.accept(batch(filled, 500, State::Done)).await?;
            filled += 500;
        }
        let filling = began.elapsed();
        // Syncs the writes of filling, so that they are not measured, and waits until the disk is
        // idle: the current sync time is printed beside the results.
        File::open(FILE)?.sync_all()?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (sync, _) = fsync_latency(FSYNC_BLOCKS * 4096)?;
        let mut accept = Vec::new();
        for _ in 0..1000 {
            let one = batch(filled, 1, State::Pending);
            filled += 1;
            let began = Instant::now();
            store.accept(one).await?;
            accept.push(began.elapsed());
        }
        let mut claim = Vec::new();
        for _ in 0..1000 {
            let began = Instant::now();
            let claims = store.claim(request(1, 1, true)).await?;
            claim.push(began.elapsed());
            let lease = claims.first().ok_or("nothing is due")?.lease;
            store.settle(lease, Settlement::Done, start()).await?;
        }
        accept.sort_unstable();
        claim.sort_unstable();
        println!(
            "{filled:8} entries: accept {:7.2?} (p99 {:7.2?}), claim {:7.2?} (p99 {:7.2?}), \
             sync {sync:7.2?}, filled in {filling:.1?}, file {} MiB, resident {} MiB",
            accept[500],
            accept[990],
            claim[500],
            claim[990],
            File::open(FILE)?.metadata()?.len() >> 20,
            resident("/proc/self/statm")?,
        );
    }
    drop(store);
    remove(FILE);
    Ok(())
}

fn batch(first: u64, count: u64, state: State) -> Vec<NewEntry> {
    let events = events(first, count).into_iter();
    events.map(|entry| NewEntry { state, ..entry }).collect()
}

/// Returns median and 99th percentile of a sync, in a file that already has `length` bytes.
///
/// SQLite's log grows at first, and is overwritten after that.
fn fsync_latency(length: u64) -> Result<(Duration, Duration)> {
    let mut file = File::create("bench.sync")?;
    file.write_all(&vec![1; usize::try_from(length)?])?;
    file.sync_all()?;
    let mut latencies = Vec::new();
    for index in 0..FSYNC_BLOCKS {
        file.seek(SeekFrom::Start(index * 4096))?;
        file.write_all(&[0; 4096])?;
        let began = Instant::now();
        file.sync_data()?;
        latencies.push(began.elapsed());
    }
    std::fs::remove_file("bench.sync")?;
    latencies.sort_unstable();
    let at = |share: usize| latencies[latencies.len() * share / 100];
    Ok((at(50), at(99)))
}
