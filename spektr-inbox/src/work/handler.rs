//! The trait that users implement: one async function for events.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use bytes::Bytes;
use spektr_types::{Event, Timestamp};

use crate::store::Completion;

/// Handles events. Functions and closures from [`Received`] are handlers.
///
/// Every event is handled **at least once**: a crash between the handler's success and its
/// record repeats the event. So use idempotent operations where possible. For others, store the
/// event's id with your own data, in one transaction. If your data is in the same PostgreSQL
/// database as the inbox, the record can be a part of that transaction: see
/// `store::postgres::complete`, and `Completing` for other clients.
///
/// # Examples
///
/// ```
/// use spektr_inbox::{Handler, HandlerError, Received};
/// use spektr_types::Event;
///
/// async fn handle(received: Received) -> Result<(), HandlerError> {
///     match received.event() {
///         Event::AlertResolved(alert) => close_case(alert.data.alert_id.as_ref()).await?,
///         Event::CustomerStatusChanged(change) if change.data.new_status.as_str().is_empty() => {
///             return Err(HandlerError::permanent("a status without a name"));
///         }
///         _ => {}
///     }
///     Ok(())
/// }
/// # async fn close_case(_: &str) -> std::io::Result<()> { Ok(()) }
/// # fn is_handler(_: impl Handler) {}
/// # is_handler(handle);
/// ```
pub trait Handler: Send + Sync + 'static {
    /// Handles one event. It must not block the thread, because leases are extended on the same
    /// thread.
    ///
    /// # Errors
    ///
    /// A [`HandlerError`] ends the attempt, and says whether another attempt may help. A panic
    /// and a timeout also count as failed attempts.
    fn handle(&self, received: Received) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Returns whether the handler wants events that the schema does not know.
    /// [`Workers::with_unknown_events`](crate::Workers::with_unknown_events) overrides it.
    fn wants_unknown_events(&self) -> bool {
        false
    }
}

impl<F, R> Handler for F
where
    F: Fn(Received) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), HandlerError>> + Send,
{
    fn handle(&self, received: Received) -> impl Future<Output = Result<(), HandlerError>> + Send {
        self(received)
    }
}

/// A running handler.
pub(super) type Handling = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;

/// An entry that cannot be decoded. Its JSON is [`Received::raw`].
#[derive(Clone, Debug)]
pub struct Malformed {
    pub(super) reason: String,
    pub(super) event_id: Option<String>,
    pub(super) wire_type: Option<String>,
}

impl Malformed {
    /// Returns the problem with the entry, and its place. The text contains no value of the
    /// entry.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the id of the event, if readable.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.event_id.as_deref()
    }

    /// Returns the wire type, if readable.
    #[must_use]
    pub fn wire_type(&self) -> Option<&str> {
        self.wire_type.as_deref()
    }
}

/// An event with data about its delivery. `E` is the type of the event: [`Event`], or the type
/// that a [`Router`](crate::Router) passes to the function of an event.
#[derive(Clone, Debug)]
pub struct Received<E = Event> {
    pub(super) event: E,
    pub(super) number: i64,
    pub(super) source: String,
    pub(super) attempt: u32,
    pub(super) received_at: Timestamp,
    pub(super) conflict: bool,
    pub(super) completion: Completion,
    pub(super) status: DestinationReport,
    pub(super) raw: EntryJson,
}

/// A handler's statements about its destination. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct DestinationReport(Arc<Reported>);

#[derive(Debug, Default)]
struct Reported {
    /// The status of an HTTP response; 0 if none.
    status: AtomicU16,
    is_not_asked: AtomicBool,
}

impl DestinationReport {
    pub(super) fn told(&self) -> Option<u16> {
        Some(self.0.status.load(Ordering::Acquire)).filter(|status| *status != 0)
    }

    pub(super) fn is_not_asked(&self) -> bool {
        self.0.is_not_asked.load(Ordering::Acquire)
    }
}

/// The JSON of an entry, known to be UTF-8, and not shown by `Debug`.
#[derive(Clone)]
pub(super) struct EntryJson(pub(super) Bytes);

impl fmt::Debug for EntryJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl<E> Received<E> {
    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &E {
        &self.event
    }

    /// Returns the event, and drops the rest.
    #[must_use]
    pub fn into_event(self) -> E {
        self.event
    }

    /// Replaces the event by another. Returns the replaced event and the rest with the new one.
    pub(super) fn replace<T>(self, event: T) -> (E, Received<T>) {
        let Self { event: old, number, source, attempt, received_at, conflict, .. } = self;
        let Self { completion, status, raw, .. } = self;
        let received = Received {
            event,
            number,
            source,
            attempt,
            received_at,
            conflict,
            completion,
            status,
            raw,
        };
        (old, received)
    }

