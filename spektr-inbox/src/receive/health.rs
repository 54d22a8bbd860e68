//! Readiness: whether the receiver can do its work, by clock, keys, store, figures and queue.

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

/// How long a report is reused, so that frequent requests cost little.
const FRESH: Duration = Duration::from_secs(1);

/// How long the store may take to answer a check.
const PATIENCE: Duration = Duration::from_secs(3);

/// How far the clock may differ from the clock of the database.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// 2024-01-01: an earlier clock has not been set.
const EARLIEST_MILLIS: i64 = 1_704_067_200_000;

/// How long deliveries that were signed in the future by this machine's clock count as
/// evidence. After that, only new such deliveries count, so that a sender whose clock was wrong
/// for a moment does not keep the receiver unready for good.
const EARLY_COUNTS: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(super) struct Health {
    last: Mutex<Option<(Instant, Readiness)>>,
    early: EarlyDeliveries,
}

/// Authentic deliveries that were refused since the last accepted delivery, because this
/// machine's clock says that they were signed in the future. Only the sender can sign such a
/// delivery. Repeating a captured delivery shows nothing, because two different bodies are
/// needed.
#[derive(Default)]
struct EarlyDeliveries(Lock<EarlyEvidence>);

#[derive(Default)]
struct EarlyEvidence {
    hasher: RandomState,
    /// The hash of the first such body.
    first: Option<u64>,
    /// The last such delivery with another body.
    last: Option<EarlyDelivery>,
}

/// The time of signing by the sender's clock, and the time of arrival.
#[derive(Clone, Copy)]
struct EarlyDelivery {
    signed_at: Timestamp,
    seen: Instant,
}

/// The state of a receiver as `/health/ready` reports it: a word for each check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    clock: &'static str,
    keys: &'static str,
    disk: &'static str,
    figures: &'static str,
    queue: &'static str,
    /// Whether the store hands out entries. A paused store still accepts deliveries.
    handling: &'static str,
}

impl Readiness {
    /// The checks and the words that each of them can have. The first word means that the check
    /// has passed.
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

    /// Returns whether every check that deliveries depend on has passed: all checks except
    /// `handling`.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        [self.clock, self.keys, self.disk, self.figures, self.queue] == ["ok"; 5]
    }

    /// Returns the checks, each with its word.
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
    /// Notes that a delivery was refused because its signing time is `ahead` of now.
    pub(super) fn was_early(&self, body: &[u8], now: Timestamp, ahead: Duration) {
        self.early.add(body, EarlyDelivery { signed_at: after(now, ahead), seen: Instant::now() });
    }

    /// Notes that a delivery was signed within the tolerance.
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

impl EarlyDeliveries {
    fn add(&self, body: &[u8], signed: EarlyDelivery) {
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

    /// Returns whether several deliveries show that this machine's clock is behind the sender's
    /// clock, and the clock has not been set right since.
    fn show(&self, now: Timestamp, tolerance: Duration) -> bool {
        let ones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(EarlyDelivery { signed_at, seen }) = ones.last else { return false };
        let elapsed = seen.elapsed();
        elapsed < EARLY_COUNTS && after(signed_at, elapsed) > after(now, tolerance)
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

/// Compares the clock with the database's clock, which all machines share. Without a database
/// it relies on the sender's signing times. The times of stored entries decide nothing: a clock
/// that was ahead for a while leaves entries from the future, and they must not make a correct
/// clock look wrong.
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

/// Returns whether any key is valid now, so that a delivery can be authentic.
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
        // One body shows nothing, however often somebody repeats it.
        for _ in 0..3 {
            health.was_early(b"a", now, ahead);
            assert!(!shows(now));
        }
        health.was_early(b"b", now, ahead);
        assert!(shows(now));
        // The clock is set forward by an hour, then by just enough, then by a millisecond too
        // little.
        assert!(!shows(after(now, ahead)));
        assert!(!shows(after(now, ahead - TOLERANCE)));
        assert!(shows(after(now, ahead - TOLERANCE - Duration::from_millis(1))));
        // Both clocks advance.
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
