//! One walk over the list, from a start time to an end time.
//!
//! Invariant: when a walk reaches a time, its [`Purpose`] has been given every entry that was
//! listed as created up to that time. This holds even if the list changes meanwhile in any way,
//! and whatever the server states about pages and totals.
//!
//! The reasons are a decision (ARCHITECTURE.md, I31).

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::BuildHasher as _;
use std::time::Duration;

use spektr_types::Timestamp;

use super::ReconcilerInner;
use super::answer::ListPage;
use super::client::{PAGE_SIZES, PageQuery};
use super::error::ReconcileError;
use crate::clock::{after, before, from_millis};
use crate::store::NewEntry;

/// How far outside of the requested window an entry's time may be. A wrong unit is off by
/// decades, or gives nothing. The list may be sorted by another time than it shows.
const SLACK: Duration = Duration::from_secs(3600);

/// The largest number of pages that are read from one place: half a million entries.
const MAX_PAGES: u64 = 10_000;

/// The number of passes over the same pages until they stay the same.
const MAX_PASSES: usize = 40;

/// The number of passes in a row without a new entry after which the pages are trusted. The
/// greater number applies if the totals do not show whether an entry vanished in between.
const FRUITLESS_PASSES: usize = 2;
const FRUITLESS_PASSES_IN_DOUBT: usize = 6;

/// The number of pages in a row that may contain only entries of earlier pages.
const MAX_REPEATED_PAGES: usize = 3;

/// The purpose of a walk: the treatment of the entries that it reads.
pub(super) trait Purpose: Send {
    /// Is called at the beginning of the walk.
    fn begin(&mut self, course: &Course)
    -> impl Future<Output = Result<(), ReconcileError>> + Send;

    /// Takes the entries of a page. Returns how many of them were new to this purpose: as long
    /// as there are any, the list may have more.
    fn take(
        &mut self,
        entries: Vec<NewEntry>,
        course: &Course,
    ) -> impl Future<Output = Result<u64, ReconcileError>> + Send;

    /// Is called when every entry that was listed as created up to the position of the course
    /// has been taken.
    fn reach(&mut self, course: &Course)
    -> impl Future<Output = Result<(), ReconcileError>> + Send;
}

/// The window and the progress of a walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) position: Timestamp,
    pub(super) requests: u64,
    pub(super) shifts: u64,
}

pub(super) struct Walk<'a, P> {
    inner: &'a ReconcilerInner,
    course: Course,
    purpose: P,
    hasher: RandomState,
    /// The time between the next place and the last entry of a page.
    margin: Duration,
    /// The index of the requested size in [`PAGE_SIZES`].
    size: usize,
}

/// The result of reading pages from one place.
struct Pass {
    /// The place to go on from; `None` if the list has ended.
    next: Option<Timestamp>,
    pages: u64,
    new: u64,
    /// Whether the list reported the same total on all pages.
    still: bool,
    /// The hashes of the listed entries, with their creation times. An entry that is repeated
    /// on one page is counted once.
    listed: Vec<Listed>,
}

type Listed = (Option<Timestamp>, u64);

impl Pass {
    /// Returns whether every entry created up to `next` has been seen, in this pass or an
    /// earlier pass. That is so if at least as many different entries were seen as places were
    /// read. If an entry came twice because entries of one moment changed their order, another
    /// entry was left out.
    fn is_complete(&self, seen: &HashSet<Listed>) -> bool {
        let is_before = |(time, _): &&Listed| self.next.is_none() || *time <= self.next;
        seen.iter().filter(is_before).count() >= self.listed.iter().filter(is_before).count()
    }
}

impl<'a, P: Purpose> Walk<'a, P> {
    pub(super) fn new(
        inner: &'a ReconcilerInner,
        since: Timestamp,
        until: Timestamp,
        purpose: P,
    ) -> Self {
        let course = Course { since, until, position: since, requests: 0, shifts: 0 };
        Self {
            inner,
            course,
            purpose,
            hasher: RandomState::new(),
            margin: Duration::from_millis(1),
            size: 0,
        }
    }

