//! Tests with random lists and changes.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use spektr_inbox::reconcile::TimeUnit;
use spektr_inbox::testing::start;

use super::list::{Behaviour, add};
use super::setup::{NOW, Setup, event, other_envelope, time};

/// A list and its changes during a run.
#[derive(Clone, Debug)]
struct Story {
    /// Offsets of the events into the window, many of them equal.
    times: Vec<i64>,
    /// Events that are inserted during the run: the number of the request before which each is
    /// inserted, and the event's offset.
    inserted: Vec<(usize, i64)>,
    unit: TimeUnit,
    cuts: bool,
    shuffles: bool,
    says_total: bool,
    most: usize,
    envelopes: u8,
    /// The largest difference in milliseconds between the time in an event and the time that
    /// the list is sorted by.
    off: i64,
}

fn stories() -> impl Strategy<Value = Story> {
    let moment = prop_oneof![0..40_000_i64, (0..4_i64).prop_map(|index| 500 + index * 9_000)];
    let unit = prop_oneof![Just(TimeUnit::Milliseconds), Just(TimeUnit::Seconds)];
    (
        proptest::collection::vec(moment.clone(), 0..250),
        proptest::collection::vec((1..20_usize, moment), 0..30),
        (unit, any::<bool>(), any::<bool>(), any::<bool>()),
        prop_oneof![Just(50_usize), 5..50_usize],
        (0..3_u8, prop_oneof![Just(0), Just(0), Just(700), Just(20_000)]),
    )
        .prop_map(
            |(times, inserted, (unit, cuts, shuffles, says_total), most, (envelopes, off))| {
                // A server that cuts times to seconds also takes bounds in seconds.
                let cuts = cuts && unit == TimeUnit::Seconds;
                Story { times, inserted, unit, cuts, shuffles, says_total, most, envelopes, off }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x5bec),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_was_there_at_the_start_is_stored_once(story in stories()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(tell(story));
    }
}

async fn tell(story: Story) {
    let Story { times, inserted, unit, cuts, shuffles, says_total, most, envelopes, off } = story;
    // The window has a second of slack at the end, because bounds may be whole seconds.
    let begin = NOW - 60_000;
    let behaviour = Behaviour { cuts, shuffles, says_total, most, ..Behaviour::unit(unit) };
    let setup = Setup::with(behaviour).await;
    let envelope = move |id: usize, at: i64| {
        let at = at + (id as i64 * 7919) % (2 * off + 1) - off;
        match envelopes {
            0 => event(id, at),
            1 => other_envelope(id, at),
            _ if id % 2 == 0 => event(id, at),
            _ => other_envelope(id, at),
        }
    };
    for (id, offset) in times.iter().enumerate() {
        setup.list.add(begin + 1 + offset, envelope(id, begin + 1 + offset));
    }
    let count = times.len();
    setup.list.meanwhile(move |request, events| {
        for (index, (_, offset)) in
            inserted.iter().enumerate().filter(|(_, (when, _))| *when == request)
        {
            add(events, begin + 1 + offset, envelope(count + index, begin + 1 + offset));
        }
    });
    let client = setup.client().with_unit(unit);
    let reconciler = setup.reconciler_with(client);
    let summary = reconciler.run_since(time(begin), |_| {}).await.unwrap();
    let ids = setup.ids().await;
    assert!((0..count).all(|id| ids.contains(&id)), "missing of {count}: {ids:?}");
    assert_eq!(summary.conflicts, 0);
    // The next run finds the events that were inserted behind the first run.
    reconciler.run_once(|_| {}).await.unwrap();
    assert_eq!(start().as_millis(), NOW);
}
