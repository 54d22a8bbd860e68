//! The command line: which commands there are, and what all of them take.

use std::path::PathBuf;

use clap::builder::{StringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    check, completions, config, decode, diagnose, events, inbox, listen, man, reconcile, replay,
    send, serve, sign, verify,
};
use crate::config::Config;
use crate::failure::{Answer, Failure};
use crate::output::Format;

const ABOUT: &str = "\
The tool for those who integrate and operate spektr webhooks: what do the events look like, is \
my endpoint right, why is a signature refused?";

const AFTER: &str = "\
Five minutes, in two terminals:
  export SPEKTR_WEBHOOK_KEYS='dev=any secret'
  spektr listen                                   # verifies and prints what arrives
  spektr send --to http://127.0.0.1:8787/ alert_resolved

And then:
  spektr serve                                    # stores what arrives, survives kill -9
  spektr inbox list

Exit codes:
  0  fine
  1  the answer is no: not verified, malformed, not acknowledged, not there
  2  wrong use: an unknown option, an unreadable file, no key, an inbox that does not answer

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

const GLOBAL: &str = "Everywhere";

/// What every command takes.
#[derive(clap::Args, Clone)]
pub(crate) struct Global {
    /// Form of the output
    #[arg(
        long,
        value_enum,
        default_value_t,
        global = true,
        value_name = "FORMAT",
        help_heading = GLOBAL,
        display_order = 1000
    )]
    pub(crate) format: Format,
    /// Configuration file [default: $SPEKTR_CONFIG, then spektr.toml, if there is one]
    #[arg(
        long = "config",
        global = true,
        value_name = "FILE",
        help_heading = GLOBAL,
        display_order = 1001
    )]
    pub(crate) config_file: Option<PathBuf>,
}

impl Global {
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::load(self.config_file.as_deref())
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }
}

#[derive(Subcommand)]
enum Command {
    /// Look up the events: members, examples, and what was decided where the documentation is unclear
    Events(events::Arguments),
    /// Say what is in bodies: a line per entry
    Decode(decode::Arguments),
    /// Compare bodies with the schema: what has changed, by places and types
    Check(check::Arguments),
    /// Verify a captured delivery, and say which check failed and by how much
    Verify(verify::Arguments),
    /// Find out what the sender signs, from one captured delivery and the secret
    Diagnose(diagnose::Arguments),
    /// Sign a body: the headers, ready for `curl -H @-`
    Sign(sign::Arguments),
    /// Send realistic deliveries to a receiver, signed as the sender signs
    Send(send::Arguments),
    /// Receive deliveries: verify and print, forward, record
    Listen(listen::Arguments),
    /// Send recorded deliveries again
    Replay(replay::Arguments),
    /// Run the durable receiver: store what arrives, answer 200 once it is on the disk
    Serve(Box<serve::Arguments>),
    /// Fetch what was missed from the sender's list
    Reconcile(reconcile::Arguments),
    /// Look at what is stored and look after it
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

/// Runs what the command line says.
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
        Command::Reconcile(arguments) => reconcile::run(&global, &arguments),
        Command::Inbox(command) => inbox::run(&global, &command),
        Command::Config(command) => config::run(&global, &command),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}

/// Reads a value that may hold a secret: unlike clap's own, the message of an
/// error does not repeat it.
pub(crate) fn quietly<T: Clone + Send + Sync + 'static>(
    parse: fn(&str) -> Result<T, String>,
) -> impl TypedValueParser<Value = T> {
    Quietly(parse)
}

#[derive(Clone)]
struct Quietly<T>(fn(&str) -> Result<T, String>);

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Quietly<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<T, clap::Error> {
        let text = StringValueParser::new().parse_ref(command, argument, value)?;
        (self.0)(&text).map_err(|message| {
            let name = argument.map(ToString::to_string).unwrap_or_default();
            let message = format!("invalid value for '{name}': {message}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

/// Returns the command line's description, for completions and man pages.
pub(crate) fn command() -> clap::Command {
    Arguments::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
    }
}
