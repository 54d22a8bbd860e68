//! Where the inbox is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{Store, StoreError};

use crate::cli::quietly;
use crate::config::{Config, Origin};
use crate::failure::Failure;
use crate::output::safe;

/// The setting, which `SPEKTR_STORE` overrides.
const SETTING: &str = "store";

/// The inbox where none is named.
pub(crate) const PRESET: &str = "sqlite://spektr-inbox.db";

/// Which inbox is meant.
#[derive(Args, Clone, Debug)]
pub(crate) struct StoreArguments {
    /// The inbox, sqlite://PATH [without it: SPEKTR_STORE, then store of the configuration, then sqlite://spektr-inbox.db]
    #[arg(long, value_name = "URL", value_parser = quietly(Location::parse))]
    store: Option<Location>,
}

/// A place where an inbox can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    Sqlite(PathBuf),
}

impl Location {
    /// Reads a URL; the message of an error quotes nothing of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix("sqlite://") else {
            return Err(format!("expected sqlite://PATH, as {PRESET}"));
        };
        // SQLite itself reads both as something else than a file of that name.
        if path.is_empty() || path.starts_with(':') || path.starts_with("file:") {
            return Err(format!("sqlite:// is followed by the path of a file, as in {PRESET}"));
        }
        Ok(Self::Sqlite(path.into()))
    }

    /// Returns the URL, without what is secret of it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", safe(&path.to_string_lossy())),
        }
    }

    fn below(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
        }
    }
}

impl StoreArguments {
    /// Returns the inbox that is meant; a path in the configuration file is meant
    /// relative to that file.
    pub(crate) fn location(&self, config: &Config) -> Location {
        if let Some(location) = &self.store {
            return location.clone();
        }
        let configured = config.setting(SETTING, |text| Location::parse(text).ok());
        let folder = config.path.as_deref().and_then(Path::parent);
        match (configured, config.value(SETTING).map(|value| &value.origin), folder) {
            (Some(location), Some(Origin::File { .. }), Some(folder)) => location.below(folder),
            (Some(location), ..) => location,
            (None, ..) => Location::Sqlite(PRESET.trim_start_matches("sqlite://").into()),
        }
    }

    /// Opens the inbox, and makes it where there is none.
    pub(crate) fn open_or_make(&self, config: &Config) -> Result<Arc<dyn Store>, Failure> {
        match self.location(config) {
            Location::Sqlite(path) => {
                let store = SqliteOptions::new(path)
                    .open()
                    .map_err(|error| Failure::caused_by("cannot open the inbox", &error))?;
                Ok(Arc::new(store))
            }
        }
    }

    /// Opens an inbox that is there: looking for entries makes no empty one.
    pub(crate) fn open(&self, config: &Config) -> Result<Arc<dyn Store>, Failure> {
        let location = self.location(config);
        let Location::Sqlite(path) = &location;
        if !path.exists() {
            return Err(Failure::new(format!("there is no inbox at {}", location.shown())).hint(
                "`spektr serve` makes one; where it is, say --store sqlite://PATH, SPEKTR_STORE,\n\
                 or store in spektr.toml",
            ));
        }
        self.open_or_make(config)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::caused_by("the inbox does not answer", &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_and_nothing_that_sqlite_takes_for_another_thing() {
        let path = |text: &str| Location::parse(text).map(|Location::Sqlite(path)| path);
        assert_eq!(path("sqlite://a/b.db"), Ok("a/b.db".into()));
        assert_eq!(path("sqlite:///var/lib/a.db"), Ok("/var/lib/a.db".into()));
        for text in ["sqlite://", "sqlite://:memory:", "sqlite://file:a?mode=memory"] {
            assert!(path(text).is_err_and(|m| m.starts_with("sqlite:// is followed by")), "{text}");
        }
        for text in ["inbox.db", "sqlite:inbox.db", "mysql://host/db", ""] {
            assert!(path(text).is_err_and(|m| m.starts_with("expected sqlite://PATH")), "{text}");
        }
    }
}
