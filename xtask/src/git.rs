//! Reading from git.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::workspace;

/// Makes a copy of what is committed, in a folder that ends with the value.
pub(crate) fn copy() -> Result<TempDir> {
    let copy = tempfile::tempdir()?;
    let path = copy.path().to_str().context("the temporary folder is not UTF-8")?;
    run(&["clone", "--quiet", ".", path])?;
    Ok(copy)
}

/// Fails unless all is committed.
pub(crate) fn ensure_clean() -> Result<()> {
    let changes = run(&["status", "--porcelain"])?;
    ensure!(
        changes.is_empty(),
        "commit these or remove them, only what is committed counts:\n{changes}"
    );
    Ok(())
}

/// Runs git in the workspace and returns what it prints.
pub(crate) fn run(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(workspace::root())
        .args(arguments)
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
