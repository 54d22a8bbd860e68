//! `spektr inbox prune` and `erase`: what is old, and what is of an end-user.

use std::io::{BufRead as _, IsTerminal as _};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use spektr_inbox::store::{Filter, State};
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::{filter, open};
use crate::cli::Global;
use crate::failure::{Answer, Failure};
use crate::output::{self, careful, count, safe};
use crate::progress::Progress;
use crate::store::StoreArguments;
use crate::time::{self, Moment};

const PRUNE_EXAMPLES: &str = "\
Examples:
  spektr inbox prune --older-than 30d --dry-run
  spektr inbox prune --older-than 30d
  spektr inbox prune --older-than 90d --state dead

What is deleted is not known any more: the same event is new if it comes again, from the sender's
retries within seconds, from a reconciliation, or from a replay. Pending entries are never deleted.";

const ERASE_EXAMPLES: &str = "\
Examples:
  spektr inbox erase spk_65a1                            # asks first
  spektr inbox erase spk_65a1 --yes

For a request under data protection law. In whatever state, entries with this spektr id are
deleted, also bodies and rejected deliveries that contain the id, and overwritten in an SQLite
file. Exports, recordings and backups are not reached, and a reconciliation fetches again what the
sender still lists. Exit code 1: the answer to the question was no.";

#[derive(Args)]
#[command(after_help = PRUNE_EXAMPLES)]
pub(crate) struct PruneArguments {
    /// Delete what arrived longer ago than this, as 30d
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    older_than: Duration,
    /// Delete what is in this state
    #[arg(long, value_name = "STATE", value_parser = filter::state(), default_value = "done")]
    state: State,
    /// Only count
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Args)]
#[command(after_help = ERASE_EXAMPLES)]
pub(crate) struct EraseArguments {
    /// The end-user's id
    #[arg(value_name = "SPEKTR_ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    spektr_id: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
struct Pruned {
    deleted: u64,
    /// How many would be deleted, if this was only to count.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_delete: Option<u64>,
}

pub(super) async fn prune(global: &Global, arguments: &PruneArguments) -> Result<Answer, Failure> {
    if arguments.state == State::Pending {
        return Err(Failure::new("pending entries are never deleted by their age")
            .hint("`spektr inbox erase` deletes everything of an end-user, in whatever state"));
    }
    let store = open(global, &arguments.store).await?;
    let before = Moment::Ago(arguments.older_than).as_of(SystemClock::new().now());
    let filter = Filter { received_before: Some(before), ..Filter::state(arguments.state) };
    let (number, word) = if arguments.dry_run {
        (store.count(filter).await?, "would be deleted")
    } else {
        let mut progress = Progress::counting();
        (operate::prune(&*store, &filter, |done| progress.at(done)).await?, "deleted")
    };
    if global.is_json() {
        let would_delete = arguments.dry_run.then_some(number);
        let deleted = if arguments.dry_run { 0 } else { number };
        output::print_json(&Pruned { deleted, would_delete })?;
    } else {
        output::print(&format!("{} {word}\n", entries(number)))?;
    }
    Ok(Answer::Yes)
}

pub(super) async fn erase(global: &Global, arguments: &EraseArguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let of_user = Filter { spektr_id: Some(arguments.spektr_id.clone()), ..Filter::all() };
    if !arguments.yes && !confirmed(store.count(of_user).await?, &arguments.spektr_id)? {
        anstream::eprintln!("nothing was erased");
        return Ok(Answer::No);
    }
    let erased = store.erase(arguments.spektr_id.clone()).await?;
    if global.is_json() {
        output::print_json(&serde_json::json!({ "erased": erased }))?;
    } else {
        output::print(&format!("{} erased\n", entries(erased)))?;
    }
    Ok(Answer::Yes)
}

/// Asks, where somebody is there to answer.
fn confirmed(number: u64, spektr_id: &str) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::new("there is no terminal to ask at whether to erase")
            .hint("--yes erases without asking"));
    }
    anstream::eprint!(
        "{} {} of {} for good, and every unreadable body that contains this id? [y/N] ",
        careful("Erase"),
        entries(number),
        safe(spektr_id),
    );
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::caused_by("cannot read the answer", &error))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn entries(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "entry", "entries")
}
