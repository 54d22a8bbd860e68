//! `cargo xtask release`: the files of a release, made of what is committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::published::{self, Package};
use crate::{codegen, git, sbom, workspace};

/// Where they are written, below the target folder.
const FOLDER: &str = "target/release-files";

/// Checksums of all others, as `sha256sum --check` reads them.
const CHECKSUMS: &str = "SHA256SUMS";

/// Packs each published package, and builds it from what was packed; tells whether all succeeded.
pub(crate) fn package(options: &[&str]) -> Result<bool> {
    let mut command = Command::new(workspace::cargo());
    command.args(["package", "--locked"]).args(options).current_dir(workspace::root());
    for package in published::packages()? {
        command.args(["--package", &package.name]);
    }
    println!("==> cargo package, of each published package");
    Ok(command.status().context("cannot run cargo package")?.success())
}

pub(crate) fn run() -> Result<ExitCode> {
    let changes = git::run(&["status", "--porcelain"])?;
    ensure!(changes.is_empty(), "commit or remove these, a release is made of commits:\n{changes}");
    if codegen::run(true)? != ExitCode::SUCCESS || !package(&[])? {
        return Ok(ExitCode::FAILURE);
    }
    let folder = workspace::root().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for file in files()? {
        let name = file.file_name().context("a file has a name")?;
        fs::copy(&file, folder.join(name))
            .with_context(|| format!("cannot copy {}", file.display()))?;
    }
    let packages = published::packages()?;
    let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    sbom::write(&names, &folder)?;
    checksums(&folder)?;
    for file in workspace::files_below(&folder)? {
        println!("{}", file.strip_prefix(workspace::root()).unwrap_or(&file).display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What is there already: the packages, and the contracts for other languages.
fn files() -> Result<Vec<PathBuf>> {
    let root = workspace::root();
    let packed = published::packages()?.into_iter().map(|Package { name, version, .. }| {
        root.join(format!("target/package/{name}-{version}.crate"))
    });
    Ok(packed.chain(workspace::files_below(&root.join("contracts"))?).collect())
}

fn checksums(folder: &Path) -> Result<()> {
    let names = workspace::files_below(folder)?;
    let names = names.iter().filter_map(|file| file.file_name());
    let output = Command::new("sha256sum")
        .args(names)
        .current_dir(folder)
        .output()
        .context("cannot run sha256sum")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim_end());
    Ok(fs::write(folder.join(CHECKSUMS), output.stdout)?)
}
