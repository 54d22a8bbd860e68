//! `spektr inbox`: operations on stored entries, also while `spektr serve` uses the inbox.

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
    /// List entries in the order of their arrival
    List(list::Arguments),
    /// Show an entry: its history and its content
    Show(show::Arguments),
    /// List dead letters and the reason of each
    #[command(after_help = list::DEAD_EXAMPLES)]
    Dead(StoreArguments),
    /// Show whether entries are handed out, how many wait, and which attempts fail
    #[command(after_help = status::EXAMPLES)]
    Status(StoreArguments),
    /// Stop handing out entries; deliveries are still accepted
    #[command(after_help = pause::PAUSE_EXAMPLES)]
    Pause(pause::Arguments),
    /// Start handing out entries again
    #[command(after_help = pause::RESUME_EXAMPLES)]
    Resume(pause::Arguments),
    /// Make entries pending again: dead letters, or done entries
    #[command(after_help = again::REPLAY_EXAMPLES)]
    Replay(again::Arguments),
    /// Make entries that wait for their next attempt due now
    #[command(after_help = again::RETRY_EXAMPLES)]
    Retry(again::Arguments),
    /// Close an entry that was dealt with by hand
    Resolve(resolve::Arguments),
    /// Retry decoding of malformed, unknown and unreadable entries, for example after an upgrade
    Redecode(redecode::Arguments),
    /// List rejected deliveries that `spektr serve --quarantine` kept
    Quarantine(quarantine::Arguments),
    /// Verify rejected deliveries again, and accept the authentic ones
    Recover(quarantine::RecoverArguments),
    /// Delete rejected deliveries
    Discard(quarantine::DiscardArguments),
    /// Compare the sender's list with the inbox
    Verify(verify::Arguments),
    /// Delete old entries
    Prune(prune::Arguments),
    /// Delete all data of an end-user
    Erase(erase::Arguments),
    /// Show the recorded actions of operators
    Log(log::Arguments),
    /// Copy the inbox to a file, also while it is in use
    Backup(backup::Arguments),
    /// Replace the inbox by a backup
    Restore(backup::RestoreArguments),
    /// Write entries as lines of JSON
    Export(transfer::ExportArguments),
    /// Add the content of an export to the inbox
    Import(transfer::ImportArguments),
    /// Print the SQL that creates the tables in PostgreSQL, for a role that may not create them
    Schema(schema::Arguments),
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<Answer, Failure> {
    let _log = Log::start(global.format, Count::default(), None)?;
    runtime::block_on(async {
        match command {
            Command::List(arguments) => list::list(global, arguments).await,
            Command::Show(arguments) => show::show(global, arguments).await,
            Command::Dead(store) => list::dead(global, store).await,
            Command::Status(store) => status::status(global, store).await,
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

/// Opens the existing inbox.
async fn open(global: &Global, store: &StoreArguments) -> Result<Arc<dyn Store>, Failure> {
    store.open(&global.config()?).await
}
