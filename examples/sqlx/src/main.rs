//! A receiver whose handler writes by sqlx, as a whole program.
//!
//! ```text
//! export DATABASE_URL=postgres://… SPEKTR_WEBHOOK_KEYS="key-id=secret"
//! cargo run --manifest-path examples/sqlx/Cargo.toml -- 127.0.0.1:8080
//! ```
//!
//! It serves `POST /webhooks/spektr` until SIGTERM or ctrl-c, finishes running work, and exits.

use std::env;
use std::error::Error;
use std::sync::Arc;

use spektr_example_sqlx::{SCHEMA, handle};
use spektr_inbox::store::{Store, postgres::PostgresOptions};
use spektr_inbox::{Received, Receiver, Server, Workers};
use spektr_verify::{KeyRing, SignedContent, Verifier};
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let url = env::var("DATABASE_URL")?;
    let store: Arc<dyn Store> = Arc::new(PostgresOptions::new(&url).open().await?);
    // One connection for each event that is handled at the same time.
    let pool = PgPoolOptions::new().max_connections(8).connect(&url).await?;
    sqlx::query(SCHEMA).execute(&pool).await?;

    // The signed content is an assumption; `spektr_verify::diagnose` finds the right one.
    let verifier = Verifier::new(KeyRing::from_env()?, SignedContent::TIMESTAMP_DOT_BODY);
    let receiver = Receiver::new(Arc::clone(&store), verifier);
    let handler = move |received: Received| {
        let pool = pool.clone();
        async move { handle(&pool, &received).await }
    };
    let workers = Workers::new(store, handler).with_concurrency(8);

    let listener = TcpListener::bind(address).await?;
    println!("receiving on {}", listener.local_addr()?);
    let (stop, _) = watch::channel(false);
    let stopped = || {
        let mut stopped = stop.subscribe();
        async move {
            // An error means that the sender was dropped, so the server stops too.
            let _gone = stopped.wait_for(|stopped| *stopped).await;
        }
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let signals = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        stop.send_replace(true);
    };
    let server = Server::new(receiver.router("/webhooks/spektr"));
    tokio::join!(signals, server.serve(listener, stopped()), workers.run(stopped()));
    Ok(())
}
