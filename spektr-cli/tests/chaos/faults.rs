//! Chooses the next fault.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    ServiceKilled,
    ServiceEnded,
    ServicePaused,
    EndpointKilled,
    EndpointPaused,
    DatabaseRestarted,
    DatabaseStopped,
    DatabaseKilled,
    DatabasePaused,
}

/// The faults of service and endpoint. The other faults need a database server.
const OF_SERVICE: [Fault; 5] = [
    Fault::ServiceKilled,
    Fault::ServiceEnded,
    Fault::ServicePaused,
    Fault::EndpointKilled,
    Fault::EndpointPaused,
];
const OF_DATABASE: [Fault; 4] = [
    Fault::DatabaseRestarted,
    Fault::DatabaseStopped,
    Fault::DatabaseKilled,
    Fault::DatabasePaused,
];

/// Repeats all kinds of faults, each time in another order.
pub(crate) struct Faults {
    random: fastrand::Rng,
    kinds: Vec<Fault>,
    left: Vec<Fault>,
    counts: BTreeMap<Fault, u64>,
}

impl Faults {
    pub(crate) fn new(seed: u64, has_database: bool) -> Self {
        let mut kinds = OF_SERVICE.to_vec();
        if has_database {
            kinds.extend(OF_DATABASE);
        }
        let random = fastrand::Rng::with_seed(seed);
        Self { random, kinds, left: Vec::new(), counts: BTreeMap::new() }
    }

    /// Tells whether some kinds of faults have not happened yet.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.counts.len() < self.kinds.len()
    }

    pub(crate) fn next(&mut self) -> Fault {
        if self.left.is_empty() {
            self.left.clone_from(&self.kinds);
            self.random.shuffle(&mut self.left);
        }
        let fault = self.left.pop().expect("it has just been filled");
        *self.counts.entry(fault).or_default() += 1;
        fault
    }

    /// Waits until the next fault is due.
    pub(crate) fn pause(&mut self) {
        std::thread::sleep(Duration::from_millis(self.random.u64(100..1500)));
    }

    /// Returns how long a process is paused or stopped.
    pub(crate) fn outage(&mut self) -> Duration {
        Duration::from_millis(self.random.u64(0..2500))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} faults: {:?}", self.counts.values().sum::<u64>(), self.counts)
    }
}
