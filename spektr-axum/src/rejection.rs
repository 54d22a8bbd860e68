//! The reasons why a request did not reach the handler, and the answers that hide them from the
//! sender.

use std::error::Error;
use std::fmt;

use axum_core::BoxError;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use spektr_verify::VerifyError;

/// The reason why a request does not reach the handler.
///
/// To count or log rejections yourself, take `Result<SpektrWebhook, Rejection>` in a handler,
/// and return the rejection as the response.
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
        /// The server's error.
        source: BoxError,
    },
    /// The delivery is not authentic, for any reason: 401.
    Unauthenticated {
        /// The reason, which the sender does not see.
        source: VerifyError,
    },
    /// No key of the ring is valid now, so no delivery can be accepted: 500.
    Misconfigured {
        /// The error of this delivery.
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
    /// Returns the status of the answer.
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

    /// Returns a short code for labels of metrics and for alerts. Codes never change. For an
    /// unauthentic delivery it is the code of [`VerifyError::reason`].
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
    /// Answers with the status and its standard name as the body, without the reason.
    fn into_response(self) -> Response {
        let status = self.status();
        (status, status.canonical_reason().unwrap_or_default()).into_response()
    }
}
