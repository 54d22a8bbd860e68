//! Where things are in this workspace, and reading the schema folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use spektr_codegen::{Problems, SchemaSet};

/// Returns the workspace's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Reads the schema files below a schema folder, as paths in it and texts.
pub(crate) fn schema_files(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for part in ["common", "events"] {
        for path in files_below(&folder.join(part))? {
            let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            files.push((name, text));
        }
    }
    Ok(files)
}

/// Reads and checks the schema files of a folder; all problems are in the error.
pub(crate) fn schema_set(folder: &Path) -> Result<SchemaSet> {
    SchemaSet::parse(schema_files(folder)?).map_err(problems)
}

/// Makes one error of all problems of the schema files.
pub(crate) fn problems(problems: Problems) -> anyhow::Error {
    let count = problems.iter().count();
    anyhow::anyhow!("{problems}\n{count} problem(s) in schema/, nothing was written")
}

/// Lists the files below a folder, sorted; none if there is no such folder.
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
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}
