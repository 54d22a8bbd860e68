//! Tests the watermark, the schedule, and interrupted runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use spektr_inbox::operate::Retention;
use spektr_inbox::reconcile::{ReconcileError, Reconciler, TimeUnit};
use spektr_inbox::{Clock as _, HandlerError, Metrics, Received, Workers};
use tokio::sync::oneshot;

use super::list::{Behaviour, List, failure};
use super::setup::{HOUR, MINUTE, NOW, SINCE, Setup, event, text, time};
use crate::support::{Inbox, until};

#[tokio::test]
async fn a_first_run_must_know_where_to_begin() {
    let setup = Setup::new().await;
    setup.fill([NOW - 3 * HOUR, NOW - HOUR]);
    let bare = Reconciler::new(Arc::clone(&setup.inbox.store), setup.client())
        .with_clock(setup.inbox.clock.clone());
    assert_eq!(bare.watermark().await.unwrap(), None);
    let error = bare.run_once(|_| {}).await.unwrap_err();
    assert!(matches!(error, ReconcileError::NoWatermark), "{error}");
    assert_eq!(setup.list.queries().len(), 0);
    assert_eq!(bare.run_since(time(SINCE), |_| {}).await.unwrap().new, 1);
    // Then the store has a watermark, and a run can also reach back further.
    assert_eq!(bare.run_once(|_| {}).await.unwrap().new, 0);
    assert_eq!(bare.run_since(time(NOW - 4 * HOUR), |_| {}).await.unwrap().new, 1);
    // But a later start leaves no gap after the watermark.
    setup.inbox.clock.advance(Duration::from_secs(24 * 3600));
    setup.list.add(NOW + HOUR, event(2, NOW + HOUR));
    assert_eq!(bare.run_since(time(NOW + 23 * HOUR), |_| {}).await.unwrap().new, 1);
}

#[tokio::test]
async fn watermarks_belong_to_a_source_and_a_url() {
    let setup = Setup::new().await;
    setup.fill([NOW - HOUR]);
    setup.run().await.unwrap();
    let other = setup.reconciler().with_source("sandbox");
    assert_eq!(other.watermark().await.unwrap(), None);
    assert_eq!(other.run_once(|_| {}).await.unwrap().new, 1);
    assert_eq!(setup.inbox.count().await, 2);
    let elsewhere = Setup::new().await;
    let elsewhere = Setup { inbox: setup.inbox, ..elsewhere };
    assert_eq!(elsewhere.watermark().await, None);
}

#[tokio::test]
async fn a_watermark_that_cannot_be_read_is_replaced_on_demand() {
    let setup = Setup::new().await;
    setup.fill([NOW - HOUR]);
    let name = format!("reconcile spektr http://{}", setup.address);
    setup.inbox.store.set_note(name, "marker".to_owned()).await.unwrap();
    let error = setup.run().await.unwrap_err();
    assert!(matches!(error, ReconcileError::Watermark), "{}", text(&error));
    assert_eq!(setup.reconciler().run_since(time(SINCE), |_| {}).await.unwrap().new, 1);
    assert_eq!(setup.watermark().await, Some(NOW - 15 * MINUTE));
}

#[tokio::test]
async fn a_clock_that_was_put_back_stops_nothing() {
    let setup = Setup::new().await;
    setup.inbox.clock.advance(Duration::from_secs(24 * 3600));
    setup.run().await.unwrap();
    setup.inbox.clock.put_back(Duration::from_secs(24 * 3600));
    setup.fill([NOW - MINUTE]);
    assert_eq!(setup.run().await.unwrap().new, 1);
    assert_eq!(setup.watermark().await, Some(NOW - 15 * MINUTE));
}

#[tokio::test]
async fn a_run_that_is_dropped_goes_on_where_it_was() {
    let setup = Setup::new().await;
    setup.fill((0..300).map(|index| SINCE + 1 + index));
    let (reached, mut half_way) = oneshot::channel();
    let mut reached = Some(reached);
    let reconciler = setup.reconciler();
    let run = reconciler.run_once(|so_far| {
        if so_far.new > 150 {
            let _gone = reached.take().map(|reached| reached.send(()));
        }
    });
    tokio::select! {
        biased;
        _ = &mut half_way => {}
        _ = run => panic!("it was to be dropped"),
    }
    assert_eq!(setup.inbox.count().await, 197);
    let summary = setup.run().await.unwrap();
    // The third page is joined. Whether the watermark of the fourth is stored too is a race.
    assert!(summary.since >= time(SINCE + 98), "{summary:?}");
    assert_eq!(setup.ids().await, (0..300).collect());
}

