//! What the inbox stores of a body, and pages of the sender's list.

use std::sync::Arc;

use bytes::Bytes;
use spektr_inbox::intake::reread;
use spektr_inbox::testing::{entries, list_page, start};

/// Any text as an authentic body: each entry that is made of it is made again, the same, of
/// what a store keeps of it.
pub(crate) fn intake(input: &[u8]) {
    let Ok(body) = std::str::from_utf8(input) else { return };
    for entry in entries("fuzz", body, start()) {
        let again = reread(&Arc::from("fuzz"), entry.raw.clone(), entry.state, start());
        assert_eq!(again, entry);
    }
}

/// Any bytes as an answer of the sender's list: what is split of it stands in it.
pub(crate) fn list(input: &[u8]) {
    let Some((raws, is_last)) = list_page(Bytes::copy_from_slice(input), 3) else { return };
    assert!(raws.len() < 3 || !is_last);
    let contains = |raw: &Bytes| input.windows(raw.len()).any(|part| part == &raw[..]);
    assert!(raws.iter().all(contains));
}
