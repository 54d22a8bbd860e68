//! `spektr inbox log`: lists the recorded actions of operators.

use clap::Args;
use spektr_inbox::{Clock as _, SystemClock};

use super::actions::{self, ActionRow};
use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::output;
use crate::store::StoreArguments;
use crate::terminal::count;
use crate::time::Moment;

const EXAMPLES: &str = "\
Examples:
  spektr inbox log --since 30d
  spektr inbox log --format json | jq 'select(.action == \"erase\")'

Lists every replay, retry, redecode, prune, erase, resolve, recover, discard, import, export, pause,
resume and reconcile that changed something, every backup and every restore. A line has the time,
the operator (--by, or the account on the machine), the action, the number of records (entries, or
deliveries in quarantine), the filter that selected the entries, and the reason (--reason). The
transaction that does an action also records it. Exceptions: a backup is recorded before it is made,
so that the copy contains the record, even if the backup then fails; a reconcile and a restore are
recorded afterwards, so a run that is killed has no record. A spektr id
in a filter is recorded as its SHA-256. Actions that `spektr serve` does by itself, for example
deletions by age, are not recorded.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// List actions at this time or later: 2h for two hours ago, epoch seconds, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    since: Option<Moment>,
    /// List actions of this operator
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) async fn log(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let since = arguments.since.map(|since| since.as_of(SystemClock::new().now()));
    let mut number = 0_u64;
    actions::each(&*store, |action| {
        let is_by = arguments.by.as_ref().is_none_or(|name| *name == action.actor);
        if !is_by || since.is_some_and(|since| action.at < since) {
            return Ok(());
        }
        number += 1;
        global.format.print(&ActionRow::new(&action), || actions::line(&action))
    })
    .await?;
    if !global.is_json() {
        output::print(&format!("{}\n", count(number, "action", "actions")))?;
    }
    Ok(Answer::Yes)
}
