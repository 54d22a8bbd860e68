//! Posts events to the endpoint of `--forward`.

mod rate;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderValue;
use spektr_inbox::reconcile::parse_retry_after;
use spektr_inbox::store::Store;
use spektr_inbox::trace::{self, Propagation};
use spektr_inbox::{
    Backoff, Breaker, Clock as _, Count, Counts, Handler, HandlerError, HttpUrl, Malformed,
    Metrics, Received, SystemClock, Workers,
};
use spektr_types::EventType;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use self::rate::Rate;
use crate::capture::Headers;
use crate::client::{Client, NoAnswer, Reply, TlsFiles};
use crate::config::Config;
use crate::failure::Failure;
use crate::forwarding::{ForwardArguments, ForwardKeys, Forwarding, OwnHeaders, message_id};
use crate::values::{EventTypes, PermanentStatuses};

/// The label of a post without a response, instead of its status.
const NO_STATUS: &str = "none";

/// The handler that posts each event as it arrived.
#[derive(Clone)]
pub(super) struct ForwardHandler {
    client: Arc<RwLock<Client>>,
    /// The certificate files of the client.
    tls: TlsFiles,
    timeout: Duration,
    url: HttpUrl,
    breaker: Breaker,
    permanent: PermanentStatuses,
    types: Option<EventTypes>,
    /// Counts the events that `types` leaves out.
    filtered: Count,
    responses: Counts,
    rate: Option<Arc<Rate>>,
    keys: ReloadedFile<ForwardKeys>,
    headers: ReloadedFile<OwnHeaders>,
    propagation: Option<Arc<dyn Propagation>>,
}

impl ForwardHandler {
    pub(super) fn new(
        forwarding: &Forwarding,
        arguments: &ForwardArguments,
        config: &Config,
        metrics: &Metrics,
    ) -> Result<Self, Failure> {
        const RESPONSES: &str = "Posted events by the status of the response";
        const FILTERED: &str =
            "Events that are done without a post, because forward_types leaves them out";
        let forward = Self {
            client: Arc::new(RwLock::new(Client::new(
                forwarding.url.clone(),
                forwarding.timeout,
                &forwarding.tls,
            )?)),
            tls: forwarding.tls.clone(),
            timeout: forwarding.timeout,
            url: forwarding.url.clone(),
            breaker: forwarding.breaker.clone(),
            permanent: forwarding.permanent.clone(),
            types: forwarding.types.clone(),
            filtered: metrics.count("forward_filtered", FILTERED),
            responses: metrics.counts(
                "forward_responses",
                RESPONSES,
                "status",
                &["200", NO_STATUS],
            ),
            rate: forwarding.rate.map(|posts| Arc::new(Rate::new(posts))),
            keys: ReloadedFile::default(),
            headers: ReloadedFile::default(),
            propagation: None,
        };
        forward.keys.read(arguments.keys_file(config), ForwardKeys::of_file)?;
        forward.headers.read(arguments.headers_file(config), OwnHeaders::of_file)?;
        Ok(forward)
    }

    /// Sets the propagation: each post then carries its trace context in a header.
    pub(super) fn with_propagation(mut self, propagation: Option<Arc<dyn Propagation>>) -> Self {
        self.propagation = propagation;
        self
    }

    /// Returns workers that forward the entries of a store.
    pub(super) fn workers(
        self,
        store: Arc<dyn Store>,
        forwarding: &Forwarding,
        metrics: &Metrics,
    ) -> Workers<Self> {
        /// The time that an attempt takes in addition to the wait for its answer.
        const SPARE: Duration = Duration::from_secs(5);
        let concurrency = forwarding.concurrency;
        // All other concurrent posts may come before this one.
        let wait = forwarding.rate.map(|posts| Duration::from_secs(1) * concurrency / posts);
        let longest = forwarding.timeout + wait.unwrap_or_default() + SPARE;
        let backoff = Backoff::new(forwarding.first_pause, forwarding.longest_pause);
        let of_malformed = self.clone();
        let propagation = self.propagation.clone();
        let breaker = self.breaker.clone();
        let workers = Workers::new(store, self)
            .with_breaker(breaker)
            .with_unknown_events(true)
            .with_ordering(forwarding.is_ordered)
            .with_hold_on_dead(forwarding.hold_on_dead)
            .with_concurrency(usize::try_from(concurrency).unwrap_or(usize::MAX))
            .with_handler_timeout(longest)
            .with_max_attempts(forwarding.attempts)
            .with_backoff(backoff)
            .with_metrics(metrics.clone());
        let workers = match propagation {
            Some(propagation) => workers.with_propagation(propagation),
            None => workers,
        };
        let workers = match forwarding.give_up_after {
            Some(age) => workers.with_give_up_after(age),
            None => workers,
        };
        if !forwarding.with_malformed {
            return workers;
        }
        workers.with_malformed(move |received| of_malformed.clone().handle_malformed(received))
    }

