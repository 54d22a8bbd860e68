//! The software bill of materials of each published package, by cargo-cyclonedx.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{git, workspace};

/// Writes those of packages into a folder, as CycloneDX 1.5, of all features and for all platforms.
///
/// The tool writes beside the manifests of a workspace, so it works on a copy of what is committed.
pub(crate) fn write(packages: &[&str], folder: &Path) -> Result<()> {
    let copy = tempfile::tempdir()?;
    let path = copy.path().to_str().context("the temporary folder is not UTF-8")?;
    git::run(&["clone", "--quiet", ".", path])?;
    let output = Command::new(workspace::cargo())
        .args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5"])
        .args(["--all-features", "--target", "all"])
        .current_dir(copy.path())
        .output()
        .context("cannot run cargo cyclonedx")?;
    ensure!(
        output.status.success(),
        "cargo cyclonedx: {}\n`cargo install --locked cargo-cyclonedx` installs it",
        String::from_utf8_lossy(&output.stderr).trim_end(),
    );
    for package in packages {
        let name = format!("{package}.cdx.json");
        let text = fs::read_to_string(copy.path().join(package).join(&name))
            .with_context(|| format!("cargo cyclonedx has not written {name}"))?;
        // Where the copy was is nobody's business.
        fs::write(folder.join(name), text.replace(path, ""))?;
    }
    Ok(())
}