    /// Returns the number of the entry in the store. Use it as the idempotency key of an event
    /// that has no id. If the event has an id, use that.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Returns the source of the entry, as the receiver was configured.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the number of this attempt, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns when the entry arrived.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// Returns whether the event's id was in the store with another content when the entry
    /// arrived. Such an entry is handled only after an operator has released it.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.conflict
    }

    /// Returns the right to record in the handler's own transaction that the event is done, for
    /// a store that can share a transaction.
    #[must_use]
    pub fn completion(&self) -> &Completion {
        &self.completion
    }

    /// Sets the status of another service's HTTP response to this event. It is stored with the
    /// attempt, for operators.
    pub fn set_status(&self, status: u16) {
        self.status.0.status.store(status, Ordering::Release);
    }

    /// Notes that the handler did not contact the destination, because this event is not for
    /// it. The success of this attempt then does not show that the destination is up.
    pub fn set_destination_not_asked(&self) {
        self.status.0.is_not_asked.store(true, Ordering::Release);
    }

    /// Returns the entry's JSON, byte for byte as it arrived.
    #[must_use]
    pub fn raw(&self) -> &str {
        // Handlers get only entries that are UTF-8.
        std::str::from_utf8(&self.raw.0).unwrap_or_default()
    }
}

/// The reason why an attempt failed. Any error converts into an error that is worth another
/// attempt.
///
/// The text, including its causes, is stored as the reason and shown to operators. It is logged
/// only for an error made by [`destination`](Self::destination) or with
/// [`with_reason_logged`](Self::with_reason_logged). The text of a panic is not stored.
pub struct HandlerError {
    kind: HandlerErrorKind,
    is_reason_logged: bool,
    source: Box<dyn Error + Send + Sync>,
}

/// The consequence of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandlerErrorKind {
    Retry,
    Permanent,
    Defer(Duration),
    Destination { retry_after: Option<Duration> },
}

impl HandlerError {
    /// Returns an error that another attempt may solve.
    #[must_use]
    pub fn retry(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(HandlerErrorKind::Retry, reason)
    }

    /// Returns an error that no further attempt can solve: the entry becomes a dead letter.
    #[must_use]
    pub fn permanent(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(HandlerErrorKind::Permanent, reason)
    }

    /// Returns an error that defers the event; this attempt does not count. The pause is at
    /// most the longest pause of the [`Backoff`](crate::Backoff) or the lease, whichever is
    /// longer.
    #[must_use]
    pub fn defer(pause: Duration) -> Self {
        Self::new(HandlerErrorKind::Defer(pause), "put off by the handler")
    }

    /// Returns an error of the destination: it cannot be reached, or rejects every event.
    /// Several such errors make the workers wait until the destination is up again: see
    /// [`Breaker`](crate::Breaker).
    ///
    /// The text is logged, so it must contain nothing of the event.
    #[must_use]
    pub fn destination(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(HandlerErrorKind::Destination { retry_after: None }, reason).with_reason_logged()
    }

    /// Adds how long the destination asks the workers to wait; the workers wait at most an
    /// hour. Has no effect on errors that [`destination`](Self::destination) has not made.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        if let HandlerErrorKind::Destination { retry_after } = &mut self.kind {
            *retry_after = Some(pause);
        }
        self
    }

    /// Allows the text to be logged with the failed attempt, so it must contain nothing of the
    /// event.
    #[must_use]
    pub fn with_reason_logged(mut self) -> Self {
        self.is_reason_logged = true;
        self
    }

    /// Returns whether no further attempt can help.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.kind == HandlerErrorKind::Permanent
    }

    fn new(kind: HandlerErrorKind, reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, is_reason_logged: false, source: reason.into() }
    }

    pub(super) fn kind(&self) -> HandlerErrorKind {
        self.kind
    }

    pub(super) fn is_reason_logged(&self) -> bool {
        self.is_reason_logged
    }

    /// Returns the text of the error and of its causes, at most 2000 characters.
    pub(super) fn reason(&self) -> String {
        let mut text = self.source.to_string();
        let mut cause = self.source.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        if let Some((end, _)) = text.char_indices().nth(2000) {
            text.truncate(end);
        }
        text
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::retry(error)
    }
}

impl fmt::Debug for HandlerError {
    /// Shows the kind, not the text, which may contain data that the handler wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerError").field("kind", &self.kind).finish_non_exhaustive()
    }
}
