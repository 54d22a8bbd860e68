//! `spektr inbox quarantine`, `recover` and `discard`: rejected deliveries.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use serde::Serialize;
use spektr_inbox::{Clock as _, Receiver, SystemClock, operate};

use super::open;
use crate::arguments::Global;
use crate::config::settings::SOURCE;
use crate::failure::{Answer, Failure};
use crate::keys::KeyArguments;
use crate::operator::OperatorArguments;
use crate::output;
use crate::record::{self, Recorder};
use crate::store::StoreArguments;
use crate::terminal::{bad, count, faint, safe};
use crate::time::{self, Moment};

const EXAMPLES: &str = "\
Examples:
  spektr inbox quarantine
  spektr inbox quarantine --record rejected              # then, to find the right settings:
  spektr diagnose --headers rejected/000001.headers --body rejected/000001.body

Anybody can send deliveries into the quarantine, so no part of a body is shown. --record writes the
signature headers and the body of each delivery to files that only you can read.";

const RECOVER_EXAMPLES: &str = "\
Examples:
  spektr inbox recover                                   # after you correct the settings

The inbox stores the entries of each authentic delivery, whatever its age, and the delivery leaves
the quarantine. Exit code 1: deliveries remain because they are not authentic.";

const DISCARD_EXAMPLES: &str = "\
Examples:
  spektr inbox discard --older-than 7d
  spektr inbox discard --all

Deletes rejected deliveries for good. `spektr serve --keep-rejected` deletes them automatically.";

/// The number of deliveries in memory at a time: each can be as large as a body.
const PAGE: usize = 10;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Record the deliveries in this folder, as two files each
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Args)]
#[command(after_help = RECOVER_EXAMPLES)]
pub(crate) struct RecoverArguments {
    #[arg(long, help = SOURCE.help(), value_name = "NAME", value_parser = SOURCE.parser())]
    source: Option<String>,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    keys: KeyArguments,
}

#[derive(Args)]
#[command(after_help = DISCARD_EXAMPLES, group(ArgGroup::new("which").required(true)))]
pub(crate) struct DiscardArguments {
    /// Delete deliveries that arrived longer ago than this, for example 7d
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age, group = "which")]
    older_than: Option<Duration>,
    /// Delete all rejected deliveries
    #[arg(long, group = "which")]
    all: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
struct RejectedRow<'r> {
    number: i64,
    received_at: String,
    reason: &'r str,
    bytes: usize,
    /// The path of the two recorded files, without their extensions.
    recorded: Option<String>,
}

pub(super) async fn list(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let recorder = arguments.record.as_deref().map(Recorder::open).transpose()?;
    let (mut number, mut last) = (0, 0);
    loop {
        let page = store.quarantined(last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        number += page.len();
        for kept in &page {
            let rejected = &kept.rejected;
            let recorded = recorder
                .as_ref()
                .map(|recorder| recorder.record("/", &rejected.headers, &rejected.body))
                .transpose()
                .map_err(|error| Failure::caused_by("cannot record", &error))?;
            let row = RejectedRow {
                number: kept.number,
                received_at: rejected.received_at.to_string(),
                reason: &rejected.reason,
                bytes: rejected.body.len(),
                recorded: recorded.as_ref().map(|path| path.to_string_lossy().into_owned()),
            };
            global.format.print(&row, || {
                let RejectedRow { number, received_at, bytes, .. } = &row;
                let reason = bad(&safe(row.reason));
                let files = recorded.map(|path| format!("  {}", faint(&record::place(&path))));
                let files = files.unwrap_or_default();
                format!("{number:>6}  {received_at:24}  {reason}  {bytes} bytes{files}\n")
            })?;
        }
    }
    if !global.is_json() {
        let deliveries = count(number, "delivery", "deliveries");
        let note = if number == 0 { " (`serve` keeps them with --quarantine only)" } else { "" };
        output::print(&format!("{deliveries} in quarantine{note}\n"))?;
    }
    Ok(Answer::Yes)
}

pub(super) async fn recover(
    global: &Global,
    arguments: &RecoverArguments,
) -> Result<Answer, Failure> {
    let config = global.config()?;
    let verifier = arguments.keys.verifier(&config, None)?;
    let store = arguments.store.open(&config).await?;
    let source = SOURCE.value(arguments.source.clone(), &config);
    let receiver = Receiver::new(store, verifier).with_source(&source);
    let (recovered, remaining) = receiver.recover(&arguments.operator.operator()).await?;
    let json = serde_json::json!({ "recovered": recovered, "remaining": remaining });
    let deliveries = count(recovered, "delivery", "deliveries");
    global.format.print(&json, || format!("{deliveries} recovered, {remaining} remain\n"))?;
    Ok(Answer::from_yes(remaining == 0))
}

pub(super) async fn discard(
    global: &Global,
    arguments: &DiscardArguments,
) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let now = SystemClock::new().now();
    let before = arguments.older_than.map(|age| Moment::Ago(age).as_of(now));
    let operator = arguments.operator.operator();
    let discarded = operate::empty_quarantine(&*store, &operator, before, now).await?;
    let text = || format!("{} deleted\n", count(discarded, "delivery", "deliveries"));
    global.format.print(&serde_json::json!({ "discarded": discarded }), text)?;
    Ok(Answer::Yes)
}
