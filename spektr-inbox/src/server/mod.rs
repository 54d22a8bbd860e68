//! A server for routers that face the public: what it holds for a client is
//! bounded in number and in time, and it ends without refusing anybody.

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

/// Serves a router by HTTP/1 with limits. TLS is the work of a proxy before it.
///
/// When all connections are taken, one that waits for its client is closed in favour of
/// a new one: idle, slow and unread connections cannot keep a delivery out. One that has
/// brought no authentic delivery goes first; among these, one of the address that has
/// most; among these, the one that has waited longest.
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

/// What the system lets wait for a listener at most, by default.
const LONGEST_QUEUE: usize = 4096;

/// How far a server has come on its way to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// Each connection gets one more answer.
    LastRequests,
    /// Connections end after the request that has begun.
    Ending,
}

impl Server {
    /// How many connections are open at a time, unless configured: 512.
    pub const DEFAULT_MAX_CONNECTIONS: usize = 512;

    /// How long a client may take for the headers of a request, or be idle between
    /// requests, unless configured: 10 s.
    pub const DEFAULT_HEADER_TIMEOUT: Duration = Duration::from_secs(10);

    /// How long a client may leave an answer unread, unless configured: 10 s.
    pub const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(10);

    /// How old a connection becomes, unless configured: 10 minutes.
    pub const DEFAULT_CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);

    /// How long open connections may bring one more request at the end, unless
    /// configured: 5 s.
    pub const DEFAULT_LINGER: Duration = Duration::from_secs(5);

    /// How long requests may take to finish at the end, unless configured: 20 s.
    pub const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);

    /// The largest head of a request, and what is read ahead of a body, in bytes.
    pub const MAX_HEAD: usize = 32 * 1024;

    /// Takes the router to serve.
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

    /// Sets how many connections are open at a time, at least 1. Keep it below the
    /// limit of open files.
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

    /// Sets how long a client may take none of the bytes that are sent to it.
    #[must_use]
    pub fn with_write_timeout(mut self, duration: Duration) -> Self {
        self.write_timeout = at_most_a_year(duration);
        self
    }

    /// Sets how old a connection becomes. It then ends after the request that has begun,
    /// or a minute later at the latest.
    #[must_use]
    pub fn with_connection_timeout(mut self, duration: Duration) -> Self {
        self.connection_timeout = at_most_a_year(duration);
        self
    }

    /// Sets how long connections that are open at the end may bring one more request.
    /// Its answer says `connection: close`. New connections are accepted meanwhile.
    #[must_use]
    pub fn with_linger(mut self, duration: Duration) -> Self {
        self.linger = at_most_a_year(duration);
        self
    }

    /// Sets how long requests may take to finish after the listener has been closed.
    #[must_use]
    pub fn with_shutdown_timeout(mut self, duration: Duration) -> Self {
        self.shutdown_timeout = at_most_a_year(duration);
        self
    }

    /// Counts connections into figures that others count into as well.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Tells there if this server has ended without being asked to.
    pub(crate) fn among(mut self, servers: Arc<Servers>) -> Self {
        self.servers = servers;
        self
    }

    /// Serves until `shutdown` is ready, then ends in three steps.
    ///
    /// 1. Every answer says `connection: close`, and new connections are accepted, until
    ///    those that were open are gone or have lingered long enough.
    /// 2. Connections that wait in the queue of the listener are accepted, and the
    ///    listener is closed. Where another process has the same socket, as its
    ///    successor or `systemd` does, nobody is refused.
    /// 3. The requests that have begun are finished.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let (linger, shutdown_timeout) = (self.linger, self.shutdown_timeout);
        let mut serving = Serving::begin(Arc::clone(&self.servers));
        let (stage, _) = sync::watch::channel(Stage::Serving);
        let mut open = Open {
            slots: Arc::new(Slots::new(self.max_connections, self.metrics.clone())),
            server: Arc::new(self),
            tasks: JoinSet::new(),
            stage,
        };
        open.accept_until(&listener, pin!(shutdown)).await;
        serving.was_asked_to_end();
        let slots = Arc::clone(&open.slots);
        open.stage.send_replace(Stage::LastRequests);
        let lingering = timeout(linger, slots.until_the_present_ones_are_gone());
        open.accept_until(&listener, pin!(async { drop(lingering.await) })).await;
        open.accept_waiting(&listener).await;
        drop(listener);
        open.stage.send_replace(Stage::Ending);
        let finishing = async { while open.tasks.join_next().await.is_some() {} };
        if timeout(shutdown_timeout, finishing).await.is_err() {
            tracing::warn!(connections = open.tasks.len(), "requests did not finish in time");
        }
    }
}

/// The connections of a server.
struct Open {
    server: Arc<Server>,
    slots: Arc<Slots>,
    tasks: JoinSet<()>,
    stage: sync::watch::Sender<Stage>,
}

impl Open {
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

    /// Accepts the connections that wait already: closing the listener resets them.
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

/// Takes the next connection. Errors are those of one client, or a lack of
/// files that passes: neither must end the server.
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
