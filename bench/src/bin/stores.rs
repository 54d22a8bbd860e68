//! What the two stores do beside each other: accepts and claims a second, and what a
//! claim costs as the backlog grows.
//!
//! ```text
//! cargo run --release --bin stores -- rates [SECONDS]      # with 1, 2 and 4 machines
//! cargo run --release --bin stores -- backlog [ENTRIES]    # a claim beside 10 thousand
//! ```
//!
//! PostgreSQL is a server of its own on this machine, reached by a Unix socket, with its
//! default settings: what is acknowledged is synced. SQLite is a file in the working
//! folder.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use spektr_bench::inbox::{events, remove};
use spektr_inbox::store::postgres::PostgresOptions;
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{ClaimRequest, Settlement, Store};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::start;
use tokio::task::JoinSet;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How many deliveries are in flight at a time, on all machines together.
const IN_FLIGHT: usize = 64;

/// How many entries a worker claims at a time, and settles one by one.
const CLAIM: usize = 16;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |default: u64| arguments.get(1).map_or(Ok(default), |text| text.parse::<u64>());
    let cluster = Cluster::start(&[]);
    match arguments.first().map(String::as_str) {
        Some("rates") => rates(&cluster, Duration::from_secs(number(8)?)).await,
        Some("backlog") => backlog(&cluster, number(1_000_000)?).await,
        _ => Err("say `rates` or `backlog`".into()),
    }
}

/// Stores as several machines have them: each its own connections.
async fn machines(cluster: &Cluster, count: usize) -> Result<Vec<Arc<dyn Store>>> {
    let url = cluster.database().await;
    let mut machines: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..count {
        machines.push(Arc::new(PostgresOptions::new(&url).open().await?));
    }
    Ok(machines)
}

async fn rates(cluster: &Cluster, duration: Duration) -> Result<()> {
    println!("{IN_FLIGHT} deliveries in flight, {CLAIM} entries a claim, {duration:?} each");
    remove("bench-stores.db");
    let sqlite: Arc<dyn Store> = Arc::new(SqliteOptions::new("bench-stores.db").open()?);
    measure("SQLite", vec![sqlite], duration).await?;
    remove("bench-stores.db");
    for count in [1, 2, 4] {
        let name = format!("PostgreSQL, {count}");
        measure(&name, machines(cluster, count).await?, duration).await?;
    }
    Ok(())
}

async fn measure(name: &str, machines: Vec<Arc<dyn Store>>, duration: Duration) -> Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let mut senders = JoinSet::new();
    for sender in 0..IN_FLIGHT {
        let store = Arc::clone(&machines[sender % machines.len()]);
        let (next, stop) = (Arc::clone(&next), Arc::clone(&stop));
        senders.spawn(async move {
            let mut latencies = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let one = events(next.fetch_add(1, Ordering::Relaxed), 1);
                let began = Instant::now();
                store.accept(one).await?;
                latencies.push(began.elapsed());
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(latencies)
        });
    }
    tokio::time::sleep(duration).await;
    stop.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for sent in senders.join_all().await {
        latencies.extend(sent?);
    }
    latencies.sort_unstable();
    let accepted = latencies.len() as f64 / duration.as_secs_f64();

    // What was accepted is the backlog, which is more than can be handled in that time.
    let stop = Arc::new(AtomicBool::new(false));
    let handled = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for (owner, store) in (1..).zip(&machines) {
        for _ in 0..2 {
            let (store, stop) = (Arc::clone(store), Arc::clone(&stop));
            let handled = Arc::clone(&handled);
            workers.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let claims = store.claim(request(owner, CLAIM, false)).await?;
                    if claims.is_empty() {
                        return Ok(());
                    }
                    let settling = claims.into_iter().map(|claim| {
                        let store = Arc::clone(&store);
                        async move { store.settle(claim.lease, Settlement::Done, start()).await }
                    });
                    for settled in settling.collect::<JoinSet<_>>().join_all().await {
                        handled.fetch_add(u64::from(settled?), Ordering::Relaxed);
                    }
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(())
            });
        }
    }
    let began = Instant::now();
    while began.elapsed() < duration && !workers.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        while let Some(ended) = workers.try_join_next() {
            ended??;
        }
    }
    let elapsed = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let handled = handled.load(Ordering::Relaxed) as f64 / elapsed.as_secs_f64();
    for ended in workers.join_all().await {
        ended?;
    }
    println!(
        "{name:14} accepted {accepted:7.0}/s (p50 {:6.2?}, p99 {:6.2?}), \
         claimed and settled {handled:7.0}/s",
        latencies[latencies.len() / 2],
        latencies[latencies.len() * 99 / 100],
    );
    Ok(())
}

/// Claims beside a backlog of ten thousand and beside a large one, in turns.
async fn backlog(cluster: &Cluster, large: u64) -> Result<()> {
    let sizes = [10_000, large];
    let mut stores = Vec::new();
    for size in sizes {
        let store = machines(cluster, 1).await?.remove(0);
        let began = Instant::now();
        for first in (0..size).step_by(500) {
            store.accept(events(first, 500)).await?;
        }
        println!("{size} entries pending, stored in {:.1?}", began.elapsed());
        stores.push(store);
    }
    for (name, limit, ordered) in
        [("one", 1, false), ("one in order", 1, true), ("16", 16, false), ("16 in order", 16, true)]
    {
        let mut latencies = [Vec::new(), Vec::new()];
        for _ in 0..200 {
            for (store, latencies) in stores.iter().zip(&mut latencies) {
                let began = Instant::now();
                let claims = store.claim(request(1, limit, ordered)).await?;
                latencies.push(began.elapsed());
                if claims.len() != limit {
                    return Err(format!("{} of {limit} claimed", claims.len()).into());
                }
                for claim in claims {
                    store.settle(claim.lease, Settlement::Done, start()).await?;
                }
            }
        }
        let [small, large] = latencies.map(|mut latencies| {
            latencies.sort_unstable();
            [latencies[latencies.len() / 2], latencies[latencies.len() * 95 / 100]]
        });
        println!(
            "claim {name:12} {:7.2?} (p95 {:7.2?}) and {:7.2?} (p95 {:7.2?}): {:.2} times",
            small[0],
            small[1],
            large[0],
            large[1],
            large[0].as_secs_f64() / small[0].as_secs_f64(),
        );
    }
    for (size, store) in sizes.iter().zip(&stores) {
        let began = Instant::now();
        store.stats().await?;
        println!("figures beside {size}: {:.2?}", began.elapsed());
    }
    Ok(())
}

fn request(owner: i64, limit: usize, ordered: bool) -> ClaimRequest {
    ClaimRequest {
        owner,
        now: start(),
        lease: Duration::from_secs(30),
        limit,
        ordered,
        hold_on_dead: false,
        horizon: Duration::from_secs(3600),
    }
}
