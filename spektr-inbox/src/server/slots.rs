//! Which connections are open, and which of them may be closed for a new one.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Metrics;
use crate::metrics::Connected;

/// A bounded number of places for connections.
pub(super) struct Slots {
    limit: usize,
    metrics: Metrics,
    table: Mutex<Table>,
    /// Tells that a connection has ended, or waits for its client.
    changed: Notify,
}

#[derive(Default)]
struct Table {
    open: HashMap<u64, Place>,
    /// Connections are numbered in the order in which they were accepted.
    next: u64,
}

struct Place {
    peer: IpAddr,
    /// Since when it has waited for its client; `None` while it is being answered.
    waiting: Option<Instant>,
    /// Whether it has brought an authentic delivery.
    proven: bool,
    end: Arc<Notify>,
}

/// The place of a connection, until it is dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    number: u64,
    end: Arc<Notify>,
    peer: IpAddr,
    _counted: Connected,
}

impl Slots {
    pub(super) fn new(limit: usize, metrics: Metrics) -> Self {
        Self { limit, metrics, table: Mutex::default(), changed: Notify::new() }
    }

    /// Waits until a connection can be taken, if need be in the place of one that waits
    /// for its client.
    pub(super) async fn until_there_is_room(&self) {
        self.until(|table| {
            table.open.len() < self.limit
                || table.open.values().any(|place| place.waiting.is_some())
        })
        .await;
    }

    /// Takes a place for a connection.
    pub(super) async fn take(self: &Arc<Self>, peer: IpAddr) -> Slot {
        self.until(|table| {
            let is_full = table.open.len() >= self.limit;
            if is_full {
                if let Some(place) = table.least_deserving().and_then(|it| table.open.get_mut(&it))
                {
                    // It is chosen once, and gone in a moment.
                    place.waiting = None;
                    place.end.notify_one();
                    self.metrics.evicted();
                }
            }
            !is_full
        })
        .await;
        let end = Arc::new(Notify::new());
        let mut table = self.table();
        let number = table.next;
        table.next += 1;
        let waiting = Some(Instant::now());
        let place = Place { peer, waiting, proven: false, end: Arc::clone(&end) };
        table.open.insert(number, place);
        let slots = Arc::clone(self);
        Slot { slots, number, end, peer, _counted: self.metrics.connected() }
    }

    /// Waits until no connection is open that is open now.
    pub(super) async fn until_the_present_ones_are_gone(&self) {
        let next = self.table().next;
        self.until(|table| table.open.keys().all(|number| *number >= next)).await;
    }

    async fn until(&self, mut is_so: impl FnMut(&mut Table) -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_so(&mut self.table()) {
                return;
            }
            changed.await;
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Chooses among the connections that wait for their clients.
    fn least_deserving(&self) -> Option<u64> {
        let mut of_peer: HashMap<IpAddr, usize> = HashMap::new();
        for place in self.open.values() {
            *of_peer.entry(place.peer).or_default() += 1;
        }
        let waiting = self.open.iter().filter_map(|(number, place)| {
            let most = Reverse(of_peer.get(&place.peer).copied().unwrap_or_default());
            Some(((place.proven, most, place.waiting?), *number))
        });
        waiting.min().map(|(_, number)| number)
    }
}

impl Slot {
    /// Waits until the place is needed for another connection.
    pub(super) async fn is_needed(&self) {
        self.end.notified().await;
    }

    pub(super) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The connection waits for its client from now on.
    pub(super) fn waits(&self) {
        self.change(|place| place.waiting = Some(Instant::now()));
        self.slots.changed.notify_waiters();
    }

    /// A request is there as a whole, and is being answered.
    pub(super) fn answers(&self) {
        self.change(|place| place.waiting = None);
    }

    /// The connection has brought an authentic delivery.
    pub(super) fn has_delivered(&self) {
        self.change(|place| place.proven = true);
    }

    fn change(&self, change: impl FnOnce(&mut Place)) {
        if let Some(place) = self.slots.table().open.get_mut(&self.number) {
            change(place);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.table().open.remove(&self.number);
        self.slots.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(places: &[(u8, bool, Option<u64>)]) -> Option<u64> {
        let now = Instant::now();
        let place = |&(peer, proven, waited): &(u8, bool, Option<u64>)| Place {
            peer: IpAddr::from([10, 0, 0, peer]),
            waiting: waited.map(|seconds| now - std::time::Duration::from_secs(seconds)),
            proven,
            end: Arc::default(),
        };
        let open = places.iter().map(place).enumerate().map(|(at, place)| (at as u64, place));
        Table { open: open.collect(), next: 0 }.least_deserving()
    }

    #[test]
    fn who_has_delivered_nothing_goes_first_then_who_has_most_then_who_has_waited_longest() {
        assert_eq!(chosen(&[]), None);
        assert_eq!(chosen(&[(1, false, None), (2, true, None)]), None);
        assert_eq!(chosen(&[(1, true, Some(9)), (2, false, Some(1))]), Some(1));
        let crowd = [(1, false, Some(9)), (2, false, Some(1)), (2, false, Some(2))];
        assert_eq!(chosen(&crowd), Some(2));
        // What is being answered is not closed, and counts for its address.
        let busy = [(1, false, Some(9)), (2, false, None), (2, false, Some(1))];
        assert_eq!(chosen(&busy), Some(2));
    }
}
