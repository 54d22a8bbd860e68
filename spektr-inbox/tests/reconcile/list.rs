//! A server for the sender's list of events, which behaves like the sender as far as that is known.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use hyper::body::Frame;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use spektr_inbox::Server;
use spektr_inbox::reconcile::TimeUnit;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::certificate::Certified;

pub(crate) const KEY: &str = "marker-api-key";

/// The sender's list. Clones share it.
#[derive(Clone)]
pub(crate) struct List(Arc<Mutex<Inner>>);

struct Inner {
    /// Events in the order of their time. A later event with the same time comes after the
    /// others.
    events: Events,
    behaviour: Behaviour,
    queries: Vec<String>,
    /// Answers that replace the next answers.
    instead: VecDeque<Response>,
    meanwhile: Meanwhile,
    random: fastrand::Rng,
}

/// A function that runs before each request is answered. It gets the number of the request,
/// from 1, may change the events, and may return another answer.
type Meanwhile = Box<dyn FnMut(usize, &mut Events) -> Option<Response> + Send>;

pub(crate) type Events = Vec<(i64, String)>;

/// Behaviour that the documentation leaves open, and faults that a server may have.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    pub(crate) after: TimeUnit,
    pub(crate) before: TimeUnit,
    pub(crate) ignores_after: bool,
    pub(crate) ignores_before: bool,
    pub(crate) ignores_order: bool,
    pub(crate) ignores_page: bool,
    /// Truncates the times of events to seconds before it compares them.
    pub(crate) cuts: bool,
    /// The most entries of a page, whatever the query asks for.
    pub(crate) most: usize,
    /// A fixed value of the page's `hasNextPage`; with an inner `None`, the page omits it.
    pub(crate) has_next: Option<Option<bool>>,
    pub(crate) says_total: bool,
    /// Returns events of equal time in another order each time.
    pub(crate) shuffles: bool,
}

impl Behaviour {
    pub(crate) fn unit(unit: TimeUnit) -> Self {
        Self {
            after: unit,
            before: unit,
            ignores_after: false,
            ignores_before: false,
            ignores_order: false,
            ignores_page: false,
            cuts: false,
            most: 50,
            has_next: None,
            says_total: true,
            shuffles: false,
        }
    }
}

impl List {
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            events: Vec::new(),
            behaviour,
            queries: Vec::new(),
            instead: VecDeque::new(),
            meanwhile: Box::new(|_, _| None),
            random: fastrand::Rng::with_seed(3),
        })))
    }

    pub(crate) fn add(&self, at: i64, json: String) {
        add(&mut self.0.lock().unwrap().events, at, json);
    }

    pub(crate) fn instead(&self, answers: impl IntoIterator<Item = Response>) {
        self.0.lock().unwrap().instead.extend(answers);
    }

    pub(crate) fn meanwhile(&self, mut change: impl FnMut(usize, &mut Events) + Send + 'static) {
        self.answer(move |request, events| {
            change(request, events);
            None
        });
    }

    pub(crate) fn answer(
        &self,
        answer: impl FnMut(usize, &mut Events) -> Option<Response> + Send + 'static,
    ) {
        self.0.lock().unwrap().meanwhile = Box::new(answer);
    }

    /// Returns the queries so far.
    pub(crate) fn queries(&self) -> Vec<String> {
        self.0.lock().unwrap().queries.clone()
    }

    pub(crate) async fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(Server::new(self.router()).serve(listener, std::future::pending()));
        address
    }

    /// Serves the list over TLS.
    pub(crate) async fn serve_encrypted(&self, certified: &Certified) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(encryption(certified)));
        let router = self.router();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that does not trust the certificate ends the connection here.
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                let service = TowerToHyperService::new(router.clone());
                let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(serving.await) });
            }
        });
        address
    }

    pub(crate) fn router(&self) -> Router {
        Router::new().route("/v1/events", get(events)).with_state(self.clone())
    }
}

