//! `spektr inbox log`: who did what.

use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;
use spektr_inbox::store::Recorded;
use spektr_inbox::{Clock as _, SystemClock};

use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::output;
use crate::store::StoreArguments;
use crate::terminal::{count, faint, safe};
use crate::time::{self, Moment};

const EXAMPLES: &str = "\
Examples:
  spektr inbox log --since 30d
  spektr inbox log --format json | jq 'select(.action == \"erase\")'

Every replay, retry, redecode, prune, erase, resolve, recover, discard, import, export, pause and
resume that changed something: when, who (--by, or the account of the machine), which entries by
filter, and how many records: entries, or deliveries in quarantine. An action is recorded in the transaction that does it. A spektr id in a filter
is recorded as its SHA-256. Deletions by age, of `spektr serve`, are not an operator's and not here.";

/// How many rows are read at a time.
const PAGE: usize = 500;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Actions at this time or later: 2h for two hours ago, epoch seconds, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    since: Option<Moment>,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
struct Row<'r> {
    at: String,
    by: &'r str,
    action: &'r str,
    filter: Option<&'r RawValue>,
    affected: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'r RawValue>,
}

pub(super) async fn log(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let since = arguments.since.map(|since| since.as_of(SystemClock::new().now()));
    let (mut number, mut last) = (0, 0);
    let mut pending: Option<Recorded> = None;
    loop {
        let page = store.actions(last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        for action in page {
            if since.is_some_and(|since| action.at < since) {
                continue;
            }
            match &mut pending {
                // A step of the same action.
                Some(earlier) if is_same(earlier, &action) => earlier.affected += action.affected,
                _ => {
                    number += 1;
                    if let Some(earlier) = pending.replace(action) {
                        print(global, &earlier)?;
                    }
                }
            }
        }
    }
    if let Some(action) = &pending {
        print(global, action)?;
    }
    if !global.is_json() {
        output::print(&format!("{}\n", count(number, "action", "actions")))?;
    }
    Ok(Answer::Yes)
}

fn is_same(one: &Recorded, other: &Recorded) -> bool {
    let of = |recorded: &Recorded| {
        let Recorded { number: _, at, actor, action, filter, affected: _, details } = recorded;
        (*at, actor.clone(), action.clone(), filter.clone(), details.clone())
    };
    of(one) == of(other)
}

fn print(global: &Global, action: &Recorded) -> Result<(), Failure> {
    let at = time::rfc_3339_millis(action.at);
    if global.is_json() {
        let json = |text: &'_ Option<String>| {
            let text = text.as_deref()?;
            serde_json::from_str::<Box<RawValue>>(text).ok()
        };
        let (filter, details) = (json(&action.filter), json(&action.details));
        return output::print_json(&Row {
            at,
            by: &action.actor,
            action: &action.action,
            filter: filter.as_deref(),
            affected: action.affected,
            details: details.as_deref(),
        });
    }
    let affected = usize::try_from(action.affected).unwrap_or(usize::MAX);
    let what = [&action.filter, &action.details].into_iter().flatten();
    let what: Vec<_> = what.filter(|text| *text != "{}").map(|text| safe(text)).collect();
    output::print(&format!(
        "{at:24}  {:12}  {:8}  {}  {}\n",
        safe(&action.actor),
        safe(&action.action),
        count(affected, "record", "records"),
        faint(&what.join(" ")),
    ))
}
