//! Random steps. A step does not contain the numbers and leases that the store chooses, but
//! picks from the existing ones. So every part of a sequence is a valid sequence too.

use proptest::prelude::*;
use proptest::sample::Index;
use spektr_inbox::store::State;

use super::operation::Order;

/// The start of the clock.
pub(crate) const START: i64 = 1_700_000_000_000;

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;

/// One step of a sequence.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An operation of one of the two machines.
    Do { machine: usize, what: Draft },
    /// The clock of both machines is set forward or back.
    Clock(i64),
    /// Both machines stop without notice, and open the store again.
    Crash,
    /// Everything is compared, not only the entries.
    Look,
}

/// An operation that does not name its entries and leases yet.
#[derive(Clone, Debug)]
pub(crate) enum Draft {
    Accept(Vec<Event>),
    /// More events of one customer than a claim reads at once.
    Flood(u8),
    Claim {
        owner: i64,
        lease: i64,
        horizon: i64,
        limit: usize,
        order: Order,
    },
    Extend {
        picks: Vec<LeasePick>,
        duration: i64,
    },
    GiveBack(Vec<LeasePick>),
    Settle {
        pick: LeasePick,
        how: SettlementKind,
        pause: i64,
        status: Option<u16>,
    },
    Release {
        filter: FilterPick,
        after: Option<Index>,
        limit: usize,
    },
    MakeDue {
        filter: FilterPick,
        after: Option<Index>,
        limit: usize,
    },
    Prune {
        filter: FilterPick,
        limit: usize,
    },
    Resolve(Index),
    Redecode(Index, Vec<Event>),
    Recover(Index, Vec<Event>),
    Erase {
        person: u8,
        mention: Option<Index>,
        body: Option<Index>,
        rejected: Option<Index>,
    },
    Quarantine {
        body: u8,
        max_count: usize,
    },
    Discard(Index),
    Forget {
        age: i64,
        source: Option<(u8, i64)>,
    },
    SetPaused(bool),
    Note {
        name: u8,
        text: u8,
    },
}

/// An event or a body that arrives.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Known {
        id: u8,
        other_person: Option<u8>,
        tag: u8,
        created: Option<i64>,
        spelling: u8,
        source: u8,
    },
    Nameless {
        person: Option<u8>,
        tag: u8,
        delivered: bool,
        source: u8,
    },
    Body(u8),
}

/// One of the latest leases, possibly changed into a lease that nobody holds.
#[derive(Clone, Debug)]
pub(crate) struct LeasePick {
    pub(crate) which: Index,
    pub(crate) forged: Forged,
}

#[derive(Clone, Debug)]
pub(crate) enum Forged {
    Not,
    Owner,
    Token,
}

#[derive(Clone, Debug)]
pub(crate) enum SettlementKind {
    Done,
    Retry,
    Defer,
    Park(State),
}

/// The conditions of a filter that matches a picked entry.
#[derive(Clone, Debug)]
pub(crate) struct FilterPick {
    pub(crate) which: Index,
    pub(crate) members: Vec<u8>,
    pub(crate) state: Option<State>,
}

/// Returns sequences of at most `longest` steps.
pub(crate) fn sequence(longest: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..=longest)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        600 => (0..2_usize, what()).prop_map(|(machine, what)| Step::Do { machine, what }),
        60 => one_of([1, SECOND - 1, SECOND, 30 * SECOND, HOUR, 25 * HOUR]).prop_map(Step::Clock),
        15 => one_of([-1, -SECOND, -HOUR, -24 * HOUR]).prop_map(Step::Clock),
        30 => Just(Step::Look),
        2 => Just(Step::Crash),
    ]
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(
    values: impl Into<Vec<T>>,
) -> impl Strategy<Value = T> {
    prop::sample::select(values.into())
}

