//! The purpose of a verification's walk: checks whether every listed entry is in the store.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::time::Duration;

use spektr_types::Timestamp;

use super::ReconcilerInner;
use super::error::ReconcileError;
use super::walk::{Course, Purpose, Walk};
use crate::clock::{before, from_millis};
use crate::decode::decode;
use crate::store::{NewEntry, Presence};

/// A problem with a listed entry. It contains ids and times, and nothing of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The problem.
    pub problem: Problem,
    /// The event's id, if readable.
    pub id: Option<String>,
    /// The wire type, if readable.
    pub wire_type: Option<String>,
    /// When the event was created, if readable.
    pub created_at: Option<Timestamp>,
}

/// A kind of problem with a listed entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// The entry is not in the store: [`Reconciler::run_since`](super::Reconciler::run_since)
    /// fetches it.
    Missing,
    /// The store has the entry's id only with another content.
    Conflict,
    /// This version cannot decode the entry, whether the store has it or not.
    Undecodable,
}

impl Problem {
    /// Returns the problem as a word in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Conflict => "conflict",
            Self::Undecodable => "undecodable",
        }
    }
}

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// The verification covers events created after this time.
    pub since: Timestamp,
    /// The verification covers events created up to this time.
    pub until: Timestamp,
    /// Entries that were listed, counted each time that they were listed.
    pub seen: u64,
    /// Entries that are not in the store.
    pub missing: u64,
    /// Entries whose id is in the store only with another content.
    pub conflicts: u64,
    /// Entries that this version cannot decode.
    pub undecodable: u64,
    /// Requests, including failed attempts.
    pub requests: u64,
}

impl Verification {
    /// Returns whether every listed entry is in the store and can be decoded.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.missing == 0 && self.conflicts == 0 && self.undecodable == 0
    }
}

/// Compares the entries that a walk reads with the store, and writes nothing.
pub(super) struct Verify<'a> {
    inner: &'a ReconcilerInner,
    found: &'a mut (dyn FnMut(&Finding) + Send),
    seen: u64,
    missing: u64,
    conflicts: u64,
    undecodable: u64,
    /// Hashes of the reported entries: a walk reads some entries several times.
    reported: HashSet<u64>,
    hasher: RandomState,
}

