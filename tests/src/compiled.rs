//! Builds programs with types generated from other schemas, and runs them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use spektr_codegen::{SchemaSet, generate};

use crate::corpus;

/// The generated folder of the types.
pub const TYPES: &str = "spektr-types/src/generated";

/// Schema files by path.
pub type Files = BTreeMap<String, String>;

/// Generates files from schema files, which must have no problem.
pub fn generated(files: &Files) -> BTreeMap<PathBuf, String> {
    let set = SchemaSet::parse(files.clone()).unwrap_or_else(|error| panic!("{error}"));
    generate(&set).unwrap_or_else(|error| panic!("{error}"))
}

/// Files by their path in a workspace.
pub type Tree = BTreeMap<PathBuf, String>;

/// A workspace that contains the types with other generated files, and programs that use them. It
/// uses the versions of the real workspace's lock file, so that nothing is fetched.
#[derive(Debug)]
pub struct Workspace {
    /// The test's folder for temporary files.
    tmp: PathBuf,
    root: PathBuf,
}

impl Workspace {
    /// Returns a workspace of the given name below a test's `CARGO_TARGET_TMPDIR`.
    pub fn new(tmp: &str, name: &str) -> Self {
        let tmp = PathBuf::from(tmp);
        Self { root: tmp.join(name), tmp }
    }

    /// Writes the types and the program.
    pub fn write(&self, generated: &Tree, program: &str) {
        let mut files = types_crate(generated, "spektr-types");
        files.extend(package("reader", &["spektr-types"]));
        files.insert("reader/src/main.rs".into(), program.to_owned());
        self.write_files(&["reader", "spektr-types"], files);
    }

    /// Writes a workspace with only these packages.
    pub fn write_files(&self, members: &[&str], mut files: Tree) {
        let source = corpus::workspace_root();
        let manifest = corpus::read(&source.join("Cargo.toml"));
        files.insert("Cargo.toml".into(), with_members(&manifest, members));
        files.insert("Cargo.lock".into(), corpus::read(&source.join("Cargo.lock")));
        // Unchanged files keep their times, so that cargo rebuilds only changed packages; other
        // files of a former run are removed.
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

    /// Returns a command that runs cargo in the workspace.
    pub fn cargo(&self) -> Command {
        cargo(&self.tmp, &self.root)
    }

    /// Builds the program, writes to its standard input, and returns its output.
    pub fn run(&self, input: &str) -> String {
        let mut child = self
            .cargo()
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

/// Returns the types crate with other generated files, as a package of the given name.
pub fn types_crate(generated: &Tree, name: &str) -> Tree {
    let source = corpus::workspace_root();
    let below = |path: &Path| Path::new(name).join(path.strip_prefix("spektr-types").expect("its"));
    let mut files = Tree::new();
    for path in corpus::files_below(&source.join("spektr-types/src")) {
        if !path.starts_with(source.join(TYPES)) {
            let place = path.strip_prefix(source).expect("the file is in the workspace");
            files.insert(below(place), corpus::read(&path));
        }
    }
    let readme = Path::new("spektr-types/README.md");
    files.insert(below(readme), corpus::read(&source.join(readme)));
    let manifest = corpus::read(&source.join("spektr-types/Cargo.toml"));
    let named = |name: &str| format!("name = \"{name}\"");
    let manifest = manifest.replacen(&named("spektr-types"), &named(name), 1);
    files.insert(Path::new(name).join("Cargo.toml"), manifest);
    let generated = generated.iter().filter(|(path, _)| path.starts_with(TYPES));
    files.extend(generated.map(|(path, text)| (below(path), text.clone())));
    files
}

/// Returns the manifest of a package that depends on other packages of the workspace, on serde and
/// on serde_json.
pub fn package(name: &str, uses: &[&str]) -> Tree {
    let uses: String =
        uses.iter().map(|other| format!("{other} = {{ path = \"../{other}\" }}\n")).collect();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\nserde.workspace = true\nserde_json.workspace = true\n{uses}"
    );
    BTreeMap::from([(Path::new(name).join("Cargo.toml"), manifest)])
}

/// Asserts that cargo succeeded, and shows its errors otherwise.
pub fn assert_success(output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo failed: {errors}");
}

/// Returns a command for the cargo that runs this test, in a folder. It uses a target folder of its
/// own below `tmp`: the running cargo holds the lock of the workspace's target folder.
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

/// Replaces the list of members in a workspace's manifest.
fn with_members(manifest: &str, members: &[&str]) -> String {
    let (before, rest) = manifest.split_once("members = [").expect("the workspace has members");
    let (_, after) = rest.split_once(']').expect("the list has an end");
    let members: Vec<_> = members.iter().map(|member| format!("{member:?}")).collect();
    format!("{before}members = [{}]{after}", members.join(", "))
}
