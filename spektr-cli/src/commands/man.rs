//! `spektr man`: the man pages, made from the same description as the help.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;

use crate::failure::{Answer, Failure};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  spektr man | man -l -                               # read it
  spektr man --out ~/.local/share/man/man1            # install it, a page per command";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Write one page per command into this folder [default: the main page to standard output]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// `command` describes the whole command line.
pub(crate) fn run(arguments: &Arguments, command: Command) -> Result<Answer, Failure> {
    match &arguments.out {
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(command, folder))
                .map_err(|error| Failure::file("write man pages to", folder, &error))?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page).map_err(|error| Failure::stdout(&error))?;
            output::print(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(Answer::Yes)
}
