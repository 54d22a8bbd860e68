//! A server for routers that face the public: its resources per client are bounded in number
//! and time, and its shutdown refuses no client.

mod connection;
mod slots;
mod stream;
mod watch;

use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Metrics;
use crate::clock::at_most_a_year;
use slots::Slots;
use watch::Serving;

pub(crate) use connection::{Delivered, Peer};
pub(crate) use watch::Servers;

/// Serves a router by HTTP/1 with limits. TLS is the task of a proxy in front of it.
///
/// When all connections are taken, a connection that waits for its client is closed in favour
/// of a new one, so that idle, slow and unread connections cannot keep a delivery out.
/// Connections without an authentic delivery are closed first. Among these, the server closes a
/// connection of the address with the most connections: the connection that has waited longest.
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
///     .with_receiver(&receiver)
///     .serve(listener, async { tokio::signal::ctrl_c().await.unwrap_or_default() })
///     .await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Server {
    router: Router,
    metrics: Metrics,
    servers: Arc<Servers>,
    max_connections: usize,
    header_timeout: Duration,
    write_timeout: Duration,
    connection_timeout: Duration,
    linger: Duration,
    shutdown_timeout: Duration,
}

/// The system's default limit of connections that wait for a listener.
const LONGEST_QUEUE: usize = 4096;

/// The stages of the shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ShutdownStage {
    Serving,
    /// Each connection may make one more request.
    LastRequests,
    /// Connections are closed after the request in progress.
    Ending,
}

impl Server {
    /// The limit of open connections, unless configured: 512.
    pub const DEFAULT_MAX_CONNECTIONS: usize = 512;

    /// How long a client may take for the headers of a request, or be idle between
    /// requests, unless configured: 10 s.
    pub const DEFAULT_HEADER_TIMEOUT: Duration = Duration::from_secs(10);

    /// How long a client may leave an answer unread, unless configured: 10 s.
    pub const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(10);