#[tokio::test]
async fn runs_at_start_and_again_whatever_happens_until_the_end() {
    let setup = Setup::new().await;
    setup.fill([NOW - HOUR]);
    setup.list.instead([failure(StatusCode::FORBIDDEN)]);
    let (done, end) = oneshot::channel();
    let mut done = Some(done);
    setup.list.meanwhile(move |request, _| {
        if request == 6 {
            let _gone = done.take().map(|done| done.send(()));
        }
    });
    let metrics = Metrics::new();
    let reconciler = setup.reconciler().with_metrics(metrics.clone());
    let reconciler = reconciler.with_interval(Duration::from_millis(1));
    reconciler.run(async { end.await.unwrap() }).await;
    assert_eq!(setup.ids().await, [0].into());
    let text = metrics.render();
    for line in [
        "spektr_inbox_reconciliations_total{result=\"refused\"} 1\n",
        "spektr_inbox_entries_missed_total{source=\"spektr\",type=\"customer_tag_add\"} 1\n",
        "spektr_inbox_entries_accepted_total{source=\"spektr\",type=\"customer_tag_add\"} 1\n",
        "spektr_inbox_last_reconciliation_timestamp_seconds 1700000000\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[tokio::test]
async fn the_longest_interval_is_one() {
    let setup = Setup::new().await;
    setup.fill([NOW - HOUR]);
    let ran = "spektr_inbox_last_reconciliation_timestamp_seconds 1700000000\n";
    // A random part lengthens every other pause.
    for _ in 0..20 {
        let metrics = Metrics::new();
        let reconciler = setup.reconciler().with_metrics(metrics.clone());
        let end = async {
            until("it has run", async || metrics.render().contains(ran)).await;
            // Now the pause has begun.
            tokio::task::yield_now().await;
        };
        reconciler.with_interval(Duration::MAX).run(end).await;
    }
    assert_eq!(setup.ids().await, [0].into());
}

#[tokio::test]
async fn deliveries_that_fill_the_queue_delay_a_run_and_do_not_fail_it() {
    let list = List::new(Behaviour::unit(TimeUnit::Milliseconds));
    let address = list.serve().await;
    let inbox = Inbox::with(|options| options.with_queue(1).with_group(1));
    let setup = Setup { inbox, list, address };
    setup.fill((0..300).map(|index| SINCE + 1 + index));
    let flood = (0..8).map(|_| {
        let store = Arc::clone(&setup.inbox.store);
        tokio::spawn(async move {
            loop {
                let _full = store.probe().await;
                tokio::task::yield_now().await;
            }
        })
    });
    let flood: Vec<_> = flood.collect();
    assert_eq!(setup.run().await.unwrap().new, 300);
    flood.iter().for_each(|task| task.abort());
}

#[tokio::test]
async fn what_was_pruned_is_not_fetched_and_handled_again() {
    let setup = Setup::new().await;
    setup.fill((0..120).map(|index| SINCE + 1 + index));
    setup.run().await.unwrap();
    let handled = Arc::new(AtomicUsize::new(0));
    let workers = || {
        let counted = Arc::clone(&handled);
        let handler = move |_: Received| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok::<(), HandlerError>(()) }
        };
        Workers::new(Arc::clone(&setup.inbox.store), handler).with_clock(setup.inbox.clock.clone())
    };
    assert_eq!(workers().run_due().await.unwrap(), 120);
    setup.inbox.clock.advance(Duration::from_secs(60));
    let second = Some(Duration::from_secs(1));
    let retention = Retention { done: second, known: second, ..Retention::default() };
    let apply = async || {
        let now = setup.inbox.clock.now();
        retention.apply(&*setup.inbox.store, now).await.unwrap()
    };
    assert_eq!(apply().await, 120);
    assert_eq!(setup.inbox.count().await, 0);
    // The sender is out of reach for a month. Without a run, every tombstone would be old
    // enough to be deleted.
    setup.inbox.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(apply().await, 0);

    // From the watermark, and from an earlier time than any run before.
    for since in [SINCE, SINCE - HOUR] {
        let summary = setup.reconciler().run_since(time(since), |_| {}).await.unwrap();
        assert_eq!((summary.new, summary.duplicates), (0, summary.seen));
    }
    let verification = setup.reconciler().verify(time(SINCE), |_| {}).await.unwrap();
    assert!(verification.is_clean(), "{verification:?}");
    assert_eq!(workers().run_due().await.unwrap(), 0);
    assert_eq!((setup.inbox.count().await, handled.load(Ordering::Relaxed)), (0, 120));
}
