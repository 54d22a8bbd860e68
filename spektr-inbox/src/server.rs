//! A server for routers that face the public: what it holds for a client is
//! bounded in number and in time.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Metrics;

/// Serves a router by HTTP/1 with limits. TLS is the work of a proxy before it.
///
/// # Examples
///
/// ```no_run
/// # async fn run(receiver: spektr_inbox::Receiver) -> std::io::Result<()> {
/// use tokio::net::TcpListener;
/// use spektr_inbox::Server;
///
/// let listener = TcpListener::bind("0.0.0.0:8080").await?;
/// Server::new(receiver.router("/webhooks/spektr"))
///     .with_metrics(receiver.metrics().clone())
///     .serve(listener, async { tokio::signal::ctrl_c().await.unwrap_or_default() })
///     .await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Server {
    router: Router,
    metrics: Metrics,
    max_connections: usize,
    header_timeout: Duration,
    shutdown_timeout: Duration,
}

impl Server {
    /// How many connections are open at a time, unless configured: 512.
    pub const DEFAULT_MAX_CONNECTIONS: usize = 512;

    /// How long a client may take for the headers of a request, or be idle between
    /// requests, unless configured: 10 s.
    pub const DEFAULT_HEADER_TIMEOUT: Duration = Duration::from_secs(10);

    /// How long requests may take to finish at the end, unless configured: 20 s.
    pub const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);

    /// Takes the router to serve.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self {
            router,
            metrics: Metrics::new(),
            max_connections: Self::DEFAULT_MAX_CONNECTIONS,
            header_timeout: Self::DEFAULT_HEADER_TIMEOUT,
            shutdown_timeout: Self::DEFAULT_SHUTDOWN_TIMEOUT,
        }
    }

    /// Sets how many connections are open at a time, at least 1. Further ones
    /// wait in the system's backlog. Keep it below the limit of open files.
    #[must_use]
    pub fn with_max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Sets how long a client may take for the headers of a request, or be idle
    /// between requests.
    #[must_use]
    pub fn with_header_timeout(mut self, duration: Duration) -> Self {
        self.header_timeout = duration;
        self
    }

    /// Sets how long requests may take to finish at the end.
    #[must_use]
    pub fn with_shutdown_timeout(mut self, duration: Duration) -> Self {
        self.shutdown_timeout = duration;
        self
    }

    /// Counts connections into figures that others count into as well.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Serves until `shutdown` is ready, then finishes the requests that have
    /// begun.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let permits = Arc::new(Semaphore::new(self.max_connections));
        let (stop, stopped) = watch::channel(());
        let mut connections = JoinSet::new();
        let accepting = async {
            // The semaphore is never closed.
            while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
                while connections.try_join_next().is_some() {}
                let stream = accept(&listener).await;
                let counted = self.metrics.connected();
                let serving = connection(self.clone(), stream, stopped.clone());
                connections.spawn(async move {
                    serving.await;
                    drop((counted, permit));
                });
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = accepting => {}
        }
        drop(listener);
        drop(stop);
        let finishing = async { while connections.join_next().await.is_some() {} };
        if timeout(self.shutdown_timeout, finishing).await.is_err() {
            tracing::warn!(connections = connections.len(), "requests did not finish in time");
        }
    }
}

/// Takes the next connection. Errors are those of one client, or a lack of
/// files that passes: neither must end the server.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(server: Server, stream: TcpStream, mut stopped: watch::Receiver<()>) {
    // Answers are small and each is waited for. Without it, all the same.
    let _without = stream.set_nodelay(true);
    let service = TowerToHyperService::new(server.router);
    let mut serving = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(server.header_timeout)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        // The sender is dropped at the end, and sends nothing before.
        _ = stopped.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
