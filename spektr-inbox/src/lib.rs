//! A durable receiver of spektr webhooks that loses nothing.
//!
//! The sender tries four times within about three seconds and then drops an
//! event for good. So this crate answers 200 once the entries of a delivery are
//! on the disk, and never before; typed decoding and your code come after that,
//! from the store, as often as it takes.
//!
//! ```no_run
//! use std::sync::Arc;
//! use spektr_inbox::store::{Store, sqlite::SqliteOptions};
//! use spektr_inbox::{HandlerError, Received, Receiver, Server, Workers};
//! use spektr_verify::{KeyRing, SignedContent, Verifier};
//!
//! async fn handle(received: Received) -> Result<(), HandlerError> {
//!     println!("{} {:?}", received.event().event_type(), received.event().id());
//!     Ok(())
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn Store> = Arc::new(SqliteOptions::new("inbox.db").open()?);
//! let verifier = Verifier::new(KeyRing::from_env()?, SignedContent::TIMESTAMP_DOT_BODY);
//! let receiver = Receiver::new(Arc::clone(&store), verifier);
//! let workers = Workers::new(store, handle).with_metrics(receiver.metrics().clone());
//!
//! let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
//! let server = Server::new(receiver.router("/webhooks/spektr"));
//! let end = || async { tokio::signal::ctrl_c().await.unwrap_or_default() };
//! tokio::join!(server.serve(listener, end()), workers.run(end()));
//! # Ok(())
//! # }
//! ```
//!
//! Several machines share an inbox in a PostgreSQL database: open it with
//! `store::postgres::PostgresOptions` (feature `postgres`) in place of `SqliteOptions`,
//! on each of them.
//!
//! A store for another database implements the five roles of [`store::Store`]; the program
//! `examples/memory` has such a store, and the feature `testing` the tests for it.
//!
//! In an application of your own, merge [`Receiver::router`] into its router and
//! spawn [`Workers::run`].
//!
//! [`reconcile`] fetches the events that the sender dropped while the receiver did not answer.
//!
//! # The sender's view
//!
//! | what happens | status |
//! |---|---|
//! | every entry is stored now or was stored before | 200 |
//! | an entry is malformed, unknown, or a conflict; the body is not JSON | 200, and the entry or body is stored |
//! | the signature is missing, malformed or wrong | 401, the same for each cause |
//! | no key is valid now | 500 |
//! | the body is over the limit, too slow, or breaks off | 413, 408, 400 |
//! | the queue or the memory is full, a commit takes too long, the store fails | 503 |
//! | the disk is full | 507 |
//! | the media type is not JSON, and unsigned deliveries are accepted | 415 |
//!
//! # The states of an entry
//!
//! | state | what it means | the next step |
//! |---|---|---|
//! | `pending` | waits for a worker or its next attempt | a worker claims it |
//! | `done` | the handler has accepted it | [`operate::prune`] |
//! | `dead` | the handler gave it up, or the attempts are exhausted | [`operate::replay`] |
//! | `malformed`, `unknown` | this version cannot decode it | [`operate::redecode`] after an upgrade, or [`operate::replay`] and [`Workers::with_malformed`] |
//! | `unreadable` | a whole body that cannot be split | [`operate::redecode`] after an upgrade |
//! | `conflict` | its id was stored before with another content | look at the entry, then [`operate::replay`] |
//! | `resolved` | an operator has handled it by hand | [`operate::prune`] |
//!
//! # Guarantees
//!
//! `GUARANTEES.md` lists the limits of each guarantee, the test that checks it, and what is not
//! guaranteed.
//!
//! - **Durable before 200**: the commit is synced, so that it survives a power
//!   cut, unless the disk loses data it reported as synced.
//! - **Stored once**: an event id of a source is one entry for each content with
//!   which the id arrives. See [`intake`] for the definition of content.
//! - **Handled at least once**: the event id is the idempotency key.
//! - **Byte for byte**: the raw JSON is kept as it arrived.
//! - **Bounded**: bodies, memory, connections, queue and time.
//! - **Private**: no payload, secret or signature in logs, metrics, errors and
//!   `Debug`; the handler's error texts stay in the store. The SQLite file
//!   is readable by its owner only, and [erased](store::Archive::erase) data is overwritten
//!   in it. `store::postgres` describes what PostgreSQL keeps of erased data.
//!
//! Only [`SystemClock`] reads the system's clock. Timeouts of the network and heartbeats use
//! tokio's timers.
//!
//! # Features
//!
//! | feature | what it adds | and builds |
//! |---|---|---|
//! | `sqlite` (default) | `store::sqlite`, an inbox in a file | rusqlite 0.37 with SQLite's source |
//! | `server` (default) | `Receiver` and `Server`, the endpoint | axum, hyper |
//! | `reconcile` (default) | `reconcile`, the client for the sender's list | hyper, rustls |
//! | `postgres` | `store::postgres`, an inbox for several machines | tokio-postgres, rustls |
//! | `testing` | the tests of the store contract, and a clock that tests set | |
//!
//! Workers on a machine of their own, without a receiver, need only a store: `default-features
//! = false, features = ["postgres"]`.

// Library code must not panic: an exception to these lints says why its case cannot happen.
#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unimplemented,
        clippy::unreachable
    )
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "reconcile", feature = "server", feature = "sqlite")),
    allow(dead_code, reason = "each item is used by another feature")
)]

mod clock;
mod content;
mod decode;
mod hex;
pub mod intake;
mod metrics;
pub mod operate;
#[cfg(feature = "server")]
mod receive;
#[cfg(feature = "reconcile")]
pub mod reconcile;
#[cfg(feature = "server")]
mod server;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(any(feature = "postgres", feature = "reconcile"))]
mod tls;
pub mod trace;
mod url;
mod work;

/// `Receiver::router` returns `axum::Router`, and `Server::new` takes one.
#[cfg(feature = "server")]
pub use axum;
/// [`intake::intake`] takes a body of `bytes::Bytes`, and [`store::NewEntry`] holds a slice of it.
pub use bytes;
/// [`HttpUrl::as_uri`] returns `http::Uri`.
pub use http;
/// [`Metrics`] is a collector of this crate.
pub use prometheus_client;
/// [`Received::event`] returns types of this crate.
pub use spektr_types;
/// `Receiver::new` takes `spektr_verify::Verifier`, and [`intake::intake`] a `Verified`.
pub use spektr_verify;
/// `Server::serve` takes a `tokio::net::TcpListener`, and [`store::Queue::arrivals`] returns a
/// `tokio::sync::watch::Receiver`.
pub use tokio;
/// `store::postgres::complete` takes a transaction or client of `tokio_postgres`.
#[cfg(feature = "postgres")]
pub use tokio_postgres;
/// [`trace::Propagation`] is told of `tracing::Span`.
pub use tracing;

pub use clock::{Clock, SystemClock};
pub use metrics::{Count, Counts, Metrics};
#[cfg(feature = "server")]
pub use receive::{Readiness, Receiver};
#[cfg(feature = "server")]
pub use server::Server;
pub use url::{HttpUrl, HttpUrlError};
pub use work::{Backoff, Breaker, Handler, HandlerError, Malformed, Received, Router, Workers};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
