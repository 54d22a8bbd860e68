//! `cargo xtask recipes`: what `cargo xtask check` tests of the recipes in
//! `schema/README.md`, `accept` after each of them alone, and every test that a change of
//! the schema can affect, on the accepted copy. The test `xtask/tests/recipes.rs` does the work.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::workspace;

pub(crate) fn run() -> Result<ExitCode> {
    let status = Command::new(workspace::cargo())
        .current_dir(workspace::root())
        .args(["test", "--workspace", "--all-features", "--locked", "--test", "recipes"])
        .args(["--", "--nocapture"])
        .env("RECIPES", "test")
        .status()
        .context("cannot run cargo test")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
