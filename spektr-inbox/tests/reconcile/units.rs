//! Tests a wrong unit of time, and windows without events.

use spektr_inbox::reconcile::TimeUnit;

use super::list::{Behaviour, add};
use super::setup::{HOUR, MINUTE, NOW, SINCE, Setup, event, text, time};

#[tokio::test]
async fn a_wrong_unit_is_noticed_in_every_combination() {
    let old = (0..60).map(|index| NOW - 1000 * HOUR + index * HOUR);
    let recent = (0..60).map(|index| SINCE + 1000 + index * 1000);
    for unit in TimeUnit::ALL {
        for after in TimeUnit::ALL {
            for before in TimeUnit::ALL {
                for (ignores_after, ignores_before) in
                    [(false, false), (true, false), (false, true), (true, true)]
                {
                    let behaviour = Behaviour {
                        after,
                        before,
                        ignores_after,
                        ignores_before,
                        ..Behaviour::unit(unit)
                    };
                    let name = format!("{unit}: {behaviour:?}");
                    let setup = Setup::with(behaviour).await;
                    setup.fill(old.clone().chain(recent.clone()));
                    let client = setup.client().with_unit(unit);
                    let result = setup.reconciler_with(client).run_once(|_| {}).await;
                    // A bound that the server ignores cannot have a wrong unit, but an ignored
                    // lower bound is an error itself.
                    let obeys =
                        (after == unit && !ignores_after) && (before == unit || ignores_before);
                    let unbounded = unit == TimeUnit::Milliseconds
                        && before == TimeUnit::Seconds
                        && after == unit
                        && !ignores_after;
                    if obeys || unbounded {
                        assert_eq!(result.unwrap().new, 60, "{name}");
                        assert_eq!(setup.ids().await, (60..120).collect(), "{name}");
                    } else {
                        let error = result.unwrap_err();
                        let text = text(&error);
                        assert!(text.contains("try the other unit"), "{name}: {text}");
                        assert!(text.contains(unit.name()), "{name}: {text}");
                        assert_eq!(setup.inbox.count().await, 0, "{name}");
                        assert_eq!(setup.watermark().await, Some(SINCE), "{name}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_window_without_events_moves_the_watermark_only_if_that_is_certain() {
    let moved = Some(NOW - 15 * MINUTE);
    // No events at all; only events before the window; and events before it with a few events
    // after it.
    let old: Vec<_> = (0..80).map(|index| SINCE - HOUR - index).collect();
    let newer = |count| (0..count).map(|index| NOW + 1 + index);
    for times in [vec![], old.clone(), old.iter().copied().chain(newer(20)).collect()] {
        let setup = Setup::new().await;
        setup.fill(times);
        let summary = setup.run().await.unwrap();
        assert_eq!((summary.seen, summary.requests), (0, 2));
        assert_eq!(setup.watermark().await, moved);
    }
    // With more events after the window than a page holds, as if the clock were behind, a page
    // of them shows nothing about earlier events.
    let setup = Setup::new().await;
    setup.fill(old.into_iter().chain(newer(60)));
    let summary = setup.run().await.unwrap();
    assert_eq!((summary.seen, summary.position), (0, time(SINCE)));
    assert_eq!(setup.watermark().await, Some(SINCE));
}

#[tokio::test]
async fn an_event_that_appears_during_the_check_is_no_wrong_unit() {
    let setup = Setup::new().await;
    setup.list.meanwhile(|request, events| {
        if request == 2 {
            add(events, NOW - HOUR, event(0, NOW - HOUR));
        }
    });
    let summary = setup.run().await.unwrap();
    assert_eq!((summary.new, summary.requests), (1, 3));
}
