//! The memory for bodies: bounded, and not to be held by who does not send.
//!
//! What is counted is what is allocated, from the first byte of a body until its last
//! copy is dropped, in whatever queue that is. A quarter is for small bodies alone. When
//! the memory is used up, the body that arrives most slowly gives way, first of the
//! address that holds most.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The largest body that is small, in bytes.
pub(super) const SMALL: usize = 64 * 1024;

/// Memory for bodies.
pub(super) struct Memory {
    limit: usize,
    table: Mutex<Table>,
    /// Tells that memory has been given back.
    freed: Notify,
}

#[derive(Default)]
struct Table {
    next: u64,
    held: HashMap<u64, Holding>,
}

/// What a body holds.
struct Holding {
    bytes: usize,
    /// What it needs, which has arrived for the most part.
    needed: usize,
    peer: Option<IpAddr>,
    began: Instant,
    arrival: Arrival,
    give_way: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// Bytes of the body are awaited.
    Under,
    /// It has been told to give way, and will do so in a moment.
    GivesWay,
    Complete,
}

/// The right to the memory of one body, until it is dropped.
pub(super) struct Held {
    memory: Arc<Memory>,
    number: u64,
    give_way: Arc<Notify>,
}

/// There is no memory for a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoMemory;

impl Memory {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, table: Mutex::default(), freed: Notify::new() }
    }

    /// Begins to count for a body of which nothing has arrived.
    pub(super) fn hold(self: &Arc<Self>, peer: Option<IpAddr>) -> Held {
        let give_way = Arc::new(Notify::new());
        let mut table = self.table();
        let number = table.next;
        table.next += 1;
        let holding = Holding {
            bytes: 0,
            needed: 0,
            peer,
            began: Instant::now(),
            arrival: Arrival::Under,
            give_way: Arc::clone(&give_way),
        };
        table.held.insert(number, holding);
        drop(table);
        Held { memory: Arc::clone(self), number, give_way }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Holds so many bytes, once a slower body has given way if need be.
    pub(super) async fn grow_to(&self, bytes: usize) -> Result<(), NoMemory> {
        let memory = &*self.memory;
        loop {
            let freed = memory.freed.notified();
            match memory.table().grow(memory.limit, self.number, bytes, Instant::now()) {
                Growth::Done => return Ok(()),
                Growth::Refused => return Err(NoMemory),
                Growth::Waits => {}
            }
            tokio::select! {
                () = freed => {}
                () = self.gives_way() => return Err(NoMemory),
            }
        }
    }

    /// Holds so many bytes more for what was made of a complete body; does not wait.
    pub(super) fn grow_by(&self, bytes: usize) -> Result<(), NoMemory> {
        let memory = &*self.memory;
        let mut table = memory.table();
        if table.used() + bytes > memory.limit {
            return Err(NoMemory);
        }
        if let Some(holding) = table.held.get_mut(&self.number) {
            holding.bytes += bytes;
        }
        Ok(())
    }

    /// Ready when the body has to give way to a faster one.
    pub(super) async fn gives_way(&self) {
        self.give_way.notified().await;
    }

    /// The body has arrived and gives way to nobody.
    pub(super) fn is_complete(&self) {
        if let Some(holding) = self.memory.table().held.get_mut(&self.number) {
            holding.arrival = Arrival::Complete;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.table().held.remove(&self.number);
        self.memory.freed.notify_waiters();
    }
}

enum Growth {
    Done,
    Refused,
    /// Another gives way.
    Waits,
}

impl Table {
    fn used(&self) -> usize {
        self.held.values().map(|holding| holding.bytes).sum()
    }

    fn grow(&mut self, limit: usize, number: u64, bytes: usize, now: Instant) -> Growth {
        if let Some(holding) = self.held.get_mut(&number) {
            holding.needed = bytes;
        }
        let is_large = bytes > SMALL;
        let (limit, counts): (_, fn(&Holding) -> bool) = if is_large {
            (limit - limit / 4, |holding| holding.bytes > SMALL)
        } else {
            (limit, |_| true)
        };
        let others =
            self.held.iter().filter(|(other, holding)| **other != number && counts(holding));
        let used: usize = others.map(|(_, holding)| holding.bytes).sum();
        if used + bytes <= limit {
            if let Some(holding) = self.held.get_mut(&number) {
                holding.bytes = bytes;
            }
            return Growth::Done;
        }
        if bytes > limit {
            return Growth::Refused;
        }
        let giving = self.held.values().filter(|holding| holding.arrival == Arrival::GivesWay);
        let freed: usize = giving.filter(|holding| counts(holding)).map(|it| it.bytes).sum();
        if used - freed + bytes <= limit {
            return Growth::Waits;
        }
        let slowest = self.slowest(now, |other, holding| other == number || counts(holding));
        match slowest.filter(|slowest| *slowest != number).and_then(|it| self.held.get_mut(&it)) {
            Some(holding) => {
                holding.arrival = Arrival::GivesWay;
                holding.give_way.notify_one();
                Growth::Waits
            }
            None => Growth::Refused,
        }
    }

    /// Finds the body that arrives most slowly, of the address that holds most.
    fn slowest(&self, now: Instant, may: impl Fn(u64, &Holding) -> bool) -> Option<u64> {
        let mut of_peer: HashMap<Option<IpAddr>, usize> = HashMap::new();
        for holding in self.held.values() {
            *of_peer.entry(holding.peer).or_default() += holding.bytes;
        }
        let under = self.held.iter().filter(|(number, holding)| {
            holding.arrival == Arrival::Under && may(**number, holding)
        });
        let slowest = under.min_by_key(|(number, holding)| {
            let most = of_peer.get(&holding.peer).copied().unwrap_or_default();
            (Reverse(most), holding.rate(now), **number)
        });
        slowest.map(|(number, _)| *number)
    }
}

impl Holding {
    /// Bytes in a second since it began, or since a millisecond ago.
    fn rate(&self, now: Instant) -> u128 {
        let took = now.saturating_duration_since(self.began).max(Duration::from_millis(1));
        self.needed as u128 * 1_000_000 / took.as_micros()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn peer(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_body_gives_way_to_a_faster_one() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let (slow, slower) = (memory.hold(peer(1)), memory.hold(peer(1)));
        slow.grow_to(2 * MIB).await.unwrap();
        slower.grow_to(MIB).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let fast = memory.hold(peer(1));
        let giving = async {
            slower.gives_way().await;
            drop(slower);
        };
        let (grown, ()) = tokio::join!(fast.grow_to(MIB), giving);
        grown.unwrap();
        // What is complete gives way to nobody, and nor does the faster one.
        fast.is_complete();
        slow.is_complete();
        assert_eq!(memory.hold(peer(1)).grow_to(MIB).await, Err(NoMemory));
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_that_holds_most_gives_way_first() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let modest = memory.hold(peer(1));
        modest.grow_to(MIB).await.unwrap();
        tokio::time::advance(Duration::from_secs(9)).await;
        let (first, second) = (memory.hold(peer(2)), memory.hold(peer(2)));
        first.grow_to(MIB).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        second.grow_to(MIB).await.unwrap();
        let giving = async {
            first.gives_way().await;
            drop(first);
        };
        let another = memory.hold(peer(3));
        let (grown, ()) = tokio::join!(another.grow_to(MIB), giving);
        grown.unwrap();
    }

    #[tokio::test]
    async fn large_bodies_leave_a_quarter_to_small_ones() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let large = memory.hold(None);
        large.grow_to(3 * MIB).await.unwrap();
        large.is_complete();
        assert_eq!(memory.hold(None).grow_to(SMALL + 1).await, Err(NoMemory));
        let small: Vec<_> = (0..MIB / SMALL).map(|_| memory.hold(None)).collect();
        for small in &small {
            small.grow_to(SMALL).await.unwrap();
            small.is_complete();
        }
        assert_eq!(memory.hold(None).grow_to(1).await, Err(NoMemory));
        assert_eq!(large.grow_by(1), Err(NoMemory));
        drop(small);
        large.grow_by(1).unwrap();
    }
}
