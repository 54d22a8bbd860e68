//! Transcripts of the tool: help, output, errors, exit codes.
//!
//! `TRYCMD=overwrite cargo test -p spektr-cli --test transcripts` writes the
//! transcripts again. Review each change, because users will see it.

#[test]
fn prints_what_the_transcripts_say() {
    let set: Vec<_> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("SPEKTR_"))
        .collect();
    assert!(set.is_empty(), "the transcripts are of an environment without {}", set.join(", "));
    trycmd::TestCases::new().case("tests/cmd/*.md");
}
