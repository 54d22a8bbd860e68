//! `cargo xtask schema`: starts a new event, and reports the effect of a change.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use spektr_codegen::diff::Impact;
use spektr_codegen::{SchemaSet, scaffold};

pub(crate) use self::report::SchemaReport;
use crate::{git, workspace};

mod report;

#[derive(clap::Subcommand)]
pub(crate) enum SchemaCommand {
    /// Write the schema file and the examples of a new event, to be completed by hand
    New {
        /// Documented name, for example ALERT_RESOLVED
        name: String,
    },
    /// List the changes of schema/ since a git revision, with their effect on users
    ///
    /// Exits with 0 if nothing fails, with 1 if a change reaches the impact of --fail-on
    /// or a review is pending, and with 2 if the schemas cannot be read or compared.
    Diff {
        /// The revision to compare with
        #[arg(default_value = "HEAD")]
        revision: String,
        /// Form of the result; Markdown is for the changelog
        #[arg(long, value_enum, default_value_t)]
        format: SchemaDiffFormat,
        /// Exit with 1 if a change has at least this impact
        #[arg(long, value_enum, value_name = "IMPACT")]
        fail_on: Option<FailOn>,
    },
}

/// The output format.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(crate) enum SchemaDiffFormat {
    #[default]
    Text,
    Json,
    Markdown,
}

/// The smallest impact that fails.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum FailOn {
    /// Any change that is not only in texts
    Additive,
    /// A change that can make an entry malformed
    Stricter,
    /// A change that breaks code or data
    Breaking,
}

impl FailOn {
    fn impact(self) -> Impact {
        match self {
            Self::Additive => Impact::Additive,
            Self::Stricter => Impact::Stricter,
            Self::Breaking => Impact::Breaking,
        }
    }
}

/// The exit code of a comparison that failed, which must differ from "no change"
/// and "a change".
const NOT_COMPARED: u8 = 2;

pub(crate) fn run(command: SchemaCommand) -> Result<ExitCode> {
    match command {
        SchemaCommand::New { name } => new(&workspace::root().join("schema"), &name)?,
        SchemaCommand::Diff { revision, format, fail_on } => {
            return Ok(compare(&revision, format, fail_on).unwrap_or_else(|error| {
                eprintln!("error: {error:#}");
                ExitCode::from(NOT_COMPARED)
            }));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn new(folder: &Path, name: &str) -> Result<()> {
    let files = scaffold::event(name, &workspace::today())?;
    for path in files.keys() {
        let path = folder.join(path);
        ensure!(!path.exists(), "{} already exists; nothing was written", path.display());
    }
    // Checks the new schema before any file is written. Problems of other files are not
    // reported here.
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
        workspace::write(&folder.join(path), text)?;
        println!("wrote schema/{path}");
    }
    println!(
        "describe the event in place of \"{}\", and set the decisions to `accepted` \
         once you agree; then run `cargo xtask accept` (schema/README.md has the recipes)",
        scaffold::PLACEHOLDER
    );
    Ok(())
}

fn compare(revision: &str, format: SchemaDiffFormat, fail_on: Option<FailOn>) -> Result<ExitCode> {
    let report = report(revision)?;
    print!(
        "{}",
        match format {
            SchemaDiffFormat::Text => report.text(),
            SchemaDiffFormat::Json => report.json()?,
            SchemaDiffFormat::Markdown => report.markdown(),
        }
    );
    let fails = fail_on.is_some_and(|least| report.impact() >= Some(least.impact()));
    Ok(if fails || report.needs_review() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Compares `schema/` with its state at a git revision.
pub(crate) fn report(revision: &str) -> Result<SchemaReport> {
    report_since(&set_at(revision)?, revision)
}

/// Reads and checks the schema files at a git revision.
pub(crate) fn set_at(revision: &str) -> Result<SchemaSet> {
    SchemaSet::parse(files_at(revision)?).map_err(|problems| {
        anyhow::anyhow!(
            "schema/ at {revision} does not match this generator's dialect:\n{problems}"
        )
    })
}

fn report_since(old: &SchemaSet, revision: &str) -> Result<SchemaReport> {
    let new = workspace::schema_set(&workspace::root().join("schema"))?;
    Ok(SchemaReport::new(old, &new, revision, env!("CARGO_PKG_VERSION"), &workspace::today()))
}

/// Tells whether a person has replaced every placeholder of a scaffold.
pub(crate) fn is_complete() -> Result<bool> {
    let open = placeholders(&workspace::schema_files(&workspace::root().join("schema"))?);
    for place in &open {
        eprintln!("schema/{place}: write the text in place of \"{}\"", scaffold::PLACEHOLDER);
    }
    Ok(open.is_empty())
}

/// Lists the lines that contain a placeholder, as `file:line`.
fn placeholders(files: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut places = Vec::new();
    for (file, bytes) in files {
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().enumerate();
        let open = lines.filter(|(_, line)| line.contains(scaffold::PLACEHOLDER));
        places.extend(open.map(|(index, _)| format!("{file}:{}", index + 1)));
    }
    places
}

/// Tells whether the last change of the schema has no pending review. The last change is the
/// uncommitted one, or else the last commit.
pub(crate) fn is_reviewed() -> Result<bool> {
    let uncommitted = git::run(&["status", "--porcelain", "--", "schema/common", "schema/events"])?;
    let revision = if uncommitted.is_empty() { "HEAD^1" } else { "HEAD" };
    let old = match files_at(revision) {
        Ok(files) => SchemaSet::parse(files).map_err(|problems| problems.to_string()),
        Err(error) => Err(format!("{error:#}")),
    };
    let report = match old {
        Ok(old) => report_since(&old, revision)?,
        // Reasons: a first commit, a shallow clone, or a change of the dialect.
        Err(why) => {
            println!("not compared with {revision}: {why}");
            return Ok(true);
        }
    };
    if report.needs_review() {
        eprint!("{}", report.verdict());
    }
    Ok(!report.needs_review())
}

/// Reads the schema files at a git revision.
fn files_at(revision: &str) -> Result<Vec<(String, String)>> {
    let list = git::run(&[
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
        let name = path.strip_prefix("schema/");
        let name = name.with_context(|| format!("git lists {path}, which is not in schema/"))?;
        // `./` makes the path relative to this folder, which need not be the repository's root.
        let text = git::run(&["show", &format!("{revision}:./{path}")])?;
        files.push((name.to_owned(), text));
    }
    ensure!(!files.is_empty(), "there are no schema files at {revision}");
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use spektr_tests::fixtures::Files;

    use super::*;

    #[test]
    fn what_a_scaffold_leaves_to_a_person_is_named_until_it_is_written() {
        let files = scaffold::event("LAMP_LIT", "2026-11-23").expect("the name is one");
        let schemas: Vec<_> = files
            .into_iter()
            .filter(|(path, _)| path.starts_with("events/"))
            .map(|(path, text)| (path, text.into_bytes()))
            .collect();
        assert_eq!(placeholders(&schemas), ["events/lamp_lit.schema.json:5"]);
        let mut written = schemas.clone();
        let text = String::from_utf8_lossy(&schemas[0].1).replace(
            "The event LAMP_LIT; say here what has happened when it arrives.",
            "A lamp is lit.",
        );
        written[0].1 = text.into_bytes();
        assert_eq!(placeholders(&written), [""; 0]);
    }

    #[test]
    fn an_event_that_would_be_refused_is_not_started() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let schema = folder.path();
        for (path, text) in Files::base().list() {
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
