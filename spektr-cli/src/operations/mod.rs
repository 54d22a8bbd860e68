//! The pages of operations: figures and curves, entries, and what an operator does with them.
//!
//! - Pages show ids, types, states and reasons. They are made of summaries of entries, which
//!   have no JSON: no page can show a payload.
//! - A page costs the store a bounded number of rows, however many there are. Counts and curves
//!   are the figures that the metrics have anyway.
//! - Who reads needs no token at a loopback address. Who changes something does, and anybody
//!   anywhere else: see [`guard`].

mod access;
mod actions;
mod curve;
mod disk;
mod entries;
mod facts;
mod figures;
mod form;
mod guard;
mod numbers;
mod overview;
mod page;
mod resolving;
mod samples;
mod sign_in;
mod words;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use spektr_inbox::store::{Stats, Store};
use spektr_inbox::{Clock as _, Count, Receiver, SystemClock};
use spektr_types::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

pub(crate) use self::access::{Access, Token};
pub(crate) use self::disk::free;
pub(crate) use self::numbers::bytes;

use self::figures::{Metrics, Sample};
use self::samples::{Samples, Span};

/// The largest form, in bytes.
const FORM_LIMIT: usize = 16 * 1024;

/// How long the store may take for the figures.
const FIGURES_TIMEOUT: Duration = Duration::from_secs(1);

/// For how long the figures of a page are shown again, so that looking often costs little.
const FRESH: Duration = Duration::from_secs(1);

/// What the pages are about.
pub(crate) struct About {
    /// Whether the address is one of this machine alone.
    pub(crate) is_local: bool,
    pub(crate) source: String,
    /// Where the inbox is, without what is secret of it.
    pub(crate) store: String,
    /// The file, if the inbox is in SQLite.
    pub(crate) file: Option<PathBuf>,
    /// Where events are posted to.
    pub(crate) forwarding: Option<String>,
    /// Whether what was missed is fetched.
    pub(crate) is_reconciling: bool,
}

/// The pages. Clones are the same pages.
#[derive(Clone)]
pub(crate) struct Operations(Arc<Inner>);

struct Inner {
    receiver: Receiver,
    store: Arc<dyn Store>,
    access: Access,
    about: About,
    started: Instant,
    started_at: Timestamp,
    samples: Mutex<Samples>,
    /// Sign-ins with a wrong token.
    refused: Count,
    /// Held while a token is looked at and, if it is wrong, until that is answered.
    sign_ins: tokio::sync::Mutex<()>,
    /// Entries are counted for one page at a time.
    counting: tokio::sync::Mutex<()>,
    /// The figures that a page has shown last, and the text that they were read from.
    last: tokio::sync::Mutex<Option<(Instant, Sample, Arc<str>)>>,
}

impl Operations {
    pub(crate) fn new(
        receiver: Receiver,
        store: Arc<dyn Store>,
        access: Access,
        about: About,
    ) -> Self {
        const REFUSED: &str = "Sign-ins at the pages of operations with a wrong token";
        let refused = receiver.metrics().count("operations_sign_ins_refused", REFUSED);
        Self(Arc::new(Inner {
            receiver,
            store,
            access,
            about,
            started: Instant::now(),
            started_at: SystemClock::new().now(),
            samples: Mutex::new(Samples::new()),
            refused,
            sign_ins: tokio::sync::Mutex::default(),
            counting: tokio::sync::Mutex::default(),
            last: tokio::sync::Mutex::default(),
        }))
    }

    /// Health, metrics and pages.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/", get(overview::overview))
            .route("/entries", get(entries::list))
            .route("/entries/{number}", get(entries::entry))
            .route("/dead", get(entries::dead))
            .route("/replay", get(actions::ask_replay).post(actions::replay))
            .route("/retry", get(actions::ask_retry).post(actions::retry))
            .route("/entries/{number}/resolve", get(resolving::ask).post(resolving::resolve))
            .route("/pause", get(actions::ask_pause).post(actions::pause))
            .route("/resume", get(actions::ask_resume).post(actions::resume))
            .route("/sign-in", get(sign_in::ask).post(sign_in::sign_in))
            .route("/sign-out", axum::routing::post(sign_in::sign_out))
            .route("/style.css", get(style))
            .route("/refresh.js", get(script))
            .route("/icon.svg", get(icon))
            .layer(DefaultBodyLimit::max(FORM_LIMIT))
            .layer(from_fn_with_state(self.clone(), guard::guard))
            .with_state(self.clone())
            .merge(self.0.receiver.operations())
    }

    /// Keeps a sample now and then. Never ends.
    pub(crate) async fn sample(&self) {
        let mut ticks = interval(Span::Hour.interval());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one is at once.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let (sample, _) = self.look().await;
            self.0.samples.lock().unwrap_or_else(PoisonError::into_inner).add(&sample);
        }
    }

    /// The figures of now, and the metrics that they were read from.
    async fn look(&self) -> (Sample, Arc<str>) {
        let inner = &*self.0;
        let mut last = inner.last.lock().await;
        if let Some((at, sample, text)) = &*last {
            if at.elapsed() < FRESH {
                return (sample.clone(), Arc::clone(text));
            }
        }
        let (sample, text) = self.read().await;
        *last = Some((Instant::now(), sample.clone(), Arc::clone(&text)));
        (sample, text)
    }

    /// Reads the figures without the cache. Those of the store are missing if it does not answer
    /// within a second.
    async fn read(&self) -> (Sample, Arc<str>) {
        let inner = &*self.0;
        let stats = timeout(FIGURES_TIMEOUT, inner.store.stats()).await;
        let stats = stats.ok().and_then(Result::ok);
        let text: Arc<str> = inner.receiver.metrics().render().into();
        let mut sample = Sample::read(&Metrics::new(&text), inner.started.elapsed());
        sample.oldest = stats.map_or(0, |stats| age_of_oldest(&stats));
        sample.store = stats;
        (sample, text)
    }

    /// Logs what this process has done.
    pub(crate) async fn log_totals(&self) {
        let (Sample { at, accepted, handled, failed, refused, store, .. }, _) = self.read().await;
        let (seconds, pending) = (at.as_secs(), store.map(|stats| stats.pending));
        tracing::info!(
            seconds,
            accepted,
            handled,
            failed,
            refused,
            pending,
            "the service has ended"
        );
    }

    /// The samples of a stretch of time that ends with one.
    fn samples(&self, span: Span, now: &Sample) -> Vec<Sample> {
        self.0.samples.lock().unwrap_or_else(PoisonError::into_inner).of(span, now)
    }

    fn is_local(&self) -> bool {
        self.0.about.is_local
    }

    fn access(&self) -> &Access {
        &self.0.access
    }

    fn count_refused(&self) {
        self.0.refused.add(1);
    }

    fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }
}

fn age_of_oldest(stats: &Stats) -> u64 {
    let now = SystemClock::new().now().as_millis();
    let age = stats.oldest_pending.map_or(0, |oldest| now - oldest.as_millis());
    u64::try_from(age / 1000).unwrap_or_default()
}

async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("../../assets/style.css"))
}

async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("../../assets/refresh.js"))
}

async fn icon() -> impl IntoResponse {
    file("image/svg+xml", include_str!("../../assets/icon.svg"))
}

/// A file of the pages, which a browser may keep for a while.
fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=600")], content)
}
