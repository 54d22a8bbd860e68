//! The page that says why a page or an action was refused.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use spektr_inbox::store::StoreError;

/// The reason why a page cannot be shown, in words.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) heading: &'static str,
    pub(super) text: String,
}

impl Refused {
    /// The request lacks a value, or has a value that is not valid.
    pub(super) fn asked(text: impl Into<String>) -> Self {
        let heading = "The request is not valid";
        Self { status: StatusCode::BAD_REQUEST, heading, text: text.into() }
    }

    pub(super) fn no_entry(number: i64) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            heading: "There is no such entry",
            text: format!(
                "No entry has the number {number}: it was deleted, or there never was one."
            ),
        }
    }

    pub(super) fn signed_out() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            heading: "You are not signed in any more",
            text: "Nothing was done. Go back, sign in, and try again.".to_owned(),
        }
    }

    /// The entries of an action cannot be counted now.
    pub(super) fn not_counted(text: &'static str) -> Self {
        let heading = "The entries cannot be counted now";
        Self { status: StatusCode::SERVICE_UNAVAILABLE, heading, text: text.to_owned() }
    }

    pub(super) fn not_of_the_page() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            heading: "The form does not belong to your session",
            text: "Nothing was done. Load the page again.".to_owned(),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "a page of operations failed");
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            heading: "The store failed",
            text: format!("It reported: {error}. The log of the service has the causes."),
        }
    }
}

#[derive(Template)]
#[template(path = "operations/refused.html")]
struct RefusedPage<'r> {
    heading: &'r str,
    text: &'r str,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let page = RefusedPage { heading: self.heading, text: &self.text };
        let body = page.render().unwrap_or_else(|_| self.text.clone());
        (self.status, Html(body)).into_response()
    }
}
