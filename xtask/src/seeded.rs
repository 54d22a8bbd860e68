//! `cargo xtask seeded`: puts known bugs into a copy of the workspace, and checks that a test
//! detects each.
//!
//! A bug is a patch below `xtask/seeded`. The lines before its first `diff` describe the bug. A
//! line `Test:` has the arguments of `cargo test`; the last one is the name of the test. A line
//! `First:` has the arguments of a cargo command to run before the test, for a bug in the
//! generator.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{git, workspace};

/// Number of steps of the inbox model's test: enough to detect each bug.
const MODEL_STEPS: &str = "20000";

/// Time limit of a test in seconds, without its build.
const LIMIT: &str = "600";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Only check that each patch applies
    #[arg(long)]
    check: bool,
    /// The bugs, by file name; all by default
    names: Vec<String>,
}

struct SeededBug {
    name: String,
    patch: PathBuf,
    what: String,
    /// Arguments of a cargo command to run before the test; empty if there is none.
    first: Vec<String>,
    /// The arguments of `cargo test`.
    arguments: Vec<String>,
    test: String,
}

/// Checks that each patch applies.
pub(crate) fn check() -> Result<()> {
    bugs(&[])?.iter().try_for_each(|bug| apply(workspace::root(), &bug.patch, true))
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    check()?;
    if arguments.check {
        println!("each patch applies");
        return Ok(ExitCode::SUCCESS);
    }
    let bugs = bugs(&arguments.names)?;
    let copy = WorkspaceCopy::new()?;
    // A test that always fails would seem to detect every bug.
    let mut tests = BTreeSet::new();
    for bug in bugs.iter().filter(|bug| tests.insert(&bug.arguments)) {
        let output = copy.test(bug)?;
        ensure!(output.status.success(), "without any bug, {} fails:\n{}", bug.test, said(&output));
    }
    let mut survivors = 0;
    for bug in &bugs {
        apply(&copy.root, &bug.patch, false)?;
        let output = copy.test(bug)?;
        let SeededBug { name, what, test, .. } = bug;
        match outcome(&output) {
            Detection::Failed(test) => println!("{name}: detected by {test}\n    {what}"),
            Detection::DidNotEnd => {
                println!("{name}: detected by {test}, which did not end in {LIMIT} s\n    {what}");
            }
            Detection::NotSeen => {
                survivors += 1;
                println!("{name}: NOT DETECTED by {test}\n    {what}\n{}", said(&output));
            }
        }
        copy.fill()?;
    }
    println!("{} of {} bugs were detected", bugs.len() - survivors, bugs.len());
    Ok(if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bugs(names: &[String]) -> Result<Vec<SeededBug>> {
    let patches = workspace::files_below(&workspace::root().join("xtask/seeded"))?;
    let bugs: Vec<_> = patches.into_iter().map(bug).collect::<Result<_>>()?;
    for name in names {
        ensure!(bugs.iter().any(|bug| bug.name == *name), "there is no bug {name}");
    }
    let is_wanted = |bug: &SeededBug| names.is_empty() || names.contains(&bug.name);
    Ok(bugs.into_iter().filter(is_wanted).collect())
}

fn bug(patch: PathBuf) -> Result<SeededBug> {
    let text = fs::read_to_string(&patch)?;
    let line = |label| text.lines().find_map(|line| line.strip_prefix(label));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let what = text.lines().next().unwrap_or_default().to_owned();
    let first = line("First: ").map(words).unwrap_or_default();
    let arguments = words(line("Test: ").with_context(|| format!("{name} names no test"))?);
    let test = arguments.last().cloned().unwrap_or_default();
    Ok(SeededBug { name, patch, what, first, arguments, test })
}

/// Applies a patch to a folder, or only checks that it applies.
fn apply(folder: &Path, patch: &Path, is_check: bool) -> Result<()> {
    let mut git = Command::new("git");
    // The copy lies inside the repository's folder; without the ceiling git would patch the
    // repository.
    git.current_dir(folder).env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder));
    git.arg("apply").args(is_check.then_some("--check")).arg(patch);
    let output = git.output().context("cannot run git")?;
    let patch = patch.display();
    ensure!(
        output.status.success(),
        "{patch} does not apply; adapt it to the current code:\n{}",
        said(&output)
    );
    Ok(())
}

