//! The contracts for other languages, as the standards' own tools and other languages read them.
//!
//! The tools are programs for Node and Python, whose versions are pinned in `tests/contracts`;
//! `cargo xtask setup` installs them. A test whose program is missing fails and names it.

mod contracts {
    mod documents;
    mod facts;
    mod python;
    mod schema;
    mod typescript;

    /// The folder for temporary files of these tests. Other test programs have theirs beside it.
    const TMP: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/contracts");
}
