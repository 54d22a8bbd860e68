//! A setting: its name, its meaning, the type of its value, and its preset. The command line, the
//! environment, the file, `config check` and the help all use this one definition.

use std::path::{Path, PathBuf};

use super::{Config, Origin};

/// The end of the text of an unconfirmed preset.
#[cfg(test)]
const ASSUMED: &str = ", an assumption";

/// A setting with values of the type `T`. `P` is its preset: a function for a setting that always
/// has a value, `()` for a setting that can be absent.
pub(crate) struct Setting<T: 'static, P: Fallback = ()> {
    /// Name in the file. The part before the dot, if there is one, names a table.
    pub(crate) name: &'static str,
    about: &'static str,
    /// The preset as text, or what happens without a value.
    preset: &'static str,
    parse: fn(&str) -> Result<T, String>,
    value: P,
}

/// A setting that always has a value.
pub(crate) type Preset<T> = Setting<T, fn() -> T>;

/// What applies if nobody has set a value.
pub(crate) trait Fallback: Sync + 'static {
    /// The words before the text of the preset.
    const WORDS: &'static str;
}

impl Fallback for () {
    const WORDS: &'static str = "without it";
}

impl<T: 'static> Fallback for fn() -> T {
    const WORDS: &'static str = "preset";
}

impl<T> Setting<T> {
    /// Creates a setting that can be absent. `without` says what happens without a value.
    pub(super) const fn optional(
        name: &'static str,
        about: &'static str,
        without: &'static str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Self {
        Self { name, about, preset: without, parse, value: () }
    }
}

impl<T> Preset<T> {
    /// Creates a setting with a preset, as text and as value.
    pub(super) const fn preset(
        name: &'static str,
        about: &'static str,
        text: &'static str,
        value: fn() -> T,
        parse: fn(&str) -> Result<T, String>,
    ) -> Self {
        Self { name, about, preset: text, parse, value }
    }

    /// Returns the argument, or else the configured value, or else the preset.
    pub(crate) fn value(&self, argument: Option<T>, config: &Config) -> T {
        self.chosen(argument, config).unwrap_or_else(self.value)
    }
}

impl Preset<bool> {
    /// Creates a setting that is off by default.
    pub(super) const fn flag(name: &'static str, about: &'static str) -> Self {
        Self::preset(name, about, "false", bool::default, parse_bool)
    }

    /// Returns whether a flag of the command line or the configuration turns the setting on.
    pub(crate) fn is_on(&self, option: bool, config: &Config) -> bool {
        option || self.value(None, config)
    }
}

impl Setting<PathBuf> {
    /// Returns the argument, or else the configured path. A path in the configuration file is
    /// relative to that file.
    pub(crate) fn path(&self, argument: Option<&PathBuf>, config: &Config) -> Option<PathBuf> {
        argument.cloned().or_else(|| {
            let value = config.value(self.name)?;
            let folder = config.path.as_deref().and_then(Path::parent);
            Some(match (&value.origin, folder) {
                (Origin::File { .. }, Some(folder)) => folder.join(&value.text),
                _ => PathBuf::from(&value.text),
            })
        })
    }
}

impl<T, P: Fallback> Setting<T, P> {
    /// Returns the argument, or else the configured value.
    pub(crate) fn chosen(&self, argument: Option<T>, config: &Config) -> Option<T> {
        // The value was checked when it was read.
        argument.or_else(|| (self.parse)(&config.value(self.name)?.text).ok())
    }

    /// Returns the parser of the value, for an argument of the command line.
    pub(crate) const fn parser(&self) -> fn(&str) -> Result<T, String> {
        self.parse
    }

    /// Returns the help of the argument of the command line.
    pub(crate) fn help(&self) -> String {
        match self.preset {
            "none" | "false" => self.about.to_owned(),
            preset => format!("{} [{}: {preset}]", self.about, P::WORDS),
        }
    }
}

fn parse_bool(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "expected true or false".to_owned())
}

/// A setting with a value of any type.
pub(crate) trait Described: Sync {
    /// Returns the name in the file.
    fn name(&self) -> &'static str;

    /// Returns the meaning.
    fn about(&self) -> &'static str;

    /// Returns the preset, or what happens without a value, in words.
    fn unset(&self) -> String;

    /// Checks a value.
    fn check(&self, text: &str) -> Result<(), String>;

    /// Returns the environment variable that overrides the file.
    fn variable(&self) -> String {
        format!("SPEKTR_{}", self.name().replace('.', "_").to_ascii_uppercase())
    }
}

impl<T, P: Fallback> Described for Setting<T, P> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn unset(&self) -> String {
        match self.preset {
            "none" => "not set".to_owned(),
            preset => format!("{}: {preset}", P::WORDS),
        }
    }

    fn check(&self, text: &str) -> Result<(), String> {
        (self.parse)(text).map(drop)
    }
}

#[cfg(test)]
impl<T: PartialEq + std::fmt::Debug> Preset<T> {
    /// Asserts that the preset's text is read as the preset's value.
    pub(super) fn assert_preset(&self) {
        let text = self.preset.trim_end_matches(ASSUMED);
        assert_eq!((self.parse)(text), Ok((self.value)()), "{}", self.name);
    }
}