    /// Posts an entry that cannot be decoded.
    async fn handle_malformed(self, received: Received<Malformed>) -> Result<(), HandlerError> {
        let malformed = received.event();
        let about = EntryFacts {
            id: malformed.event_id(),
            event_type: malformed.wire_type(),
            malformed: Some(malformed.reason()),
        };
        self.post(&received, &about).await
    }

    /// Posts an entry, unless its type is left out.
    async fn post<E>(
        &self,
        received: &Received<E>,
        about: &EntryFacts<'_>,
    ) -> Result<(), HandlerError> {
        let event_type = about.event_type.map(EventType::from);
        if let (Some(types), Some(event_type)) = (&self.types, event_type) {
            if !types.include(&event_type) {
                self.filtered.add(1);
                received.set_destination_not_asked();
                return Ok(());
            }
        }
        if let Some(rate) = &self.rate {
            rate.wait().await;
        }
        let body = Bytes::copy_from_slice(received.raw().as_bytes());
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner).clone();
        let trace = self.trace(received.attempt());
        let headers = self.headers(received, about, &trace);
        let answered = client.post(&headers, body).instrument(trace.clone()).await;
        record(&trace, &answered);
        if let Ok(reply) = &answered {
            received.set_status(reply.status);
            self.responses.add(reply.status.to_string(), 1);
        } else {
            self.responses.add(NO_STATUS, 1);
        }
        match answered {
            Ok(reply) if (200..=299).contains(&reply.status) => Ok(()),
            Ok(reply) => Err(self.refused(&reply)),
            Err(error @ NoAnswer::Unsendable(_)) => {
                Err(HandlerError::retry(error.to_string()).with_reason_logged())
            }
            Err(error) => Err(HandlerError::destination(error.to_string())),
        }
    }

    /// Reads keys, headers and certificates again. If a file cannot be read, its old content stays
    /// in use. Returns a name and a result for each of the three.
    pub(super) fn read_again(
        &self,
        arguments: &ForwardArguments,
        config: &Config,
    ) -> [(&'static str, Result<(), Failure>); 3] {
        let keys = self.keys.read(arguments.keys_file(config), ForwardKeys::of_file);
        let headers = self.headers.read(arguments.headers_file(config), OwnHeaders::of_file);
        [
            ("the keys of --forward-keys", keys),
            ("the headers of --forward-headers", headers),
            ("the certificates for forwarding", self.read_certificates(arguments, config)),
        ]
    }

    /// Replaces the client, which ends the connections of the old one. Without certificate files
    /// the client stays, so the certificates of the system are read only at the start.
    fn read_certificates(
        &self,
        arguments: &ForwardArguments,
        config: &Config,
    ) -> Result<(), Failure> {
        let files = arguments.tls(&self.url, config)?;
        if files != self.tls {
            return Err(Failure::new(
                "other files are configured: a restart is necessary to use them",
            ));
        }
        if files != TlsFiles::default() {
            let new = Client::new(self.url.clone(), self.timeout, &files)?;
            *self.client.write().unwrap_or_else(PoisonError::into_inner) = new;
        }
        Ok(())
    }

    /// Tells whether posts are signed.
    pub(super) fn is_signing(&self) -> bool {
        self.keys.current().is_some()
    }

    /// Returns how many signing keys, added headers and certificate files there are: `None` if
    /// nothing of the kind is configured.
    pub(super) fn counts(&self) -> [Option<usize>; 3] {
        let TlsFiles { authorities, identity } = &self.tls;
        let certificates = usize::from(authorities.is_some()) + usize::from(identity.is_some());
        [
            self.keys.current().map(|keys| keys.count()),
            self.headers.current().map(|headers| headers.count()),
            Some(certificates).filter(|count| *count > 0),
        ]
    }

    /// Returns the headers of a post: the facts about the entry, the signature, the user's own
    /// headers, and the trace context.
    fn headers<E>(&self, received: &Received<E>, about: &EntryFacts<'_>, trace: &Span) -> Headers {
        let mut headers = described(received, about);
        if let Some(keys) = self.keys.current() {
            let body = received.raw().as_bytes();
            let id = message_id(received.source(), body);
            let seconds = SystemClock::new().now().as_millis() / 1000;
            let signed = keys.sign(&id, seconds, body);
            headers.extend(signed.map(|(name, value)| (name.to_owned(), value.into_bytes())));
        }
        if let Some(own) = self.headers.current() {
            headers.extend(own.pairs());
        }
        let propagation = self.propagation.as_ref();
        if let Some(context) = propagation.and_then(|propagation| propagation.context(trace)) {
            // A repeated header would count as no header.
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case(trace::HEADER));
            headers.push((trace::HEADER.to_owned(), context.to_string().into_bytes()));
        }
        headers
    }

    /// Returns the span of a post. Path and query of the URL are left out, because they can hold
    /// a token.
    fn trace(&self, attempt: u32) -> Span {
        tracing::trace_span!(
            target: trace::TARGET,
            "forward",
            otel.name = "POST",
            otel.kind = "client",
            otel.status_code = Empty,
            error.type = Empty,
            http.request.method = "POST",
            http.request.resend_count = (attempt > 1).then(|| i64::from(attempt - 1)),
            http.response.status_code = Empty,
            server.address = self.url.host(),
            server.port = i64::from(self.url.port()),
            url.scheme = if self.url.is_encrypted() { "https" } else { "http" },
        )
    }

    fn refused(&self, reply: &Reply) -> HandlerError {
        let reason = format!("answered with {}", reply.status);
        match reply.status {
            429 | 502..=504 => {
                let header = |name: &String| name.eq_ignore_ascii_case("retry-after");
                let asked = reply.headers.iter().find(|(name, _)| header(name));
                let asked = asked.and_then(|(_, value)| std::str::from_utf8(value).ok());
                let asked =
                    asked.and_then(|text| parse_retry_after(text, SystemClock::new().now()));
                let error = HandlerError::destination(reason);
                match asked {
                    Some(pause) => error.with_retry_after(pause),
                    None => error,
                }
            }
            status if self.permanent.contain(status) => {
                HandlerError::permanent(reason).with_reason_logged()
            }
            _ => HandlerError::retry(reason).with_reason_logged(),
        }
    }
}

