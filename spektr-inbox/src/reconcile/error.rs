//! The reasons why a reconciliation stopped, and the remedies.
//!
//! No error text contains bytes from the server or the API key.

use std::error::Error;
use std::time::Duration;

use thiserror::Error;

use super::TimeUnit;
use crate::store::StoreError;

/// The reason why a run stopped. Entries stored before stay, and so does the
/// [watermark](super::Reconciler::watermark) reached before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// Nothing was reconciled yet, and no start was given.
    #[error("there is no watermark yet: give the time since which to fetch events")]
    NoWatermark,
    /// The watermark in the store cannot be parsed.
    #[error("the watermark in the store cannot be read: give the time since which to fetch events")]
    Watermark,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The server's certificate is not trusted. The API key was not sent.
    #[error(
        "the server's certificate is not trusted: check the base URL; the authority of your company must be among the system's certificates, or in SSL_CERT_FILE"
    )]
    Untrusted(#[source] Box<dyn Error + Send + Sync>),
    /// 401 or 403.
    #[error(
        "the server refuses the API key ({status}): check that it is valid, may read events, and belongs to this environment"
    )]
    Refused {
        /// The status.
        status: u16,
    },
    /// 400 or 422.
    #[error(
        "the server refuses the query ({status}): it has createdAfter and createdBefore in {unit}; try the other unit"
    )]
    Query {
        /// The status.
        status: u16,
        /// The unit that was used.
        unit: TimeUnit,
    },
    /// Another status, which a retry does not change.
    #[error("the server answers {status} instead of 200: check the base URL")]
    Status {
        /// The status.
        status: u16,
    },
    /// No attempt succeeded, or the server asks for a longer pause than a run waits.
    #[error("no usable answer in {attempts} attempts")]
    Unavailable {
        /// The number of attempts.
        attempts: u32,
        /// How long the server asks the client to wait, if it does.
        retry_after: Option<Duration>,
        /// The error of the last attempt.
        #[source]
        source: AttemptError,
    },
    /// An answer with a single event exceeds the limit of an answer. Nothing of it was stored.
    #[error(
        "the list has an event of more than {limit} bytes, which is the limit of an answer: check the base URL; a program of your own can raise the limit by Client::with_body_limit"
    )]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer is not a page of events. Nothing of it was stored.
    #[error("the answer is not a page of events: {problem}; check the base URL")]
    NotAPage {
        /// The problem with the answer.
        problem: &'static str,
    },
    /// The listed entries do not fit the requested times. Nothing of the page was stored, and
    /// the watermark has not moved.
    #[error(
        "the list {problem}: createdAfter and createdBefore are probably not in {unit}; try the other unit"
    )]
    WrongUnit {
        /// The unit that was used.
        unit: TimeUnit,
        /// The evidence.
        problem: &'static str,
    },
    /// The list kept changing, or does not end.
    #[error("the list {problem}; the next run goes on from there")]
    Endless {
        /// The evidence.
        problem: &'static str,
    },
}

impl ReconcileError {
    /// Returns a word for logs and metrics.
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

/// The reason why an attempt to fetch a page failed in a way that may be temporary.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// There was no connection, or it broke before the answer began.
    #[error("the connection failed")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    /// 408, 425, 429 or 5xx.
    #[error("the server answered {0}")]
    Status(u16),
    /// The answer did not begin or end in time.
    #[error("no answer in time")]
    Timeout,
    /// The answer broke off.
    #[error("the answer broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// The JSON of the answer ends too early.
    #[error("the answer is cut short")]
    CutShort,
}

/// The reason why a client cannot be created.
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
