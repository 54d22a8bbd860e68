//! The command line and its commands.

use clap::{CommandFactory, Parser, Subcommand};

use crate::arguments::Global;
use crate::commands::{
    check, completions, config, decode, diagnose, doctor, events, inbox, listen, man, reconcile,
    replay, send, serve, sign, verify,
};
use crate::failure::{Answer, Failure};
use crate::serving::ServeArguments;

const ABOUT: &str = "\
A tool for integrating and operating spektr webhooks. It shows the events, tests your endpoint, \
and explains why a signature is refused.";

const AFTER: &str = "\
The first five minutes, in two terminals:
  export SPEKTR_WEBHOOK_KEYS='dev=any secret'
  spektr listen                                   # verifies and prints what arrives
  spektr send --to http://127.0.0.1:8787/ alert_resolved

And then:
  spektr serve                                    # stores what arrives, survives kill -9
  spektr inbox list

Exit codes:
  0  success
  1  the answer is no: not verified, malformed, not acknowledged, not found
  2  failure: an unknown option, an unreadable file, no key, an inbox that does not answer

Secrets come from the environment or a file:
  SPEKTR_WEBHOOK_KEYS='ID=SECRET,ID2:hex=SECRET2', or --keys FILE";

#[derive(Parser)]
#[command(name = "spektr", version, about = ABOUT, after_help = AFTER, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look up the events: members, examples, and decisions where the documentation is unclear
    Events(events::Arguments),
    /// Decode bodies: print one line for each entry
    Decode(decode::Arguments),
    /// Compare bodies with the schema: print the place and type of each difference
    Check(check::Arguments),
    /// Verify a captured delivery, and say which check failed and by how much
    Verify(verify::Arguments),
    /// Find out what the sender signs, from one captured delivery and the secret
    Diagnose(diagnose::Arguments),
    /// Sign a body: print the headers, ready for `curl -H @-`
    Sign(sign::Arguments),
    /// Send realistic deliveries to a receiver, signed as the sender signs
    Send(send::Arguments),
    /// Receive deliveries: verify and print them, and optionally forward or record them
    Listen(listen::Arguments),
    /// Send recorded deliveries again
    Replay(replay::Arguments),
    /// Run the durable receiver: store events, and answer 200 once they are on the disk
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<ServeArguments>),
    /// Check clocks, disk, keys and connections for `serve`: print a finding and a remedy per line
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Box<doctor::Arguments>),
    /// Fetch missed events from the sender's list
    Reconcile(reconcile::Arguments),
    /// Look at the stored entries, and operate on them
    #[command(subcommand)]
    Inbox(inbox::Command),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Write completions for a shell
    Completions(completions::Arguments),
    /// Write the man pages
    Man(man::Arguments),
}

/// Runs the command that the command line names.
pub(crate) fn run() -> Result<Answer, Failure> {
    let Arguments { global, command } = Arguments::parse();
    match command {
        Command::Events(arguments) => events::run(&global, &arguments),
        Command::Decode(arguments) => decode::run(&global, &arguments),
        Command::Check(arguments) => check::run(&global, &arguments),
        Command::Verify(arguments) => verify::run(&global, &arguments),
        Command::Diagnose(arguments) => diagnose::run(&global, &arguments),
        Command::Sign(arguments) => sign::run(&global, &arguments),
        Command::Send(arguments) => send::run(&global, &arguments),
        Command::Listen(arguments) => listen::run(&global, &arguments),
        Command::Replay(arguments) => replay::run(&global, &arguments),
        Command::Serve(arguments) => serve::run(&global, &arguments),
        Command::Doctor(arguments) => doctor::run(&global, &arguments),
        Command::Reconcile(arguments) => reconcile::run(&global, &arguments),
        Command::Inbox(command) => inbox::run(&global, &command),
        Command::Config(config::Command::Check) => config::run(&global),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
        Command::Man(arguments) => man::run(&arguments, Arguments::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
