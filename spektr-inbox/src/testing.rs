//! The contract of stores, as functions and as tests.
//!
//! Tests of your own store run the whole contract with [`store_tests!`](crate::store_tests):
//!
//! ```text
//! async fn fresh() -> std::sync::Arc<dyn spektr_inbox::store::Store> { … }
//! spektr_inbox::store_tests!(fresh);
//! ```
//!
//! `examples/memory` in the repository does so.
//!
//! No function here reads the clock or sleeps. Each panics if the store violates the contract.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed setup is a failed test"
)]

mod accepting;
mod holding;
mod operating;
mod paging;
#[cfg(feature = "postgres")]
pub mod pgbouncer;
#[cfg(feature = "postgres")]
pub mod postgres;
mod releasing;
mod working;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use spektr_types::Timestamp;
use spektr_verify::danger;

pub use accepting::*;
pub use holding::*;
pub use operating::*;
pub use paging::*;
pub use releasing::*;
pub use working::*;

use crate::Clock;
use crate::clock::{after, before};
use crate::intake::intake;
use crate::store::{Claim, ClaimRequest, Filter, NewEntry, State, Store, StoredEntry};

/// Makes a test of each function of the contract. `$fresh` is a function that returns a new,
/// empty store each time. The tests need `tokio` with the features `macros` and `rt`.
#[macro_export]
macro_rules! store_tests {
    ($fresh:expr) => {
        $crate::store_tests! { $fresh;
            stores_every_entry_byte_for_byte
            keeps_the_trace_of_an_entry_and_ignores_that_of_a_duplicate
            a_duplicate_is_not_stored_again
            another_content_under_the_same_id_is_a_conflict
            compares_without_storing
            sources_do_not_collide
            racing_duplicates_make_one_row
            racing_contents_make_one_pending_row
            a_delivery_can_contradict_itself
            a_delivery_is_numbered_in_its_order
            hostile_texts_are_kept_found_and_worked_on
            bodies_that_cannot_be_read_are_kept
            claims_what_is_due_once
            tells_workers_what_can_be_due
            ends_a_lease_with_an_outcome
            leases_that_end_at_once_end_each_with_its_own_outcome
            an_expired_lease_goes_to_another_worker
            a_lease_never_repeats
            a_lease_that_is_given_back_counts_no_attempt
            keeps_the_latest_attempts
            keeps_no_more_attempts_after_replays
            the_longest_durations_are_durations
            an_extended_lease_does_not_expire
            extends_no_lease_for_the_token_of_another
            a_retry_waits_for_its_time
            what_is_deferred_counts_no_attempt
            an_ordered_claim_takes_one_per_spektr_id_in_order
            what_comes_late_waits_for_the_lease_beside_it
            what_has_to_wait_does_not_hide_what_has_not
            a_dead_letter_does_not_hold_back_the_next
            a_dead_letter_holds_back_what_comes_later_if_it_is_to
            what_is_held_back_does_not_hide_what_is_not
            a_paused_store_accepts_and_hands_out_nothing
            lanes_that_wait_do_not_hide_what_a_wrong_clock_has_put_off
            a_clock_put_back_delays_nothing_for_long
            lists_and_counts_by_filter
            pages_show_all_but_the_json_from_the_newest_to_the_oldest
            pages_tell_what_waits_from_what_is_leased_or_due
            a_page_looks_at_a_bounded_number_of_entries
            releases_what_is_not_pending
            makes_due_what_waits_and_leaves_the_rest
            tallies_by_state_type_and_whether_it_waits
            prunes_what_is_not_pending
            what_was_pruned_stays_known
            a_former_hash_alone_makes_no_duplicate
            erases_all_of_a_spektr_id
            an_erasure_leaves_nothing_that_identifies_the_person
            an_entry_is_resolved_once_and_with_a_reason
            actions_are_recorded_with_what_they_did
            entries_take_the_place_of_what_they_were_read_from
            imports_entries_with_what_became_of_them
            keeps_figures
            the_quarantine_is_bounded
            keeps_notes
        }
    };
    ($fresh:expr; $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::testing::$name(&*$fresh().await).await;
            }
        )*
    };
}

/// Returns the time at which every test begins.
#[must_use]
pub fn start() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).unwrap()
}

/// A clock that does not advance by itself. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// Creates a clock that shows [`start`].
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(start())))
    }

    /// Sets the clock forward.
    pub fn advance(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = after(*now, duration);
    }

    /// Sets the clock back.
    pub fn put_back(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = before(*now, duration);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Returns the entries of a body, as a receiver makes them.
#[must_use]
pub fn entries(source: &str, body: &str, received_at: Timestamp) -> Vec<NewEntry> {
    let delivery = danger::assume_verified(Bytes::copy_from_slice(body.as_bytes()));
    intake(&source.into(), &delivery, received_at).entries
}

/// Returns the JSON of the entries of a page of the sender's list, and whether the page is the
/// last one for a client that requests `limit` entries. Returns `None` if the body is not a
/// page.
#[cfg(feature = "reconcile")]
#[must_use]
pub fn list_page(body: Bytes, limit: usize) -> Option<(Vec<Bytes>, bool)> {
    let page = crate::reconcile::ListPage::parse(body, limit, &"test".into(), start()).ok()?;
    let is_last = page.is_last();
    Some((page.entries.into_iter().map(|entry| entry.raw).collect(), is_last))
}

/// Returns the JSON of a customer_tag_add entry.
#[must_use]
pub fn tag_added(id: &str, spektr_id: &str, created_at: i64) -> String {
    format!(
        r#"{{"id":"{id}","spektrId":"{spektr_id}","type":"customer_tag_add","createdAt":{created_at},"data":{{"tagId":"t","action":"add","userId":null,"processId":null}}}}"#
    )
}

/// Stores entries that arrive at [`start`].
async fn accept(store: &dyn Store, raws: &[String]) {
    let body = format!(r#"{{"results":[{}]}}"#, raws.join(","));
    store.accept(entries("test", &body, start())).await.unwrap();
}

/// Returns a request by worker 1, unordered, for leases of 30 s.
fn request(now: Timestamp) -> ClaimRequest {
    ClaimRequest {
        owner: 1,
        now,
        lease: Duration::from_secs(30),
        limit: 100,
        ordered: false,
        hold_on_dead: false,
        horizon: Duration::from_secs(3600),
    }
}

fn ids(claims: &[Claim]) -> Vec<String> {
    claims.iter().filter_map(|claim| claim.entry.id.clone()).collect()
}

async fn all(store: &dyn Store) -> Vec<StoredEntry> {
    store.list(Filter::all(), 0, 1000).await.unwrap()
}

async fn states(store: &dyn Store) -> Vec<State> {
    all(store).await.into_iter().map(|entry| entry.state).collect()
}
