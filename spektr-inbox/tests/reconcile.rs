//! Fetching what was missed, from a list on a real socket.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod reconcile {
    pub(crate) mod list;
}
mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use reconcile::list::{AUTHORITY, Behaviour, KEY, List, add, failure, pieces, with_header};
use spektr_inbox::reconcile::{
    ApiKey, AttemptError, BaseUrl, Client, ReconcileError, Reconciler, Summary, TimeUnit,
};
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{Filter, State, Store as _};
use spektr_inbox::testing::{start, tag_added};
use spektr_inbox::{Backoff, Clock as _, Metrics, SystemClock};
use spektr_types::Timestamp;
use support::{Inbox, deliver, example, serve};
use tokio::process::Command;
use tokio::sync::oneshot;

/// The time of every run, unless the clock is advanced.
const NOW: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// How far back a first run goes.
const REACH: Duration = Duration::from_secs(2 * 3600);
const SINCE: i64 = NOW - 2 * HOUR;

fn event(id: usize, at: i64) -> String {
    tag_added(&format!("e{id}"), "s1", at)
}

/// The same in the other envelope.
fn other_envelope(id: usize, at: i64) -> String {
    format!(
        r#"{{"id":"e{id}","workspaceId":"w","eventType":"customer_tag_add","timestamp":{},"spektrId":"s1","data":{{"tagId":"t","action":"add","userId":null,"processId":null}}}}"#,
        at / 1000
    )
}

/// A store, a list on a socket, and what is between them.
struct Setup {
    inbox: Inbox,
    list: List,
    address: SocketAddr,
}

impl Setup {
    async fn new() -> Self {
        Self::with(Behaviour::unit(TimeUnit::Milliseconds)).await
    }

    async fn with(behaviour: Behaviour) -> Self {
        let list = List::new(behaviour);
        let address = list.serve().await;
        Self { inbox: Inbox::new(), list, address }
    }

    fn fill(&self, times: impl IntoIterator<Item = i64>) {
        for (id, at) in times.into_iter().enumerate() {
            self.list.add(at, event(id, at));
        }
    }

    fn client(&self) -> Client {
        self.client_with(KEY)
    }

    fn client_with(&self, key: &str) -> Client {
        let base = BaseUrl::parse(&format!("http://{}", self.address)).unwrap();
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
        Client::new(base, ApiKey::new(key).unwrap()).unwrap().with_attempts(4, backoff)
    }

    fn reconciler(&self) -> Reconciler {
        self.reconciler_with(self.client())
    }

    fn reconciler_with(&self, client: Client) -> Reconciler {
        Reconciler::new(Arc::clone(&self.inbox.store), client)
            .with_clock(self.inbox.clock.clone())
            .with_first_reach(REACH)
    }

    async fn run(&self) -> Result<Summary, ReconcileError> {
        self.reconciler().run_once(|_| {}).await
    }

    /// The ids that are stored, each once or it fails.
    async fn ids(&self) -> BTreeSet<usize> {
        let all = self.inbox.all().await;
        let id = |id: &str| id.trim_start_matches('e').parse().unwrap();
        let ids: BTreeSet<_> = all.iter().map(|entry| id(entry.id.as_deref().unwrap())).collect();
        assert_eq!(ids.len(), all.len(), "an event is stored twice");
        ids
    }

    async fn watermark(&self) -> Option<i64> {
        self.reconciler().watermark().await.unwrap().map(Timestamp::as_millis)
    }
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn text(error: &ReconcileError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let text = format!("{error} {source} {error:?}");
    assert!(!text.contains("marker"), "{text}");
    text
}

#[tokio::test]
async fn fetches_what_the_window_holds_and_next_time_what_came_since() {
    let setup = Setup::new().await;
    // The lower bound is exclusive, the upper one inclusive.
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
            // 1, then 3 and 4 pages around the moment: nothing has shifted.
            assert_eq!((summary.requests, summary.shifts), (5, 0));
        }
    }
}