    /// The age limit of a connection, unless configured: 10 minutes.
    pub const DEFAULT_CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);

    /// How long open connections may bring one more request after the start of the shutdown,
    /// unless configured: 5 s.
    pub const DEFAULT_LINGER: Duration = Duration::from_secs(5);

    /// How long requests may take to finish during the shutdown, unless configured: 20 s.
    pub const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);

    /// The limit of a request's head, and of bytes read ahead of a body, in bytes.
    pub const MAX_HEAD: usize = 32 * 1024;

    /// Creates a server of a router.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self {
            router,
            metrics: Metrics::new(),
            servers: Arc::default(),
            max_connections: Self::DEFAULT_MAX_CONNECTIONS,
            header_timeout: Self::DEFAULT_HEADER_TIMEOUT,
            write_timeout: Self::DEFAULT_WRITE_TIMEOUT,
            connection_timeout: Self::DEFAULT_CONNECTION_TIMEOUT,
            linger: Self::DEFAULT_LINGER,
            shutdown_timeout: Self::DEFAULT_SHUTDOWN_TIMEOUT,
        }
    }

    /// Sets the limit of open connections, at least 1. Keep it below the limit of open files.
    #[must_use]
    pub fn with_max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.max(1);
        self
    }

    /// Sets how long a client may take for the headers of a request, or be idle
    /// between requests.
    #[must_use]
    pub fn with_header_timeout(mut self, duration: Duration) -> Self {
        self.header_timeout = at_most_a_year(duration);
        self
    }

    /// Sets how long a client may leave the bytes sent to it unread.
    #[must_use]
    pub fn with_write_timeout(mut self, duration: Duration) -> Self {
        self.write_timeout = at_most_a_year(duration);
        self
    }

    /// Sets the age limit of a connection. An older connection is closed after the request in
    /// progress, at the latest a minute later.
    #[must_use]
    pub fn with_connection_timeout(mut self, duration: Duration) -> Self {
        self.connection_timeout = at_most_a_year(duration);
        self
    }

    /// Sets how long connections that are open at the start of the shutdown may bring one more
    /// request. The answer to that request says `connection: close`. New connections are
    /// accepted meanwhile.
    #[must_use]
    pub fn with_linger(mut self, duration: Duration) -> Self {
        self.linger = at_most_a_year(duration);
        self
    }

    /// Sets how long requests in progress may take to finish after the listener has been
    /// closed.
    #[must_use]
    pub fn with_shutdown_timeout(mut self, duration: Duration) -> Self {
        self.shutdown_timeout = at_most_a_year(duration);
        self
    }

    /// Counts connections into the given metrics, which others can share.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Reports to `servers` if this server ends without a shutdown.
    pub(crate) fn among(mut self, servers: Arc<Servers>) -> Self {
        self.servers = servers;
        self
    }

    /// Serves until `shutdown` is ready, then shuts down in three steps.
    ///
    /// 1. Every answer says `connection: close`, and new connections are accepted, until the
    ///    connections that were open are closed or the linger time is over.
    /// 2. Connections that wait in the queue of the listener are accepted, and the listener is
    ///    closed. If another process shares the socket, such as a successor or `systemd`, no
    ///    client is refused.
    /// 3. The requests in progress are finished.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let (linger, shutdown_timeout) = (self.linger, self.shutdown_timeout);
        let mut serving = Serving::begin(Arc::clone(&self.servers));
        let (stage, _) = sync::watch::channel(ShutdownStage::Serving);
        let mut open = ServerConnections {
            slots: Arc::new(Slots::new(self.max_connections, self.metrics.clone())),
            server: Arc::new(self),
            tasks: JoinSet::new(),
            stage,
        };
        open.accept_until(&listener, pin!(shutdown)).await;
        serving.was_asked_to_end();
        let slots = Arc::clone(&open.slots);
        open.stage.send_replace(ShutdownStage::LastRequests);
        let lingering = timeout(linger, slots.until_the_present_ones_are_gone());
        open.accept_until(&listener, pin!(async { drop(lingering.await) })).await;
        open.accept_waiting(&listener).await;
        drop(listener);
        open.stage.send_replace(ShutdownStage::Ending);
        let finishing = async { while open.tasks.join_next().await.is_some() {} };
        if timeout(shutdown_timeout, finishing).await.is_err() {
            tracing::warn!(connections = open.tasks.len(), "requests did not finish in time");
        }
    }
}

/// The connections of a server.
struct ServerConnections {
    server: Arc<Server>,
    slots: Arc<Slots>,
    tasks: JoinSet<()>,
    stage: sync::watch::Sender<ShutdownStage>,
}

impl ServerConnections {
    /// Accepts connections until `end` is ready.
    async fn accept_until(
        &mut self,
        listener: &TcpListener,
        mut end: Pin<&mut impl Future<Output = ()>>,
    ) {
        loop {
            while self.tasks.try_join_next().is_some() {}
            let accepting = async {
                self.slots.until_there_is_room().await;
                accept(listener).await
            };
            let accepted = tokio::select! {
                biased;
                () = &mut end => return,
                accepted = accepting => accepted,
            };
            self.spawn(accepted).await;
        }
    }

    /// Accepts the connections that wait in the queue: closing the listener would reset them.
    async fn accept_waiting(&mut self, listener: &TcpListener) {
        for _ in 0..LONGEST_QUEUE {
            let accepted = tokio::select! {
                biased;
                accepted = accept(listener) => accepted,
                () = ready(()) => return,
            };
            self.spawn(accepted).await;
        }
    }

    async fn spawn(&mut self, (stream, peer): (TcpStream, SocketAddr)) {
        // Disables Nagle's algorithm: each answer is one small packet. Failing to do so is
        // harmless.
        let _harmless = stream.set_nodelay(true);
        let slot = self.slots.take(peer.ip()).await;
        let (server, stage) = (Arc::clone(&self.server), self.stage.subscribe());
        self.tasks.spawn(connection::serve(server, stream, slot, stage));
    }
}

/// Accepts the next connection. An error concerns one client, or is a temporary lack of file
/// descriptors: neither may end the server.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
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
