//! A copy of the workspace, in which a test acts as a maintainer would.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use spektr_codegen::Json;

/// A file that differs from the copy's last commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Added(String),
    Changed(String),
    Removed(String),
}

/// The copy, with a git repository of its own. It is kept between runs.
pub(crate) struct Copy {
    root: PathBuf,
    /// The copy's target folder. It differs from the workspace's: cargo would take packages at the
    /// same relative path in two workspaces for the same ones.
    target: PathBuf,
    /// Whether the recipes' events are renamed.
    is_renamed: bool,
}

/// Schema files of the events in the recipes.
const EVENTS: [&str; 2] = ["case_opened.schema.json", "case_started.schema.json"];

/// Prefixes of the names of the workspace's own packages.
const OURS: [&str; 2] = ["spektr-", "xtask"];

/// Folders without source files.
const IGNORED: [&str; 5] = ["target", ".git", ".venv", "node_modules", "python_modules"];

impl Copy {
    /// Copies this workspace with its uncommitted changes, but without the folders of cargo and
    /// git.
    pub(crate) fn new(name: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        // This workspace may have the recipes' events already, if somebody followed the recipes in
        // it.
        let is_taken = |path: &&str| source.join("schema/events").join(path).exists();
        let copy = Self::of(source, name, EVENTS.iter().any(is_taken));
        copy.commit();
        copy
    }

    /// Copies the files and the last commit. A file that equals that of a former run
    /// keeps its modification time, so that cargo does not rebuild it.
    pub(crate) fn duplicate(&self, name: &str) -> Self {
        let copy = Self::of(&self.root, name, self.is_renamed);
        let from = self.root.to_str().expect("UTF-8");
        copy.git(&["fetch", "--quiet", from, "HEAD"]);
        copy.git(&["reset", "--quiet", "FETCH_HEAD"]);
        copy
    }

    fn of(source: &Path, name: &str, is_renamed: bool) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let (root, target) = (folder.join("workspace"), folder.join("target"));
        let copy = Self { root, target, is_renamed };
        fs::create_dir_all(&copy.root).expect("can create");
        let mut wanted = BTreeSet::new();
        copy.fill(source, Path::new(""), &mut wanted);
        copy.empty(Path::new(""), &wanted);
        fs::remove_dir_all(copy.root.join(".git")).ok();
        copy.git(&["init", "--quiet"]);
        copy
    }

    /// Copies the files that differ.
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

    /// Removes files of a former run that are no longer wanted.
    fn empty(&self, below: &Path, wanted: &BTreeSet<PathBuf>) {
        for entry in fs::read_dir(self.root.join(below)).expect("the folder can be listed") {
            let entry = entry.expect("the folder can be listed");
            let name = below.join(entry.file_name());
            if IGNORED.iter().any(|ignored| entry.file_name() == *ignored) {
                continue;
            }
            if entry.file_type().expect("a file type").is_dir() {
                self.empty(&name, wanted);
                // Fails, as intended, if the folder still holds a wanted file.
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

    /// Returns a text of the README, with event names that the workspace does not have.
    pub(crate) fn names(&self, text: &str) -> String {
        if !self.is_renamed {
            return text.to_owned();
        }
        let names = [("CASE_", "OTHER_CASE_"), ("Case", "OtherCase"), ("case_", "other_case_")];
        names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Edits a JSON file, and writes it in the format of the schema folder.
    pub(crate) fn edit_json(&self, path: &str, edit: impl FnOnce(&mut Json)) {
        let mut json: Json = serde_json::from_str(&self.read(path)).expect("JSON");
        edit(&mut json);
        self.write(path, &(serde_json::to_string_pretty(&json).expect("JSON") + "\n"));
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Replaces a text that must occur in a file exactly once.
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

    /// Runs `cargo xtask` in the copy, checks that it succeeds, and returns its output.
    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.xtask(arguments);
        assert_success(&arguments.join(" "), &output);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs cargo in the copy, and checks that it succeeds.
    #[track_caller]
    pub(crate) fn cargo(&self, arguments: &[String]) {
        let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
        let mut command = Command::new(cargo);
        let output = self.prepare(&mut command).args(arguments).output();
        assert_success(&arguments.join(" "), &output.expect("cargo can be run"));
    }

    /// Returns the modules of the events, from the file names of the schema folder.
    pub(crate) fn events(&self) -> Vec<String> {
        let files = fs::read_dir(self.path("schema/events")).expect("the folder can be listed");
        let names = files.map(|entry| entry.expect("can be listed").file_name());
        let module = |name: &str| name.strip_suffix(".schema.json").expect("a schema").to_owned();
        names.map(|name| module(&name.to_string_lossy())).collect()
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

    /// Gives a command the environment of a terminal in the copy's root.
    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let outer = ["CARGO_BIN", "CARGO_MANIFEST", "CARGO_PKG", "INSTA", "TRYCMD"];
        for (name, _) in std::env::vars_os() {
            if outer.iter().any(|start| name.to_string_lossy().starts_with(start)) {
                command.env_remove(name);
            }
        }
        // Incremental builds would take half of the copy's disk space.
        command.env("CARGO_TARGET_DIR", &self.target).env("CARGO_INCREMENTAL", "0");
        command.current_dir(&self.root)
    }

    /// Takes over compiled third-party packages, so that only the workspace's own are
    /// built once more. Existing files are kept.
    pub(crate) fn take_dependencies(&self) {
        let built = Path::new(env!("CARGO_BIN_EXE_xtask")).parent().expect("the profile's folder");
        let own = self.target.join(built.file_name().expect("a profile"));
        let mut hashes = BTreeSet::new();
        for folder in [".fingerprint", "build"] {
            for entry in fs::read_dir(built.join(folder)).expect("the folder can be listed") {
                let name = entry.expect("the folder can be listed").file_name();
                let name = name.to_string_lossy();
                if let Some((package, hash)) = name.rsplit_once('-')
                    && !OURS.iter().any(|start| package.starts_with(start))
                {
                    hashes.insert(hash.to_owned());
                    link(&built.join(folder).join(&*name), &own.join(folder).join(&*name));
                }
            }
        }
        for entry in fs::read_dir(built.join("deps")).expect("the folder can be listed") {
            let name = entry.expect("the folder can be listed").file_name();
            let text = name.to_string_lossy();
            let stem = text.split('.').next().unwrap_or_default();
            if stem.rsplit_once('-').is_some_and(|(_, hash)| hashes.contains(hash)) {
                link(&built.join("deps").join(&name), &own.join("deps").join(&name));
            }
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").current_dir(&self.root).args(arguments).output();
        let output = output.expect("git can be run");
        assert_success(&arguments.join(" "), &output);
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

/// Makes hard links for a file, or for each file of a folder; they keep modification times.
fn link(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).expect("the folder can be listed") {
            let name = entry.expect("the folder can be listed").file_name();
            link(&from.join(&name), &to.join(&name));
        }
    } else if !to.exists() {
        fs::create_dir_all(to.parent().expect("a folder")).expect("can create");
        fs::hard_link(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}

#[track_caller]
fn assert_success(what: &str, output: &Output) {
    let [said, errors] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{what}\n{said}\n{errors}");
}
