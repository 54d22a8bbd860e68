//! Tests verification: it compares the list with the store, and writes no entry.

use std::time::Duration;

use spektr_inbox::reconcile::{Finding, Problem, ReconcileError, TimeUnit, Verification};
use spektr_inbox::{Clock as _, Metrics};
use tokio::sync::oneshot;

use super::list::Behaviour;
use super::setup::{HOUR, MINUTE, NOW, SINCE, Setup, event, time};
use crate::support::{deliver, serve};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Returns the result and the findings of a verification since the beginning of the window.
async fn verify(setup: &Setup) -> (Verification, Vec<(Problem, Option<String>)>) {
    let mut found = Vec::new();
    let report = |finding: &Finding| found.push((finding.problem, finding.id.clone()));
    let verification = setup.reconciler().verify(time(SINCE), report).await.unwrap();
    (verification, found)
}

#[tokio::test]
async fn names_what_is_missing_conflicting_or_not_decodable_once() {
    let setup = Setup::new().await;
    // Many events of one moment, so that pages are read again.
    let times = (0..30).map(|index| SINCE + 1 + index);
    setup.fill(times.chain(std::iter::repeat_n(SINCE + 100, 130)));
    setup.run().await.unwrap();
    // An event that came after the last run, an event with the id of an entry and another
    // content, and an event that this version cannot decode.
    setup.list.add(NOW - HOUR, event(1000, NOW - HOUR));
    setup.list.add(NOW - HOUR, event(7, NOW - HOUR).replace("\"t\"", "\"u\""));
    let malformed = r#"{"id":"e1001","type":"alert_resolved"}"#.to_owned();
    setup.list.add(NOW - HOUR, malformed.clone());
    let receiver = serve(&setup.inbox.receiver()).await;
    assert_eq!(deliver(receiver, malformed).await, 200);

    let before = setup.inbox.all().await;
    let (watermark, queries) = (setup.watermark().await, setup.list.queries().len());
    let (verification, found) = verify(&setup).await;
    let id = |id: &str| Some(id.to_owned());
    let expected = [
        (Problem::Missing, id("e1000")),
        (Problem::Conflict, id("e7")),
        (Problem::Undecodable, id("e1001")),
    ];
    assert_eq!(found, expected);
    let Verification { missing, conflicts, undecodable, since, until, .. } = verification;
    assert_eq!((missing, conflicts, undecodable), (1, 1, 1));
    assert_eq!((since, until), (time(SINCE), time(NOW - 15 * MINUTE)));
    assert!(!verification.is_clean());
    assert!(verification.seen >= 163, "{verification:?}");
    assert_eq!(verification.requests, (setup.list.queries().len() - queries) as u64);
    // The verification wrote nothing.
    assert_eq!(setup.inbox.all().await, before);
    assert_eq!(setup.watermark().await, watermark);

    setup.reconciler().run_since(time(SINCE), |_| {}).await.unwrap();
    let (verification, found) = verify(&setup).await;
    // The store now has both contents.
    assert_eq!(found, [(Problem::Undecodable, id("e1001"))]);
    assert_eq!((verification.missing, verification.conflicts), (0, 0));
}

#[tokio::test]
async fn the_last_minutes_and_an_empty_store_are_no_surprise() {
    let setup = Setup::new().await;
    setup.fill([SINCE, SINCE + 1, NOW - 15 * MINUTE, NOW - 15 * MINUTE + 1, NOW]);
    let (verification, found) = verify(&setup).await;
    let ids: Vec<_> = found.iter().map(|(_, id)| id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["e1", "e2"]);
    assert_eq!((verification.missing, verification.seen), (2, 2));
    assert_eq!(setup.inbox.count().await, 0);
    assert_eq!(setup.watermark().await, None);
}

#[tokio::test]
async fn a_wrong_unit_is_an_error_and_not_a_clean_result() {
    let setup = Setup::with(Behaviour::unit(TimeUnit::Seconds)).await;
    setup.fill((0..60).map(|index| SINCE + 1000 + index * 1000));
    let result = setup.reconciler().verify(time(SINCE), |_| {}).await;
    assert!(matches!(result, Err(ReconcileError::WrongUnit { .. })), "{result:?}");
}

#[tokio::test]
async fn a_schedule_verifies_once_a_day_and_shows_what_is_missing() {
    let setup = Setup::new().await;
    setup.fill([NOW - HOUR]);
    // The watermark is after the event, so no run fetches it.
    setup.reconciler().run_since(time(NOW - 30 * MINUTE), |_| {}).await.unwrap();
    assert_eq!(setup.inbox.count().await, 0);
    let verifications = async |setup: &Setup, requests: usize| {
        let (done, end) = oneshot::channel();
        let (mut done, until) = (Some(done), setup.list.queries().len() + requests);
        setup.list.meanwhile(move |request, _| {
            if request == until {
                let _gone = done.take().map(|done| done.send(()));
            }
        });
        let metrics = Metrics::new();
        let reconciler = setup.reconciler().with_metrics(metrics.clone());
        let reconciler = reconciler.with_verification(2 * DAY);
        let began = setup.list.queries().len();
        let reconciler = reconciler.with_interval(Duration::from_millis(1));
        reconciler.run(async { end.await.unwrap() }).await;
        let queries = setup.list.queries();
        let since = format!("createdAfter={}", setup.inbox.clock.now().as_millis() - 2 * 24 * HOUR);
        let verifications = queries[began..].iter().filter(|query| query.contains(&since));
        (verifications.count(), metrics.render())
    };
    let (count, text) = verifications(&setup, 9).await;
    assert_eq!(count, 1);
    let stamp = "spektr_inbox_last_verification_timestamp_seconds 1700000000\n";
    for line in ["spektr_inbox_verification_entries{result=\"missing\"} 1\n", stamp] {
        assert!(text.contains(line), "{line}{text}");
    }
    // For a day, another process uses the stored result of the first verification.
    let (count, text) = verifications(&setup, 9).await;
    assert_eq!(count, 0);
    assert!(
        text.contains("spektr_inbox_verification_entries{result=\"missing\"} 1\n")
            && text.contains(stamp),
        "{text}"
    );
    setup.inbox.clock.advance(DAY);
    let (count, text) = verifications(&setup, 9).await;
    assert_eq!(count, 1);
    assert!(
        text.contains("spektr_inbox_verification_entries{result=\"missing\"} 1\n")
            && !text.contains(stamp),
        "{text}"
    );
}
