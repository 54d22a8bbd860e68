//! The example program as a newcomer runs it.

use std::path::PathBuf;
use std::process::Command;

/// Cargo builds examples beside the tests.
fn example() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let name = format!("receive{}", std::env::consts::EXE_SUFFIX);
    Some(test.parent()?.parent()?.join("examples").join(name))
}

#[test]
fn accepts_the_signed_delivery_and_refuses_the_forged_one() {
    let example = example().expect("tests stand in a folder of the build");
    let output = Command::new(&example)
        .env_remove("SPEKTR_WEBHOOK_KEYS")
        .output()
        .expect("`cargo test -p spektr-axum` builds the example");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    for line in [
        "signed delivery: HTTP/1.1 200 OK",
        "forged delivery: HTTP/1.1 401 Unauthorized",
        "signature_mismatch",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}
