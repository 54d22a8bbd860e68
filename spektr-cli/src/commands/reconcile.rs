//! `spektr reconcile`: fetches missed events from the sender's list.

use clap::Args;
use serde::Serialize;
use spektr_inbox::reconcile::{ReconcileError, Summary};
use spektr_inbox::store::{Action, Filter};
use spektr_inbox::{Clock as _, SystemClock};

use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::operator::OperatorArguments;
use crate::progress::Progress;
use crate::runtime;
use crate::sender_list::ComparedArguments;
use crate::terminal::{bad, count};
use crate::time::Moment;

const EXAMPLES: &str = "\
Examples:
  SPEKTR_API_KEY=… spektr reconcile --since 2h
  spektr reconcile                                       # since the last run
  spektr reconcile --from sandbox --source sandbox --since 1d

The sender drops an event after four attempts, but keeps it in a list. reconcile reads the events
that were created since the last run, or since --since if that is earlier, and stores those that the
inbox lacks. Creates the inbox if there is none. If a run is interrupted, the next run continues it.
Each page of the list repeats the end of the page before, and these events count as there already.
Exit code 1: the run did not reach the end of the list.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Also fetch events created after this time: 2h for two hours ago, epoch seconds, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    since: Option<Moment>,
    #[command(flatten)]
    compared: ComparedArguments,
    #[command(flatten)]
    operator: OperatorArguments,
}

#[derive(Default, Serialize)]
struct ReconcileReport {
    completed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    done: Option<ReconcileFigures>,
}

/// The result up to the end of the list, or up to the place where the run stopped.
#[derive(Serialize)]
struct ReconcileFigures {
    since: String,
    until: String,
    /// Everything that was created up to this time has been read.
    position: String,
    seen: u64,
    new: u64,
    duplicates: u64,
    conflicts: u64,
    malformed: u64,
    unknown: u64,
    requests: u64,
}

impl ReconcileFigures {
    fn new(summary: &Summary) -> Self {
        Self {
            since: summary.since.to_string(),
            until: summary.until.to_string(),
            position: summary.position.to_string(),
            seen: summary.seen,
            new: summary.new,
            duplicates: summary.duplicates,
            conflicts: summary.conflicts,
            malformed: summary.malformed,
            unknown: summary.unknown,
            requests: summary.requests,
        }
    }
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let client = arguments.compared.client(&config)?;
    runtime::block_on(async {
        let store = arguments.compared.store.open_or_make(&config).await?;
        let reconciler = arguments.compared.reconciler(&config, store.clone(), client);
        let began_at = SystemClock::new().now();
        let mut last = None;
        let mut progress = Progress::counting();
        let watch = |summary: &Summary| {
            progress.at(summary.seen);
            last = Some(*summary);
        };
        let result = match arguments.since {
            Some(since) => reconciler.run_since(since.as_of(began_at), watch).await,
            None => reconciler.run_once(watch).await,
        };
        drop(progress);
        let report = match &result {
            Ok(summary) => ReconcileReport {
                completed: true,
                done: Some(ReconcileFigures::new(summary)),
                ..ReconcileReport::default()
            },
            Err(ReconcileError::NoWatermark | ReconcileError::Watermark) => {
                return Err(Failure::new("no earlier run says where to begin")
                    .hint("name a time: --since 2h"));
            }
            Err(error) => ReconcileReport {
                completed: false,
                reason: Some(error.reason()),
                error: Some(Failure::caused_by("not reconciled", error).message().to_owned()),
                done: last.as_ref().map(ReconcileFigures::new),
            },
        };
        global.format.print(&report, || text(&report))?;
        let new = result.as_ref().ok().or(last.as_ref()).map_or(0, |summary| summary.new);
        if new > 0 {
            let record = arguments.operator.operator().record(Action::Reconcile, began_at);
            let source = Some(arguments.compared.source(&config));
            store.record(record.with_filter(&Filter { source, ..Filter::all() }), new).await?;
        }
        Ok(Answer::from_yes(report.completed))
    })
}

fn text(report: &ReconcileReport) -> String {
    let mut text = String::new();
    if let Some(done) = &report.done {
        text.push_str(&format!(
            "{} of {} to {}: {} missed, {} there already\n",
            count(done.seen, "entry", "entries"),
            done.since,
            done.position,
            match done.new {
                1 => "1 was".to_owned(),
                new => format!("{new} were"),
            },
            done.duplicates,
        ));
        let special = [
            (done.conflicts, "with the id of another entry: `spektr inbox list --state conflict`"),
            // Malformed and unknown entries are pending until a worker tries to decode them.
            (done.malformed, "malformed, but stored"),
            (done.unknown, "unknown to this version, but stored"),
        ];
        for (number, what) in special {
            if number > 0 {
                text.push_str(&format!("{number} of them {what}\n"));
            }
        }
    }
    if let Some(error) = &report.error {
        text.push_str(&format!("{} {error}\n", bad("error:")));
    }
    text
}
