//! Reads the configuration file, with the place of each value and of each problem.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigValue, Described, Origin, SETTINGS};
use crate::catalogue::did_you_mean;
use crate::terminal::{safe, safe_path};

/// A problem of the configuration, and its place.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ConfigProblem {
    /// The file, the environment variable, or the part of the configuration.
    pub(crate) place: String,
    /// Line in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// Column in the line, in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    pub(crate) message: String,
}

impl ConfigProblem {
    /// Creates a problem of a place that has no lines.
    pub(crate) fn of(place: &str, message: impl Into<String>) -> Self {
        Self { place: place.to_owned(), line: None, column: None, message: message.into() }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Reads the file's text. Returns the valid values and the problems.
pub(super) fn parse(
    path: &Path,
    text: &str,
) -> (BTreeMap<&'static str, ConfigValue>, Vec<ConfigProblem>) {
    let mut reader = Reader { path, text, values: BTreeMap::new(), problems: Vec::new() };
    match DeTable::parse(text) {
        Ok(table) => reader.table("", table.get_ref()),
        // Not the error's `Display`, because it quotes an excerpt of the file.
        Err(error) => {
            let span = error.span().unwrap_or_default();
            let message = format!("not TOML: {}", safe(error.message()));
            reader.problem(span, message);
        }
    }
    reader.problems.sort_by_key(|problem| (problem.line, problem.column));
    (reader.values, reader.problems)
}

struct Reader<'r> {
    path: &'r Path,
    text: &'r str,
    values: BTreeMap<&'static str, ConfigValue>,
    problems: Vec<ConfigProblem>,
}

impl Reader<'_> {
    fn table(&mut self, above: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = format!("{above}{}", key.get_ref());
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.name() == name) {
                self.value(*setting, value);
                continue;
            }
            let below = format!("{name}.");
            match value.get_ref() {
                DeValue::Table(table)
                    if SETTINGS.iter().any(|setting| setting.name().starts_with(&below)) =>
                {
                    self.table(&below, table);
                }
                _ => self.unknown(&name, key.span()),
            }
        }
    }

    fn value(&mut self, setting: &dyn Described, value: &Spanned<DeValue<'_>>) {
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Boolean(yes) if setting.check(&yes.to_string()).is_ok() => yes.to_string(),
            other => {
                let found = other.type_str();
                let message = format!("`{}` is {found}, expected a string", setting.name());
                return self.problem(value.span(), message);
            }
        };
        match setting.check(&text) {
            Ok(()) => {
                let origin = Origin::File { line: self.place(value.span().start).0 };
                self.values.insert(setting.name(), ConfigValue { text, origin });
            }
            Err(message) => self.problem(value.span(), format!("`{}`: {message}", setting.name())),
        }
    }

    fn unknown(&mut self, name: &str, span: Range<usize>) {
        let is_secret = ["secret", "keys", "key"].iter().any(|word| name.ends_with(word));
        let hint = if is_secret {
            "secrets belong into SPEKTR_WEBHOOK_KEYS, or into a file that `keys_file` names"
                .to_owned()
        } else {
            let names = SETTINGS.iter().map(|setting| setting.name());
            did_you_mean(name, names, "`spektr config check --help` lists the settings")
        };
        self.problem(span, format!("there is no setting `{}`; {hint}", safe(name)));
    }

    fn problem(&mut self, span: Range<usize>, message: String) {
        let (line, column) = self.place(span.start);
        let place = safe_path(self.path);
        self.problems.push(ConfigProblem {
            place,
            line: Some(line),
            column: Some(column),
            message,
        });
    }

    /// Returns line and column of a byte, from 1.
    fn place(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let (_, problems) = parse(Path::new("spektr.toml"), text);
        problems.iter().map(ConfigProblem::to_string).collect()
    }

    #[test]
    fn the_example_in_the_help_is_right_and_has_every_setting() {
        let help = crate::commands::config::SETTINGS_HELP;
        let (example, _) = help.split_once("\n\nAn environment").expect("text after the example");
        let (_, example) = example.split_once('\n').expect("a heading");
        let (values, problems) = parse(Path::new("spektr.toml"), example);
        assert_eq!(problems, []);
        let mut names: Vec<_> = SETTINGS.iter().map(|setting| setting.name()).collect();
        names.sort_unstable();
        assert_eq!(values.into_keys().collect::<Vec<_>>(), names);
    }

    #[test]
    fn reads_values_with_their_lines() {
        let text = "tolerance = '2m'\n[listen]\nport = 0\n";
        let (values, problems) = parse(Path::new("spektr.toml"), text);
        assert_eq!(problems, []);
        let read: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, value.text.as_str(), value.origin.clone()))
            .collect();
        assert_eq!(
            read,
            [
                ("listen.port", "0", Origin::File { line: 3 }),
                ("tolerance", "2m", Origin::File { line: 1 }),
            ],
        );
    }

    #[test]
    fn finds_every_problem_and_its_place() {
        let text = "tolerence = '2m'\nsigned_content = '{time}.{body}'\n\n[listen]\n  port = 99999\n  forward = true\n";
        assert_eq!(
            problems(text),
            [
                "spektr.toml:1:1: there is no setting `tolerence`; did you mean `tolerance`? `spektr config check --help` lists the settings",
                "spektr.toml:2:18: `signed_content`: signed content has an unknown placeholder at byte 0",
                "spektr.toml:5:10: `listen.port`: expected a port, 0 to 65535",
                "spektr.toml:6:13: `listen.forward` is boolean, expected a string",
            ],
        );
    }

    #[test]
    fn a_secret_in_the_file_is_not_repeated_and_shown_where_it_belongs() {
        assert_eq!(
            problems("webhook_secret = 'marker'\nlisten = 'marker'"),
            [
                "spektr.toml:1:1: there is no setting `webhook_secret`; secrets belong into SPEKTR_WEBHOOK_KEYS, or into a file that `keys_file` names",
                "spektr.toml:2:1: there is no setting `listen`; did you mean `listen.port`? `spektr config check --help` lists the settings",
            ],
        );
    }

    #[test]
    fn a_syntax_error_has_its_place_and_quotes_nothing() {
        let found = problems("a = 1\nsecret = marker\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("spektr.toml:2:10: not TOML: "), "{found:?}");
        assert!(!found[0].contains("marker"), "{found:?}");
    }
}
