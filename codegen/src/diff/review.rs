//! Finds sources and decisions that a person must review after a change.

use std::fmt;

use crate::diff::SchemaSet;

/// A source or a decision that nobody reviewed when its subject changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Review {
    /// Path of the file below the schema folder.
    pub file: String,
    /// What the person must do.
    pub what: String,
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schema/{}: {}", self.file, self.what)
    }
}

/// Returns the reviews that are missing for a change of an event's status. The documentation must
/// have been read again: on a later day than before, or on `today`. And each accepted decision
/// about the status must be changed, removed, or marked as unreviewed.
pub fn reviews(old: &SchemaSet, new: &SchemaSet, today: &str) -> Vec<Review> {
    let mut reviews = Vec::new();
    for now in &new.model().events {
        let Some(was) = old.model().event(&now.name).filter(|was| was.status != now.status) else {
            continue;
        };
        let mut add = |what| reviews.push(Review { file: now.file.clone(), what });
        let change = format!("{} to {}", was.status.as_str(), now.status.as_str());
        let captured = now.source.last_read();
        if captured <= was.source.last_read() && captured != today {
            add(format!(
                "the status changed from {change}, but the page was last read on {captured}: \
                 read it again and set `captured`"
            ));
        }
        for decision in now.decisions.iter().filter(|decision| decision.reviewed) {
            let is_about_status =
                |pointer: &String| "/x-event/status".starts_with(pointer.as_str());
            if decision.about.iter().any(is_about_status) && was.decisions.contains(decision) {
                add(format!(
                    "the status changed from {change}, but the decision `{}` about it did not: \
                     remove it, correct it, or set it to `unreviewed`",
                    decision.id
                ));
            }
        }
    }
    reviews
}
