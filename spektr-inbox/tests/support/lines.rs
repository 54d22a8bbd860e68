//! The log lines of a test, one at a time.

use std::io;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tracing::subscriber::DefaultGuard;

/// A writer that sends each line of the log to the test.
#[derive(Clone)]
struct Lines(UnboundedSender<String>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _gone = self.0.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the log of this thread, from level INFO, until the guard is dropped.
pub(crate) fn logged() -> (DefaultGuard, UnboundedReceiver<String>) {
    let (lines, logged) = mpsc::unbounded_channel();
    let lines = Lines(lines);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || lines.clone())
        .with_ansi(false)
        .with_target(false)
        .finish();
    (tracing::subscriber::set_default(subscriber), logged)
}
