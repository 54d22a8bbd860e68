//! The reasons why a delivery is not answered with 200, and the statuses that hide them from
//! the sender.

use axum::http::StatusCode;
use spektr_verify::VerifyError;
use thiserror::Error;

use crate::store::StoreError;

#[derive(Debug, Error)]
pub(super) enum Refusal {
    #[error("the content type is not application/json")]
    MediaType,
    #[error("the body is larger than the limit")]
    TooLarge,
    #[error("the body broke off")]
    BodyBroken(#[source] axum::Error),
    #[error("the body took too long")]
    BodyTimeout,
    #[error("the bodies in memory are larger than the limit")]
    Memory,
    #[error("the delivery is not authentic")]
    Unauthentic(#[source] VerifyError),
    #[error("no signing key is valid at this time")]
    NoValidKey(#[source] VerifyError),
    #[error("the commit took too long")]
    CommitTimeout,
    #[error("the delivery was not stored")]
    Store(#[source] StoreError),
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyBroken(_) => StatusCode::BAD_REQUEST,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            // One status for all: the difference would help a forger.
            Self::Unauthentic(_) => StatusCode::UNAUTHORIZED,
            Self::NoValidKey(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Store(StoreError::Full { .. }) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Memory | Self::CommitTimeout | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns whether the named key is unknown or not valid at this time. If no key is valid,
    /// the refusal is another one.
    pub(super) fn is_about_the_key(&self) -> bool {
        let Self::Unauthentic(error) = self else { return false };
        matches!(
            error,
            VerifyError::UnknownKey { .. }
                | VerifyError::KeyNotYetValid { .. }
                | VerifyError::KeyExpired { .. }
        )
    }

    /// Returns a short code for labels of metrics and for alerts. Codes never change.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::MediaType => "media_type_unsupported",
            Self::TooLarge => "body_too_large",
            Self::BodyBroken(_) => "body_unreadable",
            Self::BodyTimeout => "body_timeout",
            Self::Memory => "memory_full",
            Self::Unauthentic(source) => source.reason(),
            Self::NoValidKey(_) => "no_valid_key",
            Self::CommitTimeout => "commit_timeout",
            Self::Store(StoreError::Overloaded) => "queue_full",
            Self::Store(StoreError::Full { .. }) => "disk_full",
            Self::Store(_) => "store_failed",
        }
    }
}
