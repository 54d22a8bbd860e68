//! `spektr inbox status`: whether entries are handed out, how many wait, and which attempts fail.

use serde::Serialize;
use spektr_inbox::store::{Filter, Pause, State, Stats, StoredEntry};
use spektr_inbox::{Clock as _, SystemClock};
use spektr_types::Timestamp;

use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::store::StoreArguments;
use crate::terminal::{bad, careful, columns, count, good, safe};

pub(super) const EXAMPLES: &str = "\
Examples:
  spektr inbox status
  spektr inbox status --format json | jq .pending
  spektr inbox status --format json | jq .failing        # during an outage

Failing entries are pending entries whose last attempt failed. Only the oldest pending entries are
examined, because an outage of the destination shows there first. If an entry has been due for a
long time, it waits for a worker, or its endpoint is down. An endpoint that is down is probed from
time to time.";

/// The number of oldest pending entries that are examined.
const EXAMINED: usize = 50;

#[derive(Serialize)]
struct InboxStatus {
    paused: Option<PauseStatus>,
    oldest_pending: Option<String>,
    behind_dead: u64,
    pending: u64,
    /// The number of pending entries that wait for their next attempt.
    waiting: u64,
    failing: Option<FailingEntries>,
    dead: u64,
    malformed: u64,
    unknown: u64,
    unreadable: u64,
    conflict: u64,
}

#[derive(Serialize)]
struct PauseStatus {
    since: String,
    by: String,
}

/// The failing entries among the oldest pending entries.
#[derive(Serialize)]
struct FailingEntries {
    count: usize,
    /// The number of the oldest failing entry. The next members are about this entry.
    number: i64,
    attempts: u32,
    /// The reason why the last attempt failed.
    reason: String,
    due_at: String,
    /// Whether that time has passed. If so, the entry waits for a worker, or for an endpoint that
    /// is down.
    is_due: bool,
}

impl FailingEntries {
    fn of(oldest: &[StoredEntry], now: Timestamp) -> Option<Self> {
        let failing = oldest.iter().filter(|entry| entry.reason.is_some());
        let first = failing.clone().next()?;
        Some(Self {
            count: failing.count(),
            number: first.number,
            attempts: first.attempts,
            reason: first.reason.clone().unwrap_or_default(),
            due_at: first.due_at.to_string(),
            is_due: first.due_at <= now,
        })
    }

    fn text(&self) -> String {
        let Self { number, reason, due_at, .. } = self;
        let attempts = count(self.attempts, "attempt", "attempts");
        let reason = safe(reason);
        let next = if self.is_due { "due since" } else { "next at" };
        let entry = format!("entry {number}, {attempts}, {next} {due_at}: {reason}");
        match self.count {
            1 => entry,
            several => format!("{several} of the oldest; {entry}"),
        }
    }
}

impl InboxStatus {
    fn new(
        stats: &Stats,
        pause: Option<Pause>,
        waiting: u64,
        failing: Option<FailingEntries>,
    ) -> Self {
        Self {
            paused: pause.map(|Pause { since, by }| PauseStatus { since: since.to_string(), by }),
            oldest_pending: stats.oldest_pending.map(|at| at.to_string()),
            behind_dead: stats.behind_dead,
            pending: stats.pending,
            waiting,
            failing,
            dead: stats.dead,
            malformed: stats.malformed,
            unknown: stats.unknown,
            unreadable: stats.unreadable,
            conflict: stats.conflict,
        }
    }

    fn text(&self) -> String {
        let handling = match &self.paused {
            Some(PauseStatus { since, by }) => {
                format!("{} by {} since {since}", careful("paused"), safe(by))
            }
            None => good("not paused"),
        };
        let row = |name: &str, value: String| [name.to_owned(), value];
        let mut rows = vec![row("handling", handling), row("pending", self.pending.to_string())];
        if let Some(oldest) = &self.oldest_pending {
            rows.push(row("  oldest", oldest.clone()));
        }
        if self.waiting > 0 {
            let waiting = self.waiting;
            rows.push(row("  waiting", format!("{waiting} for their next attempt")));
        }
        if let Some(failing) = &self.failing {
            rows.push(row("  failing", bad(&failing.text())));
        }
        if self.behind_dead > 0 {
            let behind = self.behind_dead;
            rows.push(row(
                "  behind",
                format!("{behind} come after a dead entry of their spektr id"),
            ));
        }
        rows.push(row("dead", self.dead.to_string()));
        let others = [
            (State::Malformed, self.malformed),
            (State::Unknown, self.unknown),
            (State::Unreadable, self.unreadable),
            (State::Conflict, self.conflict),
        ];
        for (state, number) in others {
            if number > 0 {
                rows.push(row(state.as_str(), number.to_string()));
            }
        }
        columns(&rows)
    }
}

pub(super) async fn status(global: &Global, store: &StoreArguments) -> Result<Answer, Failure> {
    let store = open(global, store).await?;
    let (stats, pause) = (store.stats().await?, store.pause().await?);
    let pending = Filter::state(State::Pending);
    let now = SystemClock::new().now();
    let tallies = store.tally(pending.clone(), now).await?;
    let waiting = tallies.iter().filter(|tally| tally.is_waiting).map(|tally| tally.count).sum();
    let failing = FailingEntries::of(&store.list(pending, 0, EXAMINED).await?, now);
    let status = InboxStatus::new(&stats, pause, waiting, failing);
    global.format.print(&status, || status.text())?;
    Ok(Answer::Yes)
}
