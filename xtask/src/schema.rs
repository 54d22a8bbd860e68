//! `cargo xtask schema`: start a new event, and see what a change means.

use std::fs;
use std::path::Path;
use std::process::{Command as Process, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use spektr_codegen::diff::{Impact, bump, diff};
use spektr_codegen::{SchemaSet, scaffold};

use crate::workspace;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Write the schema file and the examples of a new event, to be completed by hand
    New {
        /// Documented name, as ALERT_RESOLVED
        name: String,
    },
    /// Say what changed in schema/ since a git revision, and what it means for users
    Diff {
        /// The revision to compare with
        #[arg(default_value = "HEAD")]
        revision: String,
    },
}

pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::New { name } => new(&workspace::root().join("schema"), &name)?,
        Command::Diff { revision } => compare(&revision)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn new(folder: &Path, name: &str) -> Result<()> {
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let files = scaffold::event(name, &today)?;
    for path in files.keys() {
        let path = folder.join(path);
        ensure!(!path.exists(), "{} is there already, nothing was written", path.display());
    }
    // Better now than after the examples are written: what the new schema itself
    // would be refused for. Problems of other files are for another day.
    let schemas = files.iter().filter(|(path, _)| path.starts_with("events/"));
    let schemas = schemas.map(|(path, text)| (path.clone(), text.clone().into_bytes()));
    let all = workspace::schema_files(folder)?.into_iter().chain(schemas);
    if let Err(problems) = SchemaSet::parse(all) {
        let own = problems.iter().find(|problem| files.contains_key(&problem.file));
        if let Some(problem) = own {
            bail!("{name} cannot be an event: {problem}");
        }
    }
    for (path, text) in &files {
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))?;
        println!("wrote schema/{path}");
    }
    println!(
        "complete the schema and its decisions, then run `cargo xtask codegen` and `cargo xtask check`"
    );
    Ok(())
}

fn compare(revision: &str) -> Result<()> {
    let old = SchemaSet::parse(files_at(revision)?).map_err(|problems| {
        anyhow::anyhow!(
            "schema/ at {revision} is not in the dialect of this generator:\n{problems}"
        )
    })?;
    let new = workspace::schema_set(&workspace::root().join("schema"))?;
    let changes = diff(&old, &new);
    for change in &changes {
        println!("{change}");
    }
    let Some(impact) = changes.iter().map(|change| change.impact).max() else {
        println!("no change since {revision} that users of the types could see");
        return Ok(());
    };
    let count = |impact| changes.iter().filter(|change| change.impact == impact).count();
    let version = env!("CARGO_PKG_VERSION");
    println!(
        "{} breaking, {} additive, {} documentation only since {revision}: after {version} release {}",
        count(Impact::Breaking),
        count(Impact::Additive),
        count(Impact::Documentation),
        bump(version, impact).unwrap_or_else(|| "a new version".into()),
    );
    Ok(())
}

/// Reads the schema files as they were at a git revision.
fn files_at(revision: &str) -> Result<Vec<(String, String)>> {
    let list = git(&[
        "ls-tree",
        "-r",
        "--name-only",
        "-z",
        revision,
        "--",
        "schema/common",
        "schema/events",
    ])?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        let name = path.strip_prefix("schema/").unwrap_or(path).to_owned();
        files.push((name, git(&["show", &format!("{revision}:{path}")])?));
    }
    ensure!(!files.is_empty(), "there are no schema files at {revision}");
    Ok(files)
}

fn git(arguments: &[&str]) -> Result<String> {
    let output = Process::new("git")
        .arg("-C")
        .arg(workspace::root())
        .args(arguments)
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_would_be_refused_is_not_started() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let schema = folder.path();
        for (path, text) in workspace::schema_files(&workspace::root().join("schema"))
            .expect("the schema files can be read")
        {
            let target = schema.join(path);
            fs::create_dir_all(target.parent().expect("a folder")).expect("can write");
            fs::write(target, text).expect("can write");
        }
        let error = new(schema, "EVENT").expect_err("`Event` is the enum of all events");
        assert!(
            error.to_string().starts_with("EVENT cannot be an event: events/event.schema.json")
        );
        assert!(!schema.join("events/event.schema.json").exists());
        assert!(!schema.join("examples").exists());

        new(schema, "CASE_OPENED").expect("nothing is in the way");
        assert!(schema.join("events/case_opened.schema.json").exists());
        let error = new(schema, "CASE_OPENED").expect_err("it is there already");
        assert!(error.to_string().contains("nothing was written"), "{error}");
    }
}
