//! `cargo xtask accept`: regenerates everything that follows from `schema/`, runs
//! the tests that hold it, and says what there is to review.
//!
//! Nothing is hidden by it: what was accepted is tested once more as
//! `cargo xtask check` does it, and a test that fails then fails the command.

mod readme;
mod snapshots;
mod summary;

use std::io::Write;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{codegen, workspace};

pub(crate) use snapshots::References;

pub(crate) fn run() -> Result<ExitCode> {
    println!("==> codegen");
    if codegen::run(false)? != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    if readme::update()? {
        println!("wrote schema/README.md");
    }
    let targets = snapshots::targets()?;
    // A test stops at its first difference, so that one that holds several may
    // need more than one run.
    println!("==> accept snapshots, transcripts and rendered pages");
    for _ in 0..2 {
        let update = [("INSTA_UPDATE", "always"), ("TRYCMD", "overwrite"), ("UPDATE_PAGES", "1")];
        if test(&targets, &update, false)? {
            break;
        }
    }
    println!("==> test what was accepted");
    let references = References::new()?;
    let passed =
        test(&targets, &[("INSTA_UPDATE", "no"), (References::VARIABLE, references.list())], true)?;
    if passed {
        for path in references.orphans()? {
            std::fs::remove_file(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    print!("{}", summary::text()?);
    if !passed {
        eprintln!(
            "failed: these tests do not fail because of an old snapshot; see above what they say"
        );
        return Ok(ExitCode::FAILURE);
    }
    println!("read every difference with `git diff`, then run `cargo xtask check`");
    Ok(ExitCode::SUCCESS)
}

/// Runs test targets; tells whether all of them passed. What they print is shown where
/// it says why they failed, not where it says what differed before it was accepted.
fn test(targets: &[String], variables: &[(&str, &str)], explain: bool) -> Result<bool> {
    let output = Command::new(workspace::cargo())
        .current_dir(workspace::root())
        .args(["test", "--quiet", "--workspace", "--all-features", "--locked", "--no-fail-fast"])
        .args(targets)
        .env_remove("INSTA_UPDATE")
        .env_remove("TRYCMD")
        .env_remove("UPDATE_PAGES")
        .env_remove(References::VARIABLE)
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
