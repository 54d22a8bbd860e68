//! Runs git in the workspace.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::workspace;

/// Copies the committed files into a temporary folder, which is removed when the value is dropped.
pub(crate) fn copy() -> Result<TempDir> {
    let copy = tempfile::tempdir()?;
    let path = copy.path().to_str().context("the temporary folder is not UTF-8")?;
    run(&["clone", "--quiet", ".", path])?;
    Ok(copy)
}

/// Fails if there are uncommitted changes.
pub(crate) fn ensure_clean() -> Result<()> {
    let changes = run(&["status", "--porcelain"])?;
    ensure!(
        changes.is_empty(),
        "commit or remove these changes: only committed files are used:\n{changes}"
    );
    Ok(())
}

/// Runs git in the workspace and returns its output.
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