impl<'a> Verify<'a> {
    pub(super) fn new(
        inner: &'a ReconcilerInner,
        found: &'a mut (dyn FnMut(&Finding) + Send),
    ) -> Self {
        Self {
            inner,
            found,
            seen: 0,
            missing: 0,
            conflicts: 0,
            undecodable: 0,
            reported: HashSet::new(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn verification(&self, course: &Course) -> Verification {
        Verification {
            since: course.since,
            until: course.until,
            seen: self.seen,
            missing: self.missing,
            conflicts: self.conflicts,
            undecodable: self.undecodable,
            requests: course.requests,
        }
    }

    fn report(&mut self, problem: Problem, head: Finding) {
        match problem {
            Problem::Missing => self.missing += 1,
            Problem::Conflict => self.conflicts += 1,
            Problem::Undecodable => self.undecodable += 1,
        }
        (self.found)(&Finding { problem, ..head });
    }
}

impl Purpose for Verify<'_> {
    async fn begin(&mut self, _: &Course) -> Result<(), ReconcileError> {
        Ok(())
    }

    async fn take(&mut self, entries: Vec<NewEntry>, _: &Course) -> Result<u64, ReconcileError> {
        let heads: Vec<_> = entries
            .iter()
            .map(|entry| {
                let hash = self.hasher.hash_one((&entry.key, &entry.content));
                let is_decodable = decode(&entry.raw).is_ok();
                let head = Finding {
                    problem: Problem::Missing,
                    id: entry.id.clone(),
                    wire_type: entry.wire_type.clone(),
                    created_at: entry.created_at,
                };
                (hash, is_decodable, head)
            })
            .collect();
        let presences = self.inner.store.compare(entries).await?;
        let mut new = 0;
        for ((hash, is_decodable, head), presence) in heads.into_iter().zip(presences) {
            self.seen += 1;
            let problem = match presence {
                Presence::Same => None,
                Presence::OtherContent => Some(Problem::Conflict),
                Presence::Absent => Some(Problem::Missing),
            };
            if (problem.is_none() && is_decodable) || !self.reported.insert(hash) {
                continue;
            }
            new += 1;
            if let Some(problem) = problem {
                self.report(problem, head.clone());
            }
            if !is_decodable {
                self.report(Problem::Undecodable, head);
            }
        }
        Ok(new)
    }

    async fn reach(&mut self, _: &Course) -> Result<(), ReconcileError> {
        Ok(())
    }
}

/// How often [`run`](super::Reconciler::run) verifies.
const PERIOD: Duration = Duration::from_secs(24 * 3600);

impl ReconcilerInner {
    pub(super) async fn verify(
        &self,
        since: Timestamp,
        found: &mut (dyn FnMut(&Finding) + Send),
    ) -> Result<Verification, ReconcileError> {
        let until = self.client.unit().cut(before(self.clock.now(), self.overlap));
        let verify = Verify::new(self, found);
        let (course, verify) = Walk::new(self, since.min(until), until, verify).run().await?;
        Ok(verify.verification(&course))
    }

    /// Verifies if the last verification, by any process, is a day old. Shows the result of the
    /// last verification in the metrics.
    pub(super) async fn verify_if_due(&self) {
        let Some(reach) = self.verification else { return };
        let verifying = async {
            let now = self.clock.now();
            let last = self.store.note(self.verification_note()).await?;
            if let Some(last) = last.as_deref().and_then(VerificationNote::parse) {
                self.metrics.verified(last.at, last.found(), now);
                let is_recent = before(now, PERIOD) < last.at && last.at <= now;
                if is_recent {
                    return Ok(());
                }
            }
            let result = self.verify(before(now, reach), &mut |_| {}).await?;
            let Verification { seen, missing, conflicts, undecodable, .. } = result;
            if missing + conflicts > 0 {
                tracing::error!(
                    seen,
                    missing,
                    conflicts,
                    "listed events are not in the store: `spektr inbox verify` names them"
                );
            } else {
                tracing::info!(seen, undecodable, "every listed event is in the store");
            }
            let verified = VerificationNote { at: now, missing, conflicts, undecodable };
            self.store.set_note(self.verification_note(), verified.to_string()).await?;
            self.metrics.verified(verified.at, verified.found(), self.clock.now());
            Ok::<_, ReconcileError>(())
        };
        if let Err(error) = verifying.await {
            let reason = error.reason();
            tracing::error!(
                reason,
                error = &error as &dyn std::error::Error,
                "verification failed"
            );
        }
    }

    /// Returns the name of the note in the store with the result of the last verification.
    fn verification_note(&self) -> String {
        format!("verify {} {}", self.source, self.client.base_url())
    }
}

/// The result of a verification, stored as a note for other processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct VerificationNote {
    at: Timestamp,
    missing: u64,
    conflicts: u64,
    undecodable: u64,
}

impl fmt::Display for VerificationNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, missing, conflicts, undecodable } = self;
        write!(f, "{} {missing} {conflicts} {undecodable}", at.as_millis())
    }
}

impl VerificationNote {
    /// Parses the text that [`Display`](fmt::Display) wrote.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            at: from_millis(i64::try_from(next()?).ok()?),
            missing: next()?,
            conflicts: next()?,
            undecodable: next()?,
        })
    }

    /// Returns the numbers by their label in the metrics.
    fn found(self) -> [(&'static str, u64); 3] {
        let Self { missing, conflicts, undecodable, .. } = self;
        [("missing", missing), ("conflict", conflicts), ("undecodable", undecodable)]
    }
}
