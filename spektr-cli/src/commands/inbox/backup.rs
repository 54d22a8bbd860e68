//! `spektr inbox backup` and `restore`: a copy of an SQLite inbox.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use spektr_inbox::store::sqlite::{self, BackupError, Inspection, SqliteOptions};
use spektr_inbox::store::{Action, Filter, Recorded, Store};
use spektr_inbox::{Clock as _, SystemClock};

use super::actions::{self, ActionRow};
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::location::Location;
use crate::operator::OperatorArguments;
use crate::store::StoreArguments;
use crate::terminal::{careful, count, safe_path};

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
from the log of the former inbox, if that inbox is in place, so that you can repeat them. The log
does not name an erased person, but the reason of an erasure can name its ticket.";

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
    // The record comes first, so that the copy has it too.
    let recorded = match arguments.file.exists() {
        true => Ok(()),
        false => record(&path, &arguments.operator, Action::Backup).await,
    };
    let bytes = sqlite::backup(&path, &arguments.file)
        .map_err(|error| Failure::caused_by("no backup was made", &error))?;
    let text = || format!("{bytes} bytes in {}\n", safe_path(&arguments.file));
    global.format.print(&serde_json::json!({ "bytes": bytes }), text)?;
    warn("`spektr inbox log` lacks this backup", recorded.err());
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct Restored {
    restored: bool,
    /// The path of the former inbox.
    replaced: Option<String>,
    /// The actions of operators on the former inbox after the backup, if they are known.
    lost: Option<Vec<ActionRow>>,
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
    // The inbox is replaced by now: no fault of what follows may hide that.
    let (lost, unread) = match &replaced {
        None => (None, None),
        Some(former) => match lost_actions(&path, former).await {
            Ok(lost) => (Some(lost), None),
            Err(error) => (None, Some(error)),
        },
    };
    let recorded = record(&path, &arguments.operator, Action::Restore).await;
    let restored = Restored {
        restored: true,
        replaced: replaced.as_ref().map(|path| path.to_string_lossy().into_owned()),
        lost: lost.as_ref().map(|lost| lost.iter().map(ActionRow::new).collect()),
    };
    global.format.print(&restored, || text(&path, replaced.as_deref(), lost.as_deref()))?;
    warn("cannot read the log of the former inbox", unread);
    warn("`spektr inbox log` lacks this restore", recorded.err());
    Ok(Answer::Yes)
}

/// Prints a warning with its cause, if there is one.
fn warn(what: &str, cause: Option<Failure>) {
    if let Some(cause) = cause {
        anstream::eprintln!("{} {what}: {}", careful("careful:"), cause.message());
    }
}

/// Opens an inbox that has the tables of this version. Others are not opened, because that would
/// migrate them: a backup is also the way back to an earlier version of the program.
async fn open_current(path: &Path) -> Result<Arc<dyn Store>, Failure> {
    let options = SqliteOptions::new(path);
    let inspection = options.inspect().map_err(|error| Failure::of(&error))?;
    if inspection.version != inspection.known {
        let Inspection { version, known, .. } = inspection;
        return Err(Failure::new(format!("its tables have version {version} instead of {known}")));
    }
    Location::Sqlite(path.to_owned()).open(false).await
}

/// Records an action on the whole inbox.
async fn record(path: &Path, operator: &OperatorArguments, action: Action) -> Result<(), Failure> {
    let store = open_current(path).await?;
    let entries = store.count(Filter::all()).await?;
    let record = operator.operator().record(action, SystemClock::new().now());
    Ok(store.record(record, entries).await?)
}

/// Returns the actions on the former inbox that the restored inbox lacks.
async fn lost_actions(restored: &Path, former: &Path) -> Result<Vec<Recorded>, Failure> {
    // The numbers of another inbox can be the same, and an erasure changes filters.
    let key = |action: &Recorded| (action.at, action.actor.clone(), action.action.clone());
    let mut kept = HashSet::new();
    actions::each(&*open_current(restored).await?, |action| {
        kept.insert(key(&action));
        Ok(())
    })
    .await?;
    let mut lost = Vec::new();
    actions::each(&*open_current(former).await?, |action| {
        if !kept.contains(&key(&action)) {
            lost.push(action);
        }
        Ok(())
    })
    .await?;
    Ok(lost)
}

fn text(inbox: &Path, replaced: Option<&Path>, lost: Option<&[Recorded]>) -> String {
    let mut text = format!("{} is restored from the backup", safe_path(inbox));
    if let Some(replaced) = replaced {
        text.push_str(&format!(", and {} is the former inbox", safe_path(replaced)));
    }
    text.push('\n');
    match lost {
        None => {
            text.push_str("repeat the erasures since the backup, and start the service again\n")
        }
        Some([]) => {
            text.push_str("the backup has all actions of operators; start the service again\n");
        }
        Some(lost) => {
            let actions = count(lost.len(), "action of an operator", "actions of operators");
            text.push_str(&format!("the backup lacks {actions}:\n"));
            text.extend(lost.iter().map(actions::line));
            text.push_str(
                "repeat the actions that are still right, erasures first, and start the service \
                 again\n",
            );
        }
    }
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
