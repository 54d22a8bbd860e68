//! Fuzzes the entries that the inbox stores of a body, and the pages of the sender's list.

use std::sync::Arc;

use bytes::Bytes;
use spektr_inbox::intake::reread;
use spektr_inbox::testing::{entries, list_page, start};

/// Takes any text as an authentic body: restoring each entry from its stored form must give the
/// same entry.
pub(crate) fn intake(input: &[u8]) {
    let Ok(body) = std::str::from_utf8(input) else { return };
    for entry in entries("fuzz", body, start()) {
        let again = reread(&Arc::from("fuzz"), entry.raw.clone(), entry.state, start());
        assert_eq!(again, entry);
    }
}

/// Takes any bytes as an answer of the sender's list: each split part must occur in the answer.
pub(crate) fn list(input: &[u8]) {
    let Some((raws, is_last)) = list_page(Bytes::copy_from_slice(input), 3) else { return };
    assert!(raws.len() < 3 || !is_last);
    let contains = |raw: &Bytes| input.windows(raw.len()).any(|part| part == &raw[..]);
    assert!(raws.iter().all(contains));
}
