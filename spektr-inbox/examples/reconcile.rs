//! Fetches missed events once, as a whole program.
//!
//! ```text
//! SPEKTR_API_KEY=… cargo run -p spektr-inbox --example reconcile -- inbox.db live 24
//! ```
//!
//! The arguments are the store, the environment or a base URL, and how many hours
//! the first run goes back. After a kill, the next run goes on where this one stopped.

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::reconcile::{ApiKey, BaseUrl, Client, Environment, Reconciler};
use spektr_inbox::store::sqlite::SqliteOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "inbox.db".to_owned());
    let place = arguments.next().unwrap_or_else(|| "sandbox".to_owned());
    let hours = arguments.next().map_or(Ok(24), |hours| hours.parse::<u64>())?;

    let base = match place.parse::<Environment>() {
        Ok(environment) => environment.base_url(),
        Err(_) => BaseUrl::parse(&place)?,
    };
    let store = Arc::new(SqliteOptions::new(path).open()?);
    let reconciler = Reconciler::new(store, Client::new(base, ApiKey::from_env()?)?)
        .with_first_reach(Duration::from_secs(hours * 3600));
    let summary = reconciler.run_once(|so_far| eprintln!("{} entries", so_far.seen)).await?;
    println!("{} seen, {} new, {} requests", summary.seen, summary.new, summary.requests);
    Ok(())
}
