//! `spektr inbox schema`: prints the SQL that creates the tables in PostgreSQL, to run by hand.

use clap::Args;
use spektr_inbox::store::postgres::{grants, migration};

use crate::failure::{Answer, Failure};
use crate::output;
use crate::terminal::safe;

const EXAMPLES: &str = "\
Examples:
  spektr inbox schema --role spektr | psql --set ON_ERROR_STOP=1 postgres://owner@db/events
  spektr inbox schema --from 3 | psql …                 # after an update of the tool
  psql -Atc 'SELECT version FROM spektr_inbox.version'  # the version of the tables

`spektr serve` creates and migrates the tables itself if its role has the rights. If not, run these
statements as the owner before the new version starts. They are one transaction.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Version of the existing tables; 0 if there are none
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    from: u32,
    /// Grant this role the rights that the service needs
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

pub(super) fn schema(arguments: &Arguments) -> Result<Answer, Failure> {
    let mut script = migration(arguments.from).ok_or_else(|| {
        Failure::new(format!("version {} needs no migration, or does not exist", arguments.from))
            .hint("--from 0 prints all statements; the INSERT before COMMIT has the newest version")
    })?;
    if let Some(role) = &arguments.role {
        if safe(role) != *role {
            return Err(Failure::new(
                "the name of the role is too long, or has invisible characters",
            ));
        }
        script.push_str(&grants(role));
    }
    output::print(&script)?;
    Ok(Answer::Yes)
}
