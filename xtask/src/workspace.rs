//! The workspace: its root, its packages, cargo in it, its schema folder and its files.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use spektr_codegen::{Problems, SchemaSet};

/// Returns the root of the workspace in which the command was given: the nearest
/// folder, from the current one upwards, that has a schema folder beside a manifest.
/// If there is none, returns the workspace of the package that cargo runs. That can differ from
/// the workspace in which this program was built: two checkouts may share a target folder.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let is_root = |folder: &&Path| {
            folder.join("Cargo.toml").is_file() && folder.join("schema/common").is_dir()
        };
        let here = std::env::current_dir().unwrap_or_default();
        let run = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
        let found = here.ancestors().chain(run.ancestors()).find(is_root);
        // If neither exists, the current folder makes later reads fail with a clear error.
        found.unwrap_or(&here).to_owned()
    })
}

/// Returns the cargo that runs this program.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

/// Returns a cargo command in the root of the workspace.
pub(crate) fn cargo_command() -> Command {
    let mut command = Command::new(cargo());
    command.current_dir(root());
    command
}

/// A package of the workspace, as `cargo metadata` describes it.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
    /// The registries that may hold the package: any if absent, none if the list is empty.
    publish: Option<Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal dependency.
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
    pub(crate) name: String,
    pub(crate) src_path: PathBuf,
}

impl Package {
    pub(crate) fn is_library(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "lib"))
    }
}

/// Returns the packages of the workspace that are published.
pub(crate) fn published_packages() -> Result<Vec<Package>> {
    let mut packages = packages()?;
    packages.retain(|package| package.publish.as_ref().is_none_or(|places| !places.is_empty()));
    Ok(packages)
}

/// Returns the packages of the workspace.
pub(crate) fn packages() -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let output = cargo_command()
        .args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"])
        .output()
        .context("cannot run cargo metadata")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata: {}", said.trim_end());
    Ok(serde_json::from_slice::<Metadata>(&output.stdout)?.packages)
}

/// Reads the schema files below a schema folder, as pairs of a relative path and the
/// content: all files of `common/` and `events/`, and any JSON file that is misplaced
/// elsewhere.
pub(crate) fn schema_files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    read(folder, |name| {
        let is_json = Path::new(name).extension().is_some_and(|extension| extension == "json");
        let is_schema = name.starts_with("common/") || name.starts_with("events/");
        let is_other = ["examples/", "scenarios/"].iter().any(|other| name.starts_with(other));
        is_schema || (is_json && !is_other)
    })
}

/// Reads the examples below a schema folder, as pairs of a relative path and the content.
pub(crate) fn example_files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    read(folder, |name| name.starts_with("examples/"))
}

/// Reads the scenarios below a schema folder, as pairs of a relative path and the content.
pub(crate) fn scenario_files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    read(folder, |name| name.starts_with("scenarios/"))
}

/// Reads the files whose path is wanted. The error names all files that cannot be read.
fn read(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut unreadable = Vec::new();
    for path in files_below(folder)? {
        let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
        if !wanted(&name) {
            continue;
        }
        match fs::read(&path) {
            Ok(bytes) => files.push((name, bytes)),
            Err(error) => unreadable.push(format!("cannot read {}: {error}", shown(&path))),
        }
    }
    anyhow::ensure!(unreadable.is_empty(), unreadable.join("\n"));
    Ok(files)
}

/// Reads and checks the schema files of a folder. The error holds all problems.
pub(crate) fn schema_set(folder: &Path) -> Result<SchemaSet> {
    SchemaSet::parse(schema_files(folder)?).map_err(|found| problems(folder, &found))
}

/// Makes one error of all problems of the schema files, with paths relative to the current folder.
///
pub(crate) fn problems(folder: &Path, problems: &Problems) -> anyhow::Error {
    let count = problems.iter().count();
    let folder = shown(folder);
    let list: Vec<_> = problems.iter().map(|problem| format!("{folder}/{problem}")).collect();
    anyhow::anyhow!("{}\n{count} problem(s) in {folder}/, nothing was written", list.join("\n"))
}

/// Writes a file, and makes its folder if there is none.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Returns the current date, such as 2026-11-23.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// Returns a path relative to the current folder, if it is below it.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// Lists the files below a folder, sorted; empty if there is no such folder.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("cannot read the folder {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            // Links to folders are not followed: one may lead back to its own parent.
            let is_folder = entry.file_type()?.is_dir();
            if is_folder { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("can create");
            fs::write(path, bytes).expect("can write");
        }
        folder
    }

    #[test]
    fn every_problem_of_a_folder_is_named_with_a_path_that_opens() {
        let folder = folder(&[
            ("README.md", b"not looked at"),
            ("event/lamp_lit.schema.json", b"{}"),
            ("events/lamp_lit.schema.json", b"\xff"),
            ("examples/lamp_lit/full.json", b"not looked at"),
        ]);
        let error = schema_set(folder.path()).expect_err("nothing is in order").to_string();
        let at = folder.path().display();
        for line in [
            format!("{at}/common/batch.schema.json#: the file of the batch is missing"),
            format!(
                "{at}/common/event_type_envelope.schema.json#: the file of the eventType envelope is missing"
            ),
            format!(
                "{at}/common/type_envelope.schema.json#: the file of the type envelope is missing"
            ),
            format!("{at}/event/lamp_lit.schema.json#: no schema file belongs at this path"),
            format!(
                "{at}/events/lamp_lit.schema.json#: not valid JSON: expected value at line 1 column 1"
            ),
            format!("5 problem(s) in {at}/, nothing was written"),
        ] {
            assert!(error.lines().any(|found| found == line), "{line}\n\n{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_nowhere_or_back_are_named_and_not_followed() {
        let folder = folder(&[("events/lamp_lit.schema.json", b"{}")]);
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, folder.path().join("events").join(name))
                .expect("a link");
        };
        link("../events", "again");
        link("nothing", "gone.schema.json");
        let error = schema_files(folder.path()).expect_err("neither is a file").to_string();
        let found: Vec<_> = error.lines().collect();
        let at = folder.path().display();
        assert_eq!(found.len(), 2, "{error}");
        assert!(found[0].starts_with(&format!("cannot read {at}/events/again: ")), "{error}");
        assert!(
            found[1].starts_with(&format!("cannot read {at}/events/gone.schema.json: ")),
            "{error}"
        );
    }
}
