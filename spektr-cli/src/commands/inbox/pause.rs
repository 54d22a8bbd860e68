//! `spektr inbox pause` and `resume`: stop handing out entries, and start again.

use clap::Args;
use spektr_inbox::store::Pause;
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::operator::OperatorArguments;
use crate::store::StoreArguments;
use crate::terminal::safe;

pub(super) const PAUSE_EXAMPLES: &str = "\
Examples:
  spektr inbox pause --by ada                            # while you change the endpoint
  spektr inbox resume --by ada

Until `spektr inbox resume`, the inbox hands out no entries, on any machine and after a restart.
This applies to `spektr serve` and to your own workers. Running handlers finish. Deliveries are
accepted as before. `spektr inbox status`, the metrics and /health/ready show the pause.";

pub(super) const RESUME_EXAMPLES: &str = "\
Examples:
  spektr inbox resume

Workers get the waiting entries again.";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) async fn pause(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let (operator, now) = (arguments.operator.operator(), SystemClock::new().now());
    let is_change = operate::pause(&*store, &operator, now).await?;
    let text = match is_change {
        true => "paused: deliveries are accepted, and nothing is handled\n".to_owned(),
        false => match store.pause().await? {
            Some(Pause { since, by }) => {
                format!("paused already by {} since {since}\n", safe(&by))
            }
            None => "the inbox was paused already, and was resumed meanwhile\n".to_owned(),
        },
    };
    told(global, true, is_change, &text)
}

pub(super) async fn resume(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let (operator, now) = (arguments.operator.operator(), SystemClock::new().now());
    let is_change = operate::resume(&*store, &operator, now).await?;
    let text = if is_change {
        "resumed: entries are handled again\n"
    } else {
        "the inbox was not paused\n"
    };
    told(global, false, is_change, text)
}

fn told(global: &Global, is_paused: bool, is_change: bool, text: &str) -> Result<Answer, Failure> {
    let json = serde_json::json!({ "changed": is_change, "paused": is_paused });
    global.format.print(&json, || text.to_owned())?;
    Ok(Answer::Yes)
}
