//! `cargo xtask dependencies`: whether what the crates say of their dependencies, and of their own
//! interfaces, is true. What it runs besides cargo asks for a network and is not part of the gate.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::published::{self, Package};
use crate::{git, workspace};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Compare the public interfaces with those of this commit, as the next minor version of it
    #[arg(long, value_name = "COMMIT")]
    since: String,
}

/// Lets the stable compiler's cargo take options that are not stable.
const UNSTABLE: (&str, &str) = ("RUSTC_BOOTSTRAP", "1");

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let packages = published::packages()?;
    let results =
        [allowed()?, oldest_versions(&packages)?, compatible(&packages, &arguments.since)?];
    Ok(if results == [true; 3] { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Licences, known faults, and who may depend on what, as `deny.toml` has it.
fn allowed() -> Result<bool> {
    println!("==> cargo deny");
    let mut deny = Command::new(workspace::cargo());
    deny.args(["deny", "--all-features", "check"]).current_dir(workspace::root());
    succeeds(&mut deny, "cargo-deny")
}

/// Builds the published packages with the oldest version of each direct dependency that their
/// manifests allow.
fn oldest_versions(packages: &[Package]) -> Result<bool> {
    println!("==> the oldest versions of direct dependencies");
    let copy = tempfile::tempdir()?;
    let path = copy.path().to_str().context("the temporary folder is not UTF-8")?;
    git::run(&["clone", "--quiet", ".", path])?;
    narrow(copy.path(), packages)?;
    let mut update = Command::new(workspace::cargo());
    update.args(["update", "--quiet", "-Z", "direct-minimal-versions"]);
    let mut check = Command::new(workspace::cargo());
    check.args(["check", "--locked", "--workspace", "--all-features", "--target-dir"]);
    check.arg(workspace::root().join("target/oldest"));
    for command in [&mut update, &mut check] {
        let status = command.env(UNSTABLE.0, UNSTABLE.1).current_dir(copy.path()).status()?;
        if !status.success() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes out of a workspace what users do not get: other packages, and what tests depend on.
fn narrow(root: &Path, packages: &[Package]) -> Result<()> {
    let edit = |path: &Path, edit: &dyn Fn(&str) -> Option<String>| -> Result<()> {
        let text = fs::read_to_string(path)?;
        let edited =
            edit(&text).with_context(|| format!("{}: other than known", path.display()))?;
        Ok(fs::write(path, edited)?)
    };
    let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    edit(&root.join("Cargo.toml"), &|text| {
        let (before, rest) = text.split_once("members = [")?;
        let (_, behind) = rest.split_once(']')?;
        Some(format!("{before}members = {names:?}{behind}"))
    })?;
    for name in names {
        edit(&root.join(name).join("Cargo.toml"), &|text| {
            let Some((before, rest)) = text.split_once("[dev-dependencies]\n") else {
                return Some(text.to_owned());
            };
            let behind = rest.find("\n[").map_or("", |at| &rest[at..]);
            Some(format!("{before}{behind}"))
        })?;
    }
    Ok(())
}

/// Compares the interfaces of the libraries with those of a commit.
fn compatible(packages: &[Package], since: &str) -> Result<bool> {
    println!("==> cargo semver-checks, since {since}");
    let mut check = Command::new(workspace::cargo());
    check.args([
        "semver-checks",
        "--all-features",
        "--release-type",
        "minor",
        "--baseline-rev",
        since,
    ]);
    for package in packages.iter().filter(|package| package.is_library()) {
        check.args(["--package", &package.name]);
    }
    succeeds(check.current_dir(workspace::root()), "cargo-semver-checks")
}

/// Runs a tool that cargo does not bring along.
fn succeeds(command: &mut Command, tool: &str) -> Result<bool> {
    let installed = Command::new(tool).arg("--version").output().is_ok();
    ensure!(installed, "there is no {tool}: `cargo install --locked {tool}` installs it");
    Ok(command.status().with_context(|| format!("cannot run {tool}"))?.success())
}
