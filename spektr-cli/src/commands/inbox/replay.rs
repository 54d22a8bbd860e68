//! `spektr inbox replay` and `redecode`: another attempt.

use clap::Args;
use serde::Serialize;
use spektr_inbox::store::{Filter, State, StoredEntry};
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::by::ByArguments;
use super::filter::FilterArguments;
use super::{open, show};
use crate::cli::Global;
use crate::failure::{Answer, Failure};
use crate::output::{self, count, safe};
use crate::progress::Progress;
use crate::store::StoreArguments;

const REPLAY_EXAMPLES: &str = "\
Examples:
  spektr inbox replay 17                                 # or by the event's id
  spektr inbox replay --state dead --since 2h
  spektr inbox replay --all                              # everything that was ever handled

The entries are pending again, with no attempts counted, and the workers of `spektr serve` or of
your own program handle them: at least once more, under the same event id. What is pending is left
alone, and so are bodies that cannot be read. Exit code 1: a named entry is not there.";

const REDECODE_EXAMPLES: &str = "\
Examples:
  spektr inbox redecode                                  # after an upgrade

Malformed and unknown entries that this version can decode become pending, and bodies that it can
split become entries.";

#[derive(Args)]
#[command(after_help = REPLAY_EXAMPLES)]
pub(crate) struct Arguments {
    /// Numbers of entries, or ids of events
    #[arg(value_name = "NUMBER|ID")]
    names: Vec<String>,
    #[command(flatten)]
    filter: FilterArguments,
    /// Without a filter: really everything
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    by: ByArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Args)]
#[command(after_help = REDECODE_EXAMPLES)]
pub(crate) struct RedecodeArguments {
    #[command(flatten)]
    by: ByArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
struct Replayed {
    replayed: u64,
    /// Names for which there is no entry.
    missing: Vec<String>,
}

pub(super) async fn replay(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let filter = arguments.filter.filter();
    let is_everything = filter == Filter::all();
    match (arguments.names.is_empty(), is_everything, arguments.all) {
        (true, true, false) => {
            return Err(Failure::new("nothing says which entries to replay")
                .hint("name some, or filter: --state dead; --all means everything in the inbox"));
        }
        (false, false, _) | (false, _, true) | (_, false, true) => {
            return Err(Failure::new("names, filters and --all do not go together"));
        }
        _ => {}
    }
    let store = open(global, &arguments.store).await?;
    let (operator, now) = (arguments.by.operator(), SystemClock::new().now());
    let mut replayed = 0;
    let mut missing = Vec::new();
    let mut left = Vec::new();
    if arguments.names.is_empty() {
        let mut progress = Progress::counting();
        replayed =
            operate::replay(&*store, &operator, &filter, now, |done| progress.at(done)).await?;
    }
    for name in &arguments.names {
        let entries = show::find(&*store, name).await?;
        if entries.is_empty() {
            missing.push(name.clone());
        }
        for entry in entries {
            let filter = Filter::number(entry.number);
            match operate::replay(&*store, &operator, &filter, now, |_| {}).await? {
                0 => left.push(why_not(&entry)),
                some => replayed += some,
            }
        }
    }
    let answer = Answer::from_yes(missing.is_empty());
    if global.is_json() {
        output::print_json(&Replayed { replayed, missing })?;
        return Ok(answer);
    }
    let mut text: String =
        missing.iter().map(|name| format!("there is no entry {}\n", safe(name))).collect();
    text.extend(left);
    let entries = count(usize::try_from(replayed).unwrap_or(usize::MAX), "entry", "entries");
    text.push_str(&format!("{entries} pending again\n"));
    output::print(&text)?;
    Ok(answer)
}

fn why_not(entry: &StoredEntry) -> String {
    let why = match entry.state {
        State::Unreadable => "cannot be read; `spektr inbox redecode` tries again",
        _ => "is pending already",
    };
    format!("entry {} {why}\n", entry.number)
}

pub(super) async fn redecode(
    global: &Global,
    arguments: &RedecodeArguments,
) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let mut progress = Progress::counting();
    let (operator, now) = (arguments.by.operator(), SystemClock::new().now());
    let redecoded = operate::redecode(&*store, &operator, now, |done| progress.at(done)).await?;
    drop(progress);
    if global.is_json() {
        output::print_json(&serde_json::json!({ "redecoded": redecoded }))?;
    } else {
        let number = usize::try_from(redecoded).unwrap_or(usize::MAX);
        output::print(&format!("{} decoded by now\n", count(number, "entry", "entries")))?;
    }
    Ok(Answer::Yes)
}
