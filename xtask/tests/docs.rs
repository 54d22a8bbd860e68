//! `cargo xtask docs` as a maintainer calls it: exit codes and sentences.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../doc-reader/tests/pages/webhooks.md")
}

fn docs(arguments: &[&str], page: &Path) -> (Option<i32>, String, String) {
    // The comparison's own schema, which no change of the product's touches.
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/docs/tests/schema");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("docs").args(arguments).arg(page);
    if arguments.first() != Some(&"facts") {
        command.arg("--schema").arg(schema);
    }
    let Output { status, stdout, stderr } = command.output().expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn with_page(bytes: &[u8], test: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("page");
    std::fs::write(&path, bytes).expect("can write");
    test(&path);
}

#[test]
fn a_page_without_drift_exits_with_0() {
    let (code, out, err) = docs(&["diff"], &fixture());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let start = "compared: the page (version v1)\nno drift: all of it was compared, and all of its text has been read\n";
    assert!(out.starts_with(start), "{out}");
}

#[test]
fn a_page_with_drift_exits_with_1() {
    let text = std::fs::read_to_string(fixture()).expect("the fixture is committed");
    let text = text.replace("reaches a form | WIP |", "reaches a form | Available |");
    with_page(text.as_bytes(), |page| {
        let (code, out, err) = docs(&["diff", "--format", "json"], page);
        assert_eq!((code, err.as_str()), (Some(1), ""));
        let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(
            report["drift"],
            serde_json::json!([{
                "kind": "status_changed", "event": "STEP_INIT", "path": null, "was": "wip", "now": "available"
            }])
        );
    });
}

#[test]
fn a_page_of_another_kind_exits_with_2_and_says_why() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "the file is empty"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            "the file is binary data (byte 6 is not text), not a saved page",
        ),
        (
            b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1><p>nginx",
            "the page titled \"502 Bad Gateway\" has no table of events: is it an error page, a log-in page or another page?",
        ),
        (b"caf\xe9", "the file is not UTF-8 text (byte 3): save the page again as UTF-8"),
        (
            &[b' '; 17 << 20],
            "the file has 17825792 bytes, and a documentation page has at most 16777216: is it the right file?",
        ),
    ];
    for (bytes, sentence) in cases {
        with_page(bytes, |page| {
            for command in [&["facts"][..], &["diff"], &["diff", "--format", "json"], &["scaffold"]]
            {
                let (code, out, err) = docs(command, page);
                assert_eq!((code, out.as_str()), (Some(2), ""), "{sentence}");
                assert!(err.trim_end().ends_with(sentence), "{err}");
            }
        });
    }
    // A page with events of something else is read, and compared with nothing.
    with_page(b"# Events\n\n| Event | Status |\n| --- | --- |\n| LAMP_LIT | WIP |\n", |page| {
        for command in [&["diff"][..], &["diff", "--format", "json"], &["scaffold"]] {
            let (code, out, err) = docs(command, page);
            assert_eq!((code, out.as_str()), (Some(2), ""));
            let sentence = "the page lists only 0 of the 10 expected events (1 in all): check that it is the complete events page, or compare one event with `--only EVENT_NAME`";
            assert!(err.trim_end().ends_with(sentence), "{err}");
        }
        assert_eq!(docs(&["facts"], page).0, Some(0));
    });
    let (code, _, err) = docs(&["diff"], Path::new("no/such/page.md"));
    assert_eq!(code, Some(2));
    assert!(err.starts_with("error: cannot read no/such/page.md: "), "{err}");
}

#[test]
fn the_facts_of_a_page_are_json() {
    let (code, out, err) = docs(&["facts"], &fixture());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let facts: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(facts["title"], "Webhook events and what they carry");
    assert_eq!(facts["events"].as_array().map(Vec::len), Some(10));
}
