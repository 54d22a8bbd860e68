//! Any text as the keys in the environment, as a TOML document and as a template of
//! signed content: nothing panics, and no error and no `Debug` shows the text.

#![no_main]

use std::error::Error;

use libfuzzer_sys::fuzz_target;
use spektr_verify::{KeyRing, KeyRingError, SignedContent};

fuzz_target!(|text: &str| {
    for result in [KeyRing::parse(text), KeyRing::from_toml(text)] {
        match result {
            Ok(ring) => {
                assert!(ring.ids().count() > 0);
                for id in ring.ids() {
                    assert!(ring.key(id.as_str()).is_some());
                }
            }
            Err(error) => assert_says_nothing(&error, text),
        }
    }
    if let Ok(content) = text.parse::<SignedContent>() {
        assert_eq!(content.to_string().parse(), Ok(content));
    }
});

/// An error's words are its own: it is the same for a text of other letters.
fn assert_says_nothing(error: &KeyRingError, text: &str) {
    let mut words = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    // Words of the library's own are shorter, or have no such characters.
    let odd = text.split(|c: char| c.is_ascii_alphanumeric() || " ,.:;`_-{}()".contains(c));
    for piece in odd.filter(|piece| piece.chars().count() > 1) {
        assert!(!words.contains(piece), "{words}");
    }
}
