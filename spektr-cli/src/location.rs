//! The location of an inbox: a SQLite file, or a PostgreSQL URL, which may hold a password.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::terminal::{safe, safe_path};

/// The URL of the inbox if no setting names one.
pub(crate) const PRESET: &str = "sqlite://spektr-inbox.db";

/// The environment variable with a password. PostgreSQL's own tools read it too.
pub(crate) const PASSWORD: &str = "PGPASSWORD";

/// The location of an inbox.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Location {
    Sqlite(PathBuf),
    /// A URL, possibly with a password.
    Postgres(String),
}

impl Location {
    /// Returns the location of the inbox if no setting names one.
    pub(crate) fn preset() -> Self {
        Self::Sqlite(PRESET.trim_start_matches("sqlite://").into())
    }

    /// Reads a URL. An error message quotes no part of the URL.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let Some(path) = text.strip_prefix("sqlite://") else {
            return Err("expected sqlite://PATH or postgres://USER@HOST/DATABASE".to_owned());
        };
        // SQLite would not take these texts for the name of a file.
        if path.is_empty() || path.starts_with(':') || path.starts_with("file:") {
            return Err(format!("sqlite:// is followed by the path of a file, as in {PRESET}"));
        }
        Ok(Self::Sqlite(path.into()))
    }

    /// Reads a URL from the command line. Refuses a password there, because other users of the
    /// machine can read the command line.
    pub(crate) fn parse_argument(text: &str) -> Result<Self, String> {
        let location = Self::parse(text)?;
        match &location {
            Self::Postgres(url) if has_password(url) => Err(format!(
                "a password does not belong on the command line: set SPEKTR_STORE to the URL, \
                 or {PASSWORD}"
            )),
            _ => Ok(location),
        }
    }

    /// Returns the URL without its password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", safe_path(path)),
            Self::Postgres(url) => {
                let url = url.split('?').next().unwrap_or_default();
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let rest = match rest.rsplit_once('@') {
                    Some((user, host)) => {
                        format!("{}@{host}", user.split(':').next().unwrap_or_default())
                    }
                    None => rest.to_owned(),
                };
                format!("{scheme}://{}", safe(&rest))
            }
        }
    }

    pub(crate) fn below(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
            other => other,
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Tells whether a PostgreSQL URL has a password, even if the rest of the URL is malformed.
pub(crate) fn has_password(url: &str) -> bool {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let base = base.split_once("://").map_or(base, |(_, rest)| rest);
    let in_base = base.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    in_base || query.split('&').any(|pair| pair.starts_with("password="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_and_nothing_that_sqlite_takes_for_another_thing() {
        let sqlite = |path: &str| Ok(Location::Sqlite(path.into()));
        assert_eq!(Location::parse("sqlite://a/b.db"), sqlite("a/b.db"));
        assert_eq!(Location::parse("sqlite:///var/lib/a.db"), sqlite("/var/lib/a.db"));
        let message = |text| Location::parse(text).expect_err(text);
        for text in ["sqlite://", "sqlite://:memory:", "sqlite://file:a?mode=memory"] {
            assert!(message(text).starts_with("sqlite:// is followed by"), "{text}");
        }
        for text in ["inbox.db", "sqlite:inbox.db", "mysql://host/db", ""] {
            assert!(message(text).starts_with("expected sqlite://PATH or postgres"), "{text}");
        }
    }

    #[test]
    fn a_password_is_shown_nowhere_and_refused_on_the_command_line() {
        for url in [
            "postgres://user:marker@host/db",
            "postgres://user:mar/ker@host/db",
            "postgres://user:mar@ker@host/db?sslmode=disable",
            "postgresql://user@host/db?sslmode=disable&password=marker",
        ] {
            let location = Location::parse(url).expect("a URL");
            let shown = location.shown();
            assert!(shown.ends_with("://user@host/db"), "{shown}");
            assert_eq!(format!("{location:?}"), shown);
            let refused = Location::parse_argument(url).expect_err(url);
            assert!(refused.starts_with("a password does not belong on the command line"));
        }
        for url in ["postgres://user@host:5432/db", "postgres://host:5432/db?sslmode=disable"] {
            assert!(Location::parse_argument(url).is_ok(), "{url}");
        }
    }
}
