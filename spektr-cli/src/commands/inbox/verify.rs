//! `spektr inbox verify`: compares the sender's list with the inbox.

use std::time::Duration;

use clap::Args;
use serde::{Serialize, Serializer};
use spektr_inbox::reconcile::{Finding, Verification};
use spektr_inbox::store::{State, Stats};
use spektr_inbox::{Clock as _, SystemClock};

use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::sender_list::ComparedArguments;
use crate::terminal::{bad, careful, count, good, safe};
use crate::time::Moment;

const EXAMPLES: &str = "\
Examples:
  SPEKTR_API_KEY=… spektr inbox verify --since 7d
  spektr inbox verify --since 2024-11-01T00:00:00Z --format json | jq -r 'select(.problem) | .id'

Compares the sender's list with the inbox, and writes nothing. Problems: missing (the event is
listed, but not in the inbox; `spektr reconcile --since` fetches it), conflict (the inbox has the
event's id only with another content), undecodable (this version cannot decode the event). Events of
the last 15 minutes are left out, because they may still be under way. An event in the inbox may not
be handled yet: if the inbox has unhandled entries, of any source and time, the last line counts
them, and `spektr inbox list --state STATE` lists them. Rejected deliveries are not counted. Exit code 1: the command found a problem, it could
not read the list to its end, or the list has no events of that time, which proves nothing.";

/// How far back the comparison goes without `--since`.
const REACH: Duration = Duration::from_secs(24 * 3600);

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Compare events created after this time: 2h for two hours ago, epoch seconds, or RFC 3339 [preset: 1d]
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    since: Option<Moment>,
    #[command(flatten)]
    compared: ComparedArguments,
}

#[derive(Serialize)]
struct ProblemRow<'f> {
    problem: &'static str,
    id: Option<&'f str>,
    wire_type: Option<&'f str>,
    created_at: Option<String>,
}

/// The last line: the figures, or the reason why there are none.
#[derive(Default, Serialize)]
struct VerificationReport {
    completed: bool,
    #[serde(flatten)]
    figures: Option<VerificationFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unhandled: Option<Unhandled>,
}

/// The number of unhandled entries in the whole inbox, by state.
struct Unhandled(Stats);

impl Unhandled {
    fn counts(&self) -> impl Iterator<Item = (State, u64)> {
        let is_unhandled = |state: &State| !matches!(state, State::Done | State::Resolved);
        State::ALL.into_iter().filter(is_unhandled).map(|state| (state, self.0.backlog(state)))
    }

    /// Returns a line with the states that have entries, or an empty text.
    fn text(&self) -> String {
        let counts = self.counts().filter(|(_, number)| *number > 0);
        let counts: Vec<_> = counts.map(|(state, number)| format!("{number} {state}")).collect();
        match &counts[..] {
            [] => String::new(),
            counts => format!("stored in the inbox and not handled: {}\n", counts.join(", ")),
        }
    }
}

impl Serialize for Unhandled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.counts().map(|(state, number)| (state.as_str(), number)))
    }
}

#[derive(Serialize)]
struct VerificationFigures {
    since: String,
    until: String,
    seen: u64,
    missing: u64,
    conflicts: u64,
    undecodable: u64,
    requests: u64,
}

impl VerificationFigures {
    fn new(verification: &Verification) -> Self {
        Self {
            since: verification.since.to_string(),
            until: verification.until.to_string(),
            seen: verification.seen,
            missing: verification.missing,
            conflicts: verification.conflicts,
            undecodable: verification.undecodable,
            requests: verification.requests,
        }
    }
}

pub(super) async fn verify(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let client = arguments.compared.client(&config)?;
    let store = arguments.compared.store.open(&config).await?;
    let since = arguments.since.unwrap_or(Moment::Ago(REACH)).as_of(SystemClock::new().now());
    let reconciler = arguments.compared.reconciler(&config, store.clone(), client);
    let mut printed = Ok(());
    let report = |finding: &Finding| {
        if printed.is_ok() {
            printed = print(global, finding);
        }
    };
    let result = reconciler.verify(since, report).await;
    printed?;
    let unhandled = store.stats().await.ok().map(Unhandled);
    let mut report = VerificationReport { unhandled, ..VerificationReport::default() };
    let answer = match &result {
        Ok(verification) => {
            report.completed = true;
            report.figures = Some(VerificationFigures::new(verification));
            Answer::from_yes(verification.is_clean() && verification.seen > 0)
        }
        Err(error) => {
            report.reason = Some(error.reason());
            report.error = Some(Failure::caused_by("not verified", error).message().to_owned());
            Answer::No
        }
    };
    global.format.print(&report, || text(&report, &arguments.compared))?;
    Ok(answer)
}

fn print(global: &Global, finding: &Finding) -> Result<(), Failure> {
    let row = ProblemRow {
        problem: finding.problem.as_str(),
        id: finding.id.as_deref(),
        wire_type: finding.wire_type.as_deref(),
        created_at: finding.created_at.map(|at| at.to_string()),
    };
    global.format.print(&row, || {
        format!(
            "{}  {:24}  {:23}  {}\n",
            bad(&format!("{:11}", row.problem)),
            row.created_at.as_deref().unwrap_or("(no time)"),
            row.wire_type.map_or_else(|| "(no type)".into(), safe),
            row.id.map_or_else(|| "(no id)".into(), safe),
        )
    })
}

fn text(report: &VerificationReport, compared: &ComparedArguments) -> String {
    let Some(figures) = &report.figures else {
        let error = report.error.as_deref().unwrap_or_default();
        return format!("{} {error}\n", bad("error:"));
    };
    if figures.seen == 0 {
        let (since, until) = (&figures.since, &figures.until);
        return format!(
            "{} the list has no events of {since} to {until}; the last 15 minutes are left out: \
             try again later\n",
            careful("nothing to compare:"),
        );
    }
    let listed = count(figures.seen, "listed entry", "listed entries");
    let span = format!("{listed} of {} to {}", figures.since, figures.until);
    let unhandled = report.unhandled.as_ref().map_or_else(String::new, Unhandled::text);
    if figures.missing + figures.conflicts + figures.undecodable == 0 {
        return format!("{} {span}: all are in the inbox\n{unhandled}", good("fine:"));
    }
    let mut text = format!(
        "{span}: {} missing, {} with another content, {} not decodable\n",
        figures.missing, figures.conflicts, figures.undecodable,
    );
    if figures.missing > 0 {
        let (since, options) = (&figures.since, compared.options());
        text.push_str(&format!(
            "to fetch the missing events: spektr reconcile --since {since}{options}\n"
        ));
    }
    text + &unhandled
}
