//! `spektr inbox backup` and `restore`: a copy of an SQLite inbox.

use std::path::PathBuf;

use clap::Args;
use spektr_inbox::store::sqlite::{self, BackupError};

use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::location::Location;
use crate::output;
use crate::store::StoreArguments;
use crate::terminal::safe;

const BACKUP_EXAMPLES: &str = "\
Examples:
  spektr inbox backup inbox-2024-11-08.db                # while `spektr serve` runs

The copy is the inbox as it is at one moment, in a new file that only you can read. `cp` does not
make one: the last commits are in the log beside the file (-wal) and not in the file, and
pages that are written while it reads are of different moments. The copy holds personal data, and
an erasure does not reach it. Of PostgreSQL, `pg_dump` makes a copy.";

const RESTORE_EXAMPLES: &str = "\
Examples:
  systemctl stop spektr                                  # no process may have it open
  spektr inbox restore inbox-2024-11-08.db --store sqlite:///var/lib/spektr/inbox.db
  spektr reconcile --since 7d                            # what arrived since the copy was made

The copy is checked first and remains. The inbox that was there is kept with .replaced behind its
name. Events that arrived after the copy are fetched by a reconciliation that names a time before
it, as far as the sender lists them; events that were handled after it are handled again. Erasures,
pauses and other actions after the copy are not in it, and neither is their log: erase those persons
again.";

#[derive(Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub(crate) struct Arguments {
    /// The file to make, which must not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
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
    store: StoreArguments,
}

pub(super) fn backup(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = path(global, &arguments.store)?;
    let bytes = sqlite::backup(&store, &arguments.file)
        .map_err(|error| Failure::caused_by("no backup was made", &error))?;
    if global.is_json() {
        output::print_json(&serde_json::json!({ "bytes": bytes }))?;
    } else {
        let name = arguments.file.to_string_lossy();
        output::print(&format!("{bytes} bytes in {}\n", safe(&name)))?;
    }
    Ok(Answer::Yes)
}

pub(super) fn restore(global: &Global, arguments: &RestoreArguments) -> Result<Answer, Failure> {
    let store = path(global, &arguments.store)?;
    sqlite::restore(&arguments.file, &store).map_err(|error| {
        let failure = Failure::caused_by("not restored", &error);
        match error {
            BackupError::Exists { .. } => failure.hint(
                "an earlier restore has kept that file: move it away, or delete it if its data may go",
            ),
            _ => failure,
        }
    })?;
    if global.is_json() {
        output::print_json(&serde_json::json!({ "restored": true }))?;
    } else {
        let name = store.to_string_lossy();
        output::print(&format!(
            "{} is the inbox of the backup; repeat the erasures since then, and start the service again\n",
            safe(&name)
        ))?;
    }
    Ok(Answer::Yes)
}

/// The file of the inbox that is meant.
fn path(global: &Global, store: &StoreArguments) -> Result<PathBuf, Failure> {
    match store.location(&global.config()?) {
        Location::Sqlite(path) => Ok(path),
        Location::Postgres(_) => Err(Failure::new("the inbox is in PostgreSQL")
            .hint("pg_dump --schema spektr_inbox makes a copy, and psql reads it")),
    }
}
