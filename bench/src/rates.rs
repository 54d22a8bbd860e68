//! Measures a store without HTTP: accepts per second, and events that workers handle per second.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use spektr_inbox::store::postgres::PostgresOptions;
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{ClaimRequest, Store};
use spektr_inbox::testing::postgres::Cluster;
use spektr_inbox::testing::start;
use spektr_inbox::{HandlerError, Received, Workers};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::inbox::{events, remove};
use crate::load::{Latencies, Result};
use crate::machine::processor_time;

/// Deliveries in flight at the same time, on all machines together.
pub const IN_FLIGHT: usize = 64;

/// Handlers that a worker runs at the same time: the default of [`Workers`], and settings for
/// throughput.
pub const CONCURRENCY: [usize; 3] = [16, 64, 128];

/// Returns a store in a new file of the working folder.
pub fn sqlite(file: &str) -> Result<Vec<Arc<dyn Store>>> {
    remove(file);
    Ok(vec![Arc::new(SqliteOptions::new(file).open()?)])
}

/// Returns stores in a new database, as on several machines: each with its own connections.
pub async fn postgres(cluster: &Cluster, machines: usize) -> Result<Vec<Arc<dyn Store>>> {
    let url = cluster.database().await;
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..machines {
        stores.push(Arc::new(PostgresOptions::new(&url).open().await?));
    }
    Ok(stores)
}

/// The operations in some time.
pub struct Rate {
    /// Operations per second.
    pub a_second: f64,
    /// Processor time of this process for each operation, without a database server's.
    pub processor: Duration,
}

impl Rate {
    fn new(count: u64, elapsed: Duration, processor: Duration) -> Result<Self> {
        if count == 0 {
            return Err("nothing was done".into());
        }
        let processor = processor.div_f64(count as f64);
        Ok(Self { a_second: count as f64 / elapsed.as_secs_f64(), processor })
    }
}

/// Accepts deliveries of one event each; returns the rate and the latencies.
pub async fn accept(stores: &[Arc<dyn Store>], duration: Duration) -> Result<(Rate, Latencies)> {
    let next = Arc::new(AtomicU64::new(0));
    let (began, before) = (Instant::now(), processor_time()?);
    let mut senders = JoinSet::new();
    for sender in 0..IN_FLIGHT {
        let store = Arc::clone(&stores[sender % stores.len()]);
        let next = Arc::clone(&next);
        senders.spawn(async move {
            let mut latencies = Vec::new();
            while began.elapsed() < duration {
                let one = events(next.fetch_add(1, Ordering::Relaxed), 1);
                let began = Instant::now();
                store.accept(one).await?;
                latencies.push(began.elapsed());
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(latencies)
        });
    }
    let mut latencies = Vec::new();
    for sent in senders.join_all().await {
        latencies.extend(sent?);
    }
    let (elapsed, processor) = (began.elapsed(), processor_time()? - before);
    let latencies = Latencies::new(latencies)?;
    Ok((Rate::new(latencies.count() as u64, elapsed, processor)?, latencies))
}

/// Stores a number of events, which then wait to be handled.
pub async fn fill(store: &Arc<dyn Store>, count: u64) -> Result<()> {
    const BATCH: u64 = 500;
    for first in (0..count).step_by(BATCH as usize) {
        store.accept(events(first, BATCH)).await?;
    }
    Ok(())
}

/// Handles the waiting events of a database by handlers that do nothing. Each of its stores has
/// one worker, which runs `concurrency` handlers at a time. Ends early if the time is over.
pub async fn work(
    stores: &[Arc<dyn Store>],
    concurrency: usize,
    duration: Duration,
) -> Result<Rate> {
    let waiting = stores[0].stats().await?.pending;
    if waiting == 0 {
        return Err("no event waits".into());
    }
    let handled = Arc::new(AtomicU64::new(0));
    let (stop, stopped) = watch::channel(false);
    let (began, before) = (Instant::now(), processor_time()?);
    let mut workers = JoinSet::new();
    for store in stores {
        let (handled, stop, mut stopped) = (Arc::clone(&handled), stop.clone(), stopped.clone());
        let handler = move |_: Received| {
            if handled.fetch_add(1, Ordering::Relaxed) + 1 == waiting {
                stop.send_replace(true);
            }
            async { Ok::<(), HandlerError>(()) }
        };
        let worker = Workers::new(Arc::clone(store), handler).with_concurrency(concurrency);
        workers.spawn(worker.run(async move {
            let _over = timeout(duration, stopped.wait_for(|is_over| *is_over)).await;
        }));
    }
    workers.join_all().await;
    let (elapsed, processor) = (began.elapsed(), processor_time()? - before);
    let done = waiting - stores[0].stats().await?.pending;
    let handled = handled.load(Ordering::Relaxed);
    if handled != done {
        return Err(format!("{handled} events were handled, and {done} are done").into());
    }
    Rate::new(done, elapsed, processor)
}

/// Returns a claim as workers make it, with the clock of the entries.
pub fn request(owner: i64, limit: usize, ordered: bool) -> ClaimRequest {
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
