//! A router: a function for each event, and one for all other events.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Event, EventInfo, EventType, KnownEvent, catalogue};

/// Calls the function that is registered for an event, or else the fallback.
///
/// The fallback is an argument of the constructor, so every event has a function, even an
/// unknown event and an event that an upgrade makes known. The upgrade changes an event from
/// [`Event::Unknown`] to its own variant, and the fallback still gets it. A test of
/// [`unhandled`](Self::unhandled) fails if an upgrade adds an event.
///
/// An upgrade can also add a type that an entry does not fit. Decoding then returns an
/// [`EntryError`](crate::EntryError), and the router gets no event.
///
/// `R` is the return type of the functions: a `Result`, a future, a message. `C` is the type of
/// a second argument of the functions. [`new`](Self::new) makes a router without it, and
/// [`with_context`](Self::with_context) a router with it.
///
/// # Examples
///
/// ```
/// use spektr_types::{AlertResolved, Event, EventInfo, Router, StepInit, catalogue};
///
/// fn router() -> Router<String> {
///     Router::new(|event: Event| format!("kept {}", event.event_type()))
///         .on(|alert: AlertResolved| format!("closed {}", alert.data.alert_id))
///         .on(|_: StepInit| "ignored".to_owned())
/// }
///
/// # let text = r#"{"id":"e1","spektrId":"s1","type":"something_new","createdAt":1672531199000}"#;
/// let event: Event = serde_json::from_str(text)?;
/// assert_eq!(router().route(event), "kept something_new");
///
/// // A test like this one fails when an upgrade brings an event.
/// let unhandled: Vec<_> = router().unhandled().map(EventInfo::name).collect();
/// assert_eq!(unhandled.len(), catalogue().len() - 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Router<R = (), C = ()> {
    routes: BTreeMap<EventType, Route<R, C>>,
    fallback: Box<dyn Fn(Event, C) -> R + Send + Sync>,
}

/// Returns the event and the context if the event is not of the function's type.
type Route<R, C> = Box<dyn Fn(Event, C) -> Result<R, (Event, C)> + Send + Sync>;

impl<R: 'static> Router<R> {
    /// Returns a router that gives every event to the fallback.
    pub fn new(fallback: impl Fn(Event) -> R + Send + Sync + 'static) -> Self {
        Self::with_context(move |event, ()| fallback(event))
    }

    /// Registers the function of an event, and replaces an earlier one.
    pub fn on<E: KnownEvent>(self, function: impl Fn(E) -> R + Send + Sync + 'static) -> Self {
        self.on_with(move |event, ()| function(event))
    }

    /// Calls the function of an event, or the fallback.
    pub fn route(&self, event: Event) -> R {
        self.route_with(event, ())
    }
}

impl<R: 'static, C: 'static> Router<R, C> {
    /// Returns a router that gives every event and its context to the fallback.
    pub fn with_context(fallback: impl Fn(Event, C) -> R + Send + Sync + 'static) -> Self {
        Self { routes: BTreeMap::new(), fallback: Box::new(fallback) }
    }

    /// Registers the function of an event, and replaces an earlier one.
    #[allow(clippy::result_large_err, reason = "an event goes through by value")]
    pub fn on_with<E: KnownEvent>(
        mut self,
        function: impl Fn(E, C) -> R + Send + Sync + 'static,
    ) -> Self {
        let route = move |event, context| match E::try_from(event) {
            Ok(event) => Ok(function(event, context)),
            Err(event) => Err((event, context)),
        };
        self.routes.insert(E::EVENT_TYPE, Box::new(route));
        self
    }

    /// Calls the function of an event, or the fallback.
    pub fn route_with(&self, event: Event, context: C) -> R {
        let untaken = match self.routes.get(&event.event_type()) {
            Some(route) => route(event, context),
            None => Err((event, context)),
        };
        untaken.unwrap_or_else(|(event, context)| (self.fallback)(event, context))
    }

    /// Returns the known events without a function, which go to the fallback.
    pub fn unhandled(&self) -> impl Iterator<Item = &'static EventInfo> {
        catalogue().filter(|info| !self.routes.contains_key(info.event_type()))
    }
}

impl<R, C> fmt::Debug for Router<R, C> {
    /// Shows the events that have functions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("routes", &self.routes.keys()).finish_non_exhaustive()
    }
}
