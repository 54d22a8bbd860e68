//! The log on standard error: one line for each event, written by a separate thread.
//!
//! Logging never blocks. While nobody reads standard error, lines wait in memory, up to a limit.
//! Further lines are dropped and counted. Once writing continues, the log reports their number.
//!
//! Decision C13 in ARCHITECTURE.md gives the reasons.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use spektr_inbox::Count;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::DefaultFields;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

use crate::failure::Failure;
use crate::output::Format;
use crate::traces::Traces;

/// The maximum number of bytes that wait in memory.
const BOUND: usize = 512 * 1024;

/// At the end of the process, the maximum time to wait until standard error takes another line.
const PATIENCE: Duration = Duration::from_secs(3);

/// The target of the log event that reports dropped lines. That event itself is never dropped.
const NOTICE: &str = "spektr::log";

/// The log. Dropping this value first writes the lines that wait.
pub(crate) struct Log {
    queue: Arc<LogQueue>,
    pub(crate) level: LevelHandle,
}

/// The level of the log, which can be changed. Clones change the same log.
#[derive(Clone)]
pub(crate) struct LevelHandle(reload::Handle<LevelFilter, Registry>);

impl LevelHandle {
    /// Sets the least severe level that is logged from now on.
    pub(crate) fn set(&self, level: LevelFilter) {
        // An error means that the log has ended.
        let _ended = self.0.reload(level);
    }
}

impl Log {
    /// Starts logging at the level `info`. `dropped` counts the dropped lines. This function also
    /// installs the traces, because the process has only one subscriber.
    pub(crate) fn start(
        format: Format,
        dropped: Count,
        traces: Option<&Traces>,
    ) -> Result<Self, Failure> {
        let queue =
            Arc::new(LogQueue { state: Mutex::default(), changed: Condvar::new(), dropped });
        let writing = Arc::clone(&queue);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writing.write_to(io::stderr()))
            .map_err(|error| Failure::caused_by("cannot start the log", &error))?;
        let (filter, level) = reload::Layer::new(LevelFilter::INFO);
        // The process has only this log, so installing it cannot fail.
        let registry = tracing_subscriber::registry();
        let _done = match (traces, format) {
            // The filter is only for the lines: the level of the log does not affect the traces.
            (Some(traces), Format::Json) => registry
                .with(lines(&queue).json().with_filter(filter))
                .with(traces.layer())
                .try_init(),
            (Some(traces), Format::Text) => {
                registry.with(lines(&queue).with_filter(filter)).with(traces.layer()).try_init()
            }
            (None, Format::Json) => registry.with(filter).with(lines(&queue).json()).try_init(),
            (None, Format::Text) => registry.with(filter).with(lines(&queue)).try_init(),
        };
        // The default hook would write to standard error itself, and could block. The panic's
        // message is left out, because it may quote a value.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "a thread or task has panicked");
        }));
        Ok(Self { queue, level: LevelHandle(level) })
    }
}

/// Returns the layer that formats each event as a line.
fn lines<S>(
    queue: &Arc<LogQueue>,
) -> fmt::Layer<S, DefaultFields, fmt::format::Format, MakeLogWriter>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fmt::layer()
        .with_writer(MakeLogWriter(Arc::clone(queue)))
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
}

impl Drop for Log {
    /// Waits as long as the writer makes progress.
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.is_ending = true;
        self.queue.changed.notify_all();
        loop {
            let before = state.waiting;
            let goes_on = |state: &mut QueueState| !state.has_ended && state.waiting >= before;
            state = self
                .queue
                .changed
                .wait_timeout_while(state, PATIENCE, goes_on)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if state.has_ended || state.waiting >= before {
                return;
            }
        }
    }
}

/// The lines that wait for standard error.
struct LogQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
    dropped: Count,
}

#[derive(Default)]
struct QueueState {
    /// Lines that the writer has not taken yet.
    lines: Vec<u8>,
    /// The number of bytes that wait, including bytes that the writer has taken but not written.
    waiting: usize,
    /// The number of dropped lines that were not reported yet.
    dropped: u64,
    is_ending: bool,
    has_ended: bool,
}

