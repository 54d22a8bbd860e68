//! `spektr inbox redecode`: decodes malformed, unknown and unreadable entries again.

use clap::Args;
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::operator::OperatorArguments;
use crate::progress::Progress;
use crate::store::StoreArguments;
use crate::terminal::count;

const EXAMPLES: &str = "\
Examples:
  spektr inbox redecode                                  # after an upgrade

Malformed and unknown entries become pending if this version can decode them. Unreadable bodies
become entries if this version can split them.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) async fn redecode(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let mut progress = Progress::counting();
    let (operator, now) = (arguments.operator.operator(), SystemClock::new().now());
    let redecoded = operate::redecode(&*store, &operator, now, |done| progress.at(done)).await?;
    drop(progress);
    let text = || format!("{} decoded\n", count(redecoded, "entry", "entries"));
    global.format.print(&serde_json::json!({ "redecoded": redecoded }), text)?;
    Ok(Answer::Yes)
}
