//! Programs that are built with types generated from other schemas, and run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use spektr_codegen::{SchemaSet, generate};

use crate::corpus;

/// The generated folder that has the types.
pub const TYPES: &str = "spektr-types/src/generated";

/// Schema files by path.
pub type Files = BTreeMap<String, String>;

/// Returns what is generated from schema files that are in order.
pub fn generated(files: &Files) -> BTreeMap<PathBuf, String> {
    let set = SchemaSet::parse(files.clone()).unwrap_or_else(|error| panic!("{error}"));
    generate(&set).unwrap_or_else(|error| panic!("{error}"))
}

/// A workspace of two packages: the types with other generated files, and a program that
/// uses them. Its versions are those of the real workspace's lock file, so that nothing
/// has to be fetched.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of temporary files of the test that has the workspace.
    tmp: PathBuf,
    root: PathBuf,
}

impl Workspace {
    /// Returns a workspace of that name below the `CARGO_TARGET_TMPDIR` of a test.
    pub fn new(tmp: &str, name: &str) -> Self {
        let tmp = PathBuf::from(tmp);
        Self { root: tmp.join(name), tmp }
    }

    /// Writes the types and the program.
    pub fn write(&self, generated: &BTreeMap<PathBuf, String>, program: &str) {
        let source = corpus::workspace_root();
        let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
        for path in corpus::files_below(&source.join("spektr-types/src")) {
            if !path.starts_with(source.join(TYPES)) {
                let name = path.strip_prefix(source).expect("the file is in the workspace");
                files.insert(name.to_owned(), corpus::read(&path));
            }
        }
        for name in ["spektr-types/Cargo.toml", "spektr-types/README.md", "Cargo.lock"] {
            files.insert(name.into(), corpus::read(&source.join(name)));
        }
        files.extend(
            generated
                .iter()
                .filter(|(path, _)| path.starts_with(TYPES))
                .map(|(path, text)| (path.clone(), text.clone())),
        );
        let manifest = corpus::read(&source.join("Cargo.toml"));
        files.insert("Cargo.toml".into(), with_members(&manifest, r#""reader", "spektr-types""#));
        files.insert("reader/src/main.rs".into(), program.to_owned());
        let reader = "[package]\nname = \"reader\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
                      [dependencies]\nserde_json.workspace = true\nspektr-types.workspace = true\n";
        files.insert("reader/Cargo.toml".into(), reader.to_owned());

        // Files that are as they were keep their times, so that cargo builds again
        // what has changed only; others from a former run go.
        for path in corpus::files_below(&self.root) {
            let name = path.strip_prefix(&self.root).expect("the file is in the folder");
            if !files.contains_key(name) {
                fs::remove_file(&path).expect("a file of a former run can be removed");
            }
        }
        for (name, text) in &files {
            let path = self.root.join(name);
            if fs::read_to_string(&path).is_ok_and(|found| found == *text) {
                continue;
            }
            fs::create_dir_all(path.parent().expect("the file is in a folder")).expect("a folder");
            fs::write(&path, text).expect("the file can be written");
        }
    }

    /// Builds the program, gives it an input, and returns what it writes.
    pub fn run(&self, input: &str) -> String {
        let mut child = cargo(&self.tmp, &self.root)
            .args(["run", "--offline", "--quiet", "--package", "reader"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo can be run");
        let mut pipe = child.stdin.take().expect("the input is piped");
        pipe.write_all(input.as_bytes()).expect("the program reads its input");
        drop(pipe);
        let output = child.wait_with_output().expect("cargo ends");
        assert_success(&output);
        String::from_utf8(output.stdout).expect("the program writes UTF-8")
    }
}

/// Asserts that cargo succeeded, and shows what it says otherwise.
pub fn assert_success(output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo failed: {errors}");
}

/// Returns a command that runs the cargo of this run in a folder, with a target
/// folder of its own below `tmp`: the lock of the workspace's is held by who runs the tests.
pub fn cargo(tmp: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command =
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", tmp.as_ref().join("target"))
        .env("RUSTFLAGS", "-D warnings")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

/// Replaces the members of a workspace's manifest.
fn with_members(manifest: &str, members: &str) -> String {
    let (before, rest) = manifest.split_once("members = [").expect("the workspace has members");
    let (_, after) = rest.split_once(']').expect("the list has an end");
    format!("{before}members = [{members}]{after}")
}
