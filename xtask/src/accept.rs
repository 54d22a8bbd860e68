//! `cargo xtask accept`: regenerates the files that depend on `schema/` or on the sources, runs
//! the tests that compare snapshots, and lists the differences to review.
//!
//! Accepting hides no failure: the accepted snapshots are tested once more as in
//! `cargo xtask check`, and a test that then fails also fails the command.

mod files;
mod readme;
mod snapshots;
mod summary;

use std::io::Write;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{codegen, schema, workspace};

pub(crate) use snapshots::SnapshotReferences;

/// Regenerates and accepts. With `all` it runs the snapshot tests of every package, even of
/// unchanged ones.
pub(crate) fn run(all: bool) -> Result<ExitCode> {
    println!("==> codegen");
    if codegen::run(false)? != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    // Checked first, because building the tests takes minutes.
    if !schema::is_complete()? {
        return Ok(ExitCode::FAILURE);
    }
    if readme::update()? {
        println!("wrote schema/README.md");
    }
    if files::update()? {
        println!("wrote docs/FILES.md");
    }
    snapshots::remove_proposals()?;
    let selection = snapshots::SnapshotSelection::new(all)?;
    let targets = &selection.targets;
    println!("==> build the tests that hold them");
    if !build(targets)? {
        eprintln!(
            "failed: the code that does not compile above uses a type or a member that was renamed or \
             removed; correct it, and run `cargo xtask accept` again"
        );
        return Ok(ExitCode::FAILURE);
    }
    // A test stops at its first difference, so a test with several snapshots may
    // need more than one round.
    let mut accepted = update_and_test(targets, false)?;
    if !accepted.0 {
        accepted = update_and_test(targets, true)?;
    }
    let (passed, references) = accepted;
    if passed {
        for path in references.orphans_of(&selection)? {
            std::fs::remove_file(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    print!("{}", summary::text()?);
    if !selection.left_out.is_empty() {
        println!(
            "not run, because neither their code nor their dependencies changed: the tests with \
             snapshots of {}; `--all` runs them too",
            selection.left_out.join(", ")
        );
    }
    if !passed {
        eprintln!(
            "failed: these tests fail for another reason than an old snapshot; read their output above, \
             correct the code, and run `cargo xtask accept` again"
        );
        return Ok(ExitCode::FAILURE);
    }
    println!("read every difference with `git diff`, then run `cargo xtask check`");
    Ok(ExitCode::SUCCESS)
}

/// Builds test targets and shows progress and errors; tells whether they compile.
fn build(targets: &[String]) -> Result<bool> {
    let status = cargo_test(targets).arg("--no-run").status().context("cannot run cargo test")?;
    Ok(status.success())
}

/// Runs tests that rewrite their snapshots, then runs them again without rewriting. Tells whether
/// the second run passed, and which snapshots it referred to.
fn update_and_test(targets: &[String], explain: bool) -> Result<(bool, SnapshotReferences)> {
    println!("==> accept snapshots, transcripts and rendered pages");
    let update = [("INSTA_UPDATE", "always"), ("TRYCMD", "overwrite"), ("UPDATE_PAGES", "1")];
    test(targets, &update, false)?;
    println!("==> test what was accepted");
    let references = SnapshotReferences::new()?;
    let check = [("INSTA_UPDATE", "no"), (SnapshotReferences::VARIABLE, references.list())];
    Ok((test(targets, &check, explain)?, references))
}

/// Runs test targets; tells whether all of them passed. With `explain` it shows their output on
/// failure. The first round does not: its output only shows differences that are about to be
/// accepted.
fn test(targets: &[String], variables: &[(&str, &str)], explain: bool) -> Result<bool> {
    let output = cargo_test(targets)
        .args(["--quiet", "--no-fail-fast"])
        .envs(variables.iter().copied())
        .output()
        .context("cannot run cargo test")?;
    let passed = output.status.success();
    if explain && !passed {
        std::io::stderr().write_all(&output.stdout)?;
        std::io::stderr().write_all(&output.stderr)?;
    }
    Ok(passed)
}

/// Returns the cargo command for test targets, with the arguments of `cargo xtask check`, so that
/// cargo builds nothing twice.
fn cargo_test(targets: &[String]) -> Command {
    let mut command = workspace::cargo_command();
    command
        .args(["test", "--workspace", "--all-features", "--locked"])
        .args(targets)
        .env_remove("INSTA_UPDATE")
        .env_remove("TRYCMD")
        .env_remove("UPDATE_PAGES")
        .env_remove(SnapshotReferences::VARIABLE);
    command
}
