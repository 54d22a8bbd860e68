//! `cargo xtask docs`: compares a documentation page with `schema/` and reports the drift.
//!
//! `spektr-doc-reader` reads the facts of a page. [`compare`] compares them with `schema/`, and
//! [`scaffold`] plans schema files for new events. Both are pure functions; this file reads, writes
//! and prints.

mod compare;
mod drift;
mod known;
mod members;
mod pairs;
mod payload;
mod readings;
mod record;
mod scaffold;
mod scope;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use spektr_codegen::SchemaSet;
use spektr_doc_reader::Page;

use scope::Scope;

use crate::workspace;

/// Commands for a saved documentation page.
///
/// A page is Markdown with tables, HTML as a browser saves it, or copied text.
#[derive(clap::Subcommand)]
pub(crate) enum DocsCommand {
    /// Print the facts of a saved page as JSON
    Facts {
        /// The saved page
        page: PathBuf,
    },
    /// Compare a saved page with schema/: exit 0 if everything was compared and agrees, 1 if not, 2 if the page cannot be read
    Diff {
        /// The saved page, whole: Markdown, HTML, or copied text; or a part of it with `--only`
        page: PathBuf,
        /// Compare only the table of events (`table`) or one event (its name)
        #[arg(long, value_name = "table|EVENT_NAME")]
        only: Option<String>,
        /// The output format
        #[arg(long, value_enum, default_value_t)]
        format: DriftFormat,
        /// The schema folder, instead of the workspace's
        #[arg(long, value_name = "FOLDER")]
        schema: Option<PathBuf>,
    },
    /// Record a page as read: writes digests of its text into the schema files
    Read {
        /// The saved page, whole: Markdown, HTML, or copied text; or a part of it with `--only`
        page: PathBuf,
        /// The version of the documentation, as `v2.0`
        #[arg(long, value_name = "NAME")]
        version: String,
        /// Record only the table of events (`table`) or one event (its name)
        #[arg(long, value_name = "table|EVENT_NAME")]
        only: Option<String>,
        /// The schema folder, instead of the workspace's
        #[arg(long, value_name = "FOLDER")]
        schema: Option<PathBuf>,
    },
    /// Fetch the pages of a list and compare them with schema/: exit 0 if all agree, 1 if not, 2 if a page cannot be fetched or read
    Watch {
        /// A file with one address per line, optionally followed by `table` or an event's name to compare only that part
        list: PathBuf,
        /// The folder for pages and reports, outside the repository, because the pages belong to
        /// the vendor
        #[arg(long, value_name = "FOLDER")]
        folder: PathBuf,
        /// The schema folder, instead of the workspace's
        #[arg(long, value_name = "FOLDER")]
        schema: Option<PathBuf>,
    },
    /// Write schema files for the page's new events and update changed statuses; keeps other text of existing files, except with `--event`
    Scaffold {
        /// The saved page
        page: PathBuf,
        /// Only this event; types its payload if the schema still keeps it raw
        #[arg(long, value_name = "EVENT_NAME")]
        event: Option<String>,
        /// The schema folder, instead of the workspace's
        #[arg(long, value_name = "FOLDER")]
        schema: Option<PathBuf>,
    },
}

/// The form of a drift report.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(crate) enum DriftFormat {
    /// Sentences for people
    #[default]
    Text,
    /// The stable JSON form for programs
    Json,
}

/// The exit code of every failure, such as an unreadable page. A caller must not read a failure as
/// "no drift" or as "drift".
const UNREADABLE: u8 = 2;

pub(crate) fn run(command: DocsCommand) -> ExitCode {
    let result = match command {
        DocsCommand::Facts { page } => facts(&page),
        DocsCommand::Diff { page, only, format, schema } => {
            diff(&page, &scope(only), format, &folder(schema))
        }
        DocsCommand::Read { page, version, only, schema } => {
            record(&page, &scope(only), &version, &folder(schema))
        }
        DocsCommand::Watch { list, folder: state, schema } => {
            watch::run(&list, &state, &folder(schema))
        }
        DocsCommand::Scaffold { page, event, schema } => {
            start(&page, event.as_deref(), &folder(schema))
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(UNREADABLE)
    })
}

fn folder(schema: Option<PathBuf>) -> PathBuf {
    schema.unwrap_or_else(|| workspace::root().join("schema"))
}

fn scope(only: Option<String>) -> Scope {
    only.map_or(Scope::Page, |only| Scope::only(&only))
}

