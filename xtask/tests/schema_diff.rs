//! Tests `cargo xtask schema diff` as a maintainer and a pipeline call it: output formats
//! and exit codes, on small schema folders in a git repository of their own.

use std::fs;
use std::path::Path;
use std::process::Command;

use spektr_tests::fixtures::{Event, Files};

/// A repository with a committed schema folder, and an uncommitted change of it.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new(committed: &Files, now: &Files) -> Self {
        let repository = Self(tempfile::tempdir().expect("a temporary folder"));
        repository.write("Cargo.toml", "[workspace]\n");
        repository.fill(committed);
        repository.git(&["init", "--quiet"]);
        repository.git(&["add", "--all"]);
        let author = ["-c", "user.name=a maintainer", "-c", "user.email=maintainer@example.com"];
        repository.git(&[&author[..], &["commit", "--quiet", "--message", "A state"]].concat());
        fs::remove_dir_all(repository.0.path().join("schema")).expect("can remove");
        repository.fill(now);
        repository
    }

    fn fill(&self, files: &Files) {
        for (name, text) in files.list() {
            self.write(&format!("schema/{name}"), &text);
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("can create");
        fs::write(path, text).expect("can write");
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git").arg("-C").arg(self.0.path()).args(arguments).status();
        assert!(status.expect("git can be run").success(), "git {}", arguments.join(" "));
    }

    /// Runs the command in a folder of the repository.
    fn diff(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        diff(&self.0.path().join("schema"), arguments)
    }
}

fn diff(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .current_dir(folder)
        .args(["schema", "diff"])
        .args(arguments)
        .output()
        .expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn with_note(member: &str) -> Files {
    let member = format!(r#""note": {{ "description": "A note.", {member} }}"#);
    Files::base().event(&Event::new("ping", "Ping").members(&member, ""))
}

fn optional() -> Files {
    with_note(r#""type": ["string", "null"]"#)
}

const WORSE: [&str; 3] = ["additive", "stricter", "breaking"];

/// Returns the exit codes for each value of `--fail-on`.
fn failing(repository: &Repository) -> [Option<i32>; 3] {
    WORSE.map(|least| repository.diff(&["--fail-on", least]).0)
}

#[test]
fn equal_folders_have_no_change_in_any_form() {
    let repository = Repository::new(&optional(), &optional());
    let said = (Some(0), "no change of the schema since HEAD\n".to_owned(), String::new());
    assert_eq!(repository.diff(&[]), said);
    assert_eq!(repository.diff(&["--format", "markdown"]), (Some(0), String::new(), String::new()));
    let (code, json, _) = repository.diff(&["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(code, Some(0));
    assert_eq!(
        json,
        serde_json::json!({
            "since": "HEAD", "impact": null, "version": env!("CARGO_PKG_VERSION"),
            "next_version": null, "changes": [], "reviews": []
        })
    );
    assert_eq!(failing(&repository), [Some(0); 3]);
}

#[test]
fn a_change_is_said_as_text_as_json_and_as_markdown() {
    let now = with_note(r#""type": ["integer", "null"]"#).event(&Event::new("pong", "Pong"));
    let repository = Repository::new(&optional(), &now);
    let version = env!("CARGO_PKG_VERSION");
    let next = spektr_codegen::diff::bump(version, spektr_codegen::diff::Impact::Breaking)
        .expect("a version of three numbers");
    let (code, text, errors) = repository.diff(&[]);
    assert_eq!(
        (code, text, errors.as_str()),
        (
            Some(0),
            format!(
                "breaking       PING note: type changed from string to integer\n\
                 stricter       PONG: event added\n\
                 1 breaking, 1 stricter, 0 additive, 0 documentation since HEAD: \
                 the release after {version} is {next}\n"
            ),
            ""
        )
    );
    assert_eq!(
        repository.diff(&["--format", "markdown"]).1,
        "### Breaking\n\n- `PING` `note`: type changed from string to integer\n\n\
         ### Stricter: code compiles, and an entry that decoded can be malformed\n\n\
         - `PONG`: event added\n"
    );
    let json = repository.diff(&["--format", "json", "HEAD"]).1;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        json,
        serde_json::json!({
            "since": "HEAD", "impact": "breaking", "version": version, "next_version": next,
            "changes": [
                {
                    "impact": "breaking", "breaks_code": true, "subject": "PING",
                    "member": "note", "what": "type changed from string to integer"
                },
                {
                    "impact": "stricter", "breaks_code": false, "subject": "PONG",
                    "member": null, "what": "event added"
                }
            ],
            "reviews": []
        })
    );
}

#[test]
fn fails_on_what_it_is_told_to_and_on_worse() {
    let sensitive = with_note(r#""type": ["string", "null"], "x-sensitive": true"#);
    let text = optional().edit("events/ping.schema.json", "A note.", "A remark.");
    for (now, codes) in [
        (text, [Some(0), Some(0), Some(0)]),
        (sensitive, [Some(1), Some(0), Some(0)]),
        (optional().event(&Event::new("pong", "Pong")), [Some(1), Some(1), Some(0)]),
        (Files::base(), [Some(1), Some(1), Some(1)]),
    ] {
        assert_eq!(failing(&Repository::new(&optional(), &now)), codes);
    }
}

#[test]
fn a_status_that_changed_alone_is_to_be_looked_at_again() {
    let wip = Files::base().event(&Event::new("ping", "Ping").status("wip"));
    let repository = Repository::new(&wip, &Files::base());
    let (code, text, errors) = repository.diff(&[]);
    assert_eq!((code, errors.as_str()), (Some(1), ""));
    let line = "look again: schema/events/ping.schema.json: the status changed from wip to \
        available, but the page was last read on 2026-11-23: read it again and set `captured`";
    assert!(text.lines().any(|found| found == line), "{text}");
    let json = repository.diff(&["--format", "json"]).1;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["reviews"][0]["file"], "schema/events/ping.schema.json");
}

#[test]
fn what_cannot_be_compared_is_neither_equal_nor_different() {
    let repository = Repository::new(&optional(), &optional());
    let (code, text, errors) = repository.diff(&["no-such-revision"]);
    assert_eq!((code, text.as_str()), (Some(2), ""));
    assert!(errors.starts_with("error: git ls-tree -r"), "{errors}");

    let broken = Repository::new(&optional().file("events/pong.schema.json", "{}"), &optional());
    let (code, text, errors) = broken.diff(&[]);
    assert_eq!((code, text.as_str()), (Some(2), ""));
    let start = "error: schema/ at HEAD does not match this generator's dialect:\n";
    assert!(errors.starts_with(start), "{errors}");
    let (code, _, errors) = repository.diff(&["--fail-on", "documentation"]);
    assert_eq!(code, Some(2), "{errors}");
}
