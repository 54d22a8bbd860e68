//! Finds and opens the inbox.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use spektr_inbox::store::postgres::{self, PostgresOptions};
use spektr_inbox::store::sqlite::{OpenError, SqliteOptions};
use spektr_inbox::store::{Store, StoreError};

use crate::arguments::quietly;
use crate::config::settings::STORE;
use crate::config::{Config, Origin};
use crate::failure::Failure;
use crate::location::{Location, PASSWORD, has_password};

/// The option that names the inbox.
#[derive(Args, Clone, Debug)]
pub(crate) struct StoreArguments {
    /// The inbox, sqlite://PATH or postgres://USER@HOST/DATABASE [without it: SPEKTR_STORE, then store of the configuration, then sqlite://spektr-inbox.db]
    #[arg(long, value_name = "URL", value_parser = quietly(Location::parse_argument))]
    pub(crate) store: Option<Location>,
}

impl Location {
    /// Opens the inbox, or makes it if there is none. If `is_checked`, checks the whole file first.
    pub(crate) async fn open(self, is_checked: bool) -> Result<Arc<dyn Store>, Failure> {
        let fail = |error: &dyn Error| Failure::caused_by("cannot open the inbox", error);
        match self {
            Self::Sqlite(path) => {
                let opened = SqliteOptions::new(path).with_quick_check(is_checked).open();
                Ok(Arc::new(opened.map_err(|error| match &error {
                    OpenError::Damaged { .. } => fail(&error).hint(
                        "put a backup in its place: spektr inbox restore FILE; the damaged file is kept",
                    ),
                    _ => fail(&error),
                })?))
            }
            Self::Postgres(_) if is_checked => Err(Failure::new(
                "a quick check is for SQLite files, and the inbox is in PostgreSQL",
            )
            .hint("leave out --quick-check, SPEKTR_SERVE_QUICK_CHECK and serve.quick_check")),
            Self::Postgres(url) => {
                let url = with_password(url, env::var_os(PASSWORD).as_deref());
                let store = PostgresOptions::new(url).open().await;
                Ok(Arc::new(store.map_err(|error| match &error {
                    postgres::OpenError::Database { .. } => fail(&error).hint(
                        "if the role may not create tables: spektr inbox schema --role ROLE prints SQL, by \
                         which the owner of the database creates them and grants the role its rights",
                    ),
                    _ => fail(&error),
                })?))
            }
        }
    }
}

/// Tells whether a PostgreSQL URL names a file with the password.
fn has_password_file(url: &str) -> bool {
    url.split_once('?')
        .is_some_and(|(_, query)| query.split('&').any(|pair| pair.starts_with("passwordfile=")))
}

/// Adds the password of the environment to a URL, unless the URL has a password or names a password
/// file.
fn with_password(url: String, password: Option<&OsStr>) -> String {
    match password {
        Some(password) if !has_password(&url) && !has_password_file(&url) => {
            let bytes = password.as_encoded_bytes().iter();
            let escaped: String = bytes.map(|byte| format!("%{byte:02X}")).collect();
            let separator = if url.contains('?') { '&' } else { '?' };
            format!("{url}{separator}password={escaped}")
        }
        _ => url,
    }
}

impl StoreArguments {
    /// Returns the location of the inbox. A path in the configuration file is relative to the
    /// folder of that file.
    pub(crate) fn location(&self, config: &Config) -> Location {
        if let Some(location) = &self.store {
            return location.clone();
        }
        let location = STORE.value(None, config);
        let folder = config.path.as_deref().and_then(Path::parent);
        match (config.value(STORE.name).map(|value| &value.origin), folder) {
            (Some(Origin::File { .. }), Some(folder)) => location.below(folder),
            _ => location,
        }
    }

    /// Opens the inbox, or makes it if there is none.
    pub(crate) async fn open_or_make(&self, config: &Config) -> Result<Arc<dyn Store>, Failure> {
        self.location(config).open(false).await
    }

    /// Reads the facts about a database that a store depends on. Changes nothing.
    pub(crate) async fn inspect(url: &str) -> Result<postgres::Inspection, postgres::OpenError> {
        let url = with_password(url.to_owned(), env::var_os(PASSWORD).as_deref());
        PostgresOptions::new(url).inspect().await
    }

    /// Returns whether the configuration file holds a password for the inbox.
    pub(crate) fn is_password_in_file(&self, config: &Config) -> bool {
        let value = config.value(STORE.name).filter(|_| self.store.is_none());
        value.is_some_and(|value| {
            matches!(value.origin, Origin::File { .. }) && has_password(&value.text)
        })
    }

    /// Opens an existing inbox: a search for entries must not create an empty file.
    pub(crate) async fn open(&self, config: &Config) -> Result<Arc<dyn Store>, Failure> {
        let location = self.location(config);
        if matches!(&location, Location::Sqlite(path) if !path.exists()) {
            return Err(Failure::new(format!("there is no inbox at {}", location.shown())).hint(
                "`spektr serve` makes one; name an inbox elsewhere by --store sqlite://PATH,\n\
                 SPEKTR_STORE, or store in spektr.toml",
            ));
        }
        location.open(false).await
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
    fn the_password_of_the_environment_is_added_where_there_is_none() {
        let add = |url: &str| with_password(url.to_owned(), Some(OsStr::new("a/b")));
        assert_eq!(add("postgres://u@h/db"), "postgres://u@h/db?password=%61%2F%62");
        assert_eq!(add("postgres://u@h/db?a=b"), "postgres://u@h/db?a=b&password=%61%2F%62");
        assert_eq!(add("postgres://u:c@h/db"), "postgres://u:c@h/db");
        let in_file = "postgres://u@h/db?a=b&passwordfile=p";
        assert_eq!(add(in_file), in_file);
        assert_eq!(with_password("postgres://u@h/db".to_owned(), None), "postgres://u@h/db");
    }
}
