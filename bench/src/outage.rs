//! Measures the cost of a destination that is down while many events wait for it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use spektr_inbox::store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::load::Result;
use crate::machine::processor_time_of;
use crate::rates::{fill, sqlite};
use crate::receivers::Service;

const FILE: &str = "bench-outage.db";

/// Time within which the first events must fail.
const OPENING: Duration = Duration::from_secs(30);

/// Runs `spektr serve` for some time with a number of events that wait for a closed port. Returns
/// the share of a processor that the service used.
pub async fn measure(program: &Path, waiting: u64, duration: Duration) -> Result<f64> {
    let store: Arc<dyn Store> = sqlite(FILE)?.remove(0);
    fill(&store, waiting).await?;
    drop(store);
    // The port was just released, so nothing listens on it.
    let closed = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let url = format!("sqlite://{FILE}");
    let forward = format!("http://{closed}/");
    let service = Service::start(program, &url, &["--forward", &forward])?;
    let began = Instant::now();
    while metric(service.operations, "spektr_inbox_destination_up").await? != 0.0 {
        if began.elapsed() > OPENING {
            return Err("the breaker does not open".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let process = service.running.0.id().to_string();
    let (began, before) = (Instant::now(), processor_time_of(&process)?);
    tokio::time::sleep(duration).await;
    let used = processor_time_of(&process)? - before;
    let share = used.as_secs_f64() / began.elapsed().as_secs_f64();
    let pending =
        metric(service.operations, "spektr_inbox_backlog_entries{state=\"pending\"}").await?;
    if pending != waiting as f64 {
        return Err(format!("{pending} of {waiting} events wait").into());
    }
    drop(service);
    crate::inbox::remove(FILE);
    Ok(share)
}

/// Returns a metric of the service.
async fn metric(operations: SocketAddr, name: &str) -> Result<f64> {
    let mut stream = TcpStream::connect(operations).await?;
    let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split(' ').nth(1));
    Ok(value.ok_or_else(|| format!("the metrics have no {name}"))?.parse()?)
}
