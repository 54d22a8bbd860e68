//! A handler with a function per event, and one function for all others.

use std::future::Future;

use spektr_types::{EventInfo, KnownEvent};

use super::handler::{Handler, HandlerError, Handling, Received};

/// Calls the function that is registered for an event, or the fallback.
///
/// The fallback is an argument of the constructor. It also gets events that the schema does not
/// know, unless [`Workers::with_unknown_events`](crate::Workers::with_unknown_events) keeps
/// them in the store. So an event that becomes known by an upgrade still goes to the fallback.
/// A test of [`unhandled`](Self::unhandled) reveals that there is a new event.
///
/// # Examples
///
/// ```
/// use spektr_inbox::{HandlerError, Received, Router};
/// use spektr_types::{AlertResolved, EventInfo, catalogue};
///
/// async fn resolved(received: Received<AlertResolved>) -> Result<(), HandlerError> {
///     close_case(received.event().data.alert_id.as_str()).await?;
///     Ok(())
/// }
///
/// let router = Router::new(|received: Received| async move {
///     println!("not handled: {}", received.event().event_type());
///     Ok(())
/// })
/// .on(resolved);
/// let unhandled: Vec<_> = router.unhandled().map(EventInfo::name).collect();
/// assert_eq!(unhandled.len(), catalogue().len() - 1);
/// # async fn close_case(_: &str) -> std::io::Result<()> { Ok(()) }
/// ```
#[derive(Debug)]
pub struct Router(spektr_types::Router<Handling, Received<()>>);

impl Router {
    /// Returns a router that passes every event to the fallback.
    #[must_use]
    pub fn new<R>(fallback: impl Fn(Received) -> R + Send + Sync + 'static) -> Self
    where
        R: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        Self(spektr_types::Router::with_context(move |event, received: Received<()>| {
            boxed(fallback(received.replace(event).1))
        }))
    }

    /// Registers the function of an event, replacing an earlier one.
    #[must_use]
    pub fn on<E, R>(self, function: impl Fn(Received<E>) -> R + Send + Sync + 'static) -> Self
    where
        E: KnownEvent,
        R: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        Self(self.0.on_with(move |event: E, received: Received<()>| {
            boxed(function(received.replace(event).1))
        }))
    }

    /// Returns the events of the catalogue that have no function and go to the fallback.
    pub fn unhandled(&self) -> impl Iterator<Item = &'static EventInfo> {
        self.0.unhandled()
    }
}

fn boxed(handling: impl Future<Output = Result<(), HandlerError>> + Send + 'static) -> Handling {
    Box::pin(handling)
}

impl Handler for Router {
    fn handle(&self, received: Received) -> impl Future<Output = Result<(), HandlerError>> + Send {
        let (event, received) = received.replace(());
        self.0.route_with(event, received)
    }

    fn wants_unknown_events(&self) -> bool {
        true
    }
}