impl Handler for ForwardHandler {
    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let event = received.event();
        let event_type = event.event_type();
        let about = EntryFacts {
            id: event.id().map(|id| id.as_ref()),
            event_type: Some(event_type.as_str()),
            malformed: None,
        };
        self.post(&received, &about).await
    }
}

/// Records the result of a post in its span.
fn record(trace: &Span, answered: &Result<Reply, NoAnswer>) {
    let error = match answered {
        Ok(reply) => {
            trace.record("http.response.status_code", i64::from(reply.status));
            (!(200..=299).contains(&reply.status)).then(|| reply.status.to_string())
        }
        Err(NoAnswer::Refused) => Some("connection_refused".to_owned()),
        Err(NoAnswer::Timeout) => Some("timeout".to_owned()),
        Err(NoAnswer::Unsendable(_)) => Some("unsendable".to_owned()),
        Err(NoAnswer::Other(_)) => Some("no_answer".to_owned()),
    };
    if let Some(error) = error {
        trace.record("otel.status_code", "ERROR");
        trace.record("error.type", error);
    }
}

/// The facts about an entry that are sent to the endpoint as headers.
struct EntryFacts<'a> {
    id: Option<&'a str>,
    event_type: Option<&'a str>,
    /// Why the entry cannot be decoded.
    malformed: Option<&'a str>,
}

/// Returns the headers that describe the entry. An id or type that a header cannot carry is only
/// in the body.
fn described<E>(received: &Received<E>, about: &EntryFacts<'_>) -> Headers {
    /// Longer than any meaningful value.
    const LONGEST: usize = 512;
    let (entry, attempt) = (received.number().to_string(), received.attempt().to_string());
    let headers = [
        ("content-type", Some("application/json")),
        ("spektr-event-id", about.id),
        ("spektr-event-type", about.event_type),
        ("spektr-source", Some(received.source())),
        ("spektr-entry", Some(&entry)),
        ("spektr-attempt", Some(&attempt)),
        ("spektr-malformed", about.malformed),
    ];
    headers
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.as_bytes().to_vec())))
        .filter(|(_, value)| value.len() <= LONGEST && HeaderValue::from_bytes(value).is_ok())
        .collect()
}

/// The content of a file that is read again at SIGHUP. Clones share the content.
struct ReloadedFile<T>(Arc<RwLock<Option<Arc<T>>>>);

impl<T> ReloadedFile<T> {
    fn current(&self) -> Option<Arc<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read(
        &self,
        path: Option<PathBuf>,
        of_file: fn(&Path) -> Result<T, Failure>,
    ) -> Result<(), Failure> {
        match path {
            Some(path) => {
                let new = Arc::new(of_file(&path)?);
                *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(new);
                Ok(())
            }
            None if self.current().is_some() => Err(Failure::new("no file is named any more")),
            None => Ok(()),
        }
    }
}

impl<T> Clone for ReloadedFile<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for ReloadedFile<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
