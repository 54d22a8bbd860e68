//! The configuration: presets, a TOML file, the environment, in that order; the
//! command line comes last and is read elsewhere.
//!
//! The file need not hold a secret, and no message quotes a value.
//! Every problem is found in one go, with its place.

mod environment;
mod file;
mod setting;
pub(crate) mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

pub(crate) use file::Problem;
pub(crate) use setting::Described;
pub(crate) use settings::SETTINGS;

/// Where a file is looked for, if none is named.
pub(crate) const FILE: &str = "spektr.toml";

/// Names the file, where the command line does not.
pub(crate) const FILE_VARIABLE: &str = "SPEKTR_CONFIG";

/// Values by the name of their setting, each valid for it.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// The file that was read.
    pub(crate) path: Option<PathBuf>,
    values: BTreeMap<&'static str, Value>,
}

#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    File { line: usize },
    Environment,
}

impl Config {
    /// Reads file and environment; everything that is wrong is in the failure.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, Failure> {
        let (config, problems) = Self::read(path)?;
        let Some(first) = problems.first() else {
            return Ok(config);
        };
        let others = if problems.len() > 1 {
            format!(" (and {} more)", problems.len() - 1)
        } else {
            String::new()
        };
        Err(Failure::new(format!("{first}{others}")).hint("`spektr config check` shows everything"))
    }

    /// Reads file and environment, and collects their problems.
    pub(crate) fn read(path: Option<&Path>) -> Result<(Self, Vec<Problem>), Failure> {
        let mut config = Self::default();
        let mut problems = Vec::new();
        if let Some(path) = Self::find(path) {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Failure::file("read", &path, &error))?;
            let (values, found) = file::parse(&path, &text);
            config.values = values;
            problems = found;
            config.path = Some(path);
        }
        problems.extend(environment::unknown());
        for setting in SETTINGS {
            let variable = setting.variable();
            let Some(text) = std::env::var_os(&variable) else { continue };
            let checked = match text.to_str() {
                Some(text) => setting.check(text).map(|()| text.to_owned()),
                None => Err("it is not Unicode".to_owned()),
            };
            match checked {
                Ok(text) => {
                    config
                        .values
                        .insert(setting.name(), Value { text, origin: Origin::Environment });
                }
                Err(message) => problems.push(Problem::in_environment(&variable, message)),
            }
        }
        Ok((config, problems))
    }

    /// Finds the file: the one that is named must exist, the usual one need not.
    fn find(named: Option<&Path>) -> Option<PathBuf> {
        named
            .map(Path::to_owned)
            .or_else(|| std::env::var_os(FILE_VARIABLE).map(PathBuf::from))
            .or_else(|| Path::new(FILE).exists().then(|| PathBuf::from(FILE)))
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }
}
