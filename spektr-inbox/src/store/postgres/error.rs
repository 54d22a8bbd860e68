//! PostgreSQL's errors, without the values that they may quote.

use std::error::Error;
use std::fmt;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// The reason of a failure. It has the server's message and code, and never the detail, which
/// can quote a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    text: String,
    /// The server's code; `None` if the connection failed.
    pub(super) code: Option<SqlState>,
    is_of_tls: bool,
}

impl Fault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: None, is_of_tls: false }
    }

    /// Returns whether the connection or the whole server has failed, so that a retry may
    /// succeed a moment later.
    pub(super) fn is_of_the_connection(&self) -> bool {
        let Some(code) = &self.code else { return true };
        // 57P: the server is shutting down or starting. 53300: the server has too many
        // connections.
        ["08", "57P", "53300"].iter().any(|class| code.code().starts_with(class))
    }

    /// Returns whether the failure may be caused by the data, so that other data could be
    /// written alone. A lock, a timeout or a wrong password would fail every delivery, and each
    /// after the same delay.
    pub(super) fn is_of_the_data(&self) -> bool {
        let Some(code) = &self.code else { return false };
        ["22", "23", "40", "53100", "53200", "54", "P0", "XX"]
            .iter()
            .any(|class| code.code().starts_with(class))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} (SQLSTATE {})", self.text, code.code()),
            None => f.write_str(&self.text),
        }
    }
}

impl Error for Fault {}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(database) = error.as_db_error() {
            return Self {
                text: database.message().to_owned(),
                code: Some(database.code().clone()),
                is_of_tls: false,
            };
        }
        let mut text = error.to_string();
        // The client offers no other way to detect this. A test with a server without TLS
        // checks the text.
        let is_of_tls = text == "error performing TLS handshake";
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        Self { is_of_tls, ..Self::new(text) }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault.code {
            Some(SqlState::DISK_FULL) => Self::Full { source: Box::new(fault) },
            _ => Self::Database { source: Box::new(fault) },
        }
    }
}

/// The reason why a database cannot be used as a store. No message contains the URL or a part
/// of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL cannot be parsed.
    #[error("the URL of the database cannot be read: {problem}")]
    Url {
        /// The problem with the URL.
        problem: &'static str,
    },
    /// The certificates of the server's authority, or the certificate or key of this client,
    /// cannot be used.
    #[error("the certificates cannot be used: {problem}")]
    Certificates {
        /// The problem with the certificates.
        problem: &'static str,
        /// The system's error.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// There is no connection: the server cannot be reached, or rejects this user.
    #[error("cannot connect to the database")]
    Connect {
        /// The client's or the server's error.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no connection by TLS: the server does not support TLS, or its certificate has
    /// an unknown authority or another name.
    #[error(
        "cannot connect to the database by TLS; give the certificates of its authority with \
         sslrootcert=FILE in the URL, or do without TLS with sslmode=disable"
    )]
    Tls {
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A pooler in front of the database gives each transaction another session.
    #[error(
        "a pooler in front of the database pools transactions, and the store needs sessions: set \
         its pool_mode to session, or connect to the database itself"
    )]
    Pooler,
    /// The tables cannot be created or read. If the user lacks the rights to create them, an
    /// owner can run [`migration`](super::migration), and then [`grants`](super::grants).
    #[error(
        "cannot prepare the schema spektr_inbox; its user needs the right to create it in this \
         database, or to own it"
    )]
    Database {
        /// The server's error.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database has a schema `spektr_inbox` that this crate has not created.
    #[error("the schema spektr_inbox of this database is that of another program")]
    OtherProgram,
    /// A newer version of this crate has created the tables.
    #[error("the tables have version {found}, and this program knows {known}: update it")]
    Newer {
        /// The version of the tables.
        found: i32,
        /// The newest version that this crate knows.
        known: i32,
    },
}

impl OpenError {
    /// Returns the error for a failed connection.
    pub(super) fn connect(fault: Fault) -> Self {
        let is_of_tls = fault.is_of_tls;
        let source = Box::new(fault);
        if is_of_tls { Self::Tls { source } } else { Self::Connect { source } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: &str) -> Fault {
        Fault { code: Some(SqlState::from_code(code)), ..Fault::new("") }
    }

    #[test]
    fn tells_what_fails_one_from_what_fails_all() {
        // Disk full, deadlock, a limit of the program, an exception of a trigger.
        for code in ["53100", "40P01", "54000", "P0001"] {
            assert!(fault(code).is_of_the_data(), "{code}");
            assert!(!fault(code).is_of_the_connection(), "{code}");
        }
        // Shutdown, start-up, too many connections, a broken connection.
        for code in ["57P01", "57P03", "53300", "08006"] {
            assert!(!fault(code).is_of_the_data(), "{code}");
            assert!(fault(code).is_of_the_connection(), "{code}");
        }
        // A lock that is not granted, a statement that takes too long, a wrong password.
        for code in ["55P03", "57014", "28P01"] {
            assert!(!fault(code).is_of_the_data(), "{code}");
            assert!(!fault(code).is_of_the_connection(), "{code}");
        }
        assert!(Fault::new("connection closed").is_of_the_connection());
    }
}
