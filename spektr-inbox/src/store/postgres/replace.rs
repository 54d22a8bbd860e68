//! Replaces an original by the entries read from it.

use super::accept::store;
use super::actions::record;
use super::pool::Lent;
use super::{prune, quarantine};
use crate::store::{Acceptance, Filter, NewEntry, Original, Record, State, StoreError};

pub(super) async fn replace(
    connection: &mut Lent<'_>,
    original: Original,
    entries: &[NewEntry],
    recorded: &Record,
) -> Result<Option<Vec<Acceptance>>, StoreError> {
    connection.begin().await?;
    let deleted = match original {
        Original::Body(number) => {
            let body = Filter { state: Some(State::Unreadable), ..Filter::number(number) };
            prune::delete(connection, &body, 1, recorded.at).await?
        }
        Original::Rejected(number) => quarantine::delete(connection, &[number]).await?,
    };
    let accepted = if deleted == 0 {
        None
    } else {
        let accepted = store(connection, &entries.iter().collect::<Vec<_>>()).await?;
        record(connection, Some(recorded), 1).await?;
        Some(accepted)
    };
    connection.commit().await?;
    Ok(accepted)
}
