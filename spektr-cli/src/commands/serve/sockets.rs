//! The listening sockets: inherited from a supervisor, or bound here.
//!
//! A socket that `systemd` has opened stays open while this process restarts. Connections wait in
//! the socket's queue meanwhile, and none is refused.

use std::net::SocketAddr;

use listenfd::ListenFd;
use tokio::net::TcpListener;

use crate::failure::Failure;
use crate::http;

/// The sockets of a service.
pub(super) struct Sockets {
    /// For deliveries.
    pub(super) public: TcpListener,
    /// For health and metrics.
    pub(super) private: TcpListener,
}

/// The address to listen on if no socket is inherited.
pub(super) struct ListenAddress {
    pub(super) address: SocketAddr,
    /// The option that sets the address.
    pub(super) option: &'static str,
}

impl Sockets {
    /// Takes the sockets that `LISTEN_FDS` announces, the first for deliveries and the
    /// second for operations, and binds the others.
    pub(super) async fn open(
        public: ListenAddress,
        private: ListenAddress,
    ) -> Result<Self, Failure> {
        let mut inherited = ListenFd::from_env();
        if inherited.len() > 2 {
            return Err(Failure::new(format!("{} sockets are inherited", inherited.len())).hint(
                "two at most: the first is for deliveries, the second for health and metrics",
            ));
        }
        let public = match take(&mut inherited, 0)? {
            Some(listener) => listener,
            None => public.bind().await?,
        };
        let private = match take(&mut inherited, 1)? {
            Some(listener) => listener,
            None => private.bind().await?,
        };
        Ok(Self { public, private })
    }
}

fn take(inherited: &mut ListenFd, index: usize) -> Result<Option<TcpListener>, Failure> {
    let mut take = || {
        let Some(listener) = inherited.take_tcp_listener(index)? else { return Ok(None) };
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Some)
    };
    take().map_err(|error: std::io::Error| {
        Failure::caused_by("cannot use an inherited socket", &error).hint(
            "LISTEN_FDS has to announce listening TCP sockets, as `ListenStream=` of systemd does",
        )
    })
}

impl ListenAddress {
    async fn bind(self) -> Result<TcpListener, Failure> {
        let option = self.option;
        let hint = format!("choose another address: {option} IP:PORT; port 0 takes a free port");
        http::bind(self.address, &hint).await
    }
}
