//! Messages to the supervisor of the service: ready, alive, stopping.
//!
//! The messages follow the protocol of `systemd`: datagrams to the socket that `NOTIFY_SOCKET`
//! names. Without that variable nothing is sent.

use std::env;
use std::future::pending;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

/// The connection to the supervisor, if there is a supervisor.
pub(super) struct Supervisor {
    socket: Option<UnixDatagram>,
    /// The interval at which the service reports that it is alive.
    period: Option<Duration>,
}

impl Supervisor {
    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    pub(super) fn from_env() -> Self {
        let socket = env::var("NOTIFY_SOCKET").ok().and_then(|name| {
            let connected = connect(&name);
            if let Err(error) = &connected {
                tracing::warn!(%error, "cannot reach the supervisor that NOTIFY_SOCKET names");
            }
            connected.ok()
        });
        let is_ours =
            env::var("WATCHDOG_PID").map_or(true, |pid| pid.parse() == Ok(std::process::id()));
        let limit = env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok());
        let period = limit
            .filter(|micros| is_ours && *micros > 1)
            .map(|micros| Duration::from_micros(micros) / 2);
        Self { socket, period }
    }

    pub(super) fn is_ready(&self) {
        self.tell("READY=1");
    }

    pub(super) fn is_stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Reports at each interval that the service is alive, as long as it is.
    pub(super) async fn watch(&self, is_alive: impl Fn() -> bool) {
        let (Some(period), true) = (self.period, self.socket.is_some()) else {
            return pending().await;
        };
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if is_alive() {
                self.tell("WATCHDOG=1");
            }
        }
    }

    fn tell(&self, state: &str) {
        if let Some(Err(error)) = self.socket.as_ref().map(|socket| socket.send(state.as_bytes())) {
            tracing::warn!(%error, state, "cannot send a message to the supervisor");
        }
    }
}

fn connect(name: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    // A supervisor that does not read must not stop deliveries.
    socket.set_nonblocking(true)?;
    socket.connect_addr(&address(name)?)?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn address(name: &str) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
}

#[cfg(not(target_os = "linux"))]
fn address(name: &str) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(name)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_service_that_is_not_alive_is_silent() {
        let (socket, heard) = UnixDatagram::pair().expect("a pair");
        let supervisor =
            Supervisor { socket: Some(socket), period: Some(Duration::from_millis(1)) };
        let (asked, enough) = (AtomicUsize::new(0), Notify::new());
        let is_alive = || {
            let before = asked.fetch_add(1, Ordering::SeqCst);
            if before == 5 {
                enough.notify_one();
            }
            before < 2
        };
        tokio::select! {
            () = supervisor.watch(is_alive) => {}
            () = enough.notified() => {}
        }
        heard.set_nonblocking(true).expect("is possible");
        let mut states = Vec::new();
        let mut state = [0; 32];
        while let Ok(length) = heard.recv(&mut state) {
            states.push(String::from_utf8_lossy(&state[..length]).into_owned());
        }
        assert_eq!(states, ["WATCHDOG=1"; 2]);
    }
}
