//! The checks of `spektr doctor`. Each check is a function that examines something that `serve`
//! depends on, and returns findings.
//!
//! - A check changes nothing in the store, and creates no inbox.
//! - The only requests ask for the newest entry of the sender's list, ask whether a running
//!   service is live, and ask a proxy for a connection to the endpoint.
//! - No finding contains a secret.

pub(crate) mod addresses;
pub(crate) mod clock;
pub(crate) mod configuration;
pub(crate) mod database;
pub(crate) mod descriptors;
pub(crate) mod destination;
pub(crate) mod disk;
pub(crate) mod file;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod secrets;

use serde::Serialize;

use crate::failure::Failure;

/// The result of a check: the state of its subject, and a remedy if something is wrong.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Severity,
    /// The examined thing.
    pub(crate) subject: String,
    /// What was found.
    pub(crate) text: String,
    /// What to do about it. `None` if the level is ok.
    pub(crate) remedy: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Ok,
    /// `serve` does its work, but the problem may become worse.
    Warning,
    /// `serve` does not start, refuses deliveries, loses accepted deliveries, or does not keep a
    /// secret.
    Fault,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

impl Finding {
    pub(crate) fn ok(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { level: Severity::Ok, subject: subject.into(), text: text.into(), remedy: None }
    }

    pub(crate) fn warning(
        subject: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Severity::Warning, remedy: Some(remedy.into()), ..Self::ok(subject, text) }
    }

    pub(crate) fn fault(
        subject: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Severity::Fault, ..Self::warning(subject, text, remedy) }
    }

    /// Takes a failure that would end `serve`, and a remedy in case the failure has no hint.
    pub(crate) fn failed(subject: impl Into<String>, failure: &Failure, otherwise: &str) -> Self {
        let remedy = failure.remedy().unwrap_or_else(|| otherwise.to_owned());
        Self::fault(subject, failure.message(), remedy)
    }
}
