//! `spektr inbox schema`: the DDL of an inbox in PostgreSQL, to be run by hand.

use clap::Args;
use spektr_inbox::store::postgres::{grants, migration};

use crate::failure::{Answer, Failure};
use crate::output;
use crate::terminal::safe;

const EXAMPLES: &str = "\
Examples:
  spektr inbox schema --role spektr | psql --set ON_ERROR_STOP=1 postgres://owner@db/events
  spektr inbox schema --from 3 | psql …                 # after an update of the tool
  psql -Atc 'SELECT version FROM spektr_inbox.version'  # which version there is

`spektr serve` makes and migrates the tables itself if its role may. These statements are for a role that may not: run
them as the owner, before the new version starts. They are one transaction.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The version of the tables that there are; 0 if there are none
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    from: u32,
    /// Grant this role the rights that the service needs
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

pub(super) fn schema(arguments: &Arguments) -> Result<Answer, Failure> {
    let mut script = migration(arguments.from).ok_or_else(|| {
        Failure::new(format!("there is nothing to do from version {}", arguments.from))
            .hint("the newest version is the one that this command ends with: --from 0 shows it")
    })?;
    if let Some(role) = &arguments.role {
        if safe(role) != *role {
            return Err(Failure::new("the role has characters that no name has"));
        }
        script.push_str(&grants(role));
    }
    output::print(&script)?;
    Ok(Answer::Yes)
}
