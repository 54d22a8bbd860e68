//! Writes the software bill of materials of each published package, by cargo-cyclonedx.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{git, workspace};

/// The tool that writes them.
pub(crate) const TOOL: &str = "cargo-cyclonedx";

/// Writes the bills of packages into a folder, as CycloneDX 1.5, for all features and platforms.
///
/// The tool writes beside the manifests of a workspace, so it works on a copy of the committed
/// files.
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
        // The tool writes the temporary path of the copy into the file.
        let text = text.replace(copy.path().to_string_lossy().as_ref(), "");
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
