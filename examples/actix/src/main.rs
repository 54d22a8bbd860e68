//! A receiver with actix-web, as a whole program.
//!
//! ```text
//! export SPEKTR_WEBHOOK_KEYS="key-id=secret"
//! cargo run --manifest-path examples/actix/Cargo.toml -- inbox.db 127.0.0.1:8080
//! ```
//!
//! It serves `POST /webhooks/spektr` until SIGTERM or ctrl-c, finishes running work, and exits.

use std::env;
use std::error::Error;
use std::sync::Arc;

use actix_web::{App, HttpServer};
use spektr_example_actix::Webhooks;
use spektr_inbox::store::{Store, sqlite::SqliteOptions};
use spektr_inbox::{HandlerError, Received, Router, Workers};
use spektr_types::AlertResolved;
use spektr_verify::{KeyRing, SignedContent, Verifier};
use tokio::sync::oneshot;

/// Handles an event, at least once. The event's id is the idempotency key.
async fn resolved(received: Received<AlertResolved>) -> Result<(), HandlerError> {
    tracing::info!(alert = %received.event().data.alert_id, "resolved");
    Ok(())
}

async fn other(received: Received) -> Result<(), HandlerError> {
    tracing::info!(event = %received.event().event_type(), "something else happened");
    Ok(())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "inbox.db".to_owned());
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());

    let store: Arc<dyn Store> = Arc::new(SqliteOptions::new(path).open()?);
    // The signed content is an assumption; `spektr_verify::diagnose` finds the right one.
    let verifier = Verifier::new(KeyRing::from_env()?, SignedContent::TIMESTAMP_DOT_BODY);
    let webhooks = Webhooks::new(verifier, Arc::clone(&store));
    let server = HttpServer::new(move || App::new().configure(webhooks.routes())).bind(address)?;
    for address in server.addrs() {
        println!("receiving on {address}");
    }

    // The workers stop after the server, which handles SIGTERM and ctrl-c itself.
    let (stop, stopped) = oneshot::channel::<()>();
    let workers = Workers::new(store, Router::new(other).on(resolved)).with_ordering(true);
    let working = actix_web::rt::spawn(workers.run(async {
        // An error means that the server has ended, so the workers stop too.
        let _gone = stopped.await;
    }));
    server.run().await?;
    drop(stop);
    working.await?;
    Ok(())
}
