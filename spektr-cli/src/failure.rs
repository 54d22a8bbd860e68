//! The reason why a command could not do its work: what happened, and what to do about it.
//!
//! A failure has the exit code 2, as wrong use has. A "no" is not a failure, but an [`Answer`].

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::terminal::{self, safe_path};

/// The answer of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
}

impl Answer {
    pub(crate) fn from_yes(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => ExitCode::SUCCESS,
            Answer::No => ExitCode::from(1),
        }
    }
}

/// Something that keeps a command from giving an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    is_broken_pipe: bool,
}

impl Failure {
    /// The exit code of a failure. clap uses the same code for wrong use.
    const CODE: u8 = 2;

    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, is_broken_pipe: false }
    }

    /// Sets the hint, which says what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds an alternative to the hint.
    pub(crate) fn or_hint(self, other: &str) -> Self {
        let hint = self
            .hint
            .as_deref()
            .map_or_else(|| other.to_owned(), |hint| format!("{hint}\n{other}"));
        self.hint(hint)
    }

    /// Makes a failure of an error and its causes.
    pub(crate) fn of(error: &dyn std::error::Error) -> Self {
        match error.source() {
            Some(cause) => Self::caused_by(error.to_string(), cause),
            None => Self::new(error.to_string()),
        }
    }

    /// Makes a failure of a message, an error and its causes.
    pub(crate) fn caused_by(message: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let mut message = message.into();
        let mut cause = Some(error);
        while let Some(error) = cause {
            let _ = write!(message, ": {error}");
            cause = error.source();
        }
        Self::new(message)
    }

    /// Makes a failure for a file that cannot be read or written.
    pub(crate) fn file(verb: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::caused_by(format!("cannot {verb} {}", safe_path(path)), error)
    }

    /// Makes a failure for standard output that cannot be written to.
    pub(crate) fn stdout(error: &std::io::Error) -> Self {
        let is_broken_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        Self { is_broken_pipe, ..Self::caused_by("cannot write to standard output", error) }
    }

    /// Returns the message, without the hint.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Returns the hint in one line.
    pub(crate) fn remedy(&self) -> Option<String> {
        let lines = self.hint.as_ref()?.lines().map(str::trim);
        Some(lines.collect::<Vec<_>>().join(" "))
    }

    /// Prints the failure and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // Broken pipe, as with `head`: exit silently.
        if !self.is_broken_pipe {
            let mut text = format!("{} {}\n", terminal::bad("error:"), self.message);
            if let Some(hint) = &self.hint {
                let _ = writeln!(
                    text,
                    "{}  {}",
                    terminal::strong("hint:"),
                    hint.replace('\n', "\n       ")
                );
            }
            anstream::eprint!("{text}");
        }
        ExitCode::from(Self::CODE)
    }
}
