//! The async runtime, which only the commands that need it start, and signals.

use std::future::Future;
use std::io;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// Runs a future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    start(Builder::new_current_thread(), future)
}

/// Runs a future to its end. Spawned tasks run on all processors.
pub(crate) fn block_on_many<T>(
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    start(Builder::new_multi_thread(), future)
}

fn start<T>(
    mut builder: Builder,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime =
        builder.enable_all().build().map_err(|error| Failure::caused_by("cannot start", &error))?;
    let done = runtime.block_on(future);
    // Do not wait for threads that still wait for an answer from elsewhere.
    runtime.shutdown_background();
    done
}

/// Returns a stream of SIGHUP. From now on SIGHUP does not end the process.
pub(crate) fn hangups() -> Result<Signal, Failure> {
    signal(SignalKind::hangup())
        .map_err(|error| Failure::caused_by("cannot wait for signals", &error))
}

/// The signals that end a command which runs until then.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches the signals: from now on they do not end the process by themselves.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let catch = || {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        };
        catch().map_err(|error: io::Error| Failure::caused_by("cannot wait for signals", &error))
    }

    /// Waits for SIGTERM or ctrl-c.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
