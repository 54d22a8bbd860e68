//! `spektr inbox list` and `dead`: a line per entry.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use spektr_inbox::store::{Filter, State, StoredEntry};

use super::filter::FilterArguments;
use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::output;
use crate::store::StoreArguments;
use crate::terminal::{bad, careful, count, faint, good, safe};

const LIST_EXAMPLES: &str = "\
Examples:
  spektr inbox list
  spektr inbox list --state pending --before 10m         # entries that have waited long
  spektr inbox list --since 2h --format json | jq -r .id
  spektr inbox list --format json | jq -r 'select(.wire_type == \"alert_resolved\") | .id'

States: pending (waits for a worker or for its next attempt), done, dead (given up), malformed and
unknown (this version cannot decode the entry), unreadable (a body that this version cannot split
into entries), conflict (has the id of an earlier entry, but another content), resolved (dealt with
by hand).";

pub(super) const DEAD_EXAMPLES: &str = "\
Examples:
  spektr inbox dead
  spektr inbox replay --state dead                       # after the cause is removed";

/// The number of entries in memory at a time: each can be as large as a body.
const PAGE: usize = 50;

#[derive(Args)]
#[command(after_help = LIST_EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filter: FilterArguments,
    /// Show at most this number of entries [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    store: StoreArguments,
}

/// The facts about an entry, without its content.
#[derive(Serialize)]
pub(super) struct StoredEntryRow<'e> {
    number: i64,
    source: &'e str,
    id: Option<&'e str>,
    spektr_id: Option<&'e str>,
    wire_type: Option<&'e str>,
    state: &'static str,
    /// Whether its id was in the inbox with another content when it arrived.
    conflict: bool,
    attempts: u32,
    created_at: Option<String>,
    received_at: String,
    /// The time when the next attempt is due, or when the lease ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    bytes: usize,
}

impl<'e> StoredEntryRow<'e> {
    pub(super) fn new(entry: &'e StoredEntry) -> Self {
        Self {
            number: entry.number,
            source: &entry.source,
            id: entry.id.as_deref(),
            spektr_id: entry.spektr_id.as_deref(),
            wire_type: entry.wire_type.as_deref(),
            state: entry.state.as_str(),
            conflict: entry.conflict,
            attempts: entry.attempts,
            created_at: entry.created_at.map(|at| at.to_string()),
            received_at: entry.received_at.to_string(),
            due_at: (entry.state == State::Pending).then(|| entry.due_at.to_string()),
            bytes: entry.raw.len(),
        }
    }

    fn text(&self) -> String {
        let wire_type = self.wire_type.map_or_else(|| "(no type)".into(), safe);
        let id = self.id.map_or_else(|| "(no id)".into(), safe);
        let mut text = format!(
            "{:>6}  {}  {:24}  {wire_type:23}  {id}",
            self.number,
            in_colour(self.state),
            self.received_at,
        );
        if self.attempts > 0 && self.state != State::Done.as_str() {
            let attempts = count(self.attempts, "attempt", "attempts");
            text.push_str(&format!("  {}", faint(&attempts)));
        }
        text.push('\n');
        text
    }
}

fn in_colour(state: &str) -> String {
    let padded = format!("{state:10}");
    match state {
        "pending" => padded,
        "done" => good(&padded),
        "dead" => bad(&padded),
        _ => careful(&padded),
    }
}

pub(super) async fn list(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let filter = arguments.filter.filter();
    let mut left = arguments.limit.unwrap_or(u64::MAX);
    let mut states = BTreeMap::<State, usize>::new();
    let mut last = 0;
    while left > 0 {
        let limit = usize::try_from(left).map_or(PAGE, |left| left.min(PAGE));
        let page = store.list(filter.clone(), last, limit).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        left -= page.len() as u64;
        for entry in &page {
            *states.entry(entry.state).or_default() += 1;
        }
        let mut rows = page.iter().map(StoredEntryRow::new);
        if global.is_json() {
            rows.try_for_each(|row| output::print_json(&row))?;
        } else {
            output::print(&rows.map(|row| row.text()).collect::<String>())?;
        }
    }
    if !global.is_json() {
        let shown: usize = states.values().sum();
        let total = if left == 0 { store.count(filter).await? } else { shown as u64 };
        let mut text = if total > shown as u64 {
            format!("{shown} of {total} entries")
        } else {
            count(shown, "entry", "entries")
        };
        let states: Vec<_> =
            states.iter().map(|(state, number)| format!("{number} {state}")).collect();
        if !states.is_empty() {
            text.push_str(&format!(": {}", states.join(", ")));
        }
        output::print(&format!("{text}\n"))?;
    }
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct DeadLetter<'e> {
    #[serde(flatten)]
    row: StoredEntryRow<'e>,
    reason: Option<&'e str>,
}

pub(super) async fn dead(global: &Global, store: &StoreArguments) -> Result<Answer, Failure> {
    let store = open(global, store).await?;
    let (mut number, mut last) = (0, 0);
    loop {
        let page = store.list(Filter::state(State::Dead), last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        number += page.len();
        for entry in &page {
            let letter =
                DeadLetter { row: StoredEntryRow::new(entry), reason: entry.reason.as_deref() };
            global.format.print(&letter, || {
                let reason = letter.reason.map_or_else(|| "no reason is recorded".into(), safe);
                format!("{}        {reason}\n", letter.row.text())
            })?;
        }
    }
    if !global.is_json() {
        let mut text = format!("{}\n", count(number, "dead letter", "dead letters"));
        if number > 0 {
            text.push_str("once the reason is gone: spektr inbox replay --state dead\n");
        }
        output::print(&text)?;
    }
    Ok(Answer::Yes)
}