#[tokio::test]
async fn events_that_appear_late_are_found_by_the_next_run() {
    let setup = Setup::new().await;
    setup.fill([NOW - 20 * MINUTE, NOW - MINUTE]);
    setup.run().await.unwrap();
    // Created before the end of the first run, in the list after it.
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
        // What stood first on page 2 stands on page 1 now, which has been read.
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
        // The list is another one for a moment, as from a copy that is behind.
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
            // A short page that is said to be the last one is the end.
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
    // More of the same moment with each request.
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

    // The same page whichever is asked for.
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
    // The last page was joined to the one before, and nothing yet to it.
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
    // The newest first, and the first page of one moment.
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
        // What the list is sorted by is right, and what the event says is not.
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

/// A page whose body is cut off, by what it promises or by its end.
fn half(length: Option<usize>) -> Response {
    let half = Bytes::from(format!(r#"{{"results":[{},{{"id":"e9"#, event(0, NOW)));
    let answer = pieces(vec![half], Duration::ZERO, length.is_some());
    match length {
        Some(length) => with_header(answer, "content-length", length.to_string()),
        None => answer,
    }
}

/// A kind of answer, and how to make one.
type Kind = (&'static str, Box<dyn Fn() -> Response>);

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let answers: Vec<Kind> = vec![
        ("429", Box::new(|| failure(StatusCode::TOO_MANY_REQUESTS))),
        (
            "429, now",
            Box::new(|| with_header(failure(StatusCode::TOO_MANY_REQUESTS), "retry-after", "0")),
        ),
        (
            "429, until a date",
            Box::new(|| {
                let date = "Tue, 14 Nov 2023 22:13:20 GMT";
                with_header(failure(StatusCode::TOO_MANY_REQUESTS), "retry-after", date)
            }),
        ),
        ("500", Box::new(|| failure(StatusCode::INTERNAL_SERVER_ERROR))),
        ("503", Box::new(|| failure(StatusCode::SERVICE_UNAVAILABLE))),
        ("half of what is promised", Box::new(|| half(Some(5000)))),
        ("half of a page", Box::new(|| half(None))),
        ("nothing", Box::new(|| Response::new(Body::empty()))),
        (
            "too slow",
            Box::new(|| {
                let drops = vec![Bytes::from_static(b" "); 1000];
                pieces(drops, Duration::from_millis(100), false)
            }),
        ),
    ];
    for (name, answer) in answers {
        let configured = |setup: &Setup| match name {
            "too slow" => setup.client().with_body_timeout(Duration::from_secs(2)),
            _ => setup.client(),
        };
        let setup = Setup::new().await;
        setup.fill((0..70).map(|index| SINCE + 1 + index));
        setup.list.instead([answer(), answer()]);
        let client = configured(&setup);
        let summary = setup.reconciler_with(client).run_once(|_| {}).await.unwrap();
        assert_eq!(setup.ids().await, (0..70).collect(), "{name}");
        assert_eq!(summary.requests, 4, "{name}");

        let setup = Setup::new().await;
        setup.list.instead([answer(), answer(), answer(), answer()]);
        let client = configured(&setup);
        let error = setup.reconciler_with(client).run_once(|_| {}).await.unwrap_err();
        text(&error);
        assert!(
            matches!(error, ReconcileError::Unavailable { attempts: 4, .. }),
            "{name}: {error}"
        );
        assert_eq!((setup.inbox.count().await, setup.watermark().await), (0, Some(SINCE)));
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_an_error() {
    let setup = Setup::new().await;
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let setup = Setup { address, ..setup };
    let error = setup.run().await.unwrap_err();
    let ReconcileError::Unavailable { source, attempts: 4, .. } = error else { panic!("{error}") };
    assert!(matches!(source, AttemptError::Connection(_)), "{source}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_an_error() {
    // The system accepts the connections.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let setup = Setup { address: silent.local_addr().unwrap(), ..Setup::new().await };
    let client = setup.client().with_answer_timeout(Duration::from_millis(50));
    let error = setup.reconciler_with(client).run_once(|_| {}).await.unwrap_err();
    let ReconcileError::Unavailable { source, attempts: 4, .. } = error else { panic!("{error}") };
    assert!(matches!(source, AttemptError::Timeout), "{source}");
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_for_long_is() {
    let setup = Setup::new().await;
    let asked = with_header(failure(StatusCode::TOO_MANY_REQUESTS), "retry-after", "3600");
    setup.list.instead([asked]);
    let error = setup.run().await.unwrap_err();
    let ReconcileError::Unavailable { attempts, retry_after, source } = error else {
        panic!("{error}")
    };
    assert_eq!((attempts, retry_after), (1, Some(Duration::from_secs(3600))));
    assert!(matches!(source, AttemptError::Status(429)), "{source}");
    assert_eq!(setup.list.queries().len(), 1);
}

#[tokio::test]
async fn what_does_not_pass_ends_the_run_with_what_to_do() {
    let cases = [
        (401, "API key"),
        (403, "API key"),
        (400, "try the other unit"),
        (422, "try the other unit"),
        (404, "base URL"),
        (409, "base URL"),
        (302, "base URL"),
        (204, "base URL"),
    ];
    for (status, hint) in cases {
        let setup = Setup::new().await;
        let answer = failure(StatusCode::from_u16(status).unwrap());
        let elsewhere = format!("http://{}/v1/events", setup.address);
        setup.list.instead([with_header(answer, "location", elsewhere)]);
        let error = setup.run().await.unwrap_err();
        let text = text(&error);
        assert!(text.contains(hint) && text.contains(&status.to_string()), "{text}");
        assert_eq!(setup.list.queries().len(), 1, "{status}");
        assert_eq!(setup.watermark().await, Some(SINCE));
    }
    let setup = Setup::new().await;
    let error = setup.reconciler_with(setup.client_with("wrong")).run_once(|_| {}).await;
    assert!(matches!(error, Err(ReconcileError::Refused { status: 401 })), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_not_stored() {
    let bodies = [
        "<html>marker</html>",
        "marker",
        "\u{feff}{}",
        "{}",
        "[]",
        "[[]]",
        "17",
        "null",
        r#"{"message":"marker","errorCode":"marker"}"#,
        r#"{"results":null}"#,
        r#"{"results":{"id":"e1","type":"marker"}}"#,
        r#"{"results":"marker","type":"marker"}"#,
        r#"{"results":[],"results":[]}"#,
        r#"{"results":[]} marker"#,
        r#"{"results":[{"id":marker}]}"#,
    ];
    let many = format!(r#"{{"results":[1{}]}}"#, ",1".repeat(100_000));
    for body in bodies.into_iter().chain([many.as_str()]) {
        let setup = Setup::new().await;
        setup.list.instead([Response::new(Body::from(body.to_owned()))]);
        let error = setup.run().await.unwrap_err();
        let text = text(&error);
        assert!(matches!(error, ReconcileError::NotAPage { .. }), "{body}: {text}");
        assert_eq!((setup.inbox.count().await, setup.watermark().await), (0, Some(SINCE)));
    }
}

#[tokio::test]
async fn a_huge_answer_is_refused_before_it_is_read() {
    let setup = Setup::new().await;
    let sent = Arc::new(AtomicU64::new(0));
    let client = setup.client().with_body_limit(1 << 20);
    for announced in [true, false] {
        let piece = Bytes::from(vec![b' '; 64 * 1024]);
        let counter = Arc::clone(&sent);
        counter.store(0, Ordering::SeqCst);
        let body = Counted { left: 800, piece, counter };
        let answer = Response::new(Body::new(body));
        setup.list.instead([if announced {
            with_header(answer, "content-length", (800 * 64 * 1024).to_string())
        } else {
            answer
        }]);
        let error = setup.reconciler_with(client.clone()).run_once(|_| {}).await.unwrap_err();
        assert!(matches!(error, ReconcileError::TooLarge { limit: 1_048_576 }), "{error}");
        // Besides what was read, the buffers of the connection have filled up.
        assert!(sent.load(Ordering::SeqCst) < 400, "{sent:?}");
    }
    assert_eq!(setup.inbox.count().await, 0);
}

/// A body that counts how much of it is taken.
struct Counted {
    left: u64,
    piece: Bytes,
    counter: Arc<AtomicU64>,
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return std::task::Poll::Ready(None);
        }
        self.left -= 1;
        self.counter.fetch_add(1, Ordering::SeqCst);
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(self.piece.clone()))))
    }
}

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
                    // A bound that is ignored cannot be in a wrong unit, and a lower
                    // one must not be.
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
    // No events at all; old ones only; few newer ones beside old ones.
    let old: Vec<_> = (0..80).map(|index| SINCE - HOUR - index).collect();
    let newer = |count| (0..count).map(|index| NOW + 1 + index);
    for times in [vec![], old.clone(), old.iter().copied().chain(newer(20)).collect()] {
        let setup = Setup::new().await;
        setup.fill(times);
        let summary = setup.run().await.unwrap();
        assert_eq!((summary.seen, summary.requests), (0, 2));
        assert_eq!(setup.watermark().await, moved);
    }
    // More newer ones than a page holds, as if the clock were behind: a page of
    // them tells nothing of what is before.
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
    // From there on it knows, and can reach back further.
    assert_eq!(bare.run_once(|_| {}).await.unwrap().new, 0);
    assert_eq!(bare.run_since(time(NOW - 4 * HOUR), |_| {}).await.unwrap().new, 1);
    // But it never leaves a gap between the watermark and what is asked for.
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
    // The third page was joined; whether the fourth was noted as well is a race.
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
        "spektr_inbox_missed_total 1\n",
        "spektr_inbox_accepted_total 1\n",
        "spektr_inbox_last_reconciliation_timestamp_seconds 1700000000\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
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

/// Runs the example over the store of a test; the first run goes back two hours.
fn process(setup: &Setup, base: &str) -> Command {
    static EXAMPLE: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(EXAMPLE.get_or_init(|| example("reconcile")));
    command
        .arg(setup.inbox.folder.path().join("other.db"))
        .args([base, "2"])
        .env("SPEKTR_API_KEY", KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// The ids in the store of the process, in the order of arrival.
async fn ids_of_process(setup: &Setup) -> Vec<String> {
    let path = setup.inbox.folder.path().join("other.db");
    let store = SqliteOptions::new(path).open().unwrap();
    let all = store.list(Filter::all(), 0, 100_000).await.unwrap();
    all.into_iter().filter_map(|entry| entry.id).collect()
}

#[tokio::test]
async fn a_process_that_is_killed_goes_on_where_it_was() {
    let setup = Setup::new().await;
    let now = SystemClock::new().now().as_millis();
    let times: Vec<_> = (0..1000).map(|index| now - 100 * MINUTE + index).collect();
    setup.fill(times.iter().copied());
    let base = format!("http://{}", setup.address);
    let (mut count, mut last) = (0, 0);
    for round in 1..=4 {
        let (reached, reach) = oneshot::channel();
        let mut reached = Some(reached);
        let began = setup.list.queries().len();
        setup.list.answer(move |request, _| {
            (request == began + 2 + round).then(|| {
                let _gone = reached.take().map(|reached| reached.send(()));
                pieces(vec![Bytes::new()], Duration::from_secs(600), false)
            })
        });
        let mut child = process(&setup, &base).spawn().unwrap();
        reach.await.unwrap();
        child.kill().await.unwrap();
        // All that was answered is stored, a page each that joins the one before. The
        // first of a further run was there already.
        count += if round == 1 { 99 } else { 49 * round };
        let expected: Vec<_> = (0..count).map(|index| format!("e{index}")).collect();
        assert_eq!(ids_of_process(&setup).await, expected, "round {round}");
        // It did not begin anew.
        let query = setup.list.queries()[began].clone();
        let after = query.split("createdAfter=").nth(1).unwrap().split('&').next().unwrap();
        let after = after.parse::<i64>().unwrap();
        let expected = if round == 1 { after } else { last - 1 };
        assert_eq!(after, expected, "round {round}: {query}");
        last = times[count - 50];
    }
    setup.list.answer(|_, _| None);
    let output = process(&setup, &base).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let expected: Vec<_> = (0..1000).map(|index| format!("e{index}")).collect();
    assert_eq!(ids_of_process(&setup).await, expected);
}

#[tokio::test]
async fn the_key_goes_only_to_a_server_that_the_system_trusts() {
    let list = List::new(Behaviour::unit(TimeUnit::Milliseconds));
    let address = list.serve_encrypted().await;
    let setup = Setup { inbox: Inbox::new(), list, address };
    let now = SystemClock::new().now().as_millis();
    setup.fill((0..3).map(|index| now - 100 * MINUTE + index));
    let run = async |host: &str, authority: &str| {
        let mut command = process(&setup, &format!("https://{host}:{}", address.port()));
        command.env("SSL_CERT_FILE", authority).output().await.unwrap()
    };
    let trusted = run("localhost", AUTHORITY).await;
    assert!(trusted.status.success(), "{trusted:?}");
    assert_eq!(String::from_utf8(trusted.stdout).unwrap(), "3 seen, 3 new, 1 requests\n");
    // Another name than the certificate's, and an authority that nobody trusts.
    let count = setup.list.queries().len();
    let leaf = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reconcile/tls/server.pem");
    for (host, authority) in [("127.0.0.1", AUTHORITY), ("localhost", leaf)] {
        let untrusted = run(host, authority).await;
        assert!(!untrusted.status.success());
        let errors = String::from_utf8_lossy(&untrusted.stderr).into_owned();
        assert!(errors.contains("is not trusted") && !errors.contains("marker"), "{errors}");
    }
    assert_eq!(setup.list.queries().len(), count);
}

#[test]
fn nothing_shows_the_key() {
    let client = Client::new(
        BaseUrl::parse("http://localhost:1").unwrap(),
        ApiKey::new("marker-api-key").unwrap(),
    );
    let shown = format!("{:?}", client.unwrap());
    assert!(shown.contains("localhost") && !shown.contains("marker"), "{shown}");
}

/// A list and what happens to it.
#[derive(Clone, Debug)]
struct Story {
    /// Offsets into the window, many of them equal.
    times: Vec<i64>,
    /// Before which request which times are inserted.
    inserted: Vec<(usize, i64)>,
    unit: TimeUnit,
    cuts: bool,
    shuffles: bool,
    says_total: bool,
    most: usize,
    envelopes: u8,
    /// By how many milliseconds at most an event shows another time than the list is
    /// sorted by.
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
                // Who takes milliseconds compares them.
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
    // A second of slack at the end, because whole seconds are asked for.
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
    // The next run finds what was inserted behind the first.
    reconciler.run_once(|_| {}).await.unwrap();
    assert_eq!(start().as_millis(), NOW);
}
