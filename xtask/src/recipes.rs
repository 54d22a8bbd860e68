//! `cargo xtask recipes`: tests the recipes in `schema/README.md` as `cargo xtask check` does. It
//! also runs `accept` after each recipe alone, and, on the accepted copy, every test that a change
//! of the schema can affect. The test `xtask/tests/recipes.rs` does the work.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

pub(crate) fn run() -> Result<ExitCode> {
    let status = workspace::cargo_command()
        .args(["test", "--workspace", "--all-features", "--locked", "--test", "recipes"])
        .args(["--", "--nocapture"])
        .env("RECIPES", "test")
        .status()
        .context("cannot run cargo test")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
