//! Tests the contracts for other languages with the standards' own tools and with programs in these
//! languages.
//!
//! The tools are programs for Node and Python, whose versions are pinned in `tests/contracts`;
//! `cargo xtask setup` installs them. A test whose program is missing fails and names it.

mod contracts {
    mod documents;
    mod facts;
    mod python;
    mod schema;
    mod typescript;

    /// The folder for temporary files of these tests; other test programs use folders beside it.
    const TMP: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/contracts");
}
