//! Replaces an original by the entries read from it.

use rusqlite::Connection;

use super::accept::accept;
use super::actions::record;
use super::prune::prune;
use super::quarantine::discard;
use crate::store::{Acceptance, Filter, NewEntry, Original, Record, State, StoreError};

pub(super) fn replace(
    connection: &Connection,
    original: Original,
    entries: &[NewEntry],
    recorded: &Record,
) -> Result<Option<Vec<Acceptance>>, StoreError> {
    let deleted = match original {
        Original::Body(number) => {
            let body = Filter { state: Some(State::Unreadable), ..Filter::number(number) };
            prune(connection, &body, 1, recorded.at, None)?
        }
        Original::Rejected(number) => discard(connection, &[number], None)?,
    };
    if deleted == 0 {
        return Ok(None);
    }
    let accepted = accept(connection, entries)?;
    record(connection, Some(recorded), 1)?;
    Ok(Some(accepted))
}
