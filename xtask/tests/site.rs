//! `cargo xtask site` writes the pages into a folder, and touches nothing in it that is not
//! its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A workspace with this one's schema.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema");
    copy(&schema, &folder.path().join("schema"));
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\n").expect("can write");
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

fn site(workspace: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("site")
        .args(arguments)
        .current_dir(workspace)
        .output()
        .expect("the program runs")
}

#[test]
fn a_page_of_a_former_run_is_removed_and_another_file_stays() {
    let workspace = workspace();
    let pages = workspace.path().join("pages");
    assert!(site(workspace.path(), &["--out", "pages"]).status.success());
    let index = fs::read_to_string(pages.join("index.html")).expect("the first page");
    fs::write(pages.join("events/gone.html"), &index).expect("can write");
    fs::write(pages.join("events/notes.html"), "<p>Ours.</p>").expect("can write");

    assert!(site(workspace.path(), &["--out", "pages"]).status.success());

    assert!(!pages.join("events/gone.html").exists(), "the page of no event is left");
    let notes = fs::read_to_string(pages.join("events/notes.html")).expect("it stays");
    assert_eq!(notes, "<p>Ours.</p>");
    assert_eq!(fs::read_to_string(pages.join("index.html")).expect("the first page"), index);
}

#[test]
fn nothing_is_written_where_there_is_no_such_revision() {
    let workspace = workspace();
    let output = site(workspace.path(), &["--since", "v0.0.0"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.starts_with("error: git ls-tree "), "{said}");
    assert!(!workspace.path().join("target").exists());
}
