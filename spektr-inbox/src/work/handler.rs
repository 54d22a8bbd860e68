//! What the user implements: one async function for events.

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
/// Every event is handled **at least once**: a crash between the handler's
/// success and its record repeats it. So do twice what can be done twice, and
/// for the rest keep the event's id with your own data, in one transaction. Where
/// your data is in the same PostgreSQL database as the inbox, the record can be a
/// part of that transaction: see `store::postgres::complete`, and `Completing` for other clients.
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
    /// Handles one event. It must not block the thread, on which leases are
    /// extended too.
    ///
    /// # Errors
    ///
    /// A [`HandlerError`] ends the attempt, and says whether another may help. A
    /// panic and a timeout are failed attempts like any other.
    fn handle(&self, received: Received) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Tells whether the handler wants events that the schema does not know, unless
    /// [`Workers::with_unknown_events`](crate::Workers::with_unknown_events) says so.
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

/// A handler at work on an entry.
pub(super) type Handling = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;

/// What is known of an entry that cannot be decoded. Its JSON is [`Received::raw`].
#[derive(Clone, Debug)]
pub struct Malformed {
    pub(super) reason: String,
    pub(super) event_id: Option<String>,
    pub(super) wire_type: Option<String>,
}

impl Malformed {
    /// What is wrong with the entry, and at which place. The text holds no value of it.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The id of the event, where it is readable.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.event_id.as_deref()
    }

    /// The wire type, where it is readable.
    #[must_use]
    pub fn wire_type(&self) -> Option<&str> {
        self.wire_type.as_deref()
    }
}

/// An event, and what is known of its way here. `E` is the event's type: any event, or
/// what a [`Router`](crate::Router) gives to the function of one.
#[derive(Clone, Debug)]
pub struct Received<E = Event> {
    pub(super) event: E,
    pub(super) number: i64,
    pub(super) source: String,
    pub(super) attempt: u32,
    pub(super) received_at: Timestamp,
    pub(super) conflict: bool,
    pub(super) completion: Completion,
    pub(super) status: Status,
    pub(super) raw: Raw,
}

/// What a handler has told of its destination. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Status(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    /// The status of an HTTP response; 0 if none.
    status: AtomicU16,
    is_not_asked: AtomicBool,
}

impl Status {
    pub(super) fn told(&self) -> Option<u16> {
        Some(self.0.status.load(Ordering::Acquire)).filter(|status| *status != 0)
    }

    pub(super) fn is_not_asked(&self) -> bool {
        self.0.is_not_asked.load(Ordering::Acquire)
    }
}

/// The JSON of an entry, known to be text, and not shown by `Debug`.
#[derive(Clone)]
pub(super) struct Raw(pub(super) Bytes);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl<E> Received<E> {
    /// The event.
    #[must_use]
    pub fn event(&self) -> &E {
        &self.event
    }

    /// Takes the event.
    #[must_use]
    pub fn into_event(self) -> E {
        self.event
    }

    /// Puts another event in the place of this one, and returns this one too.
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

    /// The number of the entry in the store. It identifies the entry even where
    /// the event has no id; otherwise the event's id is the idempotency key.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }

    /// The source, as the receiver was told.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the entry arrived.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// Whether the event's id was there with another content when it arrived. Such
    /// an entry comes only after an operator has released it.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.conflict
    }

    /// The right to record in a transaction of the handler's own that the event is
    /// done, where the store can share one.
    #[must_use]
    pub fn completion(&self) -> &Completion {
        &self.completion
    }

    /// Tells the status of the HTTP response with which another service has answered to this
    /// event. It is kept with the attempt, for operators.
    pub fn set_status(&self, status: u16) {
        self.status.0.status.store(status, Ordering::Release);
    }

    /// Tells that the destination was not asked, because this event is not for it: a success
    /// then says nothing of whether the destination is there.
    pub fn set_destination_not_asked(&self) {
        self.status.0.is_not_asked.store(true, Ordering::Release);
    }

    /// The entry's JSON, byte for byte as it arrived.
    #[must_use]
    pub fn raw(&self) -> &str {
        // Nothing else gets to a handler.
        std::str::from_utf8(&self.raw.0).unwrap_or_default()
    }
}

/// Why an attempt failed. Any error converts into one that is worth another
/// attempt.
///
/// Its text, causes included, is kept in the store as the reason and shown to
/// operators; it is not logged, apart from that of a failed destination and one that
/// [may be](Self::with_reason_logged). The text of a panic is not kept.
pub struct HandlerError {
    kind: Kind,
    is_reason_logged: bool,
    source: Box<dyn Error + Send + Sync>,
}

/// What follows from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Retry,
    Permanent,
    Defer(Duration),
    Destination { retry_after: Option<Duration> },
}

impl HandlerError {
    /// Another attempt may help.
    #[must_use]
    pub fn retry(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Kind::Retry, reason)
    }

    /// No attempt will ever help: the entry becomes a dead letter.
    #[must_use]
    pub fn permanent(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Kind::Permanent, reason)
    }

    /// The event is to be handled later, and this attempt does not count. The pause is at
    /// most the longest one of the [`Backoff`](crate::Backoff).
    #[must_use]
    pub fn defer(pause: Duration) -> Self {
        Self::new(Kind::Defer(pause), "put off by the handler")
    }

    /// What events go to cannot be reached, or refuses whatever comes: it is not the fault of
    /// this event. Several of these make the workers wait until the destination is up again:
    /// see [`Breaker`](crate::Breaker).
    ///
    /// The text is logged, and must hold nothing of the event.
    #[must_use]
    pub fn destination(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Kind::Destination { retry_after: None }, reason).with_reason_logged()
    }

    /// Adds how long the destination asks to be left alone, of which an hour is obeyed. Changes
    /// only what [`destination`](Self::destination) has made.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        if let Kind::Destination { retry_after } = &mut self.kind {
            *retry_after = Some(pause);
        }
        self
    }

    /// Has the text logged with the failed attempt: it must hold nothing of the event.
    #[must_use]
    pub fn with_reason_logged(mut self) -> Self {
        self.is_reason_logged = true;
        self
    }

    /// Whether no attempt will ever help.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.kind == Kind::Permanent
    }

    fn new(kind: Kind, reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, is_reason_logged: false, source: reason.into() }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn is_reason_logged(&self) -> bool {
        self.is_reason_logged
    }

    /// The text of the error and of its causes, at most some thousand characters.
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
    /// Shows what to do, not the text, which is the handler's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerError").field("kind", &self.kind).finish_non_exhaustive()
    }
}
