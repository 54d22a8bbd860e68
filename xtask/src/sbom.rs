//! The software bill of materials of each published package, by cargo-cyclonedx.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{git, workspace};

/// What writes them.
pub(crate) const TOOL: &str = "cargo-cyclonedx";

/// Writes those of packages into a folder, as CycloneDX 1.5, of all features and for all platforms.
///
/// The tool writes beside the manifests of a workspace, so it works on a copy of what is committed.
pub(crate) fn write(packages: &[&str], folder: &Path) -> Result<()> {
    let copy = git::copy()?;
    let output = Command::new(workspace::cargo())
        .args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5"])
        .args(["--all-features", "--target", "all"])
        .current_dir(copy.path())
        .output()
        .with_context(|| format!("cannot run {TOOL}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{TOOL}: {}", said.trim_end());
    for package in packages {
        let name = format!("{package}.cdx.json");
        let text = fs::read_to_string(copy.path().join(package).join(&name))
            .with_context(|| format!("{TOOL} has not written {name}"))?;
        // The path of the copy names this machine's folders.
        let text = text.replace(copy.path().to_string_lossy().as_ref(), "");
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
