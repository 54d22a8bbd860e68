//! The frame that all pages have.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

use super::guard::Visitor;
use super::numbers::When;
use super::refused::Refused;
use super::state::Operations;
use crate::terminal::safe;
use spektr_inbox::{Clock as _, SystemClock};

/// The frame of each page.
pub(super) struct Frame {
    pub(super) title: String,
    /// The path of the page's entry in the navigation.
    here: &'static str,
    pub(super) source: String,
    /// The name of the signed-in operator.
    pub(super) name: Option<String>,
    pub(super) proof: String,
    pub(super) can_sign_in: bool,
    pub(super) notice: Option<String>,
    pub(super) at: When,
}

impl Frame {
    pub(super) fn new(
        operations: &Operations,
        visitor: Visitor,
        title: impl Into<String>,
        here: &'static str,
    ) -> Self {
        let Visitor { session, notice } = visitor;
        let (name, proof) = match session {
            Some(session) => (Some(safe(&session.name).into_owned()), session.proof),
            None => (None, String::new()),
        };
        Self {
            title: title.into(),
            here,
            source: safe(&operations.0.about.source).into_owned(),
            name,
            proof,
            can_sign_in: operations.access().has_token(),
            notice,
            at: When::new(SystemClock::new().now()),
        }
    }

    /// Returns the value of `aria-current` for a link of the navigation. It marks the link to this
    /// page.
    pub(super) fn current(&self, path: &str) -> &'static str {
        if self.here == path { "page" } else { "false" }
    }
}

/// Renders a page.
pub(super) fn shown(page: &impl Template) -> Result<Response, Refused> {
    let text = page.render().map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "a page cannot be rendered");
        Refused {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            heading: "The page cannot be made",
            text: "The log of the service says why.".to_owned(),
        }
    })?;
    Ok(Html(text).into_response())
}
