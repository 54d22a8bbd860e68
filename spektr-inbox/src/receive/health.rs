//! Whether the receiver can do its work: clock, keys, store, figures and queue.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex as Lock, PoisonError};
use std::time::Duration;

use serde::Serialize;
use spektr_types::Timestamp;
use spektr_verify::Verifier;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::clock::{after, before};
use crate::store::{Stats, Store, StoreError};

/// For how long an answer is given again, so that asking often costs little.
const FRESH: Duration = Duration::from_secs(1);

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How far the clock may differ from that of the database.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// 2024-01-01: a clock before that has not been set.
const EARLIEST_MILLIS: i64 = 1_704_067_200_000;

/// How long it counts that deliveries were signed too late by this machine's clock.
/// After that it takes new ones to show it, so that a sender whose clock was wrong for a
/// moment keeps nobody out for good.
const EARLY_COUNTS: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(super) struct Health {
    last: Mutex<Option<(Instant, Readiness)>>,
    early: Early,
}

/// Authentic deliveries that were refused because they were signed in the future by this
/// machine's clock, and none was accepted since. Nobody else than the sender can make
/// one, and who repeats one that was captured gains nothing: it takes two bodies.
#[derive(Default)]
struct Early(Lock<EarlyOnes>);

#[derive(Default)]
struct EarlyOnes {
    hasher: RandomState,
    /// The hash of the body that was there first.
    first: Option<u64>,
    /// The last one with another body.
    last: Option<Signed>,
}

/// When a delivery was signed, by the sender's clock, and when it was seen.
#[derive(Clone, Copy)]
struct Signed {
    time: Timestamp,
    seen: Instant,
}

/// Whether a receiver can do its work, as `/health/ready` says: a word for each of its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    clock: &'static str,
    keys: &'static str,
    disk: &'static str,
    figures: &'static str,
    queue: &'static str,
    /// Whether the store hands out entries. Deliveries are accepted all the same.
    handling: &'static str,
}

