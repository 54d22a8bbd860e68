//! `cargo xtask docs`: the documentation page as an input, drift as an output.
//!
//! What a page says comes from `spektr-doc-reader`; here it is compared with
//! `schema/` ([`compare`]) and what is new is started there ([`scaffold`]). Both
//! are pure; this file does the reading, writing and printing.

mod compare;
mod drift;
mod edit;
mod known;
mod members;
mod payload;
mod rename;
mod scaffold;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use spektr_codegen::SchemaSet;
use spektr_doc_reader::Page;

use crate::workspace;

/// What there is to do with a saved documentation page.
///
/// A page is Markdown with tables, HTML as a browser saves it, or copied text.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Print what a saved page says, as JSON
    Facts {
        /// The saved page
        page: PathBuf,
    },
    /// Compare a saved page with schema/: exit 0 without drift, 1 with drift, 2 if the page cannot be read
    Diff {
        /// The saved page
        page: PathBuf,
        /// How to print the drift
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// The schema folder, if not the workspace's
        #[arg(long, value_name = "FOLDER")]
        schema: Option<PathBuf>,
    },
    /// Start schema files for the page's new events and take over changed statuses; overwrites nothing
    Scaffold {
        /// The saved page
        page: PathBuf,
        /// The schema folder, if not the workspace's
        #[arg(long, value_name = "FOLDER")]
        schema: Option<PathBuf>,
    },
}

/// The form of a drift report.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// Sentences for people
    #[default]
    Text,
    /// The stable form for programs
    Json,
}

/// The exit code of a page that could not be read. What else fails is as bad:
/// a caller must not take it for "no drift" or for "drift".
const UNREADABLE: u8 = 2;

pub(crate) fn run(command: Command) -> ExitCode {
    let result = match command {
        Command::Facts { page } => facts(&page),
        Command::Diff { page, format, schema } => diff(&page, format, &folder(schema)),
        Command::Scaffold { page, schema } => start(&page, &folder(schema)),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(UNREADABLE)
    })
}

fn folder(schema: Option<PathBuf>) -> PathBuf {
    schema.unwrap_or_else(|| workspace::root().join("schema"))
}

fn facts(page: &Path) -> Result<ExitCode> {
    let page = read(page)?;
    print(&(serde_json::to_string_pretty(&page)? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn diff(path: &Path, format: Format, schema: &Path) -> Result<ExitCode> {
    let page = read(path)?;
    let set = workspace::schema_set(schema)?;
    about(&page, &set, path)?;
    let report = compare::compare(&page, &set);
    print(&match format {
        Format::Text => report.text(&page),
        Format::Json => report.json(&path.display().to_string())? + "\n",
    })?;
    Ok(if report.drift.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn start(path: &Path, schema: &Path) -> Result<ExitCode> {
    let page = read(path)?;
    about(&page, &workspace::schema_set(schema)?, path)?;
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    print(&(write(&page, schema, &today)?.join("\n") + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes what the page has and the folder has not; says what was written, and
/// what is left to a person.
fn write(page: &Page, schema: &Path, today: &str) -> Result<Vec<String>> {
    let set = workspace::schema_set(schema)?;
    let text = |(name, bytes)| Ok((name, String::from_utf8(bytes)?));
    let texts = workspace::schema_files(schema)?.into_iter().map(text).collect::<Result<_>>()?;
    let plan = scaffold::plan(page, &set, &texts, today)?;
    let mut said = Vec::new();
    for (name, text) in &plan.new_files {
        let target = schema.join(name);
        if target.exists() {
            said.push(format!("kept {name}, which is there already"));
            continue;
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))?;
        said.push(format!("wrote {name}"));
    }
    for edit in &plan.edits {
        let target = schema.join(&edit.file);
        fs::write(&target, &edit.text)
            .with_context(|| format!("cannot write {}", target.display()))?;
        said.push(format!("changed the status in {} from {} to {}", edit.file, edit.was, edit.now));
    }
    said.extend(plan.left);
    if said.is_empty() {
        said.push("nothing to do: every event of the page has a schema file".into());
    } else if !plan.new_files.is_empty() {
        said.push("next: complete what is unreviewed, then `cargo xtask codegen`".into());
    }
    Ok(said)
}

/// Prints to standard output, which a reader such as `head` may have closed.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("cannot print"),
    }
}

fn read(path: &Path) -> Result<Page> {
    let size = fs::metadata(path).with_context(|| cannot_read(path))?.len();
    let largest = u64::try_from(spektr_doc_reader::MAX_BYTES)?;
    // The reader refuses it too, but then it would already be in memory.
    anyhow::ensure!(
        size <= largest,
        "{}: the file has {size} bytes, and a documentation page has at most {largest}: is it the right file?",
        path.display()
    );
    let bytes = fs::read(path).with_context(|| cannot_read(path))?;
    spektr_doc_reader::read(&bytes).with_context(|| cannot_read(path))
}

/// Refuses a page that lists events of something else, or no events.
fn about(page: &Page, set: &SchemaSet, path: &Path) -> Result<()> {
    compare::stranger(page, set)
        .map_or(Ok(()), |why| Err(anyhow::anyhow!("{}: {why}", path.display())))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}
