//! Reports the changes between two states of the schema folder: as text for people, as JSON
//! for programs, and as Markdown for the changelog.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;
use spektr_codegen::SchemaSet;
use spektr_codegen::diff::{Impact, Review, SchemaChange, bump, diff, reviews};

/// The result of a comparison.
pub(crate) struct SchemaReport {
    /// The git revision of the old state.
    since: String,
    version: String,
    changes: Vec<SchemaChange>,
    reviews: Vec<Review>,
}

impl SchemaReport {
    /// Compares two sets. `version` is the last release's, `today` a date such as 2026-11-23.
    pub(crate) fn new(
        old: &SchemaSet,
        new: &SchemaSet,
        since: &str,
        version: &str,
        today: &str,
    ) -> Self {
        Self {
            since: since.to_owned(),
            version: version.to_owned(),
            changes: diff(old, new),
            reviews: reviews(old, new, today),
        }
    }

    /// Returns the worst impact of all changes, or `None` if nothing changed.
    pub(crate) fn impact(&self) -> Option<Impact> {
        self.changes.iter().map(|change| change.impact).max()
    }

    /// Tells whether a review is pending.
    pub(crate) fn needs_review(&self) -> bool {
        !self.reviews.is_empty()
    }

    /// Returns the version that a release of the changes must have.
    fn next_version(&self) -> Option<String> {
        bump(&self.version, self.impact()?)
    }

    /// Returns a line for each change, the pending reviews, and the counts.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for change in &self.changes {
            let _ = writeln!(text, "{change}");
        }
        text + &self.verdict()
    }

    /// Returns the pending reviews, and the counts of the changes.
    pub(crate) fn verdict(&self) -> String {
        let mut text = String::new();
        for review in &self.reviews {
            let _ = writeln!(text, "look again: {review}");
        }
        let Some(next) = self.next_version() else {
            let _ = writeln!(text, "no change of the schema since {}", self.since);
            return text;
        };
        let counts = Impact::ALL.map(|impact| {
            let count = self.changes.iter().filter(|change| change.impact == impact).count();
            format!("{count} {impact}")
        });
        let (counts, since, version) = (counts.join(", "), &self.since, &self.version);
        let _ = writeln!(text, "{counts} since {since}: the release after {version} is {next}");
        text
    }

    /// Returns the changes as sections of a changelog; empty if nothing changed.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for impact in Impact::ALL {
            let changes: Vec<_> =
                self.changes.iter().filter(|change| change.impact == impact).collect();
            if changes.is_empty() {
                continue;
            }
            let blank = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{blank}### {}\n", impact.heading());
            for change in changes {
                let _ = write!(text, "- `{}`", change.subject);
                if !change.member.is_empty() {
                    let _ = write!(text, " `{}`", change.member);
                }
                let _ = writeln!(text, ": {}", change.what);
            }
        }
        text
    }

    /// Returns the report as JSON, in a stable form.
    pub(crate) fn json(&self) -> Result<String> {
        #[derive(Serialize)]
        struct Json<'a> {
            since: &'a str,
            impact: Option<&'static str>,
            version: &'a str,
            next_version: Option<String>,
            changes: Vec<JsonChange<'a>>,
            reviews: Vec<JsonReview<'a>>,
        }
        #[derive(Serialize)]
        struct JsonChange<'a> {
            impact: &'static str,
            breaks_code: bool,
            subject: &'a str,
            member: Option<&'a str>,
            what: &'a str,
        }
        #[derive(Serialize)]
        struct JsonReview<'a> {
            file: String,
            what: &'a str,
        }
        let changes = self.changes.iter().map(|change| JsonChange {
            impact: change.impact.as_str(),
            breaks_code: change.breaks_code,
            subject: &change.subject,
            member: Some(change.member.as_str()).filter(|member| !member.is_empty()),
            what: &change.what,
        });
        let reviews = self.reviews.iter().map(|review| JsonReview {
            file: format!("schema/{}", review.file),
            what: &review.what,
        });
        let json = Json {
            since: &self.since,
            impact: self.impact().map(Impact::as_str),
            version: &self.version,
            next_version: self.next_version(),
            changes: changes.collect(),
            reviews: reviews.collect(),
        };
        Ok(serde_json::to_string_pretty(&json)? + "\n")
    }
}
