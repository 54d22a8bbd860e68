//! Whether the receiver can do its work: clock, keys, store, figures and queue.

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

/// How far the clock may differ from that of the database, or be behind what is stored.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// 2024-01-01: a clock before that has not been set.
const EARLIEST_MILLIS: i64 = 1_704_067_200_000;

#[derive(Default)]
pub(super) struct Health(Mutex<Option<(Instant, Report)>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Report {
    clock: &'static str,
    keys: &'static str,
    disk: &'static str,
    figures: &'static str,
    queue: &'static str,
}

impl Report {
    pub(super) fn is_ready(&self) -> bool {
        [self.clock, self.keys, self.disk, self.figures, self.queue] == ["ok"; 5]
    }

    pub(super) fn to_json(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

impl Health {
    pub(super) async fn check(
        &self,
        store: &dyn Store,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Report {
        let mut last = self.0.lock().await;
        match *last {
            Some((at, report)) if at.elapsed() < FRESH => report,
            _ => {
                let report = look(store, verifier, now).await;
                *last = Some((Instant::now(), report));
                report
            }
        }
    }
}

async fn look(store: &dyn Store, verifier: &Verifier, now: Timestamp) -> Report {
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
    Report {
        clock: clock(&stats, now),
        keys: if has_valid_key(verifier) { "ok" } else { "none is valid" },
        disk,
        figures,
        queue: if is_full { "full" } else { "ok" },
    }
}

/// Judges the clock by that of the database, which all machines share. Without one, what is
/// stored shows how late it has been already; deliveries that somebody sends again do not.
fn clock(stats: &Stats, now: Timestamp) -> &'static str {
    let is_after = |time: Timestamp| time > after(now, CLOCK_TOLERANCE);
    if now.as_millis() < EARLIEST_MILLIS {
        return "not set";
    }
    match stats.clock {
        Some(shared) if is_after(shared) => "behind the database",
        Some(shared) if shared < before(now, CLOCK_TOLERANCE) => "ahead of the database",
        Some(_) => "ok",
        None if stats.reached.is_some_and(is_after) => "behind what is stored",
        None => "ok",
    }
}

/// Whether a delivery can be authentic at all.
pub(super) fn has_valid_key(verifier: &Verifier) -> bool {
    verifier.keys().is_none_or(|keys| keys.has_valid_key_at(verifier.now()))
}
