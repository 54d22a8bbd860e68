//! What has to be read again because of a change.

use std::fmt;

use crate::diff::SchemaSet;

/// A decision or a source that was not looked at when its subject changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Review {
    /// Path of the file below the schema folder.
    pub file: String,
    /// What there is to do.
    pub what: String,
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schema/{}: {}", self.file, self.what)
    }
}

/// Returns what must be looked at again before the change is complete: an event
/// whose status changed has been read of in the documentation once more, so that the
/// day of capture is a later one than before, or `today`; and an accepted decision
/// about the status says something else now, or is unreviewed.
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
                "the status changed from {change}, and the page is said to have been read on {captured}: \
                 read it again and set `captured`"
            ));
        }
        for decision in now.decisions.iter().filter(|decision| decision.reviewed) {
            let is_about_status =
                |pointer: &String| "/x-event/status".starts_with(pointer.as_str());
            if decision.about.iter().any(is_about_status) && was.decisions.contains(decision) {
                add(format!(
                    "the status changed from {change}, and the decision `{}` about it did not: \
                     remove it, correct it, or set it to `unreviewed`",
                    decision.id
                ));
            }
        }
    }
    reviews
}
