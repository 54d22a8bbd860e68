//! `spektr completions`: completions for a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::{Answer, Failure};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  spektr completions bash > ~/.local/share/bash-completion/completions/spektr
  spektr completions zsh > ~/.zfunc/_spektr
  spektr completions fish > ~/.config/fish/completions/spektr.fish";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// `command` describes the whole command line.
pub(crate) fn run(arguments: &Arguments, mut command: Command) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "spektr", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Answer::Yes)
}
