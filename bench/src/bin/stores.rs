//! Measures both stores: accepted and handled events per second, and the cost of a claim as the
//! backlog grows.
//!
//! ```text
//! cargo run --release --bin stores -- rates [SECONDS]      # with 1, 2 and 4 machines
//! cargo run --release --bin stores -- backlog [ENTRIES]    # a claim beside 10 thousand
//! cargo run --release --bin stores -- work STORE [ENTRIES] # for a profiler: sqlite, postgres or URL
//! ```
//!
//! PostgreSQL is a server of its own on this machine, reached by a Unix socket, with its default
//! settings, so that each acknowledged delivery is synced. SQLite is a file in the working folder.

use std::sync::Arc;
use std::time::{Duration, Instant};

use spektr_bench::inbox::remove;
use spektr_bench::load::Result;
use spektr_bench::rates::{CONCURRENCY, IN_FLIGHT, accept, fill, postgres, request, sqlite, work};
use spektr_inbox::store::postgres::PostgresOptions;
use spektr_inbox::store::{Settlement, Store};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::start;

const FILE: &str = "bench-stores.db";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| {
        arguments.get(index).map_or(Ok(default), |text| text.parse::<u64>())
    };
    match arguments.first().map(String::as_str) {
        Some("rates") => rates(&Cluster::start(&[]), Duration::from_secs(number(1, 8)?)).await,
        Some("backlog") => backlog(&Cluster::start(&[]), number(1, 1_000_000)?).await,
        Some("work") => {
            let entries = number(2, 50_000)?;
            match arguments.get(1).map(String::as_str) {
                Some("sqlite") => profile(sqlite(FILE)?, entries).await?,
                Some("postgres") => {
                    let cluster = Cluster::start(&[]);
                    profile(postgres(&cluster, 1).await?, entries).await?;
                }
                Some(url) => {
                    let store: Arc<dyn Store> = Arc::new(PostgresOptions::new(url).open().await?);
                    profile(vec![store], entries).await?;
                }
                None => return Err("give `sqlite`, `postgres` or the URL of a new database".into()),
            }
            remove(FILE);
            Ok(())
        }
        _ => Err("give `rates`, `backlog` or `work` as the first argument".into()),
    }
}

async fn rates(cluster: &Cluster, duration: Duration) -> Result<()> {
    println!("{IN_FLIGHT} deliveries in flight for {duration:?}");
    println!("{CONCURRENCY:?} handlers a worker, each for {:?}", duration / 6);
    measure("SQLite", sqlite(FILE)?, duration).await?;
    remove(FILE);
    for count in [1, 2, 4] {
        measure(&format!("PostgreSQL, {count}"), postgres(cluster, count).await?, duration).await?;
    }
    Ok(())
}

async fn measure(name: &str, stores: Vec<Arc<dyn Store>>, duration: Duration) -> Result<()> {
    let (accepted, latencies) = accept(&stores, duration).await?;
    print!(
        "{name:14} accepted {:7.0}/s (p50 {:6.2?}, p99 {:6.2?}), handled",
        accepted.a_second,
        latencies.at(0.5),
        latencies.at(0.99),
    );
    // The accepted events are the backlog, and must last for all.
    for concurrency in CONCURRENCY {
        let handled = work(&stores, concurrency, duration / 6).await?;
        print!(" {:7.0}/s ({:.1?} of processor each)", handled.a_second, handled.processor);
    }
    println!();
    Ok(())
}

async fn profile(stores: Vec<Arc<dyn Store>>, entries: u64) -> Result<()> {
    fill(&stores[0], entries).await?;
    let handled = work(&stores, CONCURRENCY[1], Duration::from_secs(600)).await?;
    println!("{:.0}/s, {:.1?} of processor each", handled.a_second, handled.processor);
    Ok(())
}

/// Measures claims beside a backlog of ten thousand entries and beside a large one, in turns.
async fn backlog(cluster: &Cluster, large: u64) -> Result<()> {
    let sizes = [10_000, large];
    let mut stores = Vec::new();
    for size in sizes {
        let store = postgres(cluster, 1).await?.remove(0);
        let began = Instant::now();
        fill(&store, size).await?;
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
