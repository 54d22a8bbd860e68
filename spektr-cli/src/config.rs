//! The configuration: presets, a TOML file, and the environment. Each overrides the ones before.
//! The command line overrides all three, and is read elsewhere.
//!
//! The file need not contain a secret, and no message quotes a value. Reading finds all problems
//! at once, each with its place.

mod environment;
mod file;
mod setting;
pub(crate) mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

pub(crate) use file::ConfigProblem;
pub(crate) use setting::Described;
pub(crate) use settings::SETTINGS;

/// The file that is read if no file is named.
pub(crate) const FILE: &str = "spektr.toml";

/// The variable that names the file, unless the command line does.
pub(crate) const FILE_VARIABLE: &str = "SPEKTR_CONFIG";

/// The configured values by the name of their setting. Each value is valid.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// The file that was read.
    pub(crate) path: Option<PathBuf>,
    values: BTreeMap<&'static str, ConfigValue>,
}

#[derive(Debug)]
pub(crate) struct ConfigValue {
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
    /// Reads file and environment. The failure names the first problem, and the number of others.
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
    pub(crate) fn read(path: Option<&Path>) -> Result<(Self, Vec<ConfigProblem>), Failure> {
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
                        .insert(setting.name(), ConfigValue { text, origin: Origin::Environment });
                }
                Err(message) => problems.push(ConfigProblem::of(&variable, message)),
            }
        }
        Ok((config, problems))
    }

    /// Finds the file. A named file must exist; [`FILE`] need not exist.
    fn find(named: Option<&Path>) -> Option<PathBuf> {
        named
            .map(Path::to_owned)
            .or_else(|| std::env::var_os(FILE_VARIABLE).map(PathBuf::from))
            .or_else(|| Path::new(FILE).exists().then(|| PathBuf::from(FILE)))
    }

    pub(crate) fn value(&self, name: &str) -> Option<&ConfigValue> {
        self.values.get(name)
    }
}
