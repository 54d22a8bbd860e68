//! Whether the receiver can do its work: clock, disk and queue.

use std::time::Duration;

use serde::Serialize;
use spektr_types::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::clock::after;
use crate::store::{Store, StoreError};

/// For how long an answer stands, so that asking often costs little.
const FRESH: Duration = Duration::from_secs(1);

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How far the clock may be behind the entry that was stored last.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// 2024-01-01: a clock before that has not been set.
const EARLIEST_MILLIS: i64 = 1_704_067_200_000;

#[derive(Default)]
pub(super) struct Health(Mutex<Option<(Instant, Report)>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Report {
    clock: &'static str,
    disk: &'static str,
    queue: &'static str,
}

impl Report {
    pub(super) fn is_ready(&self) -> bool {
        [self.clock, self.disk, self.queue] == ["ok"; 3]
    }

    pub(super) fn to_json(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

impl Health {
    pub(super) async fn check(&self, store: &dyn Store, now: Timestamp) -> Report {
        let mut last = self.0.lock().await;
        match *last {
            Some((at, report)) if at.elapsed() < FRESH => report,
            _ => {
                let report = look(store, now).await;
                *last = Some((Instant::now(), report));
                report
            }
        }
    }
}

async fn look(store: &dyn Store, now: Timestamp) -> Report {
    let (stats, written) =
        tokio::join!(timeout(PATIENCE, store.stats()), timeout(PATIENCE, store.probe()));
    // Where there are no figures, the write tells that something is wrong.
    let stats = stats.ok().and_then(Result::ok).unwrap_or_default();
    // What is stored shows that it has been later already; deliveries that
    // somebody sends again don't get a say in this.
    let is_behind = stats.newest.is_some_and(|newest| newest > after(now, CLOCK_TOLERANCE));
    let clock = match now.as_millis() {
        millis if millis < EARLIEST_MILLIS => "not set",
        _ if is_behind => "behind what is stored",
        _ => "ok",
    };
    let (disk, overloaded) = match written {
        Ok(Ok(())) => ("ok", false),
        Ok(Err(StoreError::Overloaded)) => ("ok", true),
        Ok(Err(StoreError::Full { .. })) => ("full", false),
        Ok(Err(_)) => ("failing", false),
        Err(_) => ("slow", false),
    };
    let is_full = overloaded || stats.queued * 10 > stats.queue_limit * 9;
    let queue = if is_full { "full" } else { "ok" };
    Report { clock, disk, queue }
}
