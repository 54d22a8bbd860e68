//! Erases a person's records.

use super::actions::record;
use super::condition::{Condition, chosen};
use super::pool::Lent;
use super::prune::DELETE;
use super::quarantine;
use super::read::count_in;
use crate::store::operation::{ERASED, hash, recorded};
use crate::store::{Erased, Erasure, Filter, Record, StoreError};

pub(super) async fn erase(
    connection: &mut Lent<'_>,
    erasure: &Erasure,
    record_of_it: Option<&Record>,
) -> Result<Erased, StoreError> {
    let mut erased = Erased::default();
    connection.begin().await?;
    if let Some(spektr_id) = &erasure.spektr_id {
        let condition =
            Condition::new(&Filter { spektr_id: Some(spektr_id.clone()), ..Filter::all() });
        let sql = format!("{}, {DELETE} SELECT count(*) FROM gone", chosen(&condition, "TRUE", ""));
        erased.entries = count_in(&connection.query_once(&sql, &condition.parameters()).await?)?;
        let sql = "DELETE FROM spektr_inbox.tombstones WHERE spektr_hash = $1";
        erased.tombstones = connection.execute_once(sql, &[&hash(spektr_id)]).await?;
        // Replaces in the escaped text, which is ASCII, so that it works in every encoding of
        // the database.
        let sql = "UPDATE spektr_inbox.actions \
                   SET filter = decode(replace(encode(filter, 'escape'), $1, $2), 'escape') \
                   WHERE position($1 IN encode(filter, 'escape')) > 0";
        connection.execute_once(sql, &[&recorded(spektr_id), &ERASED]).await?;
    }
    let sql = format!(
        "WITH chosen AS (SELECT number FROM spektr_inbox.work \
           WHERE number = ANY ($1::bigint[]) FOR UPDATE), \
         {DELETE} SELECT count(*) FROM gone"
    );
    erased.mentions = count_in(&connection.query_once(&sql, &[&erasure.mentions]).await?)?;
    erased.bodies = count_in(&connection.query_once(&sql, &[&erasure.bodies]).await?)?;
    erased.rejected = quarantine::delete(connection, &erasure.rejected).await?;
    record(connection, record_of_it, erased.total()).await?;
    connection.commit().await?;
    Ok(erased)
}
