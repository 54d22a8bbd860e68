//! Why a reconciliation stopped, and what the person who runs it can do.
//!
//! No text holds what the server wrote, nor the API key.

use std::error::Error;
use std::time::Duration;

use thiserror::Error;

use super::TimeUnit;
use crate::store::StoreError;

/// Why a run stopped. What it had stored until then stays, and so does the
/// [watermark](super::Reconciler::watermark) that it had reached.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// Nothing was reconciled yet, and nobody has said where to begin.
    #[error("there is no watermark yet: say since when events are to be fetched")]
    NoWatermark,
    /// The watermark in the store is not one.
    #[error("the watermark in the store cannot be read: say since when events are to be fetched")]
    Watermark,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The server's certificate is not trusted. The API key was not sent.
    #[error(
        "the server's certificate is not trusted: see that the base URL is right; a company's own authority must be among the system's certificates, or in SSL_CERT_FILE"
    )]
    Untrusted(#[source] Box<dyn Error + Send + Sync>),
    /// 401 or 403.
    #[error(
        "the server refuses the API key ({status}): see that it is valid, may read events, and is of this environment"
    )]
    Refused {
        /// The status.
        status: u16,
    },
    /// 400 or 422.
    #[error(
        "the server refuses the query ({status}), which has createdAfter and createdBefore in {unit}: try the other unit"
    )]
    Query {
        /// The status.
        status: u16,
        /// The unit that was used.
        unit: TimeUnit,
    },
    /// Another status that no further attempt changes.
    #[error("the server answers {status} instead of 200: see that the base URL is right")]
    Status {
        /// The status.
        status: u16,
    },
    /// No attempt was answered well, or the server asks to come back later than
    /// a run waits.
    #[error("no usable answer in {attempts} attempts")]
    Unavailable {
        /// How many attempts there were.
        attempts: u32,
        /// How long the server asks to be left alone, if it does.
        retry_after: Option<Duration>,
        /// What became of the last.
        #[source]
        source: AttemptError,
    },
    /// An answer with a single event is larger than an answer may be. Nothing of it was stored.
    #[error(
        "the list has an event of more than {limit} bytes, which is the largest answer: see that the base URL is right; a program of your own can raise it by Client::with_body_limit"
    )]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer is something else than a page of events. Nothing of it was stored.
    #[error("the answer is no page of events: {problem}; see that the base URL is right")]
    NotAPage {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// What the server lists does not fit the times that were asked for. Nothing of
    /// it was stored, and the watermark is where it was.
    #[error(
        "the list {problem}: createdAfter and createdBefore are probably not in {unit}; try the other unit"
    )]
    WrongUnit {
        /// The unit that was used.
        unit: TimeUnit,
        /// How it shows.
        problem: &'static str,
    },
    /// The list did not hold still, or does not end.
    #[error("the list {problem}; the next run goes on where this one came to")]
    Endless {
        /// How it shows.
        problem: &'static str,
    },
}

impl ReconcileError {
    /// A word for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoWatermark => "no_watermark",
            Self::Watermark => "watermark",
            Self::Store(_) => "store",
            Self::Untrusted(_) => "untrusted",
            Self::Refused { .. } => "refused",
            Self::Query { .. } => "query",
            Self::Status { .. } => "status",
            Self::Unavailable { .. } => "unavailable",
            Self::TooLarge { .. } => "too_large",
            Self::NotAPage { .. } => "not_a_page",
            Self::WrongUnit { .. } => "wrong_unit",
            Self::Endless { .. } => "endless",
        }
    }
}

/// Why an attempt to fetch a page failed in a way that may pass.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// No connection, or it broke before the answer began.
    #[error("the connection failed")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    /// 408, 425, 429 or 5xx.
    #[error("the server answered {0}")]
    Status(u16),
    /// The answer did not begin, or not end, in time.
    #[error("no answer in time")]
    Timeout,
    /// The answer broke off.
    #[error("the answer broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// The JSON of the answer ends too early.
    #[error("the answer is cut short")]
    CutShort,
}

/// There is no client.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The operating system has no certificates to trust.
    #[error("no trusted certificates found: install ca-certificates, or set SSL_CERT_FILE")]
    NoCertificates,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
}
