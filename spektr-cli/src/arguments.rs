//! Arguments that several commands share.

use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::ErrorKind;

use crate::catalogue;
use crate::config::Config;
use crate::failure::Failure;
use crate::output::Format;

const GLOBAL: &str = "Global options";

/// The options of every command.
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

/// Returns a parser for a value that may hold a secret. Unlike the errors of clap's own parsers,
/// its errors do not repeat the value.
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

/// Returns a parser for the name of an event. Shells complete the names in lower case, and the
/// words in `more`. The parser accepts any text: the command checks that the event exists, and also
/// takes wire types and examples.
pub(crate) fn event_name(more: &'static [&'static str]) -> impl TypedValueParser<Value = String> {
    Completed(move || {
        let names = catalogue::events().map(|event| event.details.module.as_str());
        names.chain(more.iter().copied()).collect()
    })
}

/// Returns a parser for the name of a scenario or of a file. Shells complete the names of
/// scenarios.
pub(crate) fn scenario_name() -> impl TypedValueParser<Value = String> {
    Completed(|| catalogue::scenarios().keys().map(String::as_str).collect())
}

/// Accepts any text, and offers shells the known names for completion.
#[derive(Clone)]
struct Completed<F>(F);

impl<F> TypedValueParser for Completed<F>
where
    F: Fn() -> Vec<&'static str> + Clone + Send + Sync + 'static,
{
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}
