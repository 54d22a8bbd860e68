//! Why a request did not reach the handler, and how little of that the sender
//! is told.

use std::error::Error;
use std::fmt;

use axum_core::BoxError;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use spektr_verify::VerifyError;

/// Why a request is not a delivery that a handler should see.
///
/// Take `Result<SpektrWebhook, Rejection>` in a handler to count or log them
/// yourself, and return the rejection as the response.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The content type is missing, doubled, or not `application/json`: 415.
    UnsupportedMediaType,
    /// The body is larger than the limit of [`WebhookConfig`](crate::WebhookConfig)
    /// or of a layer around the handler: 413. The sender will drop it for good,
    /// so raise the limit if this was a real delivery.
    BodyTooLarge,
    /// The body broke off: 400.
    BodyUnreadable {
        /// What the server says.
        source: BoxError,
    },
    /// The delivery is not authentic, for whatever reason: 401.
    Unauthenticated {
        /// The reason, which the sender is not told.
        source: VerifyError,
    },
    /// No key of the ring is valid now, so no delivery can be accepted: 500.
    Misconfigured {
        /// What this delivery failed with.
        source: VerifyError,
    },
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnsupportedMediaType => "the content type is not application/json",
            Self::BodyTooLarge => "the body is larger than the limit",
            Self::BodyUnreadable { .. } => "the body could not be read",
            Self::Unauthenticated { .. } => "the delivery is not authentic",
            Self::Misconfigured { .. } => "no signing key is valid at this time",
        })
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::UnsupportedMediaType | Self::BodyTooLarge => None,
            Self::BodyUnreadable { source } => Some(&**source),
            Self::Unauthenticated { source } | Self::Misconfigured { source } => Some(source),
        }
    }
}

impl Rejection {
    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyUnreadable { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Self::Misconfigured { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A short code that never changes, for labels of metrics and for alerts;
    /// for what is not authentic, that of [`VerifyError::reason`].
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::UnsupportedMediaType => "media_type_unsupported",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyUnreadable { .. } => "body_unreadable",
            Self::Unauthenticated { source } => source.reason(),
            Self::Misconfigured { .. } => "no_valid_key",
        }
    }
}

impl IntoResponse for Rejection {
    /// The status with its standard name as the body, and nothing of the reason.
    fn into_response(self) -> Response {
        let status = self.status();
        (status, status.canonical_reason().unwrap_or_default()).into_response()
    }
}
