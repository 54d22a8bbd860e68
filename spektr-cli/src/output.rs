//! Writes to standard output: text for people, JSON for scripts.

use std::fmt::Write as _;
use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;
use crate::terminal::is_unsafe;

/// Form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts: one JSON value per line
    Json,
}

impl Format {
    /// Reads the name of a format.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        Self::from_str(name, false).map_err(|_| "expected text or json".to_owned())
    }

    /// Prints a value as a line of JSON, or its text for people.
    pub(crate) fn print(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self {
            Self::Json => print_json(value),
            Self::Text => print(&text()),
        }
    }
}

/// Prints text, in colour if standard output is a terminal.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| Failure::stdout(&e))
}

/// Prints a value as a line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(value)
        .map_err(|error| Failure::caused_by("cannot write JSON", &error))?;
    let mut line = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        // An unsafe character can only be inside a JSON string, where an escape is equivalent.
        if is_unsafe(character) {
            let _ = write!(line, "\\u{:04x}", u32::from(character));
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    print(&line)
}