fn what() -> impl Strategy<Value = Draft> {
    let index = any::<Index>;
    let maybe = || prop::option::weighted(0.3, any::<Index>());
    let picks = || prop::collection::vec(pick(), 1..4);
    let claim = (
        1..4_i64,
        one_of([0, SECOND, 30 * SECOND, 30 * SECOND, 2 * HOUR]),
        one_of([HOUR, HOUR, HOUR, 10 * SECOND]),
        one_of([1, 2, 5, 200]),
        one_of([Order::None, Order::Pending, Order::PendingAndDead]),
    )
        .prop_map(|(owner, lease, horizon, limit, order)| Draft::Claim {
            owner,
            lease,
            horizon,
            limit,
            order,
        });
    let pause = one_of([-SECOND, 0, SECOND, 60 * SECOND, 2 * HOUR]);
    let settle = (pick(), how(), pause, one_of([None, Some(204), Some(503)]))
        .prop_map(|(pick, how, pause, status)| Draft::Settle { pick, how, pause, status });
    let limit = || one_of([1_usize, 3, 100]);
    let source = prop::option::of((0..2_u8, one_of([0, SECOND, HOUR])));
    prop_oneof![
        300 => events().prop_map(Draft::Accept),
        1 => (0..3_u8).prop_map(Draft::Flood),
        300 => claim,
        375 => settle,
        75 => (picks(), one_of([0, SECOND, HOUR]))
            .prop_map(|(picks, duration)| Draft::Extend { picks, duration }),
        45 => picks().prop_map(Draft::GiveBack),
        75 => (chosen(), maybe(), limit())
            .prop_map(|(filter, after, limit)| Draft::Release { filter, after, limit }),
        45 => (chosen(), maybe(), limit())
            .prop_map(|(filter, after, limit)| Draft::MakeDue { filter, after, limit }),
        90 => (chosen(), limit()).prop_map(|(filter, limit)| Draft::Prune { filter, limit }),
        30 => index().prop_map(Draft::Resolve),
        15 => (index(), events()).prop_map(|(which, events)| Draft::Redecode(which, events)),
        15 => (index(), events()).prop_map(|(which, events)| Draft::Recover(which, events)),
        15 => (0..3_u8, maybe(), maybe(), maybe()).prop_map(|(person, mention, body, rejected)| {
            Draft::Erase { person, mention, body, rejected }
        }),
        45 => (0..8_u8, 1..6_usize)
            .prop_map(|(body, max_count)| Draft::Quarantine { body, max_count }),
        15 => index().prop_map(Draft::Discard),
        15 => (one_of([0, SECOND, HOUR]), source)
            .prop_map(|(age, source)| Draft::Forget { age, source }),
        10 => Just(Draft::SetPaused(true)),
        20 => Just(Draft::SetPaused(false)),
        15 => (0..3_u8, 0..3_u8).prop_map(|(name, text)| Draft::Note { name, text }),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let created = prop::option::weighted(0.8, one_of([-HOUR, 0, 0, 1]));
    let other = prop::option::weighted(0.1, 0..3_u8);
    let source = || one_of([0_u8, 0, 0, 1]);
    let event = prop_oneof![
        20 => (0..24_u8, other, one_of([0_u8, 0, 0, 1]), created, 0..3_u8, source()).prop_map(
            |(id, other_person, tag, created, spelling, source)| {
                Event::Known { id, other_person, tag, created, spelling, source }
            }
        ),
        3 => (prop::option::of(0..3_u8), 0..4_u8, any::<bool>(), source()).prop_map(
            |(person, tag, delivered, source)| Event::Nameless { person, tag, delivered, source }
        ),
        1 => (0..4_u8).prop_map(Event::Body),
    ];
    prop::collection::vec(event, 1..5)
}

fn pick() -> impl Strategy<Value = LeasePick> {
    let forged = prop_oneof![
        20 => Just(Forged::Not),
        1 => Just(Forged::Owner),
        1 => Just(Forged::Token),
    ];
    (any::<Index>(), forged).prop_map(|(which, forged)| LeasePick { which, forged })
}

fn how() -> impl Strategy<Value = SettlementKind> {
    prop_oneof![
        4 => Just(SettlementKind::Done),
        3 => Just(SettlementKind::Retry),
        2 => Just(SettlementKind::Defer),
        3 => one_of([State::Dead, State::Malformed, State::Unknown]).prop_map(SettlementKind::Park),
    ]
}

fn chosen() -> impl Strategy<Value = FilterPick> {
    let members = prop::collection::vec(0..9_u8, 0..3);
    let state = prop::option::of(one_of(State::ALL));
    (any::<Index>(), members, state).prop_map(|(which, members, state)| FilterPick {
        which,
        members,
        state,
    })
}
