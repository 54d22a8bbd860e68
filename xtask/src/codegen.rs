//! `cargo xtask codegen`: writes the generated files, or checks them.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

pub(crate) fn run(check: bool) -> Result<ExitCode> {
    let root = workspace::root();
    let schema = root.join("schema");
    let set = workspace::schema_set(&schema)?;
    let problems = |found| workspace::problems(&schema, &found);
    let mut files = spektr_codegen::generate(&set).map_err(problems)?;
    let examples = workspace::example_files(&schema)?;
    let scenarios = workspace::scenario_files(&schema)?;
    files.extend(spektr_codegen::reference(&set, examples.clone(), scenarios).map_err(problems)?);
    files.extend(spektr_codegen::contracts(&set, examples).map_err(problems)?);
    let changes = compare(root, &files)?;
    if check { report(&changes) } else { write(root, &files, &changes) }
}

/// Differences between the generated files and their folders.
#[derive(Default)]
struct GeneratedChanges {
    missing: Vec<PathBuf>,
    changed: Vec<PathBuf>,
    orphaned: Vec<PathBuf>,
    kept: usize,
}

fn compare(root: &Path, files: &BTreeMap<PathBuf, String>) -> Result<GeneratedChanges> {
    let mut changes = GeneratedChanges::default();
    for (path, text) in files {
        match fs::read(root.join(path)) {
            Ok(found) if found == text.as_bytes() => changes.kept += 1,
            Ok(_) => changes.changed.push(path.clone()),
            Err(error) if error.kind() == ErrorKind::NotFound => changes.missing.push(path.clone()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
    }
    for folder in spektr_codegen::FOLDERS {
        for path in workspace::files_below(&root.join(folder))? {
            let path = path.strip_prefix(root)?.to_owned();
            if !files.contains_key(&path) {
                changes.orphaned.push(path);
            }
        }
    }
    Ok(changes)
}

fn report(changes: &GeneratedChanges) -> Result<ExitCode> {
    let lists = [
        ("stale", &changes.changed),
        ("missing", &changes.missing),
        ("orphaned", &changes.orphaned),
    ];
    for (word, paths) in lists {
        for path in paths {
            eprintln!("{word}: {}", path.display());
        }
    }
    if lists.iter().all(|(_, paths)| paths.is_empty()) {
        println!("{} generated files are up to date", changes.kept);
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "generated files differ from schema/: run `cargo xtask codegen` and commit the result"
    );
    Ok(ExitCode::FAILURE)
}

fn write(
    root: &Path,
    files: &BTreeMap<PathBuf, String>,
    changes: &GeneratedChanges,
) -> Result<ExitCode> {
    for path in changes.missing.iter().chain(&changes.changed) {
        workspace::write(&root.join(path), &files[path])?;
        println!("wrote {}", path.display());
    }
    for path in &changes.orphaned {
        fs::remove_file(root.join(path))?;
        println!("removed {}", path.display());
    }
    println!(
        "{} written, {} kept, {} removed",
        changes.missing.len() + changes.changed.len(),
        changes.kept,
        changes.orphaned.len()
    );
    Ok(ExitCode::SUCCESS)
}
