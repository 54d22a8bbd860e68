//! `spektr inbox backup` and `restore`: a copy of an SQLite inbox.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use spektr_inbox::store::sqlite::{self, BackupError};
use spektr_inbox::store::{Action, Filter, Recorded, Store, StoreError};
use spektr_inbox::{Clock as _, SystemClock};

use super::actions::{self, Row};
use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::location::Location;
use crate::operator::OperatorArguments;
use crate::output;
use crate::store::StoreArguments;
use crate::terminal::{careful, count, safe};

const BACKUP_EXAMPLES: &str = "\
Examples:
  spektr inbox backup inbox-2024-11-08.db                # while `spektr serve` runs

The copy has the state of the inbox at one moment, in a new file that only you can read. Do not use
`cp`: the last commits are in the log beside the file (-wal), and `cp` mixes pages of different
moments if the inbox is written meanwhile. The copy contains personal data, and `spektr inbox erase`
does not change it. To copy an inbox in PostgreSQL, use `pg_dump`.";

const RESTORE_EXAMPLES: &str = "\
Examples:
  systemctl stop spektr                                  # no process may have it open
  spektr inbox restore inbox-2024-11-08.db --store sqlite:///var/lib/spektr/inbox.db
  spektr reconcile --since 7d                            # fetches events that are not in the copy

The command checks the copy first, and leaves it in place. It keeps the former inbox, and appends
.replaced to its name. To fetch events that arrived after the copy, run `spektr reconcile --since`
with a time before the copy; the sender must still list them. Events that were handled after the
copy are handled again. The copy lacks later actions of operators: the command lists these actions
from the log of the former inbox, so that you can repeat them. The log does not name an erased
person, but the reason of an erasure can name its ticket.";

#[derive(Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub(crate) struct Arguments {
    /// The file to make, which must not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Args)]
#[command(after_help = RESTORE_EXAMPLES)]
pub(crate) struct RestoreArguments {
    /// The file of a backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) async fn backup(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let path = path(global, &arguments.store)?;
    let store = open(global, &arguments.store).await?;
    if let Err(error) = record(&*store, &arguments.operator, Action::Backup).await {
        // Back up anyway: the inbox may have no room for the record.
        let why = Failure::from(error);
        let why = why.message();
        anstream::eprintln!("{} `spektr inbox log` lacks this backup: {why}", careful("careful:"));
    }
    let bytes = sqlite::backup(&path, &arguments.file)
        .map_err(|error| Failure::caused_by("no backup was made", &error))?;
    if global.is_json() {
        output::print_json(&serde_json::json!({ "bytes": bytes }))?;
    } else {
        let name = arguments.file.to_string_lossy();
        output::print(&format!("{bytes} bytes in {}\n", safe(&name)))?;
    }
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct Restored {
    restored: bool,
    /// The path of the former inbox.
    replaced: Option<String>,
    /// The actions of operators on the former inbox after the backup.
    lost: Vec<Row>,
}

pub(super) async fn restore(
    global: &Global,
    arguments: &RestoreArguments,
) -> Result<Answer, Failure> {
    let path = path(global, &arguments.store)?;
    let replaced = sqlite::restore(&arguments.file, &path).map_err(|error| {
        let failure = Failure::caused_by("not restored", &error);
        match error {
            BackupError::Exists { .. } => failure.hint(
                "an earlier restore kept that file: move it away, or delete it if it is not needed",
            ),
            _ => failure,
        }
    })?;
    let store = open(global, &arguments.store).await?;
    let lost = match &replaced {
        Some(replaced) => lost_actions(&*store, replaced).await.map_err(|error| {
            let why = error.message();
            Failure::new(format!("restored, but the former log cannot be read: {why}"))
        })?,
        None => Vec::new(),
    };
    record(&*store, &arguments.operator, Action::Restore).await?;
    if global.is_json() {
        let rows = lost.iter().map(Row::new).collect();
        let replaced = replaced.map(|path| path.to_string_lossy().into_owned());
        output::print_json(&Restored { restored: true, replaced, lost: rows })?;
    } else {
        output::print(&text(&path, replaced.as_deref(), &lost))?;
    }
    Ok(Answer::Yes)
}

/// Records an action on the whole inbox.
async fn record(
    store: &dyn Store,
    operator: &OperatorArguments,
    action: Action,
) -> Result<(), StoreError> {
    let entries = store.count(Filter::all()).await?;
    let record = operator.operator().record(action, SystemClock::new().now());
    store.record(record, entries).await
}

/// Returns the actions on the former inbox that the backup lacks.
async fn lost_actions(store: &dyn Store, former: &Path) -> Result<Vec<Recorded>, Failure> {
    let mut last = None;
    actions::each(store, 0, |action| {
        last = Some(action);
        Ok(())
    })
    .await?;
    let former = Location::Sqlite(former.to_owned()).open(false).await?;
    let mut lost = Vec::new();
    actions::each(&*former, 0, |action| {
        // If the former inbox was created after the backup, its numbers started from 1 again, so
        // compare the times too.
        let is_later = |last: &Recorded| action.number > last.number || action.at > last.at;
        if last.as_ref().is_none_or(is_later) {
            lost.push(action);
        }
        Ok(())
    })
    .await?;
    Ok(lost)
}

fn text(inbox: &Path, replaced: Option<&Path>, lost: &[Recorded]) -> String {
    let [inbox, replaced] = [Some(inbox), replaced].map(|path| path.map(Path::to_string_lossy));
    let mut text = format!("{} is restored from the backup", safe(&inbox.unwrap_or_default()));
    let Some(replaced) = replaced else {
        text.push_str("; repeat the erasures since the backup, and start the service again\n");
        return text;
    };
    text.push_str(&format!(", and {} is the former inbox\n", safe(&replaced)));
    if lost.is_empty() {
        text.push_str("the backup has all actions of operators; start the service again\n");
        return text;
    }
    let actions = count(lost.len(), "action of an operator", "actions of operators");
    text.push_str(&format!("the backup lacks {actions}:\n"));
    text.extend(lost.iter().map(actions::line));
    text.push_str(
        "repeat the actions that are still right, erasures first, and start the service again\n",
    );
    text
}

/// Returns the path of the SQLite inbox.
fn path(global: &Global, store: &StoreArguments) -> Result<PathBuf, Failure> {
    match store.location(&global.config()?) {
        Location::Sqlite(path) => Ok(path),
        Location::Postgres(_) => Err(Failure::new("the inbox is in PostgreSQL")
            .hint("pg_dump --schema spektr_inbox makes a copy, and psql reads it")),
    }
}
