//! A command reads and writes the workspace in which it is given.

#[path = "support/small.rs"]
mod small;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn codegen(folder: &Path) -> Output {
    xtask(folder, &["codegen"])
}

fn xtask(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .expect("the program runs")
}

/// The situation of two checkouts that share a target folder: this program was built in one,
/// and runs in the other.
#[test]
fn a_command_writes_into_the_workspace_where_it_is_given() {
    let other = small::workspace();
    let output = codegen(&other.path().join("schema/events"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(other.path().join("spektr-types/src/generated/mod.rs").is_file());
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.trim_end().ends_with(" written, 0 kept, 0 removed"), "{said}");
}

/// Building and testing take minutes, and the missing text would change all snapshots again.
#[test]
fn accepting_ends_at_once_where_a_text_has_to_be_written() {
    let other = small::workspace();
    assert!(xtask(other.path(), &["schema", "new", "LAMP_LIT"]).status.success());
    let output = xtask(other.path(), &["accept"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(
        said,
        "schema/events/lamp_lit.schema.json:5: write the text in place of \"say here\"\n"
    );
}

#[test]
fn outside_of_a_workspace_nothing_is_written_anywhere() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let output = codegen(empty.path());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(
        said.contains(
            "schema/common/type_envelope.schema.json#: the file of the type envelope is missing"
        ),
        "{said}"
    );
    assert_eq!(fs::read_dir(empty.path()).expect("the folder").count(), 0);
}