/// The result of a test on code with a bug.
#[derive(Debug, PartialEq, Eq)]
enum Detection {
    /// The named test failed.
    Failed(String),
    /// The test was stopped at the time limit.
    DidNotEnd,
    NotSeen,
}

fn outcome(output: &Output) -> Detection {
    if output.status.code().is_some_and(|code| STOPPED.contains(&code)) {
        return Detection::DidNotEnd;
    }
    let failed = said(output).lines().find_map(|line| {
        line.strip_prefix("test ")?.strip_suffix(" ... FAILED").map(str::to_owned)
    });
    failed.map_or(Detection::NotSeen, Detection::Failed)
}

/// Exit codes of `timeout`: the program was stopped by a signal, or had to be killed.
const STOPPED: [i32; 2] = [124, 137];

/// Returns a command that stops a program, and all processes that it started, after some seconds.
fn limited(seconds: &str, program: OsString) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", seconds]).arg(program);
    command
}

fn said(output: &Output) -> String {
    let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    texts.concat()
}

/// A copy of the workspace, with its own target folder. It is kept between runs.
struct WorkspaceCopy {
    root: PathBuf,
    target: PathBuf,
}

impl WorkspaceCopy {
    fn new() -> Result<Self> {
        let folder = workspace::root().join("target/seeded");
        let copy = Self { root: folder.join("workspace"), target: folder.join("target") };
        copy.fill()?;
        Ok(copy)
    }

    /// Makes the copy equal to the workspace. An equal file keeps its modification time, so that
    /// cargo does not rebuild it.
    fn fill(&self) -> Result<()> {
        let listed = git::run(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut wanted = BTreeSet::new();
        for name in listed.split('\0').filter(|name| !name.is_empty()) {
            // git also lists a file whose deletion is not committed.
            let Ok(bytes) = fs::read(workspace::root().join(name)) else { continue };
            let target = self.root.join(name);
            if fs::read(&target).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(target.parent().unwrap_or(&self.root))?;
                fs::write(&target, bytes)?;
            }
            wanted.insert(target);
        }
        for path in workspace::files_below(&self.root)? {
            if !wanted.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn test(&self, bug: &SeededBug) -> Result<Output> {
        println!("==> {}: cargo test {}", bug.name, bug.arguments.join(" "));
        let cargo = || Command::new(workspace::cargo());
        if !bug.first.is_empty() {
            self.succeed(cargo().args(&bug.first))?;
        }
        self.succeed(cargo().args(["test", "--locked", "--no-run"]).args(&bug.arguments))?;
        self.run(limited(LIMIT, workspace::cargo()).args(["test", "--locked"]).args(&bug.arguments))
    }

    fn run(&self, command: &mut Command) -> Result<Output> {
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("SPEKTR_MODEL_STEPS", MODEL_STEPS)
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
            .with_context(|| format!("cannot run {command:?}"))
    }

    fn succeed(&self, command: &mut Command) -> Result<()> {
        let output = self.run(command)?;
        ensure!(output.status.success(), "{command:?} failed:\n{}", said(&output));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_does_not_end_is_an_outcome_of_its_own() {
        let run = |program: &str, arguments: &[&str]| {
            limited("1", program.into()).args(arguments).output().expect("timeout runs")
        };
        assert_eq!(outcome(&run("sleep", &["3600"])), Detection::DidNotEnd);
        let failed = run("echo", &["test a::b ... FAILED"]);
        assert_eq!(outcome(&failed), Detection::Failed("a::b".to_owned()));
        assert_eq!(outcome(&run("echo", &["test a::b ... ok"])), Detection::NotSeen);
    }
}
