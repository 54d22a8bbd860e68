//! Runs the test programs of the workspace, several at a time: many of them wait for disks,
//! sockets and servers rather than compute. `cargo test` runs one after the other.

use std::collections::VecDeque;
use std::fmt;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::accept::SnapshotReferences;
use crate::workspace;

/// The tests, as arguments of cargo.
const ALL: [&str; 4] = ["test", "--workspace", "--all-features", "--locked"];

/// Time limit of a test program: many times the longest run on a busy machine.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// Interval between two checks whether a program has ended.
const LOOK: Duration = Duration::from_millis(50);

/// A test program, and the folder of its package, in which it runs.
struct TestProgram {
    path: PathBuf,
    folder: PathBuf,
}

/// Builds the test programs and runs them, then has cargo run the examples in the documentation.
/// Tells whether all tests passed.
pub(super) fn run(references: &SnapshotReferences) -> Result<bool> {
    println!("==> cargo {} --no-run", ALL.join(" "));
    let Some(programs) = build()? else { return Ok(false) };
    let count = programs.len();
    // The longest programs belong to the packages with most dependencies, which cargo lists last,
    // so they start first.
    let queue: Mutex<VecDeque<_>> = Mutex::new(programs.into_iter().rev().collect());
    let at_a_time = thread::available_parallelism().map_or(1, |cores| cores.get() + 1);
    println!("==> {count} test programs, {at_a_time} at a time");
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while let Some(program) = pop(&queue) {
                    let passed = program.run(references).unwrap_or_else(|error| {
                        say(format_args!("{error:#}"));
                        false
                    });
                    if !passed {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(program.path);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    for path in &failed {
        eprintln!("failed: {}", path.display());
    }
    if !failed.is_empty() {
        return Ok(false);
    }
    println!("==> cargo {} --doc", ALL.join(" "));
    let status = workspace::cargo_command()
        .args(ALL)
        .arg("--doc")
        .status()
        .context("cannot run cargo test --doc")?;
    Ok(status.success())
}

fn pop(queue: &Mutex<VecDeque<TestProgram>>) -> Option<TestProgram> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Builds the test programs. Returns them in cargo's order, or `None` if one does not compile.
fn build() -> Result<Option<Vec<TestProgram>>> {
    let output = workspace::cargo_command()
        .args(ALL)
        .args(["--no-run", "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo test")?;
    if !output.status.success() {
        return Ok(None);
    }
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{"));
    let messages = lines.map(serde_json::from_slice::<Value>).collect::<Result<Vec<_>, _>>();
    let messages = messages.context("cargo printed a line that is no JSON")?;
    let programs: Vec<_> = messages.iter().filter_map(program).collect();
    if programs.is_empty() {
        bail!("cargo listed no test program");
    }
    Ok(Some(programs))
}

fn program(message: &Value) -> Option<TestProgram> {
    let is_test = message["profile"]["test"].as_bool()?;
    let path = message["executable"].as_str()?.into();
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
    is_test.then_some(TestProgram { path, folder })
}

impl TestProgram {
    /// Runs the program in the folder of its package, with the environment variables that tests
    /// read. Its output goes to a file first, so that it is shown in one piece. Tells whether the
    /// program passed.
    fn run(&self, references: &SnapshotReferences) -> Result<bool> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        say(format_args!("     Running {name}"));
        let mut printed = tempfile::tempfile().context("cannot make a file for its output")?;
        let mut child = Command::new(&self.path)
            .current_dir(&self.folder)
            .env("CARGO", workspace::cargo())
            .env("CARGO_MANIFEST_DIR", &self.folder)
            // A stale snapshot must fail, whatever the caller's environment says.
            .env("INSTA_UPDATE", "no")
            .env_remove("INSTA_FORCE_PASS")
            .env_remove("TRYCMD")
            .env_remove("UPDATE_PAGES")
            .env(SnapshotReferences::VARIABLE, references.list())
            .stdin(Stdio::null())
            .stdout(printed.try_clone()?)
            .stderr(printed.try_clone()?)
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        let began = Instant::now();
        let status = loop {
            match child.try_wait()? {
                Some(status) => break Some(status),
                None if began.elapsed() > LONGEST => {
                    child.kill()?;
                    child.wait()?;
                    break None;
                }
                None => thread::sleep(LOOK),
            }
        };
        printed.rewind()?;
        let mut shown = std::io::stdout().lock();
        // Copying fails if the reader of the output has closed it.
        let _gone = std::io::copy(&mut printed, &mut shown);
        drop(shown);
        say(format_args!("       Ended {name} after {} s", began.elapsed().as_secs()));
        if status.is_none() {
            say(format_args!("{name} was stopped after {} minutes", LONGEST.as_secs() / 60));
        }
        Ok(status.is_some_and(|status| status.success()))
    }
}

fn say(line: fmt::Arguments<'_>) {
    let _gone = writeln!(std::io::stdout(), "{line}");
}
