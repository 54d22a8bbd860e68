//! Runs programs in other languages, with the packages that `cargo xtask setup` installs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::corpus;

/// Returns the folder of those programs.
pub fn folder() -> PathBuf {
    corpus::workspace_root().join("tests/contracts")
}

/// Returns the path of a contract.
pub fn contract(name: &str) -> PathBuf {
    corpus::workspace_root().join("contracts").join(name)
}

/// Makes an empty folder below the folder for temporary files of a test.
pub fn empty_folder(tmp: &str, name: &str) -> PathBuf {
    let folder = Path::new(tmp).join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}

/// Writes a file.
pub fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Runs a script of the folder with Node.
pub fn node(script: &str, arguments: &[&Path]) -> Output {
    output(Command::new("node").arg(folder().join(script)).args(arguments))
}

/// Returns a command that runs TypeScript's compiler in a folder.
pub fn tsc(folder: &Path) -> Command {
    let mut command = Command::new("node");
    command.arg(self::folder().join("node_modules/typescript/bin/tsc")).current_dir(folder);
    command
}

/// Returns a command for Python, which finds the tests' installed packages, and modules in
/// `folders`.
pub fn python(folders: &[&Path]) -> Command {
    let mut command = Command::new("python3");
    let installed = folder().join("python_modules");
    let path = std::env::join_paths(folders.iter().copied().chain([installed.as_path()]));
    command.env("PYTHONPATH", path.expect("no folder has a colon in its name"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Runs a program and returns its output.
pub fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        let program = command.get_program().to_string_lossy();
        panic!("cannot run {program}: {error}; run `cargo xtask setup`")
    })
}

/// Returns the standard output of a program, which must have succeeded.
#[track_caller]
pub fn printed(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "the program failed; if a module is missing, run `cargo xtask setup`\n{out}{err}"
    );
    out
}
