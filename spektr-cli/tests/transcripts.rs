//! What the tool prints, as transcripts: help, output, errors, exit codes.
//!
//! `TRYCMD=overwrite cargo test -p spektr-cli --test transcripts` writes them
//! anew; every change is then read as what users will see.

#[test]
fn prints_what_the_transcripts_say() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}
