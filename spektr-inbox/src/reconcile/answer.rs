//! Reads the server's answers: a page of entries, and the page's statements about the list.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use spektr_types::Timestamp;
use spektr_verify::danger;

use super::error::{AttemptError, ReconcileError};
use crate::intake::intake_of_page;
use crate::store::NewEntry;

/// A page of the list.
pub(crate) struct ListPage {
    pub(crate) entries: Vec<NewEntry>,
    /// What the page states about the list. It is trusted only if a false statement does no
    /// harm.
    pub(super) total: Option<u64>,
    has_next: Option<bool>,
    /// The number of entries that were requested.
    limit: usize,
}

/// The members that are read besides the entries. Any of them may be missing or have another
/// type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageShape<'a> {
    #[serde(borrow, default)]
    results: Option<&'a RawValue>,
    #[serde(borrow, default)]
    total_results: Option<&'a RawValue>,
    #[serde(borrow, default)]
    has_next_page: Option<&'a RawValue>,
}

/// The reason why a body is not a page.
pub(crate) enum Unusable {
    Passing(AttemptError),
    Lasting(ReconcileError),
}

impl ListPage {
    /// Reads the body of an answer.
    ///
    /// An event of the list has no signature. Its authenticity rests on TLS and the base URL.
    /// So this program vouches for it by `danger::assume_verified`, and does not claim that a
    /// signature was checked.
    pub(crate) fn parse(
        body: Bytes,
        limit: usize,
        source: &Arc<str>,
        now: Timestamp,
    ) -> Result<Self, Unusable> {
        let no_page = |problem| Unusable::Lasting(ReconcileError::NotAPage { problem });
        let shape: PageShape<'_> = serde_json::from_slice(&body).map_err(|error| {
            if error.is_eof() || is_at_end(&error, &body) {
                Unusable::Passing(AttemptError::CutShort)
            } else if error.is_data() {
                no_page("it is JSON of another shape")
            } else {
                no_page("it is not JSON")
            }
        })?;
        let results = shape.results.ok_or_else(|| no_page("it has no `results`"))?;
        if !results.get().starts_with('[') {
            return Err(no_page("its `results` are not a list"));
        }
        let total = shape.total_results.and_then(|raw| raw.get().parse().ok());
        let has_next = shape.has_next_page.and_then(|raw| raw.get().parse().ok());
        let entries = intake_of_page(source, &danger::assume_verified(body), now)
            .ok_or_else(|| no_page("its `results` cannot be split"))?;
        Ok(Self { entries, total, has_next, limit })
    }

    /// Returns whether no page follows. Servers return fewer entries than requested, and say
    /// that nothing follows although it does. So a page that is not empty is the last only if
    /// it is short and also says that nothing follows.
    pub(crate) fn is_last(&self) -> bool {
        self.entries.is_empty() || (self.entries.len() < self.limit && self.has_next == Some(false))
    }

    /// Returns the readable creation times of the entries.
    pub(super) fn times(&self) -> impl Iterator<Item = Timestamp> + '_ {
        self.entries.iter().filter_map(|entry| entry.created_at)
    }
}

/// Returns whether a syntax error is at the end of the text. For half a number serde_json
/// reports a syntax error instead of an unexpected end.
fn is_at_end(error: &serde_json::Error, body: &[u8]) -> bool {
    let lines = body.split(|byte| *byte == b'\n');
    let (count, last) = lines.fold((0, 0), |(count, _), line| (count + 1, line.len()));
    error.is_syntax() && error.line() == count && error.column() >= last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;

    fn parse(body: &str) -> Result<ListPage, Unusable> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        ListPage::parse(body, 50, &Arc::from("test"), from_millis(0))
    }

    #[test]
    fn a_page_that_is_cut_anywhere_is_cut_short() {
        let body = r#" {"results":[{"id":"e\u0031","a":[1,{"b":null}]},-1.5e3],"totalResults":2,
            "hasNextPage":false} "#;
        let end = body.rfind('}').unwrap_or_default();
        for cut in (0..=end).filter(|cut| body.is_char_boundary(*cut)) {
            let parsed = parse(&body[..cut]);
            assert!(
                matches!(parsed, Err(Unusable::Passing(AttemptError::CutShort))),
                "{}",
                &body[..cut]
            );
        }
        let page = parse(body).ok().map(|page| (page.entries.len(), page.total, page.is_last()));
        assert_eq!(page, Some((2, Some(2), true)));
    }

    #[test]
    fn what_a_page_says_of_itself_may_be_anything() {
        for said in ["", r#","totalResults":-1,"hasNextPage":"no""#, r#","totalResults":{}"#] {
            let page = parse(&format!(r#"{{"results":[1]{said}}}"#));
            let page = page.ok().map(|page| (page.total, page.is_last()));
            assert_eq!(page, Some((None, false)), "{said}");
        }
    }
}
