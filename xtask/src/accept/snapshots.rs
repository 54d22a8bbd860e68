//! Finds the tests that have snapshots, and the snapshots that no test refers to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::git;
use crate::workspace::{self, Dependency, Package, Target};

/// Paths of macros and types that compare with a committed file, and can rewrite it.
const HOLDERS: [&str; 2] = ["insta::assert", "trycmd::TestCases"];

/// The package that is generated from the schema.
const GENERATED: &str = "spektr-types";

/// The tests whose snapshots may be stale.
pub(super) struct SnapshotSelection {
    /// Cargo's arguments that select the test targets.
    pub(super) targets: Vec<String>,
    /// Packages with snapshots that are not selected.
    pub(super) left_out: Vec<String>,
    /// Folders of the selected packages.
    folders: Vec<PathBuf>,
}

impl SnapshotSelection {
    /// Selects the packages that are built from the schema, the packages that changed since
    /// the last commit, and all packages that depend on either; with `all`, every package.
    pub(super) fn new(all: bool) -> Result<Self> {
        let packages = workspace::packages()?;
        let names = packages.iter().map(|package| package.name.as_str());
        let wanted: BTreeSet<&str> = match all {
            true => names.collect(),
            false => reached(&packages, &changed(&packages)?),
        };
        let mut arguments = BTreeSet::new();
        let mut selection = Self { targets: Vec::new(), left_out: Vec::new(), folders: Vec::new() };
        for package in &packages {
            let mut with_snapshots = BTreeSet::new();
            for target in &package.targets {
                let Target { kind, name, src_path } = target;
                let argument = match kind.first().map(String::as_str) {
                    Some("test") => ["--test", name],
                    Some("bin") => ["--bin", name],
                    // Cargo can select either all libraries or none.
                    Some("lib") => ["--lib", ""],
                    _ => continue,
                };
                if holds_snapshots(src_path, kind)? {
                    with_snapshots.insert(argument.map(str::to_owned));
                }
            }
            if wanted.contains(package.name.as_str()) {
                arguments.extend(with_snapshots);
                selection.folders.extend(package.manifest_path.parent().map(Into::into));
            } else if !with_snapshots.is_empty() {
                selection.left_out.push(package.name.clone());
            }
        }
        selection.targets =
            arguments.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        Ok(selection)
    }
}

/// Returns the names of packages in which a file differs from the last commit.
fn changed(packages: &[Package]) -> Result<BTreeSet<&str>> {
    let status = git::run(&["status", "--porcelain", "-z", "--no-renames"])?;
    let files: Vec<_> = status.split('\0').filter_map(|entry| entry.get(3..)).collect();
    let differs = |package: &&Package| {
        let folder = package.manifest_path.parent();
        files.iter().any(|file| folder.is_some_and(|f| workspace::root().join(file).starts_with(f)))
    };
    Ok(packages.iter().filter(differs).map(|package| package.name.as_str()).collect())
}

/// Returns the packages that are built from changed packages or from the schema.
fn reached<'p>(packages: &'p [Package], changed: &BTreeSet<&'p str>) -> BTreeSet<&'p str> {
    let mut found = changed.clone();
    found.insert(GENERATED);
    loop {
        let count = found.len();
        for package in packages {
            let is_built_from = |dependency: &Dependency| {
                dependency.kind.is_none() && found.contains(dependency.name.as_str())
            };
            if package.dependencies.iter().any(is_built_from) {
                found.insert(&package.name);
            }
        }
        if found.len() == count {
            return found;
        }
    }
}

/// Searches the sources of a target for snapshots. The modules of a test are in the folder
/// of its name; the modules of a binary or library are beside its root.
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

/// A list of the snapshots that a test run referred to.
pub(crate) struct SnapshotReferences {
    /// Keeps the folder of the list alive.
    _folder: tempfile::TempDir,
    list: String,
}

impl SnapshotReferences {
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
        self.orphans_in(&folders()?)
    }

    /// Returns the unreferenced snapshots of the selected packages, whose tests ran.
    pub(super) fn orphans_of(&self, selection: &SnapshotSelection) -> Result<Vec<PathBuf>> {
        self.orphans_in(&selection.folders)
    }

    fn orphans_in(&self, packages: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let list = fs::read_to_string(&self.list).context("no test wrote a list of snapshots")?;
        let used: BTreeSet<PathBuf> =
            list.lines().filter_map(|path| fs::canonicalize(path).ok()).collect();
        let mut orphans = Vec::new();
        for path in snapshots(packages, ".snap")? {
            if !used.contains(&fs::canonicalize(&path)?) {
                orphans.push(path);
            }
        }
        Ok(orphans)
    }
}

/// Removes the `.snap.new` files of earlier test runs: they belong to an earlier state of the code.
pub(super) fn remove_proposals() -> Result<()> {
    for path in snapshots(&folders()?, ".snap.new")? {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        println!("removed {}", path.strip_prefix(workspace::root()).unwrap_or(&path).display());
    }
    Ok(())
}

/// Lists the folders that may hold a package.
fn folders() -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(workspace::root())?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

/// Lists the files of packages whose name has the given ending.
fn snapshots(packages: &[PathBuf], end: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for package in packages {
        for sources in ["src", "tests"].map(|name| package.join(name)) {
            let files = workspace::files_below(&sources)?;
            found.extend(files.into_iter().filter(|file| file.to_string_lossy().ends_with(end)));
        }
    }
    found.sort();
    Ok(found)
}
