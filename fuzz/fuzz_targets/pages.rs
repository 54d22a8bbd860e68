//! Any bytes as a saved page of the documentation: nothing panics, the facts are the
//! same each time, and a part of a page is read where a page is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spektr_doc_reader::{Digest, read, read_part};

fuzz_target!(|input: &[u8]| {
    let page = read(input);
    assert_eq!(page, read(input));
    let Ok(page) = page else { return };
    assert!(page.events.len() <= 1_000);
    let part = read_part(input, &["LAMP_LIT"]).expect("a page is a part of one");
    assert_eq!(part, page);
    if let Ok(text) = std::str::from_utf8(input) {
        let spaced: String = text.chars().flat_map(|c| [c, ' ']).collect();
        assert_eq!(Digest::of(text), Digest::of(&spaced));
    }
});
