//! `spektr inbox export` and `import`: entries as lines of JSON.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use spektr_inbox::operate::{self, TransferError};
use spektr_inbox::{Clock as _, SystemClock};

use super::filter::FilterArguments;
use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::input::is_stdin;
use crate::operator::OperatorArguments;
use crate::progress::Progress;
use crate::record::make_file;
use crate::store::StoreArguments;
use crate::terminal::{count, safe_path};

const EXPORT_EXAMPLES: &str = "\
Examples:
  spektr inbox export --out inbox.jsonl                  # a new file that only you can read
  spektr inbox export --state dead | jq -r '.raw | fromjson | .type'
  spektr inbox export --store sqlite://old.db | spektr inbox import - --store sqlite://new.db

Writes a line per entry, in the order of arrival: id, type, state, createdAt and receivedAt in epoch
milliseconds, source, the outcome, and raw, which is the JSON byte for byte. Without a filter there
are further lines, each with a kind: tombstone (a deleted entry), rejected (a delivery in
quarantine), action (of `spektr inbox log`), and note (for example the position of a
reconciliation). The file contains everything that arrived, including personal data: protect it like
the inbox.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  spektr inbox import inbox.jsonl
  spektr inbox import - --store sqlite://new.db < inbox.jsonl

Entries keep their state, the time of their arrival and the history of their attempts. Workers of
this inbox handle the pending entries. Entries that are in the inbox already are left alone, so you
can repeat an import. Entries that were deleted from this inbox come back. If both have a position
of a reconciliation, the inbox keeps the earlier position. Creates the inbox if there is none.";

#[derive(Args)]
#[command(after_help = EXPORT_EXAMPLES)]
pub(crate) struct ExportArguments {
    /// Write to this file, which must not exist yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(crate) struct ImportArguments {
    /// The file of an export; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
struct Imported {
    new: u64,
    known: u64,
}

pub(super) async fn export(
    global: &Global,
    arguments: &ExportArguments,
) -> Result<Answer, Failure> {
    let Some(path) = &arguments.out else {
        return export_to_stdout(global, arguments).await;
    };
    let store = open(global, &arguments.store).await?;
    let fail = |error| Failure::file("write", path, &error);
    let file = make_file(path).map_err(fail)?;
    let mut progress = Progress::counting();
    let (filter, operator) = (arguments.filter.filter(), arguments.operator.operator());
    let (now, to) = (SystemClock::new().now(), BufWriter::new(&file));
    let exported = operate::export(&*store, &operator, &filter, now, to, |done| progress.at(done))
        .await
        .map_err(|error| match error {
            TransferError::Io(error) => fail(error),
            other => Failure::caused_by("the export is incomplete", &other),
        })?;
    file.sync_all().map_err(fail)?;
    drop(progress);
    let text = || format!("{} in {}\n", count(exported, "entry", "entries"), safe_path(path));
    global.format.print(&serde_json::json!({ "exported": exported }), text)?;
    Ok(Answer::Yes)
}

async fn export_to_stdout(global: &Global, arguments: &ExportArguments) -> Result<Answer, Failure> {
    if io::stdout().is_terminal() {
        return Err(Failure::new("an export contains personal data, and the output is a terminal")
            .hint("--out FILE writes a file that only you can read; a pipe is fine too"));
    }
    let store = open(global, &arguments.store).await?;
    let out = BufWriter::new(io::stdout().lock());
    let (filter, operator) = (arguments.filter.filter(), arguments.operator.operator());
    let now = SystemClock::new().now();
    operate::export(&*store, &operator, &filter, now, out, |_| {}).await.map_err(|error| {
        match error {
            TransferError::Io(error) => Failure::stdout(&error),
            other => Failure::caused_by("the export is incomplete", &other),
        }
    })?;
    Ok(Answer::Yes)
}

pub(super) async fn import(
    global: &Global,
    arguments: &ImportArguments,
) -> Result<Answer, Failure> {
    let from: Box<dyn BufRead> = if is_stdin(&arguments.file) {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&arguments.file)
            .map_err(|error| Failure::file("read", &arguments.file, &error))?;
        Box::new(BufReader::new(file))
    };
    let store = arguments.store.open_or_make(&global.config()?).await?;
    let mut progress = Progress::counting();
    let (operator, now) = (arguments.operator.operator(), SystemClock::new().now());
    let imported = operate::import(&*store, &operator, from, now, |done| progress.at(done)).await;
    drop(progress);
    let (new, known) = imported.map_err(|error| {
        let file = &arguments.file;
        let name = if is_stdin(file) { "standard input".to_owned() } else { safe_path(file) };
        Failure::caused_by(format!("cannot import {name}"), &error).hint(
            "earlier lines may be imported; it is safe to repair the file and import it again",
        )
    })?;
    let imported = count(new, "entry", "entries");
    let text = || format!("{imported} imported, {known} there already\n");
    global.format.print(&Imported { new, known }, text)?;
    Ok(Answer::Yes)
}
