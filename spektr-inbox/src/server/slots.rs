//! The open connections, and which of them may be closed for a new one.

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
    table: Mutex<SlotTable>,
    /// Notified when a connection has ended, or waits for its client.
    changed: Notify,
}

#[derive(Default)]
struct SlotTable {
    open: HashMap<u64, OpenConnection>,
    /// Connections are numbered in the order in which they were accepted.
    next: u64,
}

struct OpenConnection {
    peer: IpAddr,
    state: ConnectionState,
    /// Whether the connection has brought an authentic delivery.
    proven: bool,
    end: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ConnectionState {
    /// The connection has waited for its client since then.
    Waits(Instant),
    /// A complete request has arrived and is being answered.
    Answers,
    /// The connection has been told to end in favour of a new one.
    Ends,
}

/// The place of a connection, given back on drop.
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

    /// Waits until a connection can be taken, if necessary in the place of another that waits
    /// for its client.
    pub(super) async fn until_there_is_room(&self) {
        self.until(|table| {
            table.open.len() < self.limit
                || table.open.values().any(|place| place.state != ConnectionState::Answers)
        })
        .await;
    }

    /// Takes a place for a connection. At most one other connection is closed for it.
    pub(super) async fn take(self: &Arc<Self>, peer: IpAddr) -> Slot {
        self.until(|table| {
            if table.open.len() < self.limit {
                return true;
            }
            // While one connection is ending, wait for its place and choose no other, although
            // any number of connections can begin to wait for their clients meanwhile.
            if !table.has_one_that_ends() {
                if let Some(place) = table.least_deserving().and_then(|it| table.open.get_mut(&it))
                {
                    place.state = ConnectionState::Ends;
                    place.end.notify_one();
                    self.metrics.evicted();
                }
            }
            false
        })
        .await;
        let end = Arc::new(Notify::new());
        let mut table = self.table();
        let number = table.next;
        table.next += 1;
        let state = ConnectionState::Waits(Instant::now());
        let place = OpenConnection { peer, state, proven: false, end: Arc::clone(&end) };
        table.open.insert(number, place);
        let slots = Arc::clone(self);
        Slot { slots, number, end, peer, _counted: self.metrics.connected() }
    }

    /// Waits until all connections that are open now have ended.
    pub(super) async fn until_the_present_ones_are_gone(&self) {
        let next = self.table().next;
        self.until(|table| table.open.keys().all(|number| *number >= next)).await;
    }

    async fn until(&self, mut is_so: impl FnMut(&mut SlotTable) -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_so(&mut self.table()) {
                return;
            }
            changed.await;
        }
    }

    fn table(&self) -> MutexGuard<'_, SlotTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlotTable {
    fn has_one_that_ends(&self) -> bool {
        self.open.values().any(|place| place.state == ConnectionState::Ends)
    }

    /// Chooses one of the connections that wait for their clients.
    fn least_deserving(&self) -> Option<u64> {
        let mut of_peer: HashMap<IpAddr, usize> = HashMap::new();
        for place in self.open.values() {
            *of_peer.entry(place.peer).or_default() += 1;
        }
        let waiting = self.open.iter().filter_map(|(number, place)| {
            let ConnectionState::Waits(since) = place.state else { return None };
            let most = Reverse(of_peer.get(&place.peer).copied().unwrap_or_default());
            Some(((place.proven, most, since), *number))
        });
        waiting.min().map(|(_, number)| number)
    }
}

impl Slot {
    /// Waits until another connection needs the place while this connection waits for its
    /// client.
    pub(super) async fn is_needed(&self) {
        loop {
            self.end.notified().await;
            let table = self.slots.table();
            if table
                .open
                .get(&self.number)
                .is_some_and(|place| place.state == ConnectionState::Ends)
            {
                return;
            }
        }
    }

    pub(super) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Notes that the connection waits for its client from now on.
    pub(super) fn waits(&self) {
        self.change(|place| {
            if place.state != ConnectionState::Ends {
                place.state = ConnectionState::Waits(Instant::now());
            }
        });
        self.slots.changed.notify_waiters();
    }

