//! What `serve` depends on, examined: each check is a function that returns findings.
//!
//! - Nothing in the store is changed, and what is not there is not made.
//! - No request is sent but one for the newest entry of the sender's list.
//! - No finding holds a secret.

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

/// Something that was looked at, and what is wrong with it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// What was looked at.
    pub(crate) subject: String,
    /// What was found.
    pub(crate) text: String,
    /// What to do, unless all is well.
    pub(crate) remedy: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Ok,
    /// `serve` does its work, and something may become worse.
    Warning,
    /// `serve` does not start, refuses deliveries, loses what it has accepted, or does not keep
    /// a secret.
    Fault,
}

impl Level {
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
        Self { level: Level::Ok, subject: subject.into(), text: text.into(), remedy: None }
    }

    pub(crate) fn warning(
        subject: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Level::Warning, remedy: Some(remedy.into()), ..Self::ok(subject, text) }
    }

    pub(crate) fn fault(
        subject: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Level::Fault, ..Self::warning(subject, text, remedy) }
    }

    /// Takes what would end `serve`, and what to do if the failure does not say it.
    pub(crate) fn failed(subject: impl Into<String>, failure: &Failure, otherwise: &str) -> Self {
        let remedy = failure.remedy().unwrap_or_else(|| otherwise.to_owned());
        Self::fault(subject, failure.message(), remedy)
    }
}
