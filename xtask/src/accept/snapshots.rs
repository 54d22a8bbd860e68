//! Which tests hold snapshots, and which snapshots no test refers to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::workspace;

/// Paths of macros and types that compare with a committed file, and can write it.
const HOLDERS: [&str; 2] = ["insta::assert", "trycmd::TestCases"];

/// Returns cargo's arguments that select every test target with a snapshot.
pub(super) fn targets() -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        targets: Vec<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        kind: Vec<String>,
        name: String,
        src_path: PathBuf,
    }

    let output = Command::new(workspace::cargo())
        .current_dir(workspace::root())
        .args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"])
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let mut arguments = BTreeSet::new();
    for target in metadata.packages.into_iter().flat_map(|package| package.targets) {
        let Target { kind, name, src_path } = target;
        let argument = match kind.first().map(String::as_str) {
            Some("test") => ["--test".to_owned(), name],
            Some("bin") => ["--bin".to_owned(), name],
            // Cargo selects all libraries or none.
            Some("lib") => ["--lib".to_owned(), String::new()],
            _ => continue,
        };
        if holds_snapshots(&src_path, &kind)? {
            arguments.insert(argument);
        }
    }
    Ok(arguments.into_iter().flatten().filter(|part| !part.is_empty()).collect())
}

/// Looks through the sources of a target: the modules of a test are in the folder
/// of its name, those of a binary or a library are beside its root.
fn holds_snapshots(root: &Path, kind: &[String]) -> Result<bool> {
    let is_test = kind.iter().any(|kind| kind == "test");
    let modules =
        if is_test { Some(root.with_extension("")) } else { root.parent().map(Into::into) };
    let mut files = modules.map_or(Ok(Vec::new()), |folder| workspace::files_below(&folder))?;
    files.push(root.to_owned());
    for file in files.iter().filter(|file| file.extension().is_some_and(|rs| rs == "rs")) {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        if HOLDERS.iter().any(|holder| text.contains(holder)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The list of snapshots that a run of the tests referred to.
pub(crate) struct References {
    /// Keeps the folder of the list.
    _folder: tempfile::TempDir,
    list: String,
}

impl References {
    /// The variable that makes insta write the list.
    pub(crate) const VARIABLE: &str = "INSTA_SNAPSHOT_REFERENCES_FILE";

    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let list = folder.path().join("snapshots").to_string_lossy().into_owned();
        Ok(Self { _folder: folder, list })
    }

    /// Returns the path of the list.
    pub(crate) fn list(&self) -> &str {
        &self.list
    }

    /// Returns the snapshots of the workspace that no test referred to. All tests
    /// with snapshots must have run.
    ///
    /// # Errors
    ///
    /// If no snapshot was referred to at all: then the tests did not write the list.
    pub(crate) fn orphans(&self) -> Result<Vec<PathBuf>> {
        let list = fs::read_to_string(&self.list).context("no test wrote a list of snapshots")?;
        let used: BTreeSet<PathBuf> =
            list.lines().filter_map(|path| fs::canonicalize(path).ok()).collect();
        let mut orphans = Vec::new();
        for path in snapshots()? {
            if !used.contains(&fs::canonicalize(&path)?) {
                orphans.push(path);
            }
        }
        Ok(orphans)
    }
}

/// Lists the snapshots of the workspace's packages.
fn snapshots() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(workspace::root())? {
        let package = entry?.path();
        for sources in ["src", "tests"].map(|name| package.join(name)) {
            let files = workspace::files_below(&sources)?;
            found.extend(
                files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "snap")),
            );
        }
    }
    found.sort();
    Ok(found)
}
