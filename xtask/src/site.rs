//! `cargo xtask site`: writes the pages of the reference, and draws the README's picture of one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use spektr_codegen::diff::diff;
use spektr_codegen::examples::Examples;
use spektr_site::{Input, Since};

use crate::{schema, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder to write the pages into
    #[arg(long, value_name = "FOLDER", default_value = "target/site")]
    out: PathBuf,
    /// Show the changes of schema/ since this git revision
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// Draw a page with Chromium into this PNG file
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

/// Start of the line that marks a page as written by this command.
const MARK: &str = "<!-- Written by `cargo xtask site`";

/// The page in the README's picture: it shows most kinds of content.
const PICTURED: &str = "events/customer_status_changed.html";

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let schema = workspace::root().join("schema");
    let set = workspace::schema_set(&schema)?;
    let examples = Examples::parse(set.model(), workspace::example_files(&schema)?)
        .map_err(|found| workspace::problems(&schema, &found))?;
    let changes = match &arguments.since {
        Some(revision) => diff(&schema::set_at(revision)?, &set),
        None => Vec::new(),
    };
    let since = arguments.since.as_deref();
    let since = since.map(|revision| Since { revision, changes: &changes });
    let files = spektr_site::files(&Input { model: set.model(), examples: &examples, since })?;
    let out = workspace::root().join(&arguments.out);
    write(&out, &files)?;
    println!("wrote {} files; open {}", files.len(), out.join("index.html").display());
    if let Some(picture) = &arguments.picture {
        draw(&out, &workspace::root().join(picture))?;
        println!("drew {}", picture.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the files, and removes marked pages of a former run that are no longer among them.
fn write(out: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    for (path, text) in files {
        workspace::write(&out.join(path), text)?;
    }
    for path in workspace::files_below(out)? {
        let name = path.strip_prefix(out)?.to_string_lossy().replace('\\', "/");
        let is_ours = || fs::read(&path).is_ok_and(|it| contains(&it, MARK.as_bytes()));
        if name.ends_with(".html") && !files.contains_key(&name) && is_ours() {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

fn draw(site: &Path, picture: &Path) -> Result<()> {
    let script = workspace::root().join("tests/browser/picture.js");
    let status = Command::new("node").arg(script).arg(site.join(PICTURED)).arg(picture).status();
    let status = status.context("cannot run node: run `cargo xtask setup`")?;
    ensure!(
        status.success(),
        "no picture was drawn: is there a page {PICTURED}, and is Chromium installed?"
    );
    Ok(())
}