    /// Walks to the end. Returns the course and the purpose.
    pub(super) async fn run(mut self) -> Result<(Course, P), ReconcileError> {
        let Course { since, until, .. } = self.course;
        self.purpose.begin(&self.course).await?;
        let first = loop {
            match self.first_page().await {
                Ok(first) => break first,
                Err(error) => self.ask_for_less(error)?,
            }
        };
        let Some(first) = first else { return Ok((self.course, self.purpose)) };
        let mut first = Some(first);
        let (mut place, mut beyond) = (since, since);
        let mut earlier: Option<(Timestamp, HashSet<Listed>)> = None;
        loop {
            let pass = self.settle(place, beyond, first.take()).await?;
            // Entries at the next place may be smaller.
            self.size = 0;
            if let Some((earlier, listed)) = earlier.take() {
                // A listed entry of the last pass must come again: it shows that this request
                // covered everything after it in the list. If no entry of the last pass comes
                // again, the list has changed, or the entries show other times than the list is
                // sorted by. Then this place is not safe to go on from.
                if !pass.listed.iter().any(|one| listed.contains(one)) {
                    (place, beyond) = (earlier, place);
                    // A growing margin soon allows for times that are always off.
                    self.margin = (self.margin * 4).clamp(Duration::from_secs(1), SLACK);
                    self.course.shifts += 1;
                    continue;
                }
                self.reach(place).await?;
            }
            let Some(next) = pass.next else { break };
            earlier = Some((place, pass.listed.into_iter().collect()));
            (place, beyond) = (next, next);
        }
        self.reach(until).await?;
        Ok((self.course, self.purpose))
    }

    /// Fetches the first page. Returns `None` if there is nothing to read. Then the end counts
    /// as reached, if that is certain.
    async fn first_page(&mut self) -> Result<Option<ListPage>, ReconcileError> {
        let Course { since, until, .. } = self.course;
        let query = PageQuery::Window { after: since, until, page: 1 };
        let page = self.fetch(query).await?;
        if !page.entries.is_empty() {
            return Ok(Some(page));
        }
        // A wrong unit also gives an empty page. The newest entries show whether the unit is
        // wrong, because their query contains no time.
        let newest = self.fetch(PageQuery::Newest).await?;
        let times: Vec<_> = newest.times().collect();
        // A time in whole seconds can mean any time of its second.
        let second = Duration::from_millis(999);
        if times.iter().any(|time| *time > since && after(*time, second) <= until) {
            // An entry may have arrived between the two requests.
            let page = self.fetch(query).await?;
            if !page.entries.is_empty() {
                return Ok(Some(page));
            }
            let problem = "has newer entries, but returns none of them for their time";
            return Err(self.wrong_unit(problem));
        }
        // The first entry is the newest, unless the server has ignored the order.
        let reaches_back =
            times.last().is_some_and(|last| *last <= since && times.first() > Some(last));
        let all_are_old = newest.is_last() && times.len() == newest.entries.len();
        if all_are_old || reaches_back {
            self.reach(until).await?;
        }
        Ok(None)
    }

    /// Reads from one place until no entry can have been skipped up to the next place, which is
    /// later than `beyond`.
    async fn settle(
        &mut self,
        place: Timestamp,
        beyond: Timestamp,
        mut first: Option<ListPage>,
    ) -> Result<Pass, ReconcileError> {
        let mut seen = HashSet::new();
        let mut fruitless = 0;
        for _ in 0..MAX_PASSES {
            let pass = match self.pass(place, beyond, first.take()).await {
                Ok(pass) => pass,
                // Smaller pages have other numbers, so reading starts again from the first
                // page.
                Err(error) => {
                    self.ask_for_less(error)?;
                    continue;
                }
            };
            // One page is one answer, so nothing can shift.
            if pass.pages == 1 {
                return Ok(pass);
            }
            seen.extend(pass.listed.iter().copied());
            fruitless = if pass.new == 0 { fruitless + 1 } else { 0 };
            let held = pass.still || fruitless >= FRUITLESS_PASSES;
            if held && pass.is_complete(&seen) || fruitless >= FRUITLESS_PASSES_IN_DOUBT {
                return Ok(pass);
            }
            self.course.shifts += 1;
        }
        Err(ReconcileError::Endless { problem: "keeps changing" })
    }

