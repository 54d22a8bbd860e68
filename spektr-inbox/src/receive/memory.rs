//! The memory for bodies: bounded, and not to be exhausted by clients that send slowly.
//!
//! Allocated bytes count, from the first byte of a body until the last entry made of the body
//! is dropped, in whatever queue the entry is. All bodies together never hold more than the
//! limit. Large bodies, with their entries, hold at most three quarters of the limit: the last
//! quarter is for small bodies. When the memory is used up, the slowest body of the address
//! that holds most gives way.
//!
//! The reasons are a decision (ARCHITECTURE.md, I6).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The largest size of a small body, in bytes.
pub(super) const SMALL: usize = 64 * 1024;

/// Memory for bodies.
pub(super) struct Memory {
    limit: usize,
    table: Mutex<BodyTable>,
    /// Notified when memory is given back.
    freed: Notify,
}

#[derive(Default)]
struct BodyTable {
    next: u64,
    held: HashMap<u64, Holding>,
}

/// The memory held for one body.
struct Holding {
    bytes: usize,
    /// The part of `bytes` that is held for the entries made of the body.
    made: usize,
    /// The bytes that the body needs, most of which have arrived.
    needed: usize,
    peer: Option<IpAddr>,
    began: Instant,
    arrival: BodyArrival,
    give_way: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyArrival {
    /// The body has not arrived completely.
    Under,
    /// The body was asked to release its memory. It is refused soon, unless it completes before.
    GivesWay,
    Complete,
}

/// The memory of one body, given back on drop.
pub(super) struct BodyMemory {
    memory: Arc<Memory>,
    number: u64,
    give_way: Arc<Notify>,
}

/// There is not enough memory for a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoMemory;

impl Memory {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, table: Mutex::default(), freed: Notify::new() }
    }

    /// Registers a body before its first byte.
    pub(super) fn hold(self: &Arc<Self>, peer: Option<IpAddr>) -> BodyMemory {
        let give_way = Arc::new(Notify::new());
        let mut table = self.table();
        let number = table.next;
        table.next += 1;
        let holding = Holding {
            bytes: 0,
            made: 0,
            needed: 0,
            peer,
            began: Instant::now(),
            arrival: BodyArrival::Under,
            give_way: Arc::clone(&give_way),
        };
        table.held.insert(number, holding);
        drop(table);
        BodyMemory { memory: Arc::clone(self), number, give_way }
    }

    fn table(&self) -> MutexGuard<'_, BodyTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyMemory {
    /// Holds this many bytes for the body. If necessary, waits until a slower body has given
    /// way.
    pub(super) async fn grow_to(&self, bytes: usize) -> Result<(), NoMemory> {
        self.hold(bytes, 0).await
    }

    /// Holds this many additional bytes for the entries that will be made of the complete body.
    /// If necessary, waits until an incomplete body has given way.
    pub(super) async fn grow_by(&self, made: usize) -> Result<(), NoMemory> {
        let bytes = self.memory.table().held.get(&self.number).map_or(0, Holding::of_body);
        self.hold(bytes, made).await
    }

    async fn hold(&self, of_body: usize, made: usize) -> Result<(), NoMemory> {
        let memory = &*self.memory;
        loop {
            let freed = memory.freed.notified();
            let growth =
                memory.table().grow(memory.limit, self.number, of_body, made, Instant::now());
            match growth {
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

    /// Waits until the body has to give way to a faster one.
    pub(super) async fn gives_way(&self) {
        self.give_way.notified().await;
    }

    /// Marks the body as complete: it does not give way any more, even if it was told to a
    /// moment ago. If another body waits for this body's memory, it then chooses another slow
    /// body.
    pub(super) fn is_complete(&self) {
        if let Some(holding) = self.memory.table().held.get_mut(&self.number) {
            holding.arrival = BodyArrival::Complete;
        }
        self.memory.freed.notify_waiters();
    }
}

impl Drop for BodyMemory {
    fn drop(&mut self) {
        self.memory.table().held.remove(&self.number);
        self.memory.freed.notify_waiters();
    }
}

enum Growth {
    Done,
    Refused,
    /// The memory will suffice once another body has given way.
    Waits,
}

impl BodyTable {
    fn grow(
        &mut self,
        limit: usize,
        number: u64,
        of_body: usize,
        made: usize,
        now: Instant,
    ) -> Growth {
        let Some(holding) = self.held.get_mut(&number) else { return Growth::Refused };
        holding.needed = of_body;
        let bytes = of_body + made;
        let is_large = of_body > SMALL;
        let of_large = limit - limit / 4;
        if bytes > if is_large { of_large } else { limit } {
            return Growth::Refused;
        }
        let others = || self.held.iter().filter(|(other, _)| **other != number);
        let sum = |counts: &dyn Fn(&Holding) -> bool| -> usize {
            others().filter(|(_, it)| counts(it)).map(|(_, it)| it.bytes).sum()
        };
        let fits = |gone: &dyn Fn(&Holding) -> bool| {
            sum(&|it| !gone(it)) + bytes <= limit
                && (!is_large || sum(&|it| it.is_large() && !gone(it)) + bytes <= of_large)
        };
        if fits(&|_| false) {
            if let Some(holding) = self.held.get_mut(&number) {
                (holding.bytes, holding.made) = (bytes, made);
            }
            return Growth::Done;
        }
        if fits(&|it| it.arrival == BodyArrival::GivesWay) {
            return Growth::Waits;
        }
        // A large body takes no memory from small ones.
        let slowest = self.slowest(now, |other, it| other == number || !is_large || it.is_large());
        match slowest.filter(|slowest| *slowest != number).and_then(|it| self.held.get_mut(&it)) {
            Some(holding) => {
                holding.arrival = BodyArrival::GivesWay;
                holding.give_way.notify_one();
                Growth::Waits
            }
            None => Growth::Refused,
        }
    }

    /// Returns the slowest incomplete body of the address that holds most.
    fn slowest(&self, now: Instant, may: impl Fn(u64, &Holding) -> bool) -> Option<u64> {
        let mut of_peer: HashMap<Option<IpAddr>, usize> = HashMap::new();
        for holding in self.held.values() {
            *of_peer.entry(holding.peer).or_default() += holding.bytes;
        }
        let under = self.held.iter().filter(|(number, holding)| {
            holding.arrival == BodyArrival::Under && may(**number, holding)
        });
        let slowest = under.min_by_key(|(number, holding)| {
            let most = of_peer.get(&holding.peer).copied().unwrap_or_default();
            (Reverse(most), holding.rate(now), **number)
        });
        slowest.map(|(number, _)| *number)
    }
}

impl Holding {
    fn of_body(&self) -> usize {
        self.bytes - self.made
    }

    /// Returns whether the body is large; entries made of the body do not count for this.
    fn is_large(&self) -> bool {
        self.of_body() > SMALL
    }

    /// Returns the bytes per second since the body began, counting at least a millisecond.
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
        // Neither a complete body nor the faster body gives way.
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

    async fn complete(memory: &Arc<Memory>, bytes: usize) -> BodyMemory {
        let held = memory.hold(None);
        held.grow_to(bytes).await.unwrap();
        held.is_complete();
        held
    }

    #[tokio::test]
    async fn large_bodies_leave_a_quarter_to_small_ones() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let large = complete(&memory, 2 * MIB).await;
        // Entries made of a large body count as large too.
        large.grow_by(MIB).await.unwrap();
        assert_eq!(large.grow_by(MIB + 1).await, Err(NoMemory));
        assert_eq!(memory.hold(None).grow_to(SMALL + 1).await, Err(NoMemory));
        let mut small = Vec::new();
        for _ in 0..MIB / SMALL {
            small.push(complete(&memory, SMALL).await);
        }
        assert_eq!(memory.hold(None).grow_to(1).await, Err(NoMemory));
        small.pop();
        // The entries of a small body fit into its own reservation.
        small[0].grow_by(SMALL).await.unwrap();
        assert_eq!(small[1].grow_by(1).await, Err(NoMemory));
    }

    #[tokio::test]
    async fn small_and_large_bodies_together_stay_within_the_limit() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let mut small = Vec::new();
        for _ in 0..2 * MIB / SMALL {
            small.push(complete(&memory, SMALL).await);
        }
        let large = complete(&memory, 2 * MIB).await;
        assert_eq!(memory.hold(None).grow_to(2 * SMALL).await, Err(NoMemory));
        assert_eq!(large.grow_by(1).await, Err(NoMemory));
        drop(small);
        large.grow_by(MIB).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_gives_way_to_what_is_made_of_a_complete_body() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let whole = complete(&memory, MIB).await;
        let slow = memory.hold(peer(1));
        slow.grow_to(2 * MIB).await.unwrap();
        let giving = async {
            slow.gives_way().await;
            drop(slow);
        };
        let (grown, ()) = tokio::join!(whole.grow_by(MIB), giving);
        grown.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_body_that_completes_looks_for_another() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let completes = memory.hold(peer(1));
        completes.grow_to(2 * MIB).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let fast = memory.hold(peer(1));
        let completing = async {
            completes.gives_way().await;
            completes.is_complete();
        };
        let (grown, ()) = tokio::join!(fast.grow_to(2 * MIB), completing);
        assert_eq!(grown, Err(NoMemory));
    }
}
