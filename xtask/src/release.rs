//! `cargo xtask release`: writes the files of a release, from the committed files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::workspace::{self, Package};
use crate::{codegen, git, sbom, tools};

/// Folder of the files, relative to the workspace's root.
const FOLDER: &str = "target/release-files";

/// Name of the file with the checksums of all others, in the format of `sha256sum --check`.
const CHECKSUMS: &str = "SHA256SUMS";

/// Packs each published package, and builds it from the packed files. Returns the folder with the
/// packages, or `None` if a package failed.
///
/// Both folders have new names: cargo unpacks a package of the same version only once for a folder,
/// and would build the next one against the old sources of the others. For cargo 1.95 that is the
/// folder of the builds. So the former one is renamed: the builds of other crates stay in it.
pub(crate) fn package(options: &[&str]) -> Result<Option<TempDir>> {
    let target = workspace::root().join("target");
    let packed = tempfile::tempdir_in(&target)?;
    let builds = target.join("package-builds");
    fs::create_dir_all(&builds)?;
    let build = builds.join(packed.path().file_name().context("a folder has a name")?);
    if let Some(former) = fs::read_dir(&builds)?.next() {
        fs::rename(former?.path(), &build)?;
    }
    let mut command = workspace::cargo_command();
    command.args(["package", "--locked", "--target-dir"]).arg(packed.path()).args(options);
    command.env("CARGO_BUILD_BUILD_DIR", build);
    for package in workspace::published_packages()? {
        command.args(["--package", &package.name]);
    }
    println!("==> cargo package, of each published package");
    let is_done = command.status().context("cannot run cargo package")?.success();
    Ok(is_done.then_some(packed))
}

pub(crate) fn run() -> Result<ExitCode> {
    tools::ensure_subcommand(sbom::TOOL)?;
    git::ensure_clean()?;
    if codegen::run(true)? != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    let Some(packed) = package(&[])? else { return Ok(ExitCode::FAILURE) };
    let root = workspace::root();
    let packages = workspace::published_packages()?;
    let folder = tempfile::tempdir_in(root.join("target"))?;
    for file in files(&packages, packed.path())? {
        let copy = folder.path().join(file.file_name().context("a file has a name")?);
        ensure!(!copy.exists(), "two files of the release are named {}", copy.display());
        fs::copy(&file, copy).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    sbom::write(&names, folder.path())?;
    checksums(folder.path())?;
    // Rename at the end: the folder is either complete or absent.
    let place = root.join(FOLDER);
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::rename(folder.path(), &place)?;
    for file in workspace::files_below(&place)? {
        println!("{}", file.strip_prefix(root).unwrap_or(&file).display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the paths of the packed packages, and of the contracts for other languages.
fn files(packages: &[Package], packed: &Path) -> Result<Vec<PathBuf>> {
    let root = workspace::root();
    let packed = packages.iter().map(|Package { name, version, .. }| {
        packed.join(format!("package/{name}-{version}.crate"))
    });
    let contracts = git::run(&["ls-files", "contracts"])?;
    let contracts = contracts.lines().map(|name| root.join(name));
    Ok(packed.chain(contracts).collect())
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
