//! `spektr inbox`: operations on the stored entries, also while `spektr
//! serve` runs on it.

mod actions;
mod again;
mod backup;
mod erase;
mod filter;
mod list;
mod log;
mod pause;
mod prune;
mod quarantine;
mod redecode;
mod resolve;
mod schema;
mod show;
mod status;
mod transfer;
mod verify;

use std::sync::Arc;

use clap::Subcommand;
use spektr_inbox::Count;
use spektr_inbox::store::Store;

use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::log::Log;
use crate::runtime;
use crate::store::StoreArguments;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List entries, in the order of their arrival
    List(list::Arguments),
    /// Show an entry: its history and its content
    Show(show::Arguments),
    /// List dead letters, and why they are dead
    Dead(list::DeadArguments),
    /// Show whether entries are handed out, how many wait, and which attempts fail
    Status(status::Arguments),
    /// Hand out nothing more, while deliveries are accepted
    Pause(pause::PauseArguments),
    /// Hand out entries again
    Resume(pause::ResumeArguments),
    /// Make entries pending again: dead letters, or done entries
    Replay(again::ReplayArguments),
    /// Make pending entries due now that wait for their next attempt
    Retry(again::RetryArguments),
    /// Close an entry that was dealt with by hand
    Resolve(resolve::Arguments),
    /// Retry decoding of malformed, unknown and unreadable entries, as after an upgrade
    Redecode(redecode::Arguments),
    /// List rejected deliveries that `spektr serve --quarantine` has kept
    Quarantine(quarantine::Arguments),
    /// Verify rejected deliveries again, and accept those that are authentic now
    Recover(quarantine::RecoverArguments),
    /// Delete rejected deliveries
    Discard(quarantine::DiscardArguments),
    /// Compare the sender's list with the inbox
    Verify(verify::Arguments),
    /// Delete old entries
    Prune(prune::Arguments),
    /// Delete everything of an end-user
    Erase(erase::Arguments),
    /// Show who did what with the inbox
    Log(log::Arguments),
    /// Copy the inbox to a file, also while it is in use
    Backup(backup::Arguments),
    /// Put a backup in the place of the inbox
    Restore(backup::RestoreArguments),
    /// Write entries as lines of JSON
    Export(transfer::ExportArguments),
    /// Read the file of an export
    Import(transfer::ImportArguments),
    /// Print the statements that make the tables in PostgreSQL, for a role that may not
    Schema(schema::Arguments),
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<Answer, Failure> {
    let _log = Log::start(global.format, Count::default(), None)?;
    runtime::block_on(async {
        match command {
            Command::List(arguments) => list::list(global, arguments).await,
            Command::Show(arguments) => show::show(global, arguments).await,
            Command::Dead(arguments) => list::dead(global, arguments).await,
            Command::Status(arguments) => status::status(global, arguments).await,
            Command::Pause(arguments) => pause::pause(global, arguments).await,
            Command::Resume(arguments) => pause::resume(global, arguments).await,
            Command::Replay(arguments) => again::replay(global, arguments).await,
            Command::Retry(arguments) => again::retry(global, arguments).await,
            Command::Redecode(arguments) => redecode::redecode(global, arguments).await,
            Command::Quarantine(arguments) => quarantine::list(global, arguments).await,
            Command::Recover(arguments) => quarantine::recover(global, arguments).await,
            Command::Verify(arguments) => verify::verify(global, arguments).await,
            Command::Resolve(arguments) => resolve::resolve(global, arguments).await,
            Command::Discard(arguments) => quarantine::discard(global, arguments).await,
            Command::Prune(arguments) => prune::prune(global, arguments).await,
            Command::Erase(arguments) => erase::erase(global, arguments).await,
            Command::Log(arguments) => log::log(global, arguments).await,
            Command::Backup(arguments) => backup::backup(global, arguments).await,
            Command::Restore(arguments) => backup::restore(global, arguments).await,
            Command::Export(arguments) => transfer::export(global, arguments).await,
            Command::Import(arguments) => transfer::import(global, arguments).await,
            Command::Schema(arguments) => schema::schema(arguments),
        }
    })
}

/// Opens the inbox that is there.
async fn open(global: &Global, store: &StoreArguments) -> Result<Arc<dyn Store>, Failure> {
    store.open(&global.config()?).await
}
