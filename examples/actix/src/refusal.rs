//! The reasons for which a delivery is not answered with 200. The sender learns only the status.

use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use spektr_inbox::store::StoreError;
use spektr_verify::VerifyError;

/// The reason for which a delivery is not answered with 200. The sender repeats it three times
/// within seconds.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The content type is missing, repeated, or not JSON: 415.
    MediaType,
    /// The body is over the limit: 413.
    TooLarge,
    /// The body took too long to arrive: 408.
    TooSlow,
    /// The body broke off: 400.
    BrokenOff,
    /// The delivery is not authentic, for any reason: 401.
    NotAuthentic(VerifyError),
    /// No key of the ring is valid now, so no delivery can be accepted: 500.
    NoValidKey(VerifyError),
    /// The commit took too long: 503.
    CommitTimeout,
    /// The entries were not stored: 507 if the disk is full, otherwise 503.
    Store(StoreError),
}

impl Refusal {
    /// Returns a short code for metrics and alerts; for a delivery that is not authentic, the one
    /// of [`VerifyError::reason`].
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::MediaType => "media_type_unsupported",
            Self::TooLarge => "body_too_large",
            Self::TooSlow => "body_timeout",
            Self::BrokenOff => "body_unreadable",
            Self::NotAuthentic(error) => error.reason(),
            Self::NoValidKey(_) => "no_valid_key",
            Self::CommitTimeout => "commit_timeout",
            Self::Store(StoreError::Overloaded) => "queue_full",
            Self::Store(StoreError::Full { .. }) => "disk_full",
            Self::Store(_) => "store_failed",
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenOff => StatusCode::BAD_REQUEST,
            Self::NotAuthentic(_) => StatusCode::UNAUTHORIZED,
            Self::NoValidKey(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Store(StoreError::Full { .. }) => StatusCode::INSUFFICIENT_STORAGE,
            Self::CommitTimeout | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the status, with its standard name as the body: the reason for refusing a signature
    /// would help a forger.
    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        HttpResponse::build(status)
            .content_type("text/plain; charset=utf-8")
            .body(status.canonical_reason().unwrap_or_default())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MediaType => "the content type is not application/json",
            Self::TooLarge => "the body is larger than the limit",
            Self::TooSlow => "the body took too long",
            Self::BrokenOff => "the body broke off",
            Self::NotAuthentic(_) => "the delivery is not authentic",
            Self::NoValidKey(_) => "no signing key is valid at this time",
            Self::CommitTimeout => "the commit took too long",
            Self::Store(_) => "the entries were not stored",
        })
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::MediaType
            | Self::TooLarge
            | Self::TooSlow
            | Self::BrokenOff
            | Self::CommitTimeout => None,
            Self::NotAuthentic(error) | Self::NoValidKey(error) => Some(error),
            Self::Store(error) => Some(error),
        }
    }
}
