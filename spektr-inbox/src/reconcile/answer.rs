//! What the server answers: a page of entries, and what it says of the list.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use spektr_types::Timestamp;
use spektr_verify::danger;

use super::error::{AttemptError, ReconcileError};
use crate::intake::intake;
use crate::store::NewEntry;

/// A page of the list.
pub(super) struct Page {
    pub(super) entries: Vec<NewEntry>,
    /// What it says of itself, which is believed where it does no harm.
    pub(super) total: Option<u64>,
    has_next: Option<bool>,
    /// How many entries were asked for.
    limit: usize,
}

/// The members that are read besides the entries. Any of them may be missing, or
/// something else.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default)]
    results: Option<&'a RawValue>,
    #[serde(borrow, default)]
    total_results: Option<&'a RawValue>,
    #[serde(borrow, default)]
    has_next_page: Option<&'a RawValue>,
}

/// Why a body is no page.
pub(super) enum Unusable {
    Passing(AttemptError),
    Lasting(ReconcileError),
}

impl Page {
    /// Reads the body of an answer.
    ///
    /// An event of the list has no signature. That it is the sender's rests on TLS
    /// and on the base URL, so this program vouches for it, and nothing pretends
    /// that a signature was checked.
    pub(super) fn parse(
        body: Bytes,
        limit: usize,
        source: &Arc<str>,
        now: Timestamp,
    ) -> Result<Self, Unusable> {
        let no_page = |problem| Unusable::Lasting(ReconcileError::NotAPage { problem });
        let shape: Shape<'_> = serde_json::from_slice(&body).map_err(|error| {
            if error.is_eof() {
                Unusable::Passing(AttemptError::CutShort)
            } else if error.is_data() {
                no_page("it is JSON of another shape")
            } else {
                no_page("it is not JSON")
            }
        })?;
        let results = shape.results.ok_or_else(|| no_page("it has no `results`"))?;
        if !results.get().starts_with('[') {
            return Err(no_page("its `results` are no list"));
        }
        let total = shape.total_results.and_then(|raw| raw.get().parse().ok());
        let has_next = shape.has_next_page.and_then(|raw| raw.get().parse().ok());
        let intake = intake(source, &danger::assume_verified(body.clone()), now);
        if intake.unreadable.is_some() {
            return Err(no_page("its `results` cannot be split"));
        }
        Ok(Self { entries: intake.entries, total, has_next, limit })
    }

    /// Whether nothing follows, as far as the page can be believed: servers cut
    /// pages shorter than asked for, and say that nothing follows when it does. So
    /// both must be the case.
    pub(super) fn is_last(&self) -> bool {
        self.entries.is_empty() || (self.entries.len() < self.limit && self.has_next == Some(false))
    }

    /// When its entries were created, where that is readable.
    pub(super) fn times(&self) -> impl Iterator<Item = Timestamp> + '_ {
        self.entries.iter().filter_map(|entry| entry.created_at)
    }
}
