//! `cargo xtask site` writes pages into a folder, and changes no other file in
//! it.

#[path = "support/small.rs"]
mod small;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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
    let workspace = small::workspace();
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
    let workspace = small::workspace();
    let output = site(workspace.path(), &["--since", "v0.0.0"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.starts_with("error: git ls-tree "), "{said}");
    assert!(!workspace.path().join("target").exists());
}
