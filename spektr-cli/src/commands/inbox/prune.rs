//! `spektr inbox prune`: deletes old entries.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use spektr_inbox::store::{Filter, State};
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::{filter, open};
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::operator::OperatorArguments;
use crate::progress::Progress;
use crate::store::StoreArguments;
use crate::terminal::count;
use crate::time::{self, Moment};

const EXAMPLES: &str = "\
Examples:
  spektr inbox prune --older-than 30d --dry-run
  spektr inbox prune --older-than 30d
  spektr inbox prune --older-than 90d --state dead --source sandbox

The inbox keeps the hashes that identify a deleted entry: if the same event comes again, from the
sender or from a reconciliation, it is a duplicate. Pending entries are never deleted.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Delete entries that arrived longer ago than this, for example 30d
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    older_than: Duration,
    /// Delete entries in this state
    #[arg(long, value_name = "STATE", value_parser = filter::state(), default_value = "done")]
    state: State,
    /// Delete entries of this source only
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only count the entries
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
struct Pruned {
    deleted: u64,
    /// The number of entries that would be deleted. Only with `--dry-run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_delete: Option<u64>,
}

pub(super) async fn prune(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    if arguments.state == State::Pending {
        return Err(Failure::new("pending entries are never deleted by their age")
            .hint("`spektr inbox erase` deletes everything of an end-user, in any state"));
    }
    let store = open(global, &arguments.store).await?;
    let (operator, now) = (arguments.operator.operator(), SystemClock::new().now());
    let filter = Filter {
        received_before: Some(Moment::Ago(arguments.older_than).as_of(now)),
        source: arguments.source.clone(),
        ..Filter::state(arguments.state)
    };
    let (number, word) = if arguments.dry_run {
        (store.count(filter).await?, "would be deleted")
    } else {
        let mut progress = Progress::counting();
        let watch = |done| progress.at(done);
        (operate::prune(&*store, &operator, &filter, now, watch).await?, "deleted")
    };
    let pruned = Pruned {
        deleted: if arguments.dry_run { 0 } else { number },
        would_delete: arguments.dry_run.then_some(number),
    };
    global.format.print(&pruned, || format!("{} {word}\n", count(number, "entry", "entries")))?;
    Ok(Answer::Yes)
}
