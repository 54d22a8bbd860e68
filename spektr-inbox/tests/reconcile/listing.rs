//! Tests reading a list that changes during the run, or that obeys only part of a query.

use std::time::Duration;

use spektr_inbox::reconcile::{ReconcileError, TimeUnit};
use spektr_inbox::store::{Filter, State};

use super::list::{Behaviour, add};
use super::setup::{HOUR, MINUTE, NOW, SINCE, Setup, event, other_envelope, text, time};
use crate::support::{deliver, serve};

#[tokio::test]
async fn fetches_what_the_window_holds_and_next_time_what_came_since() {
    let setup = Setup::new().await;
    // The lower bound is exclusive, and the upper bound inclusive.
    let mut times = vec![SINCE - HOUR, SINCE, SINCE + 1];
    times.extend((0..120).map(|index| SINCE + MINUTE + index * 1000));
    times.extend([NOW, NOW + 1]);
    setup.fill(times);
    let mut steps = Vec::new();
    let summary = setup.reconciler().run_once(|so_far| steps.push(*so_far)).await.unwrap();
    assert_eq!(setup.ids().await, (2..124).collect());
    assert_eq!((summary.new, summary.conflicts, summary.malformed), (122, 0, 0));
    assert_eq!(summary.seen, summary.new + summary.duplicates);
    assert_eq!((summary.since, summary.until), (time(SINCE), time(NOW)));
    assert_eq!(summary.position, time(NOW));
    assert_eq!(steps.iter().map(|so_far| so_far.new).collect::<Vec<_>>(), [50, 99, 122]);
    assert_eq!(summary.requests, 3);
    assert_eq!(
        setup.list.queries()[0],
        format!(
            "page=1&limit=50&sortBy=createdAt&sortOrder=asc&createdAfter={SINCE}&createdBefore={NOW}"
        )
    );
    assert_eq!(setup.watermark().await, Some(NOW - 15 * MINUTE));

    setup.inbox.clock.advance(Duration::from_secs(60));
    let summary = setup.run().await.unwrap();
    assert_eq!((summary.new, summary.duplicates, summary.requests), (1, 1, 1));
    assert_eq!(summary.since, time(NOW - 15 * MINUTE));
    assert_eq!(setup.ids().await, (2..125).collect());
    assert_eq!(setup.watermark().await, Some(NOW - 14 * MINUTE));
}

