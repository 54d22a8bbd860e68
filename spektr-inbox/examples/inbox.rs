//! A durable receiver with workers as a whole program.
//!
//! ```text
//! SPEKTR_WEBHOOK_KEYS="key-id=secret" cargo run -p spektr-inbox --example inbox -- inbox.db 127.0.0.1:8080
//! ```
//!
//! Serves `POST /webhooks/spektr` until SIGTERM or ctrl-c, finishes the requests and
//! events in progress, and ends. Health and metrics are on a port of their own, which
//! the program prints.

use std::env;
use std::error::Error;
use std::sync::Arc;

use spektr_inbox::store::{Store, sqlite::SqliteOptions};
use spektr_inbox::{HandlerError, Received, Receiver, Server, Workers};
use spektr_types::Event;
use spektr_verify::{KeyRing, SignedContent, Verifier};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Runs at least once for each event. The event's id is the idempotency key.
async fn handle(received: Received) -> Result<(), HandlerError> {
    match received.event() {
        Event::AlertResolved(alert) => tracing::info!(alert = %alert.data.alert_id, "resolved"),
        event => tracing::info!(event = %event.event_type(), "something else happened"),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "inbox.db".to_owned());
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());

    let store: Arc<dyn Store> = Arc::new(SqliteOptions::new(path).open()?);
    // The signed content is an assumption; `spektr_verify::diagnose` checks it.
    let verifier = Verifier::new(KeyRing::from_env()?, SignedContent::TIMESTAMP_DOT_BODY);
    let receiver = Receiver::new(Arc::clone(&store), verifier);
    let metrics = receiver.metrics().clone();
    let workers = Workers::new(store, handle).with_ordering(true).with_metrics(metrics);

    let public = TcpListener::bind(address).await?;
    let private = TcpListener::bind("127.0.0.1:0").await?;
    println!("receiving on {}", public.local_addr()?);
    println!("health and metrics on {}", private.local_addr()?);

    let (stop, _) = watch::channel(false);
    let stopped = || {
        let mut stopped = stop.subscribe();
        async move {
            // An error means that the sender is dropped, which also ends the program.
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
    tokio::join!(
        signals,
        Server::new(receiver.router("/webhooks/spektr"))
            .with_receiver(&receiver)
            .serve(public, stopped()),
        Server::new(receiver.operations()).serve(private, stopped()),
        workers.run(stopped()),
    );
    Ok(())
}
