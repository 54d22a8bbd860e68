//! Measures the time from a delivery to its handler on an idle inbox.

use std::sync::Arc;
use std::time::{Duration, Instant};

use spektr_inbox::store::Store;
use spektr_inbox::{HandlerError, Received, Receiver, Server, Workers};
use spektr_verify::{KeyRing, SignedContent, Verifier};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::load::{Client, Latencies, Result, batch, key};

/// Latencies of deliveries, sent one after the other.
pub struct Waking {
    /// From sending the request to receiving the answer.
    pub answered: Latencies,
    /// From receiving the answer to the handler's start; 0 if the handler started first.
    pub started: Latencies,
    /// From sending the request to the handler's start.
    pub in_all: Latencies,
}

/// Delivers events to a receiver over loopback, each after a pause, and handles them by workers in
/// the same process, as `spektr serve` does.
pub async fn measure(store: Arc<dyn Store>, deliveries: u64) -> Result<Waking> {
    let verifier = Verifier::new(KeyRing::new([key()?])?, SignedContent::TIMESTAMP_DOT_BODY);
    let receiver = Receiver::new(Arc::clone(&store), verifier);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let stopped = || {
        let mut stopped = stopped.clone();
        async move {
            let _gone = stopped.wait_for(|is_wanted| *is_wanted).await;
        }
    };
    let router = receiver.router("/webhooks/spektr");
    let serving = tokio::spawn(Server::new(router).serve(listener, stopped()));
    let (sender, mut handled) = mpsc::unbounded_channel();
    let handler = move |_: Received| {
        let _gone = sender.send(Instant::now());
        async { Ok::<(), HandlerError>(()) }
    };
    let working = tokio::spawn(Workers::new(store, handler).run(stopped()));

    let mut client = Client::connect(address).await?;
    let (mut answered, mut started, mut in_all) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..deliveries {
        // The pause varies, so that a delivery meets the workers at any point of their wait.
        tokio::time::sleep(Duration::from_millis(fastrand::u64(10..60))).await;
        let request = client.request(&batch(index, 1));
        let sent = Instant::now();
        client.exchange(&request).await?;
        let answer = Instant::now();
        let start = handled.recv().await.ok_or("the workers have ended")?;
        answered.push(answer - sent);
        started.push(start.saturating_duration_since(answer));
        in_all.push(start - sent);
    }
    drop(client);
    stop.send_replace(true);
    serving.await?;
    working.await?;
    Ok(Waking {
        answered: Latencies::new(answered)?,
        started: Latencies::new(started)?,
        in_all: Latencies::new(in_all)?,
    })
}