impl LogQueue {
    /// Queues a line, or drops it. After one dropped line, all further lines are dropped until the
    /// writer reports them, so that the report comes where the lines are missing.
    fn push(&self, line: &[u8], is_notice: bool) {
        let mut state = self.lock();
        let fits = state.dropped == 0 && state.waiting + line.len() <= BOUND;
        if state.has_ended || !(fits || is_notice) {
            state.dropped += 1;
            self.dropped.add(1);
            return;
        }
        state.lines.extend_from_slice(line);
        state.waiting += line.len();
        self.changed.notify_all();
    }

    /// Takes the waiting lines, and the number of lines dropped after them. Waits until there is a
    /// waiting or a dropped line.
    fn take(&self) -> Option<(Vec<u8>, u64)> {
        let has_nothing = |state: &QueueState| state.lines.is_empty() && state.dropped == 0;
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| has_nothing(state) && !state.is_ending)
            .unwrap_or_else(PoisonError::into_inner);
        if has_nothing(&state) {
            state.has_ended = true;
            self.changed.notify_all();
            return None;
        }
        Some((std::mem::take(&mut state.lines), std::mem::take(&mut state.dropped)))
    }

    fn write_to(&self, mut out: impl Write) {
        while let Some((lines, dropped)) = self.take() {
            if dropped > 0 {
                tracing::warn!(
                    target: NOTICE,
                    dropped,
                    "lines of the log were dropped: standard error was not read"
                );
            }
            // Write each line separately: a pipe takes a line of up to 4 KiB as a whole or not at
            // all, so a process that ends leaves no partial line.
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                if out.write_all(line).is_err() {
                    // Standard error is closed.
                    self.dropped.add(1);
                }
                self.lock().waiting -= line.len();
                self.changed.notify_all();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the writer of each event.
struct MakeLogWriter(Arc<LogQueue>);

/// Writes the line of an event. Each call of `write` gets a whole line.
struct LogWriter<'q> {
    queue: &'q LogQueue,
    is_notice: bool,
}

impl<'q> MakeWriter<'q> for MakeLogWriter {
    type Writer = LogWriter<'q>;

    fn make_writer(&'q self) -> LogWriter<'q> {
        LogWriter { queue: &self.0, is_notice: false }
    }

    fn make_writer_for(&'q self, event: &Metadata<'_>) -> LogWriter<'q> {
        LogWriter { queue: &self.0, is_notice: event.target() == NOTICE }
    }
}

impl Write for LogWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(line, self.is_notice);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Reports the start of each write, and blocks it until the test lets it go on.
    struct Stalled {
        begins: mpsc::Receiver<()>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _gone = self.written.send(bytes.to_vec());
            // Once the test drops the sender, every write returns at once.
            let _taken = self.begins.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_over_the_bound_are_dropped_and_counted_and_the_others_are_whole() {
        let queue = Arc::new(LogQueue {
            state: Mutex::default(),
            changed: Condvar::new(),
            dropped: Count::default(),
        });
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        let fitting = BOUND / line.len();
        for _ in 0..fitting {
            queue.push(&line, false);
        }
        let (begin, begins) = mpsc::channel();
        let (written, lines) = mpsc::channel();
        let writing = Arc::clone(&queue);
        let writer = std::thread::spawn(move || writing.write_to(Stalled { begins, written }));
        // A line that the writer has taken but not written counts as waiting.
        assert_eq!(lines.recv(), Ok(line.clone()));
        for _ in 0..7 {
            queue.push(&line, false);
        }
        // A line that fits is dropped too, because it would come before the report of the others.
        queue.push(b"", false);
        assert_eq!((queue.lock().dropped, queue.dropped.value()), (8, 8));
        queue.push(b"notice\n", true);
        drop(begin);
        queue.lock().is_ending = true;
        queue.changed.notify_all();
        writer.join().expect("does not panic");
        let lines: Vec<_> = lines.iter().collect();
        assert_eq!(lines.len(), fitting);
        assert!(lines[..fitting - 1].iter().all(|written| *written == line));
        assert_eq!(lines[fitting - 1], b"notice\n");
        let state = queue.lock();
        assert_eq!((state.dropped, state.waiting), (0, 0));
    }
}
