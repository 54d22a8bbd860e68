//! `spektr inbox pause`, `resume` and `status`: whether the inbox hands out entries, and what
//! waits in it.

use clap::Args;
use serde::Serialize;
use spektr_inbox::store::{Pause, State, Stats};
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::by::ByArguments;
use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::output;
use crate::store::StoreArguments;
use crate::terminal::{careful, columns, good, safe};
use crate::time;

const PAUSE_EXAMPLES: &str = "\
Examples:
  spektr inbox pause --by ada                            # the endpoint is being changed
  spektr inbox resume --by ada

Nothing is handed out any more, to `spektr serve` and to workers of your own alike, on whatever
machine and after a restart, until `spektr inbox resume`. What is being handled ends, and deliveries
are accepted as before. `spektr inbox status`, the metrics and /health/ready show it.";

const RESUME_EXAMPLES: &str = "\
Examples:
  spektr inbox resume

What waits is handed out again.";

const STATUS_EXAMPLES: &str = "\
Examples:
  spektr inbox status
  spektr inbox status --format json | jq .pending";

#[derive(Args)]
#[command(after_help = PAUSE_EXAMPLES)]
pub(crate) struct PauseArguments {
    #[command(flatten)]
    by: ByArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    by: ByArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Args)]
#[command(after_help = STATUS_EXAMPLES)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) async fn pause(global: &Global, arguments: &PauseArguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let (operator, now) = (arguments.by.operator(), SystemClock::new().now());
    let is_change = operate::pause(&*store, &operator, now).await?;
    let text = match is_change {
        true => "paused: deliveries are accepted, and nothing is handled\n",
        false => "paused already\n",
    };
    told(global, true, is_change, text)
}

pub(super) async fn resume(
    global: &Global,
    arguments: &ResumeArguments,
) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let (operator, now) = (arguments.by.operator(), SystemClock::new().now());
    let is_change = operate::resume(&*store, &operator, now).await?;
    let text =
        if is_change { "resumed: entries are handled again\n" } else { "it was not paused\n" };
    told(global, false, is_change, text)
}

fn told(global: &Global, is_paused: bool, is_change: bool, text: &str) -> Result<Answer, Failure> {
    if global.is_json() {
        output::print_json(&serde_json::json!({ "changed": is_change, "paused": is_paused }))?;
    } else {
        output::print(text)?;
    }
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct Status {
    paused: Option<Paused>,
    oldest_pending: Option<String>,
    behind_dead: u64,
    pending: u64,
    dead: u64,
    malformed: u64,
    unknown: u64,
    unreadable: u64,
    conflict: u64,
}

#[derive(Serialize)]
struct Paused {
    since: String,
    by: String,
}

pub(super) async fn status(
    global: &Global,
    arguments: &StatusArguments,
) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let (stats, pause) = (store.stats().await?, store.pause().await?);
    if global.is_json() {
        output::print_json(&Status {
            paused: pause
                .map(|Pause { since, by }| Paused { since: time::rfc_3339_millis(since), by }),
            oldest_pending: stats.oldest_pending.map(time::rfc_3339_millis),
            behind_dead: stats.behind_dead,
            pending: stats.pending,
            dead: stats.dead,
            malformed: stats.malformed,
            unknown: stats.unknown,
            unreadable: stats.unreadable,
            conflict: stats.conflict,
        })?;
    } else {
        output::print(&text(&stats, pause))?;
    }
    Ok(Answer::Yes)
}

fn text(stats: &Stats, pause: Option<Pause>) -> String {
    let handling = match pause {
        Some(Pause { since, by }) => {
            let since = time::rfc_3339_millis(since);
            format!("{} by {} since {since}", careful("paused"), safe(&by))
        }
        None => good("not paused"),
    };
    let row = |name: &str, value: String| [name.to_owned(), value];
    let mut rows = vec![row("handling", handling), row("pending", stats.pending.to_string())];
    if let Some(oldest) = stats.oldest_pending {
        rows.push(row("  oldest", time::rfc_3339_millis(oldest)));
    }
    if stats.behind_dead > 0 {
        let behind = stats.behind_dead;
        rows.push(row("  behind", format!("{behind} come after a dead one of their spektr id")));
    }
    rows.push(row("dead", stats.dead.to_string()));
    for state in [State::Malformed, State::Unknown, State::Unreadable, State::Conflict] {
        match stats.backlog(state) {
            0 => {}
            some => rows.push(row(state.as_str(), some.to_string())),
        }
    }
    columns(&rows)
}
