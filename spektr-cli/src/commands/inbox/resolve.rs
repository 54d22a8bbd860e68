//! `spektr inbox resolve`: closes an entry that was dealt with by hand.

use clap::Args;
use spektr_inbox::store::{State, StoredEntry};
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::{open, show};
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::operator::{ByArguments, parse_reason};
use crate::store::StoreArguments;
use crate::terminal::safe;

const EXAMPLES: &str = "\
Examples:
  spektr inbox resolve 17 --reason 'customer updated in the back office'

Workers no longer handle the entry, and it is deleted like a done entry. A running attempt is
stopped if possible. `spektr inbox replay` makes the entry pending again. The reason is kept
with the entry and in `spektr inbox log`: write no personal data into it. Exit code 1: the entry
does not exist, or it is done or resolved already.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Number of the entry, or id of the event if it has one entry
    #[arg(value_name = "NUMBER|ID")]
    name: String,
    /// How the entry was dealt with
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    reason: String,
    #[command(flatten)]
    by: ByArguments,
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) async fn resolve(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let found = show::find(&*store, &arguments.name).await?;
    let (resolved, text) = match &found[..] {
        [] => (false, format!("there is no entry {}\n", safe(&arguments.name))),
        [StoredEntry { state: state @ (State::Done | State::Resolved), number, .. }] => {
            (false, format!("entry {number} is {state} already\n"))
        }
        [StoredEntry { number, .. }] => {
            let (operator, now) = (arguments.by.operator(), SystemClock::new().now());
            match operate::resolve(&*store, &operator, *number, &arguments.reason, now).await? {
                true => (true, format!("entry {number} resolved\n")),
                false => (false, format!("entry {number} was done meanwhile\n")),
            }
        }
        several => {
            let numbers: Vec<_> = several.iter().map(|one| one.number.to_string()).collect();
            return Err(Failure::new("several entries have this id")
                .hint(format!("name one of them: {}", numbers.join(", "))));
        }
    };
    global.format.print(&serde_json::json!({ "resolved": resolved }), || text)?;
    Ok(Answer::from_yes(resolved))
}
