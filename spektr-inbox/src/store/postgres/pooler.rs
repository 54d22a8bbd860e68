//! Detects a pooler that gives each transaction another session of the server. Prepared
//! statements and advisory locks do not work behind it, and settings of other clients' sessions
//! would apply to ours.
//!
//! The reasons are a decision (ARCHITECTURE.md, P13).

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::SimpleQueryMessage;

use super::connect::{Address, Session};
use super::error::{Fault, OpenError};

/// The greatest number of connections that hold a transaction open at the same time.
const OTHERS: usize = 3;

/// The time limit of the server's answers meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Identifies a session of a server.
const IDENTIFY: &str = "SELECT concat(pg_backend_pid(), ' ', \
     (SELECT backend_start FROM pg_stat_get_activity(pg_backend_pid())))";

/// Refuses a pooler of transactions or statements: such a pooler gives a connection's session
/// to the next connection that begins a transaction.
///
/// A pooler that has a spare session for each transaction is not detected. No acknowledged data
/// is lost then, because each transaction sets its own settings.
pub(super) async fn refuse(address: &Address, session: &Session) -> Result<(), OpenError> {
    let failed = |fault| OpenError::connect(fault);
    let before = identify(session).await.map_err(failed)?;
    let mut others = Vec::new();
    while others.len() < OTHERS {
        // Without more connections nothing can be detected.
        let Ok(other) = address.connect().await else { break };
        timed(other.client.batch_execute("BEGIN")).await.map_err(failed)?;
        others.push(other);
        if identify(session).await.map_err(failed)? != before {
            return Err(OpenError::Pooler);
        }
    }
    Ok(())
}

async fn identify(session: &Session) -> Result<Option<String>, Fault> {
    let answer = timed(session.client.simple_query(IDENTIFY)).await?;
    let text = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(text)
}

async fn timed<T>(
    doing: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Fault> {
    let late = |_| {
        Fault::new(
            "the server does not answer while other connections have transactions open; a pooler \
             in between has too few connections, or pools transactions",
        )
    };
    Ok(timeout(PATIENCE, doing).await.map_err(late)??)
}
