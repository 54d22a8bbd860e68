//! `spektr inbox pause` and `resume`: whether the inbox hands out entries.

use clap::Args;
use spektr_inbox::store::Pause;
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::operator::OperatorArguments;
use crate::output;
use crate::store::StoreArguments;
use crate::terminal::safe;
use crate::time;

const PAUSE_EXAMPLES: &str = "\
Examples:
  spektr inbox pause --by ada                            # the endpoint is being changed
  spektr inbox resume --by ada

Nothing is handed out any more, to `spektr serve` and to workers of your own alike, on any
machine and after a restart, until `spektr inbox resume`. Handlers that run finish, and deliveries
are accepted as before. `spektr inbox status`, the metrics and /health/ready show it.";

const RESUME_EXAMPLES: &str = "\
Examples:
  spektr inbox resume

What waits is handed out again.";

#[derive(Args)]
#[command(after_help = PAUSE_EXAMPLES)]
pub(crate) struct PauseArguments {
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) async fn pause(global: &Global, arguments: &PauseArguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let (operator, now) = (arguments.operator.operator(), SystemClock::new().now());
    let is_change = operate::pause(&*store, &operator, now).await?;
    let text = match is_change {
        true => "paused: deliveries are accepted, and nothing is handled\n".to_owned(),
        false => match store.pause().await? {
            Some(Pause { since, by }) => {
                format!("paused already by {} since {}\n", safe(&by), time::rfc_3339_millis(since))
            }
            None => "it was paused already, and has been resumed meanwhile\n".to_owned(),
        },
    };
    told(global, true, is_change, &text)
}

pub(super) async fn resume(
    global: &Global,
    arguments: &ResumeArguments,
) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let (operator, now) = (arguments.operator.operator(), SystemClock::new().now());
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
