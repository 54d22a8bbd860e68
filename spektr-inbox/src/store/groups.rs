//! Group commit: jobs are committed together, and each alone if that fails, so that none fails
//! because of another.

use std::collections::VecDeque;

/// The caller of a job may stop waiting for its answer.
pub(super) trait Awaited {
    /// Returns whether to begin the job at all.
    fn is_wanted(&self) -> bool;
}

/// The groups in which jobs are committed, one after the other: first all jobs together.
pub(super) struct Groups<J>(VecDeque<Vec<J>>);

impl<J: Awaited> Groups<J> {
    pub(super) fn new(jobs: Vec<J>) -> Self {
        Self(VecDeque::from([jobs]))
    }

    /// Returns the next group, without the jobs that nobody waits for any more.
    pub(super) fn next(&mut self) -> Option<Vec<J>> {
        loop {
            let mut group = self.0.pop_front()?;
            group.retain(Awaited::is_wanted);
            if !group.is_empty() {
                return Some(group);
            }
        }
    }

    /// Takes back a group whose commit has failed: each of its jobs is a later group. Returns the
    /// job if it was alone; the failure is its own.
    pub(super) fn failed(&mut self, mut group: Vec<J>) -> Option<J> {
        if group.len() == 1 {
            return group.pop();
        }
        self.0.extend(group.into_iter().map(|job| vec![job]));
        None
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    struct Job<'t>(u8, &'t Cell<bool>);

    impl Awaited for Job<'_> {
        fn is_wanted(&self) -> bool {
            self.1.get()
        }
    }

    fn numbers(group: Option<Vec<Job<'_>>>) -> Option<Vec<u8>> {
        group.map(|group| group.iter().map(|job| job.0).collect())
    }

    #[test]
    fn jobs_are_one_group_and_each_is_a_group_after_a_failure() {
        let [one, two, three] = [true, true, false].map(Cell::new);
        let jobs = vec![Job(1, &one), Job(2, &two), Job(3, &three)];
        let mut groups = Groups::new(jobs);
        let all = groups.next().expect("there are two");
        assert_eq!(all.len(), 2);
        assert!(groups.failed(all).is_none());
        let alone = groups.next().expect("the first");
        assert_eq!(groups.failed(alone).map(|job| job.0), Some(1));
        // The caller of the second has gone meanwhile.
        two.set(false);
        assert_eq!(numbers(groups.next()), None);
    }

    #[test]
    fn a_group_that_nobody_waits_for_is_left_out() {
        let gone = Cell::new(false);
        assert_eq!(numbers(Groups::new(vec![Job(1, &gone)]).next()), None);
        assert_eq!(numbers(Groups::<Job<'_>>::new(Vec::new()).next()), None);
    }
}
