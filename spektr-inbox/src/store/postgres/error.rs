//! What PostgreSQL says, without the values that it may quote.

use std::error::Error;
use std::fmt;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// Why something was not done. It holds the server's message and its code, and never
/// the detail, which can quote a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    text: String,
    /// The server's code; none if the connection failed.
    pub(super) code: Option<SqlState>,
    is_of_tls: bool,
}

impl Fault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: None, is_of_tls: false }
    }

    /// Whether the connection or the server as a whole has failed, so that the same may
    /// succeed a moment later.
    pub(super) fn is_of_the_connection(&self) -> bool {
        let Some(code) = &self.code else { return true };
        // 57P: the server shuts down, or starts; 53300: it has too many connections.
        ["08", "57P", "53300"].iter().any(|class| code.code().starts_with(class))
    }

    /// Whether it may be about what was to be written, so that something else would be
    /// written by itself. A lock, a timeout or a password would fail everything, and each
    /// for as long again.
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
        // The client has no other way to tell. A test has a server without TLS.
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

/// Why a database cannot be the store. No message holds the URL or a part of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL cannot be read.
    #[error("the URL of the database cannot be read: {problem}")]
    Url {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The certificates by which the server would be known, or those of this client, cannot be used.
    #[error("the certificates cannot be used: {problem}")]
    Certificates {
        /// What is wrong with them.
        problem: &'static str,
        /// What the system says.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// There is no connection: the server is not there, or does not let this user in.
    #[error("cannot connect to the database")]
    Connect {
        /// What the client or the server says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no connection by TLS: the server does not speak it, or has a certificate of an
    /// authority that is not known, or of another name.
    #[error(
        "cannot connect to the database by TLS; name the certificates of its authority with \
         sslrootcert=FILE in the URL, or do without TLS with sslmode=disable"
    )]
    Tls {
        /// What is wrong.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A pooler in between gives each transaction another session.
    #[error(
        "a pooler in front of the database pools transactions, and the store needs sessions: set \
         its pool_mode to session, or connect to the database itself"
    )]
    Pooler,
    /// The tables cannot be made or read. Where the user may not make them, somebody else can run
    /// [`migration`](super::migration), and then [`grants`](super::grants).
    #[error(
        "cannot prepare the schema spektr_inbox; its user needs the right to create it in this \
         database, or to own it"
    )]
    Database {
        /// What the server says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database has a schema of that name that this crate has not made.
    #[error("the schema spektr_inbox of this database is that of another program")]
    OtherProgram,
    /// A newer version of this crate has made the tables.
    #[error("the tables have version {found}, and this program knows {known}: update it")]
    Newer {
        /// Their version.
        found: i32,
        /// The newest version that this crate knows.
        known: i32,
    },
}

impl OpenError {
    /// Tells why there is no connection.
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
        // A lock that is not given, a statement that takes too long, a wrong password.
        for code in ["55P03", "57014", "28P01"] {
            assert!(!fault(code).is_of_the_data(), "{code}");
            assert!(!fault(code).is_of_the_connection(), "{code}");
        }
        assert!(Fault::new("connection closed").is_of_the_connection());
    }
}