#[tokio::test]
async fn an_event_in_both_envelopes_is_one_entry_whichever_comes_first() {
    let setup = Setup::new().await;
    let receiver = serve(&setup.inbox.receiver()).await;
    let at = NOW - 30 * MINUTE + 123;
    let batch = |one: String, other: String| format!(r#"{{"results":[{one},{other}]}}"#);
    let delivered = batch(event(0, at), other_envelope(1, at));
    assert_eq!(deliver(receiver, delivered).await, 200);
    setup.list.add(at, other_envelope(0, at));
    setup.list.add(at, event(1, at));
    setup.list.add(at, event(2, at).replace(r#""createdAt""#, r#""delivered":null,"createdAt""#));
    setup.list.add(at, other_envelope(3, at));
    let summary = setup.run().await.unwrap();
    assert_eq!((summary.new, summary.duplicates, summary.conflicts), (2, 2, 0));
    let delivered = batch(other_envelope(2, at), event(3, at));
    assert_eq!(deliver(receiver, delivered).await, 200);
    assert_eq!(setup.ids().await, (0..4).collect());
    assert_eq!(setup.inbox.store.count(Filter::state(State::Pending)).await.unwrap(), 4);
}

#[tokio::test]
async fn what_is_delivered_or_not_or_neither_is_fetched() {
    let setup = Setup::new().await;
    for (id, delivered) in ["null", "false", "true"].into_iter().enumerate() {
        let member = format!(r#""delivered":{delivered},"createdAt""#);
        setup.list.add(NOW, event(id, NOW).replace(r#""createdAt""#, &member));
    }
    assert_eq!(setup.run().await.unwrap().new, 3);
    assert!(setup.list.queries().iter().all(|query| !query.contains("delivered")));
}

#[tokio::test]
async fn entries_that_cannot_be_decoded_are_stored_and_counted() {
    let setup = Setup::new().await;
    setup.list.add(NOW - 4, event(0, NOW - 4));
    setup.list.add(NOW - 3, r#"{"id":"e1","type":"alert_resolved"}"#.to_owned());
    setup.list.add(NOW - 2, r#"{"id":"e2","type":"never_documented"}"#.to_owned());
    setup.list.add(NOW - 1, "17".to_owned());
    setup.list.add(NOW - 1, event(0, NOW - 4).replace("\"s1\"", "\"s2\""));
    let summary = setup.run().await.unwrap();
    let counts = (summary.new, summary.conflicts, summary.malformed, summary.unknown);
    assert_eq!(counts, (5, 1, 2, 1));
    assert_eq!(setup.inbox.count().await, 5);
    assert_eq!(setup.run().await.unwrap().new, 0);
}

#[tokio::test]
async fn more_events_of_a_moment_than_a_page_holds_are_fetched_once_each() {
    for (shuffles, says_total) in [(false, true), (false, false), (true, true), (true, false)] {
        let unit = Behaviour::unit(TimeUnit::Milliseconds);
        let setup = Setup::with(Behaviour { shuffles, says_total, ..unit }).await;
        let before = (0..30).map(|index| SINCE + 1 + index);
        let cluster = std::iter::repeat_n(SINCE + 100, 130);
        let after = (0..30).map(|index| SINCE + 101 + index);
        setup.fill(before.chain(cluster).chain(after));
        let summary = setup.run().await.unwrap();
        assert_eq!(setup.ids().await, (0..190).collect(), "{shuffles} {says_total}");
        assert_eq!(summary.new, 190);
        assert!(summary.requests <= 60, "{summary:?}");
        if !shuffles && says_total {
            // One page, then 3 and 4 pages around the moment: no event has shifted.
            assert_eq!((summary.requests, summary.shifts), (5, 0));
        }
    }
}

#[tokio::test]
async fn events_that_appear_late_are_found_by_the_next_run() {
    let setup = Setup::new().await;
    setup.fill([NOW - 20 * MINUTE, NOW - MINUTE]);
    setup.run().await.unwrap();
    // The event was created before the end of the first run, but appears in the list after it.
    setup.list.add(NOW - 14 * MINUTE, event(2, NOW - 14 * MINUTE));
    setup.inbox.clock.advance(Duration::from_secs(5));
    assert_eq!(setup.run().await.unwrap().new, 1);
    assert_eq!(setup.ids().await, (0..3).collect());
}

#[tokio::test]
async fn an_event_that_vanishes_between_pages_takes_no_other_with_it() {
    let setup = Setup::new().await;
    setup.fill(std::iter::repeat_n(SINCE + 100, 160));
    setup.list.meanwhile(|request, events| {
        // The first event of page 2 moves to page 1, which has been read already.
        if request == 2 {
            events.remove(0);
        }
    });
    let summary = setup.run().await.unwrap();
    assert_eq!(setup.ids().await, (0..160).collect());
    assert!(summary.shifts > 0, "{summary:?}");
}

#[tokio::test]
async fn a_page_without_what_must_come_again_is_read_from_further_back() {
    let setup = Setup::new().await;
    setup.fill((0..120).map(|index| SINCE + 1 + index));
    setup.list.meanwhile(|request, events| {
        // For a moment, the server answers from another list, like a replica that lags behind.
        if request == 2 {
            let late = events.split_off(60);
            events.extend(late.into_iter().skip(59));
            events.remove(49);
        }
        if request == 3 {
            for (id, at) in (0..120).map(|index| (index, SINCE + 1 + index as i64)) {
                if !events.iter().any(|(other, _)| *other == at) {
                    add(events, at, event(id, at));
                }
            }
        }
    });
    let summary = setup.run().await.unwrap();
    assert_eq!(setup.ids().await, (0..120).collect());
    assert_eq!(summary.shifts, 1);
}

#[tokio::test]
async fn what_the_server_says_of_further_pages_decides_nothing_alone() {
    for has_next in [Some(true), Some(false), None] {
        for most in [50, 7] {
            let unit = Behaviour::unit(TimeUnit::Milliseconds);
            let behaviour = Behaviour { has_next: Some(has_next), most, ..unit };
            // A short page that says it is the last one ends the run.
            if has_next == Some(false) && most == 7 {
                continue;
            }
            let setup = Setup::with(behaviour).await;
            setup.fill((0..150).map(|index| SINCE + 1 + index));
            let summary = setup.run().await.unwrap();
            assert_eq!(setup.ids().await, (0..150).collect(), "{has_next:?} {most}");
            assert!(summary.requests <= 30, "{summary:?}");
        }
    }
}

#[tokio::test]
async fn a_list_that_never_ends_is_an_error() {
    // Each request adds an event of the same moment.
    let setup = Setup::new().await;
    setup.fill(std::iter::repeat_n(NOW - HOUR, 50));
    setup.list.meanwhile(|request, events| {
        for index in 0..60 {
            add(events, NOW - HOUR, event(request * 1000 + index, NOW - HOUR));
        }
    });
    let endless = setup.reconciler().with_max_requests(200).run_once(|_| {}).await;
    assert!(matches!(endless, Err(ReconcileError::Endless { .. })), "{endless:?}");
    assert_eq!(setup.watermark().await, Some(SINCE));
    assert!(setup.list.queries().len() <= 200);

    // Every page number gives the same page.
    let unit = Behaviour::unit(TimeUnit::Milliseconds);
    let setup = Setup::with(Behaviour { ignores_page: true, ..unit }).await;
    setup.fill(std::iter::repeat_n(NOW - HOUR, 60));
    let error = setup.run().await.unwrap_err();
    assert!(text(&error).contains("the same page"), "{error}");
    assert_eq!(setup.list.queries().len(), 4);
}

#[tokio::test]
async fn a_run_that_needs_too_many_requests_goes_on_next_time() {
    let setup = Setup::new().await;
    setup.fill((0..1000).map(|index| SINCE + 1 + index));
    let reconciler = setup.reconciler().with_max_requests(10);
    let error = reconciler.run_once(|_| {}).await.unwrap_err();
    assert!(matches!(error, ReconcileError::Endless { .. }), "{error}");
    assert_eq!(setup.ids().await.len(), 491);
    // The last page is joined to the page before, but no page is joined to the last one yet.
    assert_eq!(setup.watermark().await, Some(SINCE + 441));
    let mut runs = 1;
    while reconciler.run_once(|_| {}).await.is_err() {
        runs += 1;
        assert!(runs < 10, "it does not get on");
    }
    assert_eq!(setup.ids().await, (0..1000).collect());
}

#[tokio::test]
async fn a_list_in_another_order_is_read_all_the_same() {
    let unit = Behaviour::unit(TimeUnit::Milliseconds);
    let setup = Setup::with(Behaviour { ignores_order: true, ..unit }).await;
    // The newest events come first, and the first page has events of one moment only.
    let times = (0..120).map(|index| SINCE + 1 + index * 1000);
    setup.fill(times.chain(std::iter::repeat_n(NOW, 60)));
    setup.run().await.unwrap();
    assert_eq!(setup.ids().await, (0..180).collect());
}

#[tokio::test]
async fn a_few_wrong_times_stop_nothing_and_lose_nothing() {
    let setup = Setup::new().await;
    for id in 0..300 {
        let at = SINCE + 1 + id as i64 * 1000;
        // The list is sorted by the right time, but some events show another one.
        let says = match id {
            49 => at + HOUR,
            98 => at - HOUR / 2,
            120 => 12,
            147 => NOW + 500 * HOUR,
            _ => at + (id as i64 * 7919) % 3000,
        };
        setup.list.add(at, event(id, says));
    }
    let summary = setup.run().await.unwrap();
    assert_eq!(setup.ids().await, (0..300).collect());
    assert!(summary.requests < 60, "{summary:?}");
}

#[tokio::test]
async fn times_that_are_always_late_cost_little() {
    let setup = Setup::new().await;
    for id in 0..1000 {
        let at = SINCE + 1 + id as i64 * 1000;
        setup.list.add(at, event(id, at + 3000));
    }
    let summary = setup.run().await.unwrap();
    assert_eq!(setup.ids().await, (0..1000).collect());
    assert!(summary.requests < 80, "{summary:?}");
}
