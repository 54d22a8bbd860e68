//! A copy of the workspace, in which a test does what a maintainer does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file that differs from the last commit of the copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Added(String),
    Changed(String),
    Removed(String),
}

/// The copy, with a git repository of its own. It stays between runs.
pub(crate) struct Copy {
    root: PathBuf,
    /// Whether the recipes' events have other names than in the README.
    is_renamed: bool,
}

/// Schemas of the events that the recipes are about.
const EVENTS: [&str; 2] = ["case_opened.schema.json", "case_started.schema.json"];

/// Folders that are no source.
const IGNORED: [&str; 2] = ["target", ".git"];

impl Copy {
    /// Copies this workspace as it is, without what cargo and git keep in it.
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        // Somebody may have followed the recipes here, word for word.
        let is_taken = |path: &&str| source.join("schema/events").join(path).exists();
        let copy = Self { root: folder.join("workspace"), is_renamed: EVENTS.iter().any(is_taken) };
        fs::create_dir_all(&copy.root).expect("can create");
        let mut wanted = BTreeSet::new();
        copy.fill(source, Path::new(""), &mut wanted);
        copy.empty(Path::new(""), &wanted);
        fs::remove_dir_all(copy.root.join(".git")).ok();
        copy.git(&["init", "--quiet"]);
        copy.commit();
        copy
    }

    /// Copies what differs.
    fn fill(&self, source: &Path, below: &Path, wanted: &mut BTreeSet<PathBuf>) {
        for entry in fs::read_dir(source.join(below)).expect("the folder can be listed") {
            let entry = entry.expect("the folder can be listed");
            let name = below.join(entry.file_name());
            if IGNORED.iter().any(|ignored| entry.file_name() == *ignored) {
                continue;
            }
            if entry.file_type().expect("a file type").is_dir() {
                self.fill(source, &name, wanted);
                continue;
            }
            let bytes = fs::read(entry.path()).expect("the file can be read");
            let target = self.root.join(&name);
            if fs::read(&target).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(target.parent().expect("a folder")).expect("can create");
                fs::write(&target, bytes).expect("can write");
            }
            wanted.insert(name);
        }
    }

    /// Removes what a former run left.
    fn empty(&self, below: &Path, wanted: &BTreeSet<PathBuf>) {
        for entry in fs::read_dir(self.root.join(below)).expect("the folder can be listed") {
            let entry = entry.expect("the folder can be listed");
            let name = below.join(entry.file_name());
            if IGNORED.iter().any(|ignored| entry.file_name() == *ignored) {
                continue;
            }
            if entry.file_type().expect("a file type").is_dir() {
                self.empty(&name, wanted);
                // Fails where something wanted is left in it.
                fs::remove_dir(entry.path()).ok();
            } else if !wanted.contains(&name) {
                fs::remove_file(entry.path()).expect("can remove");
            }
        }
    }

    /// Commits everything and returns the commit.
    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        let author = ["-c", "user.name=a maintainer", "-c", "user.email=maintainer@example.com"];
        let commit = ["commit", "--quiet", "--allow-empty", "--no-verify", "--message", "A step"];
        self.git(&[&author[..], &commit].concat());
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Returns a text of the README with names of events that the workspace does not have.
    pub(crate) fn names(&self, text: &str) -> String {
        if !self.is_renamed {
            return text.to_owned();
        }
        let names = [("CASE_", "OTHER_CASE_"), ("Case", "OtherCase"), ("case_", "other_case_")];
        names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Replaces a text that a file has once.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "how often {path} has\n{from}\nin\n{text}");
        self.write(path, &text.replace(from, to));
    }

    /// Runs a script in the copy, in which `cargo xtask` is the program under test.
    pub(crate) fn run(&self, script: &str) {
        let xtask = format!("cargo() {{ shift; '{}' \"$@\"; }}\n", env!("CARGO_BIN_EXE_xtask"));
        let output = self.command("sh").arg("-ec").arg(xtask + script).output();
        assert_success(script, &output.expect("the shell can be run"));
    }

    /// Runs `cargo xtask` in the copy.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_xtask"));
        command.args(arguments).output().expect("the command can be run")
    }

    /// Runs `cargo xtask` in the copy, which must succeed, and returns what it said.
    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.xtask(arguments);
        assert_success(&arguments.join(" "), &output);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Lists the files that differ from the last commit.
    pub(crate) fn changes(&self) -> BTreeSet<Change> {
        self.git(&["add", "--all"]);
        let status = self.git(&["diff", "--cached", "--name-status", "--no-renames", "HEAD"]);
        let change = |line: &str| {
            let (letter, path) = line.split_once('\t').expect("a letter and a path");
            let kind = match letter {
                "A" => Change::Added,
                "D" => Change::Removed,
                _ => Change::Changed,
            };
            kind(path.to_owned())
        };
        status.lines().map(change).collect()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.prepare(&mut command);
        command
    }

    /// Lets a command run as in a terminal in the copy.
    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let outer = ["CARGO_BIN", "CARGO_MANIFEST", "CARGO_PKG", "INSTA", "TRYCMD"];
        for (name, _) in std::env::vars_os() {
            if outer.iter().any(|start| name.to_string_lossy().starts_with(start)) {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.root)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").current_dir(&self.root).args(arguments).output();
        let output = output.expect("git can be run");
        assert_success(&arguments.join(" "), &output);
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

#[track_caller]
fn assert_success(what: &str, output: &Output) {
    let [said, errors] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{what}\n{said}\n{errors}");
}
