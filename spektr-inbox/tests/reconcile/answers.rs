//! Tests answers that are not a page: temporary failures, and failures that need an operator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use spektr_inbox::reconcile::{AttemptError, ReconcileError};

use super::list::{failure, pieces, with_header};
use super::setup::{NOW, SINCE, Setup, event, text};

/// A page with a cut body: shorter than its content length, or not complete JSON.
fn half(length: Option<usize>) -> Response {
    let half = Bytes::from(format!(r#"{{"results":[{},{{"id":"e9"#, event(0, NOW)));
    let answer = pieces(vec![half], Duration::ZERO, length.is_some());
    match length {
        Some(length) => with_header(answer, "content-length", length.to_string()),
        None => answer,
    }
}

/// A kind of answer, and a function that makes one.
type AnswerKind = (&'static str, Box<dyn Fn() -> Response>);

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let answers: Vec<AnswerKind> = vec![
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
    // The system accepts the connections for the listener, but nothing answers.
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
        // The client asks for 50 entries, for 10, and for one.
        setup.list.instead([(); 3].map(|()| {
            let (piece, counter) = (piece.clone(), Arc::clone(&counter));
            let answer = Response::new(Body::new(Counted { left: 800, piece, counter }));
            if announced {
                with_header(answer, "content-length", (800 * 64 * 1024).to_string())
            } else {
                answer
            }
        }));
        let error = setup.reconciler_with(client.clone()).run_once(|_| {}).await.unwrap_err();
        assert!(matches!(error, ReconcileError::TooLarge { limit: 1_048_576 }), "{error}");
        // Beyond the limit, the server may only have filled the buffers of the connection.
        assert!(sent.load(Ordering::SeqCst) < 3 * 400, "{sent:?}");
    }
    assert_eq!(setup.inbox.count().await, 0);
}

#[tokio::test]
async fn pages_that_are_too_large_are_fetched_in_smaller_ones() {
    const LIMIT: usize = 1 << 20;
    let setup = Setup::new().await;
    for id in 0..70 {
        let at = SINCE + 1 + id as i64 * 1000;
        // 50 small entries exceed the limit, and so do 2 large ones.
        let bytes = if (30..33).contains(&id) { LIMIT * 2 / 3 } else { LIMIT / 15 };
        let data = format!("\"{}\"", "t".repeat(bytes));
        setup.list.add(at, event(id, at).replace("\"t\"", &data));
    }
    let client = setup.client().with_body_limit(LIMIT);
    let summary = setup.reconciler_with(client).run_once(|_| {}).await.unwrap();
    assert_eq!((summary.new, summary.malformed), (70, 0));
    assert_eq!(setup.ids().await, (0..70).collect());
    let sizes: std::collections::BTreeSet<_> =
        setup.list.queries().iter().map(|query| limit(query)).collect();
    assert_eq!(sizes, ["1", "10", "50"].map(str::to_owned).into());
}

/// Returns the number of entries that a query asks for.
fn limit(query: &str) -> String {
    let limit = query.split('&').find_map(|pair| pair.strip_prefix("limit="));
    limit.unwrap().to_owned()
}

/// A body that counts the pieces that are read from it.
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