    /// Notes that a complete request has arrived and is being answered. If the connection was
    /// told to end a moment ago, it is spared, and another one is chosen.
    pub(super) fn answers(&self) {
        let mut is_spared = false;
        self.change(|place| {
            is_spared = place.state == ConnectionState::Ends;
            place.state = ConnectionState::Answers;
        });
        if is_spared {
            self.slots.changed.notify_waiters();
        }
    }

    /// Notes that the connection has brought an authentic delivery.
    pub(super) fn has_delivered(&self) {
        self.change(|place| place.proven = true);
    }

    fn change(&self, change: impl FnOnce(&mut OpenConnection)) {
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
    use std::time::Duration;

    use super::*;

    fn chosen(places: &[(u8, bool, Option<u64>)]) -> Option<u64> {
        let now = Instant::now();
        let place = |&(peer, proven, waited): &(u8, bool, Option<u64>)| OpenConnection {
            peer: IpAddr::from([10, 0, 0, peer]),
            state: waited.map_or(ConnectionState::Answers, |seconds| {
                ConnectionState::Waits(now.checked_sub(Duration::from_secs(seconds)).unwrap_or(now))
            }),
            proven,
            end: Arc::default(),
        };
        let open = places.iter().map(place).enumerate().map(|(at, place)| (at as u64, place));
        SlotTable { open: open.collect(), next: 0 }.least_deserving()
    }

    #[test]
    fn who_has_delivered_nothing_goes_first_then_who_has_most_then_who_has_waited_longest() {
        assert_eq!(chosen(&[]), None);
        assert_eq!(chosen(&[(1, false, None), (2, true, None)]), None);
        assert_eq!(chosen(&[(1, true, Some(9)), (2, false, Some(1))]), Some(1));
        let crowd = [(1, false, Some(9)), (2, false, Some(1)), (2, false, Some(2))];
        assert_eq!(chosen(&crowd), Some(2));
        // A connection with a request in progress is not closed, but counts for its address.
        let busy = [(1, false, Some(9)), (2, false, None), (2, false, Some(1))];
        assert_eq!(chosen(&busy), Some(2));
    }

    /// Returns places for connections of one address, all of them taken.
    async fn full(limit: usize) -> (Arc<Slots>, Vec<Slot>) {
        let slots = Arc::new(Slots::new(limit, Metrics::new()));
        let mut open = Vec::new();
        for _ in 0..limit {
            open.push(slots.take(IpAddr::from([10, 0, 0, 1])).await);
        }
        (slots, open)
    }

    /// Starts a task that takes a place while all are taken, and lets it choose a connection to
    /// close.
    async fn newcomer(slots: &Arc<Slots>) -> tokio::task::JoinHandle<Slot> {
        let slots = Arc::clone(slots);
        let taking = tokio::spawn(async move { slots.take(IpAddr::from([10, 0, 0, 2])).await });
        tokio::task::yield_now().await;
        taking
    }

    fn evicted(slots: &Slots) -> usize {
        let table = slots.table();
        table.open.values().filter(|place| place.state == ConnectionState::Ends).count()
    }

    #[tokio::test]
    async fn a_new_connection_ends_one_other_however_many_begin_to_wait_meanwhile() {
        let (slots, mut open) = full(4).await;
        let taking = newcomer(&slots).await;
        assert_eq!(evicted(&slots), 1);
        for slot in &open[1..] {
            slot.waits();
            tokio::task::yield_now().await;
        }
        assert_eq!(evicted(&slots), 1);
        open[0].is_needed().await;
        open.remove(0);
        assert!(taking.await.is_ok());
        assert_eq!((open.len(), evicted(&slots)), (3, 0));
    }

    #[tokio::test]
    async fn a_request_that_is_complete_before_its_connection_ends_is_answered() {
        let (slots, mut open) = full(2).await;
        let taking = newcomer(&slots).await;
        open[0].answers();
        tokio::task::yield_now().await;
        // The other one is told to end instead.
        open[1].is_needed().await;
        tokio::select! {
            biased;
            () = open[0].is_needed() => panic!("it is being answered"),
            () = tokio::task::yield_now() => {}
        }
        open.pop();
        assert!(taking.await.is_ok());
        assert_eq!(open.len(), 1);
    }
}
