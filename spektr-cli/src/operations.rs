//! The pages of operations: figures and curves, entries, and the actions of an operator.
//!
//! - Pages show ids, types, states and reasons. They are made from summaries of entries. A
//!   summary contains no JSON, so no page can show a payload.
//! - A page reads a bounded number of rows from the store, however many entries there are.
//!   Figures and curves come from the metrics. Before a replay or a retry, a page counts the
//!   entries, up to a limit.
//! - Every change needs a token. Reading needs none at a loopback address, and the token at any
//!   other address: see [`guard`].

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
mod refused;
mod resolving;
mod samples;
mod sign_in;
mod state;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};
use spektr_inbox::store::State;

pub(crate) use self::access::{Access, Token};
pub(crate) use self::disk::free;
pub(crate) use self::numbers::bytes;
pub(crate) use self::state::{Operations, ServiceFacts};
use crate::reattempt::Reattempt;

/// The largest form, in bytes.
const FORM_LIMIT: usize = 16 * 1024;

/// Returns the router of the pages, of health and of metrics.
pub(crate) fn router(operations: &Operations) -> Router {
    Router::new()
        .route("/", get(overview::overview))
        .route("/entries", entries::list("Entries", "/entries", None))
        .route("/entries/{number}", get(entries::entry))
        .route("/dead", entries::list("Dead letters", "/dead", Some(State::Dead)))
        .route("/replay", actions::action(Reattempt::Replay))
        .route("/retry", actions::action(Reattempt::Retry))
        .route("/entries/{number}/resolve", get(resolving::ask).post(resolving::resolve))
        .route("/pause", actions::handling(true))
        .route("/resume", actions::handling(false))
        .route("/sign-in", get(sign_in::ask).post(sign_in::sign_in))
        .route("/sign-out", axum::routing::post(sign_in::sign_out))
        .route("/style.css", file("text/css; charset=utf-8", include_str!("../assets/style.css")))
        .route(
            "/refresh.js",
            file("text/javascript; charset=utf-8", include_str!("../assets/refresh.js")),
        )
        .route("/icon.svg", file("image/svg+xml", include_str!("../assets/icon.svg")))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(from_fn_with_state(operations.clone(), guard::guard))
        .with_state(operations.clone())
        .merge(operations.0.receiver.operations())
}

/// Returns a static file, which browsers may cache for ten minutes.
fn file(kind: &'static str, content: &'static str) -> MethodRouter<Operations> {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=600")];
    get(move || async move { (headers, content) })
}
