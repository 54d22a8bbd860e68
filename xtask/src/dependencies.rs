//! `cargo xtask dependencies`: checks licences, advisories, the oldest versions of dependencies,
//! and whether public interfaces stayed compatible. Its tools need a network, so it is not part of
//! the gate.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::workspace::{self, Package};
use crate::{git, tools};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Compare the public interfaces with those at this commit, and fail if code that compiled then
    /// would not compile now
    #[arg(long, value_name = "COMMIT")]
    since: String,
}

/// Lets a stable cargo accept unstable options.
const UNSTABLE: (&str, &str) = ("RUSTC_BOOTSTRAP", "1");

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    for tool in ["cargo-deny", "cargo-semver-checks"] {
        tools::ensure_subcommand(tool)?;
    }
    git::ensure_clean()?;
    let packages = workspace::published_packages()?;
    let results =
        [allowed()?, oldest_versions(&packages)?, compatible(&packages, &arguments.since)?];
    Ok(if results == [true; 3] { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks licences, advisories, and who may depend on a crate, by `deny.toml`.
fn allowed() -> Result<bool> {
    println!("==> cargo deny");
    succeeds(workspace::cargo_command().args(["deny", "--all-features", "check"]))
}

/// Checks the published packages with the oldest version of each direct dependency that their
/// manifests allow.
fn oldest_versions(packages: &[Package]) -> Result<bool> {
    println!("==> the oldest versions of direct dependencies");
    let copy = git::copy()?;
    narrow(copy.path(), packages)?;
    let mut update = workspace::cargo_command();
    update.args(["update", "--quiet", "-Z", "direct-minimal-versions"]);
    // Only `update` gets the variable: in `check`, build scripts would detect unstable features of
    // the compiler.
    update.env(UNSTABLE.0, UNSTABLE.1).current_dir(copy.path());
    let mut check = workspace::cargo_command();
    check.args(["check", "--locked", "--workspace", "--all-features", "--target-dir"]);
    check.arg(workspace::root().join("target/oldest")).current_dir(copy.path());
    Ok(succeeds(&mut update)? && succeeds(&mut check)?)
}

/// Removes from a workspace what users do not get: unpublished packages and dev-dependencies.
fn narrow(root: &Path, packages: &[Package]) -> Result<()> {
    let edit = |path: &Path, edit: &dyn Fn(&str) -> Option<String>| -> Result<()> {
        let text = fs::read_to_string(path)?;
        let edited = edit(&text).with_context(|| {
            let path = path.display();
            format!(
                "{path}: `narrow` in xtask/src/dependencies.rs does not know the form of this file; adapt the function"
            )
        })?;
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
            let Some((before, rest)) = text.split_once("\n[dev-dependencies]\n") else {
                return (!text.contains("dev-dependencies]")).then(|| text.to_owned());
            };
            let behind = rest.find("\n[").map_or("", |at| &rest[at..]);
            (!behind.contains("dev-dependencies]")).then(|| format!("{before}\n{behind}"))
        })?;
    }
    Ok(())
}

/// Compares the libraries' public interfaces with those at a commit.
fn compatible(packages: &[Package], since: &str) -> Result<bool> {
    println!("==> cargo semver-checks, since {since}");
    let mut check = workspace::cargo_command();
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
    succeeds(&mut check)
}

fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(command.status().context("cannot run cargo")?.success())
}