fn encryption(certified: &Certified) -> ServerConfig {
    let certificate = CertificateDer::from_pem_slice(certified.server.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(certified.key.as_bytes()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

/// Inserts an event after all events of the same time and before any later event.
pub(crate) fn add(events: &mut Events, at: i64, json: String) {
    let place = events.partition_point(|(other, _)| *other <= at);
    events.insert(place, (at, json));
}

async fn events(
    State(list): State<List>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut inner = list.0.lock().unwrap();
    let Inner { events, behaviour, queries, instead, meanwhile, random } = &mut *inner;
    let query = query.unwrap_or_default();
    queries.push(query.clone());
    if let Some(answer) = meanwhile(queries.len(), events).or_else(|| instead.pop_front()) {
        return answer;
    }
    if headers.get("x-api-key").is_none_or(|key| key != KEY) {
        return failure(StatusCode::UNAUTHORIZED);
    }
    let text = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    };
    let number = |name| text(name).map(|value| value.parse::<i64>().unwrap());
    let page = usize::try_from(number("page").unwrap_or(1)).unwrap_or(0);
    let limit = usize::try_from(number("limit").unwrap_or(10)).unwrap_or(0);
    if !(1..=50).contains(&limit)
        || page == 0
        || text("sortBy").unwrap_or("createdAt") != "createdAt"
    {
        return failure(StatusCode::UNPROCESSABLE_ENTITY);
    }
    // The unit of a number, and the comparison with an event's time.
    let millis = |number: i64, unit| if unit == TimeUnit::Seconds { number * 1000 } else { number };
    let time = |at: i64| if behaviour.cuts { at / 1000 * 1000 } else { at };
    let after = number("createdAfter").filter(|_| !behaviour.ignores_after);
    let start = after.map_or(0, |number| {
        let bound = millis(number, behaviour.after);
        events.partition_point(|(at, _)| time(*at) <= bound)
    });
    let before = number("createdBefore").filter(|_| !behaviour.ignores_before);
    let end = before.map_or(events.len(), |number| {
        let bound = millis(number, behaviour.before);
        events.partition_point(|(at, _)| time(*at) <= bound)
    });
    let found = &events[start.min(end)..end];
    let limit = limit.min(behaviour.most);
    let ascending = text("sortOrder") == Some("asc") && !behaviour.ignores_order;
    let page = if behaviour.ignores_page { 1 } else { page };
    let skip = (page - 1) * limit;
    let place = |place: usize| if ascending { place } else { found.len() - 1 - place };
    let mut order: Vec<usize> = Vec::new();
    if behaviour.shuffles {
        order = (0..found.len()).collect();
        order.sort_by_cached_key(|index| (found[*index].0, random.u64(..)));
    }
    let index = |place: usize| order.get(place).copied().unwrap_or(place);
    let shown = (skip..found.len().min(skip + limit)).map(|offset| index(place(offset)));
    let shown: Vec<&str> = shown.map(|index| found[index].1.as_str()).collect();
    let total = found.len();
    let has_next = Some(skip + shown.len() < total);
    let has_next = behaviour.has_next.unwrap_or(has_next);
    let mut body = format!(r#"{{"results":[{}],"limit":{limit},"page":{page}"#, shown.join(","));
    if behaviour.says_total {
        let pages = total.div_ceil(limit);
        body += &format!(
            r#","totalResults":{total},"totalPages":{pages},"pagingCounter":{}"#,
            skip + 1
        );
    }
    if let Some(has_next) = has_next {
        let next = if has_next { (page + 1).to_string() } else { "null".to_owned() };
        body +=
            &format!(r#","hasNextPage":{has_next},"nextPage":{next},"hasPrevPage":{}"#, page > 1);
    }
    body += "}";
    ([("content-type", "application/json")], body).into_response()
}

/// Returns an error as the API answers it, with a message that must not be shown anywhere.
pub(crate) fn failure(status: StatusCode) -> Response {
    let body = r#"{"message":"marker \u001b[31m","errorCode":"marker"}"#;
    (status, [("content-type", "application/json")], body).into_response()
}

pub(crate) fn with_header(
    mut response: Response,
    name: &'static str,
    value: impl AsRef<str>,
) -> Response {
    response.headers_mut().insert(name, value.as_ref().parse().unwrap());
    response
}

/// Returns an answer in pieces, with a pause before each. The answer ends normally or breaks
/// off.
pub(crate) fn pieces(pieces: Vec<Bytes>, pause: Duration, breaks: bool) -> Response {
    let sleep = Box::pin(tokio::time::sleep(pause));
    Response::new(Body::new(Pieces { pieces: pieces.into(), pause, sleep, breaks }))
}

struct Pieces {
    pieces: VecDeque<Bytes>,
    pause: Duration,
    sleep: Pin<Box<tokio::time::Sleep>>,
    breaks: bool,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        std::task::ready!(self.sleep.as_mut().poll(context));
        let next = tokio::time::Instant::now() + self.pause;
        self.sleep.as_mut().reset(next);
        Poll::Ready(match self.pieces.pop_front() {
            Some(piece) => Some(Ok(Frame::data(piece))),
            None if self.breaks => Some(Err(io::Error::other("breaks off"))),
            None => None,
        })
    }
}
