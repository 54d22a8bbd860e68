//! A store of your own, as a whole program: a receiver and workers that keep everything in memory.
//!
//! ```text
//! SPEKTR_WEBHOOK_KEYS="key-id=secret" cargo run -p spektr-inbox --example memory -- 127.0.0.1:8080
//! ```
//!
//! Serves `POST /webhooks/spektr` until ctrl-c, and prints the events that it handles. What it has
//! acknowledged is lost when it ends, so it is for trying out handlers. Begin with `store.rs` to
//! write a store for another database: there is a file for each role of a store. The tests at the
//! end are those that every store must pass.

// `tests/model.rs` uses the same file.
#[path = "store.rs"]
mod store;

use std::env;
use std::error::Error;
use std::sync::Arc;

use spektr_inbox::store::Store;
use spektr_inbox::{HandlerError, Received, Receiver, Server, Workers};
use spektr_verify::{KeyRing, SignedContent, Verifier};
use store::MemoryStore;
use tokio::net::TcpListener;

async fn handle(received: Received) -> Result<(), HandlerError> {
    println!("{} {:?}", received.event().event_type(), received.event().id());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    // The signed content is an assumption; `spektr_verify::diagnose` checks it.
    let verifier = Verifier::new(KeyRing::from_env()?, SignedContent::TIMESTAMP_DOT_BODY);
    let receiver = Receiver::new(Arc::clone(&store), verifier);
    let workers = Workers::new(store, handle).with_ordering(true);

    let listener = TcpListener::bind(address).await?;
    println!("receiving on {}", listener.local_addr()?);
    let server = Server::new(receiver.router("/webhooks/spektr"));
    let end = || async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    tokio::join!(server.serve(listener, end()), workers.run(end()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;

    async fn fresh() -> Box<MemoryStore> {
        Box::default()
    }

    spektr_inbox::store_tests!(fresh);
}