impl Readiness {
    /// The checks, and the words that each of them can have. The first word is that of a check
    /// that has passed.
    pub const WORDS: [(&'static str, &'static [&'static str]); 6] = [
        (
            "clock",
            &["ok", "not set", "behind the database", "ahead of the database", "behind the sender"],
        ),
        ("keys", &["ok", "none is valid"]),
        ("disk", &["ok", "full", "failing", "slow"]),
        ("figures", &["ok", "failing", "slow"]),
        ("queue", &["ok", "full"]),
        ("handling", &["ok", "paused"]),
    ];

    /// Whether every check has passed that deliveries depend on: all but `handling`.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        [self.clock, self.keys, self.disk, self.figures, self.queue] == ["ok"; 5]
    }

    /// The checks, each with its word.
    #[must_use]
    pub fn checks(&self) -> [(&'static str, &'static str); 6] {
        let Self { clock, keys, disk, figures, queue, handling } = *self;
        let words = [clock, keys, disk, figures, queue, handling];
        let mut words = words.into_iter();
        Self::WORDS.map(|(name, known)| {
            let word = words.next().unwrap_or_default();
            debug_assert!(known.contains(&word), "{name} is {word:?}, which WORDS does not list");
            (name, word)
        })
    }

    pub(super) fn to_json(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

impl Health {
    /// A delivery was refused because it was signed later than now by so much.
    pub(super) fn was_early(&self, body: &[u8], now: Timestamp, ahead: Duration) {
        self.early.add(body, Signed { time: after(now, ahead), seen: Instant::now() });
    }

    /// A delivery was signed within the tolerance.
    pub(super) fn was_in_time(&self) {
        self.early.clear();
    }

    pub(super) async fn check(
        &self,
        store: &dyn Store,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Readiness {
        let mut last = self.last.lock().await;
        match *last {
            Some((at, report)) if at.elapsed() < FRESH => report,
            _ => {
                let is_early = || self.early.show(now, verifier.tolerance());
                let report = look(store, verifier, now, is_early).await;
                *last = Some((Instant::now(), report));
                report
            }
        }
    }
}

impl Early {
    fn add(&self, body: &[u8], signed: Signed) {
        let mut ones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = ones.hasher.hash_one(body);
        match ones.first {
            None => ones.first = Some(hash),
            Some(first) if first == hash => {}
            Some(_) => ones.last = Some(signed),
        }
    }

    fn clear(&self) {
        let mut ones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (ones.first, ones.last) = (None, None);
    }

    /// Whether more than one shows that the clock is behind that of the sender, and still
    /// is: it may have been set since.
    fn show(&self, now: Timestamp, tolerance: Duration) -> bool {
        let ones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Signed { time, seen }) = ones.last else { return false };
        let elapsed = seen.elapsed();
        elapsed < EARLY_COUNTS && after(time, elapsed) > after(now, tolerance)
    }
}

async fn look(
    store: &dyn Store,
    verifier: &Verifier,
    now: Timestamp,
    is_early: impl Fn() -> bool,
) -> Readiness {
    let (stats, stored) =
        tokio::join!(timeout(PATIENCE, store.stats()), timeout(PATIENCE, store.probe()));
    let (disk, overloaded) = match stored {
        Ok(Ok(())) => ("ok", false),
        Ok(Err(StoreError::Overloaded)) => ("ok", true),
        Ok(Err(StoreError::Full { .. })) => ("full", false),
        Ok(Err(_)) => ("failing", false),
        Err(_) => ("slow", false),
    };
    let (figures, stats) = match stats {
        Ok(Ok(stats)) => ("ok", stats),
        Ok(Err(_)) => ("failing", Stats::default()),
        Err(_) => ("slow", Stats::default()),
    };
    let is_full = overloaded || stats.queued * 10 > stats.queue_limit * 9;
    Readiness {
        clock: clock(&stats, now, is_early),
        keys: if has_valid_key(verifier) { "ok" } else { "none is valid" },
        disk,
        figures,
        queue: if is_full { "full" } else { "ok" },
        handling: if stats.paused_since.is_some() { "paused" } else { "ok" },
    }
}

/// Judges the clock by that of the database, which all machines share; without one, by when
/// the sender has signed. What is stored decides nothing: a clock that was ahead for a
/// while leaves entries from the future, and the one that is right now must not pay for it.
fn clock(stats: &Stats, now: Timestamp, is_early: impl Fn() -> bool) -> &'static str {
    if now.as_millis() < EARLIEST_MILLIS {
        return "not set";
    }
    match stats.clock {
        Some(shared) if shared > after(now, CLOCK_TOLERANCE) => "behind the database",
        Some(shared) if shared < before(now, CLOCK_TOLERANCE) => "ahead of the database",
        Some(_) => "ok",
        None if is_early() => "behind the sender",
        None => "ok",
    }
}

/// Whether a delivery can be authentic at all.
pub(super) fn has_valid_key(verifier: &Verifier) -> bool {
    verifier.keys().is_none_or(|keys| keys.has_valid_key_at(verifier.now()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;

    const TOLERANCE: Duration = Duration::from_secs(300);

    #[tokio::test(start_paused = true)]
    async fn two_deliveries_signed_in_the_future_show_a_clock_that_is_behind_for_a_while() {
        let now = from_millis(1_700_000_000_000);
        let ahead = Duration::from_secs(3600);
        let health = Health::default();
        let shows = |now| health.early.show(now, TOLERANCE);
        // One says nothing, and however often somebody repeats it.
        for _ in 0..3 {
            health.was_early(b"a", now, ahead);
            assert!(!shows(now));
        }
        health.was_early(b"b", now, ahead);
        assert!(shows(now));
        // The clock is set, or put back again.
        assert!(!shows(after(now, ahead)));
        assert!(!shows(after(now, ahead - TOLERANCE)));
        assert!(shows(after(now, ahead - TOLERANCE - Duration::from_millis(1))));
        // The clocks go on.
        let minute = Duration::from_secs(60);
        tokio::time::advance(minute).await;
        assert!(shows(after(now, minute)));
        tokio::time::advance(EARLY_COUNTS - minute).await;
        assert!(!shows(after(now, EARLY_COUNTS)));
        health.was_early(b"b", now, ahead);
        assert!(shows(now));
        health.was_in_time();
        assert!(!shows(now));
        health.was_early(b"b", now, ahead);
        assert!(!shows(now));
    }
}
