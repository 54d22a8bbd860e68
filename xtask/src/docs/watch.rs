//! `cargo xtask docs watch`: fetches the vendor's pages and reports differences from the schema.
//!
//! A scheduler can run it: one run, an exit code, output files. Pages are kept in a folder outside
//! the repository, with the server's version headers, so that an unchanged page is not sent again.
//! An unchanged page is still compared, because the schema may have changed.

mod fetch;
mod request;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use super::compare::compare;
use super::scope::Scope;
use super::{UNREADABLE, pairs, parse, print, write};
use crate::workspace;
use fetch::{FetchedPage, PageClient};

/// The most pages of one run.
const MOST_PAGES: usize = 32;

/// One line of the list: an address, and the part of the page to compare.
#[derive(Debug, PartialEq, Eq)]
struct WatchedPage {
    address: String,
    scope: Scope,
}

/// The result for one page, in ascending order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PageOutcome {
    Clean,
    Differs,
    Failed,
}

pub(super) fn run(list: &Path, folder: &Path, schema: &Path) -> Result<ExitCode> {
    let text = fs::read_to_string(list)
        .with_context(|| format!("cannot read the list {}", list.display()))?;
    let watched = parse_list(&text)?;
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let client = PageClient::new();
    let mut worst = PageOutcome::Clean;
    for (at, page) in watched.iter().enumerate() {
        let base = folder.join(format!("page-{}", at + 1));
        let outcome = match one(&client, page, &base, schema) {
            Ok(outcome) => outcome,
            Err(error) => {
                print(&format!("{}: failed: {error:#}\n", page.address))?;
                PageOutcome::Failed
            }
        };
        worst = worst.max(outcome);
    }
    Ok(ExitCode::from(match worst {
        PageOutcome::Clean => 0,
        PageOutcome::Differs => 1,
        PageOutcome::Failed => UNREADABLE,
    }))
}

/// Reads the list. Each line has an address, optionally followed by `table` or an event's name to
/// compare only that part. `#` begins a comment.
fn parse_list(text: &str) -> Result<Vec<WatchedPage>> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut watched = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let address = words.next().unwrap_or_default().to_owned();
        let scope = words.next().map_or(Scope::Page, Scope::only);
        ensure!(
            words.next().is_none(),
            "the line `{line}` has more than an address and `table` or an event's name"
        );
        fetch::check(&address)?;
        watched.push(WatchedPage { address, scope });
    }
    ensure!(!watched.is_empty(), "the list has no address");
    ensure!(watched.len() <= MOST_PAGES, "the list has more than {MOST_PAGES} addresses");
    Ok(watched)
}

/// Fetches one page, compares it, and writes the reports beside it.
fn one(client: &PageClient, page: &WatchedPage, base: &Path, schema: &Path) -> Result<PageOutcome> {
    let (bytes, news) = match client.fetch(&page.address, base)? {
        FetchedPage::New(bytes) => (bytes, "changed or new"),
        FetchedPage::Unchanged(bytes) => (bytes, "unchanged at the server"),
    };
    let set = workspace::schema_set(schema)?;
    let read = parse(&bytes, &page.scope, &set)?;
    if let Some(why) = pairs::stranger(&read, &set, &page.scope) {
        anyhow::bail!("{why}");
    }
    // Only a comparable page replaces the kept one.
    client.keep(base)?;
    let report = compare(&read, &set, &page.scope);
    let outputs =
        ["drift.json", "drift.md", "merge-request.md"].map(|end| base.with_extension(end));
    if report.is_clean() {
        outputs.iter().try_for_each(remove)?;
        print(&format!("{}: no drift ({news})\n", page.address))?;
        return Ok(PageOutcome::Clean);
    }
    let [json, markdown, merge_request] = &outputs;
    workspace::write(json, report.json(&page.address)? + "\n")?;
    workspace::write(markdown, request::drift(&page.address, &report))?;
    let done = match page.scope {
        Scope::Page => write(&read, schema, &workspace::today(), None)?,
        _ => Vec::new(),
    };
    workspace::write(merge_request, request::text(&page.address, &report, &done))?;
    let count = report.drift.len();
    print(&format!(
        "{}: differences: {count} ({news}); see {}\n",
        page.address,
        markdown.display()
    ))?;
    Ok(PageOutcome::Differs)
}

/// Removes a report of an earlier run.
fn remove(path: &PathBuf) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