    /// Reads pages from one place until there is a later place to go on from.
    async fn pass(
        &mut self,
        place: Timestamp,
        beyond: Timestamp,
        mut first: Option<ListPage>,
    ) -> Result<Pass, ReconcileError> {
        let Course { until, .. } = self.course;
        let mut seen = HashSet::new();
        let mut still = true;
        let mut total = None;
        let mut new = 0;
        let mut times = Times::default();
        let mut repeated_pages = 0;
        let mut listed = Vec::new();
        for number in 1..=MAX_PAGES {
            let page = match first.take() {
                Some(page) => page,
                None => self.fetch(PageQuery::Window { after: place, until, page: number }).await?,
            };
            self.check(&page)?;
            page.times().filter(|time| self.is_meant(*time)).for_each(|time| times.add(time));
            still &= page.total.is_some() && (number == 1 || page.total == total);
            total = page.total;
            let is_last = page.is_last();
            let mut of_page = HashSet::new();
            for entry in &page.entries {
                let hash = self.hasher.hash_one((&entry.key, &entry.content));
                of_page.insert((entry.created_at, hash));
            }
            let is_repeated = of_page.iter().filter(|one| seen.insert(**one)).count() == 0;
            listed.extend(of_page);
            if !page.entries.is_empty() {
                new += self.purpose.take(page.entries, &self.course).await?;
            }
            let next = times.next(beyond, self.margin, |time| self.inner.client.unit().after(time));
            if is_last || next.is_some() {
                let next = next.filter(|_| !is_last);
                return Ok(Pass { next, pages: number, new, still, listed });
            }
            repeated_pages = if is_repeated { repeated_pages + 1 } else { 0 };
            if repeated_pages == MAX_REPEATED_PAGES {
                return Err(ReconcileError::Endless {
                    problem: "returns the same page again for the next one",
                });
            }
        }
        Err(ReconcileError::Endless { problem: "has too many entries of one moment" })
    }

    /// Selects the next smaller page size after an answer that was too large. Returns `error`
    /// again if it has another cause, or if there is no smaller size.
    fn ask_for_less(&mut self, error: ReconcileError) -> Result<(), ReconcileError> {
        if !matches!(error, ReconcileError::TooLarge { .. }) || self.size + 1 >= PAGE_SIZES.len() {
            return Err(error);
        }
        self.size += 1;
        Ok(())
    }

    async fn fetch(&mut self, query: PageQuery) -> Result<ListPage, ReconcileError> {
        if self.course.requests >= self.inner.max_requests {
            return Err(ReconcileError::Endless {
                problem: "needs more requests than one run may make",
            });
        }
        let ReconcilerInner { client, source, clock, .. } = self.inner;
        let size = PAGE_SIZES.get(self.size).copied().unwrap_or(1);
        client.fetch(query, size, source, &**clock, || self.course.requests += 1).await
    }

    /// Checks that most entries of a page are within the requested window. A minority may have
    /// unreliable times.
    fn check(&self, page: &ListPage) -> Result<(), ReconcileError> {
        let meant = page.times().filter(|time| self.is_meant(*time)).count();
        if 2 * meant >= page.times().count() {
            return Ok(());
        }
        Err(self.wrong_unit("has entries from outside the requested window"))
    }

    fn is_meant(&self, time: Timestamp) -> bool {
        let Course { since, until, .. } = self.course;
        (before(since, SLACK)..=after(until, SLACK)).contains(&time)
    }

    fn wrong_unit(&self, problem: &'static str) -> ReconcileError {
        ReconcileError::WrongUnit { unit: self.inner.client.unit(), problem }
    }

    async fn reach(&mut self, position: Timestamp) -> Result<(), ReconcileError> {
        self.course.position = position;
        self.purpose.reach(&self.course).await
    }
}

/// The times of the entries of a pass.
#[derive(Default)]
struct Times {
    least: Option<Timestamp>,
    greatest: Option<Timestamp>,
    /// By how much an entry can be earlier than an entry listed before it: by up to a second if
    /// envelopes differ in precision, and by any duration if the list is sorted by another time
    /// than it shows.
    disorder: Duration,
}

impl Times {
    fn add(&mut self, time: Timestamp) {
        let greatest = self.greatest.map_or(time, |greatest| greatest.max(time));
        let behind = (greatest.as_millis() - time.as_millis()).unsigned_abs();
        self.disorder = self.disorder.max(Duration::from_millis(behind));
        self.greatest = Some(greatest);
        self.least = Some(self.least.map_or(time, |least| least.min(time)));
    }

    /// Returns the place to go on from, such that the entries of the last moment come again.
    /// Returns `None` if that place is not later than `beyond`, or if all entries are of one
    /// moment, because such entries show nothing about the order of the list.
    fn next(
        &self,
        beyond: Timestamp,
        margin: Duration,
        bound: impl Fn(Timestamp) -> i64,
    ) -> Option<Timestamp> {
        let (least, greatest) = (self.least?, self.greatest?);
        let last = if self.disorder.is_zero() {
            greatest
        } else {
            from_millis(before(greatest, self.disorder).as_seconds() * 1000)
        };
        let next = before(last, margin);
        (least < last && bound(next) > bound(beyond)).then_some(next)
    }
}
