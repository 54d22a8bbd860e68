//! `spektr inbox replay` and `retry`: another attempt for the chosen entries.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};
use spektr_inbox::store::{Filter, State, Store, StoreError, StoredEntry, Tally};
use spektr_inbox::{Clock as _, SystemClock, operate};
use spektr_types::Timestamp;

use super::filter::FilterArguments;
use super::{open, show};
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::operator::OperatorArguments;
use crate::progress::Progress;
use crate::reattempt::Reattempt;
use crate::store::StoreArguments;
use crate::terminal::{count, safe};

pub(super) const REPLAY_EXAMPLES: &str = "\
Examples:
  spektr inbox replay 17                                 # or by the event's id
  spektr inbox replay --state dead --since 2h --dry-run
  spektr inbox replay --all                              # every entry that was ever handled

Makes the entries pending again and resets their number of attempts. The workers of `spektr serve`
or of your own program handle them at least once more, under the same event id. Pending entries and
unreadable bodies are left alone; `spektr inbox retry` makes pending entries due. Exit code 1: a
named entry does not exist.";

pub(super) const RETRY_EXAMPLES: &str = "\
Examples:
  spektr inbox retry 17                                  # or by the event's id
  spektr inbox retry --all --dry-run                     # entries that wait for their next attempt
  spektr inbox retry --all                               # after the endpoint is repaired

Makes pending entries that wait for their next attempt due now. Their attempts stay counted. Entries
that a worker is handling are left alone. While the endpoint is down, workers still try only one
event at a time. For entries in other states, use `spektr inbox replay`. Exit code 1: a named entry
does not exist.";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Numbers of entries, or ids of events
    #[arg(value_name = "NUMBER|ID")]
    names: Vec<String>,
    #[command(flatten)]
    filter: FilterArguments,
    /// Select all entries; needed if there are no names and no filter
    #[arg(long)]
    all: bool,
    /// Only count the entries, by state and type
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) async fn replay(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    run(Reattempt::Replay, global, arguments).await
}

pub(super) async fn retry(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    if let Some(state) = arguments.filter.state.filter(|state| *state != State::Pending) {
        return Err(Failure::new(format!("no entry that is {state} waits for another attempt"))
            .hint(format!("`spektr inbox replay --state {state}` makes them pending again")));
    }
    run(Reattempt::Retry, global, arguments).await
}

impl Reattempt {
    async fn would(
        self,
        store: &dyn Store,
        filter: &Filter,
        now: Timestamp,
    ) -> Result<Vec<Tally>, StoreError> {
        match self {
            Self::Replay => operate::would_replay(store, filter, now).await,
            Self::Retry => operate::would_retry(store, filter, now).await,
        }
    }

    /// The JSON member that contains the number of entries.
    fn done(self) -> &'static str {
        match self {
            Self::Replay => "replayed",
            Self::Retry => "retried",
        }
    }

    /// Says why an entry was left alone.
    fn why_not(self, entry: &StoredEntry) -> String {
        let (number, state) = (entry.number, entry.state);
        match (self, state) {
            (_, State::Unreadable) => {
                format!("entry {number} cannot be read; `spektr inbox redecode` tries again\n")
            }
            (Self::Replay, _) => {
                format!("entry {number} is pending; `spektr inbox retry {number}` makes it due\n")
            }
            (Self::Retry, State::Pending) => {
                format!("entry {number} is due already, or being handled\n")
            }
            (Self::Retry, _) => {
                format!(
                    "entry {number} is {state}; `spektr inbox replay {number}` makes it pending\n"
                )
            }
        }
    }
}

async fn run(again: Reattempt, global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let filter = arguments.filter.filter();
    let is_everything = filter == Filter::all();
    match (arguments.names.is_empty(), is_everything, arguments.all) {
        (true, true, false) => {
            return Err(Failure::new(format!("no entries to {} were chosen", again.verb())).hint(
                match again {
                    Reattempt::Replay => {
                        "name entries, or filter them: --state dead; --all selects the whole inbox"
                    }
                    Reattempt::Retry => {
                        "name entries, or filter them: --since 2h; --all selects all that wait"
                    }
                },
            ));
        }
        (false, false, _) | (false, _, true) | (_, false, true) => {
            return Err(Failure::new("names, filters and --all cannot be combined"));
        }
        _ => {}
    }
    let store = open(global, &arguments.store).await?;
    let now = SystemClock::new().now();
    let (mut found, mut numbers) = (Vec::new(), BTreeSet::new());
    let mut missing = Vec::new();
    for name in &arguments.names {
        match show::find(&*store, name).await? {
            none if none.is_empty() => missing.push(name.clone()),
            // An entry can be named twice, by its number and by its id.
            some => found.extend(some.into_iter().filter(|entry| numbers.insert(entry.number))),
        }
    }
    let is_there = Answer::from_yes(missing.is_empty());
    let (json, text) = if arguments.dry_run {
        let filters = found.iter().map(|entry| Filter::number(entry.number));
        let filters = filters.chain(arguments.names.is_empty().then_some(filter));
        let mut tallies = Vec::new();
        for filter in filters {
            tallies.extend(again.would(&*store, &filter, now).await?);
        }
        counted(again, tallies, &missing)
    } else {
        let operator = arguments.operator.operator();
        let (mut done, mut left) = (0, Vec::new());
        if arguments.names.is_empty() {
            let mut progress = Progress::counting();
            done = again.run(&*store, &operator, &filter, now, |done| progress.at(done)).await?;
        }
        for entry in &found {
            let filter = Filter::number(entry.number);
            match again.run(&*store, &operator, &filter, now, |_| {}).await? {
                0 => left.push(again.why_not(entry)),
                some => done += some,
            }
        }
        let text = format!("{}{} {}\n", left.concat(), entries(done), again.outcome());
        (json!({ again.done(): done, "missing": missing }), text)
    };
    let missing = missing.iter().map(|name| format!("there is no entry {}\n", safe(name)));
    global.format.print(&json, || missing.collect::<String>() + &text)?;
    Ok(is_there)
}

/// Returns the result of a dry run, as JSON and as text.
fn counted(again: Reattempt, mut tallies: Vec<Tally>, missing: &[String]) -> (Value, String) {
    tallies.sort_by(|one, other| (one.state, &one.wire_type).cmp(&(other.state, &other.wire_type)));
    // Adds up the tallies of entries that were named one by one.
    tallies.dedup_by(|one, kept| {
        let is_same = (one.state, &one.wire_type) == (kept.state, &kept.wire_type);
        if is_same {
            kept.count += one.count;
        }
        is_same
    });
    let total = tallies.iter().map(|tally| tally.count).sum();
    let rows = tallies.iter().map(|Tally { state, wire_type, count, .. }| {
        json!({ "state": state.as_str(), "wire_type": wire_type, "count": count })
    });
    let rows = Value::from_iter(rows);
    let json =
        json!({ format!("would_{}", again.verb()): total, "entries": rows, "missing": missing });
    let lines = tallies.iter().map(|Tally { state, wire_type, count, .. }| {
        let wire_type = wire_type.as_deref().map_or_else(|| "(no type)".into(), safe);
        format!("{count:>6}  {:10}  {wire_type}\n", state.as_str())
    });
    let lines: String = lines.collect();
    (json, format!("{lines}{} would be {}\n", entries(total), again.outcome()))
}

fn entries(number: u64) -> String {
    count(number, "entry", "entries")
}
