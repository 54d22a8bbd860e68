//! Reading from git.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

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