fn facts(page: &Path) -> Result<ExitCode> {
    let page = spektr_doc_reader::read(&bytes(page)?).with_context(|| cannot_read(page))?;
    print(&(serde_json::to_string_pretty(&page)? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn diff(path: &Path, scope: &Scope, format: DriftFormat, schema: &Path) -> Result<ExitCode> {
    let set = workspace::schema_set(schema)?;
    let page = read(path, scope, &set)?;
    let report = compare::compare(&page, &set, scope);
    print(&match format {
        DriftFormat::Text => report.text(),
        DriftFormat::Json => report.json(&path.display().to_string())? + "\n",
    })?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn record(path: &Path, scope: &Scope, version: &str, schema: &Path) -> Result<ExitCode> {
    let set = workspace::schema_set(schema)?;
    let page = read(path, scope, &set)?;
    let today = workspace::today();
    let changed = record::record(&page, &set, &texts(schema)?, scope, (version, &today))?;
    let mut said = String::new();
    for (name, text) in &changed {
        workspace::write(&schema.join(name), text)?;
        said.push_str(&format!("recorded in {name}\n"));
    }
    if changed.is_empty() {
        said.push_str("nothing to record: this text is already recorded as read\n");
    } else {
        said.push_str("next: `cargo xtask accept`, because generated code names versions\n");
    }
    print(&said)?;
    Ok(ExitCode::SUCCESS)
}

fn start(path: &Path, event: Option<&str>, schema: &Path) -> Result<ExitCode> {
    let page = read(path, &Scope::Page, &workspace::schema_set(schema)?)?;
    print(&(write(&page, schema, &workspace::today(), event)?.join("\n") + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn texts(schema: &Path) -> Result<BTreeMap<String, String>> {
    let text = |(name, bytes)| Ok((name, String::from_utf8(bytes)?));
    workspace::schema_files(schema)?.into_iter().map(text).collect()
}

/// Writes the files and statuses that the page has and the folder lacks; returns a line for each
/// file written and for each task left to a person.
fn write(page: &Page, schema: &Path, today: &str, event: Option<&str>) -> Result<Vec<String>> {
    let set = workspace::schema_set(schema)?;
    let plan = scaffold::plan(page, &set, &texts(schema)?, today, event)?;
    let mut said = Vec::new();
    for (name, text) in &plan.new_files {
        let target = schema.join(name);
        if target.exists() {
            said.push(format!("kept {name}, which already exists"));
            continue;
        }
        workspace::write(&target, text)?;
        said.push(format!("wrote {name}"));
    }
    for (name, text) in &plan.typed {
        workspace::write(&schema.join(name), text)?;
        said.push(format!("typed the payload in {name}"));
    }
    for edit in &plan.edits {
        workspace::write(&schema.join(&edit.file), &edit.text)?;
        said.push(format!("changed the status in {} from {} to {}", edit.file, edit.was, edit.now));
    }
    said.extend(plan.left);
    if said.is_empty() {
        said.push("nothing to do: every event of the page has a schema file".into());
    } else if !plan.new_files.is_empty() || !plan.typed.is_empty() {
        said.push("next: complete the unreviewed decisions, record the page with `cargo xtask docs read`, then run `cargo xtask accept`".into());
    }
    Ok(said)
}

/// Prints to standard output. Broken pipe, as with `head`: succeeds silently.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("cannot print"),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    let size = fs::metadata(path).with_context(|| cannot_read(path))?.len();
    let largest = u64::try_from(spektr_doc_reader::MAX_BYTES)?;
    // The reader also refuses such a file, but only after it is in memory.
    anyhow::ensure!(
        size <= largest,
        "{}: the file has {size} bytes, and a documentation page has at most {largest}: is it the right file?",
        path.display()
    );
    fs::read(path).with_context(|| cannot_read(path))
}

/// Reads a page, and refuses a page that is not about the schema's events.
fn read(path: &Path, scope: &Scope, set: &SchemaSet) -> Result<Page> {
    let page = parse(&bytes(path)?, scope, set).with_context(|| cannot_read(path))?;
    match pairs::stranger(&page, set, scope) {
        Some(why) => Err(anyhow::anyhow!("{}: {why}", path.display())),
        None => Ok(page),
    }
}

/// Reads a page, or the part of a page that describes an event.
fn parse(bytes: &[u8], scope: &Scope, set: &SchemaSet) -> Result<Page> {
    Ok(match scope {
        Scope::Event(_) => {
            let known: Vec<&str> =
                set.model().events.iter().map(|event| event.name.as_str()).collect();
            spektr_doc_reader::read_part(bytes, &known)?
        }
        Scope::Page | Scope::Table => spektr_doc_reader::read(bytes)?,
    })
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}
