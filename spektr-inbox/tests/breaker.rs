//! Tests of destinations that are down: which entries workers try, which attempts count, and
//! how handling continues. The tests set the clock.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use spektr_inbox::store::{Filter, State};
use spektr_inbox::testing::tag_added;
use spektr_inbox::{
    Backoff, Breaker, Handler, HandlerError, Metrics, Received, SystemClock, Workers,
};
use support::{Inbox, until};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const SECOND: Duration = Duration::from_secs(1);

/// Stores one event for each of `count` customers, in the order of creation.
async fn some(inbox: &Inbox, count: i64) {
    let raw = |index: i64| {
        tag_added(&format!("e{index}"), &format!("s{index}"), 1_700_000_000_000 + index)
    };
    inbox.fill(&(1..=count).map(raw).collect::<Vec<_>>()).await;
}

/// A destination: the events that it cannot take, whether it is up, and the attempts that it
/// saw.
#[derive(Clone, Default)]
struct Destination {
    is_up: Arc<AtomicBool>,
    poison: Option<&'static str>,
    retry_after: Option<Duration>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Destination {
    fn set_up(&self, is_up: bool) {
        self.is_up.store(is_up, Ordering::SeqCst);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Handler for Destination {
    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let id = received.event().id().unwrap().as_ref();
        self.asked.lock().unwrap().push(format!("{id}#{}", received.attempt()));
        if self.is_up.load(Ordering::SeqCst) && self.poison != Some(id) {
            return Ok(());
        }
        let error = HandlerError::destination("answered with 503");
        Err(match self.retry_after {
            Some(pause) => error.with_retry_after(pause),
            None => error,
        })
    }
}

/// Workers that handle one entry at a time, with the breaker and metrics that their runs share.
#[derive(Default)]
struct Setup {
    breaker: Breaker,
    metrics: Metrics,
}

impl Setup {
    async fn run(&self, inbox: &Inbox, destination: &Destination) -> usize {
        Workers::new(Arc::clone(&inbox.store), destination.clone())
            .with_clock(inbox.clock.clone())
            .with_concurrency(1)
            .with_backoff(Backoff::new(SECOND, 100 * SECOND))
            .with_breaker(self.breaker.clone())
            .with_metrics(self.metrics.clone())
            .run_due()
            .await
            .unwrap()
    }

    fn shows(&self, line: &str) -> bool {
        self.metrics.render().contains(&format!("spektr_inbox_{line}\n"))
    }
}

#[tokio::test]
async fn five_failed_entries_open_it_and_one_success_closes_it() {
    let inbox = Inbox::new();
    some(&inbox, 8).await;
    let (setup, destination) = (Setup::default(), Destination::default());
    assert!(setup.shows("destination_up 1") && setup.shows("destination_opened_total 0"));
    assert_eq!(setup.run(&inbox, &destination).await, 5);
    assert_eq!(destination.asked(), ["e1#1", "e2#1", "e3#1", "e4#1", "e5#1"]);
    assert!(setup.breaker.is_open());
    assert!(setup.shows("destination_up 0") && setup.shows("destination_opened_total 1"));
    // The fifth failure opened the breaker. It does not count as an attempt, and neither do
    // later failures.
    let attempts: Vec<_> = inbox.all().await.iter().map(|entry| entry.attempts).collect();
    assert_eq!(attempts, [1, 1, 1, 1, 0, 0, 0, 0]);

    // Probes of the destination: after pauses of 10 s, 20 s and 40 s, then one a minute.
    let mut tried = Vec::new();
    for second in 1..=250 {
        inbox.clock.advance(SECOND);
        if setup.run(&inbox, &destination).await > 0 {
            tried.push(second);
        }
    }
    assert_eq!(tried, [10, 30, 70, 130, 190, 250]);
    assert_eq!(destination.asked().len(), 6);

    destination.set_up(true);
    inbox.clock.advance(59 * SECOND);
    assert_eq!(setup.run(&inbox, &destination).await, 0);
    inbox.clock.advance(SECOND);
    assert_eq!(setup.run(&inbox, &destination).await, 8);
    assert!(!setup.breaker.is_open());
    assert!(setup.shows("destination_up 1") && setup.shows("destination_opened_total 1"));
    assert!(inbox.all().await.iter().all(|entry| entry.state == State::Done));
}

#[tokio::test]
async fn events_that_are_not_for_the_destination_do_not_say_that_it_is_up() {
    let inbox = Inbox::new();
    some(&inbox, 12).await;
    let breaker = Breaker::default();
    let handler = |received: Received| async move {
        if received.number() % 2 == 0 {
            received.set_destination_not_asked();
            return Ok(());
        }
        Err(HandlerError::destination("answered with 503"))
    };
    let workers = Workers::new(Arc::clone(&inbox.store), handler)
        .with_clock(inbox.clock.clone())
        .with_concurrency(1)
        .with_breaker(breaker.clone());
    // The fifth failure is the ninth attempt, because four attempts between them succeed.
    assert_eq!(workers.run_due().await.unwrap(), 9);
    assert!(breaker.is_open());
}

#[tokio::test]
async fn an_event_that_the_destination_cannot_take_does_not_stop_the_others() {
    let inbox = Inbox::new();
    some(&inbox, 1).await;
    let destination = Destination { poison: Some("e1"), ..Destination::default() };
    destination.set_up(true);
    let setup = Setup::default();
    for index in 2..60 {
        let raw = tag_added(&format!("e{index}"), "s", 1_700_000_000_000 + index);
        inbox.fill(&[raw]).await;
        setup.run(&inbox, &destination).await;
        assert!(!setup.breaker.is_open());
        inbox.clock.advance(50 * SECOND);
    }
    let all = inbox.all().await;
    assert_eq!((all[0].state, all[0].attempts), (State::Dead, 20));
    assert!(all[1..].iter().all(|entry| entry.state == State::Done));
}

#[tokio::test]
async fn an_event_that_is_alone_is_not_given_up_for_a_destination_that_is_down() {
    let inbox = Inbox::new();
    some(&inbox, 1).await;
    let (setup, destination) = (Setup::default(), Destination::default());
    // Without the breaker, half an hour would be enough for all twenty attempts.
    for _ in 0..8 * 60 {
        inbox.clock.advance(60 * SECOND);
        setup.run(&inbox, &destination).await;
    }
    assert!(setup.breaker.is_open());
    destination.set_up(true);
    inbox.clock.advance(60 * SECOND);
    assert_eq!(setup.run(&inbox, &destination).await, 1);
    let entry = inbox.all().await.remove(0);
    assert_eq!(entry.state, State::Done);
    assert!(entry.attempts < 10, "{}", entry.attempts);
}

#[tokio::test]
async fn the_pause_that_a_destination_asks_for_is_obeyed_up_to_an_hour() {
    for (asked, pause) in [(100 * SECOND, 100), (7 * 24 * 3600 * SECOND, 3600)] {
        let inbox = Inbox::new();
        some(&inbox, 8).await;
        let destination = Destination { retry_after: Some(asked), ..Destination::default() };
        let setup = Setup::default();
        assert_eq!(setup.run(&inbox, &destination).await, 5);
        inbox.clock.advance((pause - 1) * SECOND);
        assert_eq!(setup.run(&inbox, &destination).await, 0);
        inbox.clock.advance(SECOND);
        assert_eq!(setup.run(&inbox, &destination).await, 1);
        inbox.clock.advance((pause - 1) * SECOND);
        assert_eq!(setup.run(&inbox, &destination).await, 0);
        inbox.clock.advance(SECOND);
        assert_eq!(setup.run(&inbox, &destination).await, 1);
    }
}

#[tokio::test]
async fn before_it_opens_too_an_hour_is_obeyed_whatever_the_longest_pause() {
    for longest in [300 * SECOND, 30 * 24 * 3600 * SECOND] {
        let inbox = Inbox::new();
        some(&inbox, 1).await;
        let asked = Some(7 * 24 * 3600 * SECOND);
        let destination = Destination { retry_after: asked, ..Destination::default() };
        let breaker = Breaker::new();
        let run = async || {
            Workers::new(Arc::clone(&inbox.store), destination.clone())
                .with_clock(inbox.clock.clone())
                .with_backoff(Backoff::new(SECOND, longest))
                .with_breaker(breaker.clone())
                .run_due()
                .await
                .unwrap()
        };
        assert_eq!(run().await, 1);
        assert!(!breaker.is_open());
        inbox.clock.advance(3599 * SECOND);
        assert_eq!(run().await, 0);
        inbox.clock.advance(SECOND);
        assert_eq!(run().await, 1);
        assert_eq!(destination.asked(), ["e1#1", "e1#2"]);
    }
}

#[tokio::test]
async fn a_clock_that_is_put_back_does_not_keep_it_open() {
    let inbox = Inbox::new();
    some(&inbox, 5).await;
    let (setup, destination) = (Setup::default(), Destination::default());
    assert_eq!(setup.run(&inbox, &destination).await, 5);
    destination.set_up(true);
    inbox.clock.put_back(24 * 3600 * SECOND);
    assert_eq!(setup.run(&inbox, &destination).await, 5);
    assert!(!setup.breaker.is_open());
}

#[tokio::test]
async fn what_is_put_off_by_its_handler_counts_no_attempt() {
    let inbox = Inbox::new();
    some(&inbox, 1).await;
    let handler = |received: Received| async move {
        assert_eq!(received.attempt(), 1);
        Err(HandlerError::defer(30 * SECOND))
    };
    for expected in [1, 0, 0, 1, 0, 0, 1] {
        let workers = Workers::new(Arc::clone(&inbox.store), handler)
            .with_clock(inbox.clock.clone())
            .with_max_attempts(1);
        assert_eq!(workers.run_due().await.unwrap(), expected);
        inbox.clock.advance(10 * SECOND);
    }
    let entry = inbox.all().await.remove(0);
    assert_eq!((entry.state, entry.attempts), (State::Pending, 0));
    assert_eq!(entry.reason.as_deref(), Some("put off by the handler"));
}

#[tokio::test]
async fn a_pause_longer_than_every_other_is_shortened_and_not_ignored() {
    let inbox = Inbox::new();
    some(&inbox, 1).await;
    let handler = |_: Received| async { Err(HandlerError::defer(Duration::MAX)) };
    let run = async || {
        let workers =
            Workers::new(Arc::clone(&inbox.store), handler).with_clock(inbox.clock.clone());
        workers.run_due().await.unwrap()
    };
    assert_eq!(run().await, 1);
    inbox.clock.advance(3599 * SECOND);
    assert_eq!(run().await, 0);
    inbox.clock.advance(SECOND);
    assert_eq!(run().await, 1);
}

#[tokio::test]
async fn what_fails_after_its_time_is_given_up_though_no_attempt_counts() {
    let inbox = Inbox::new();
    some(&inbox, 2).await;
    let handler = |received: Received| async move {
        let is_first = received.number() == 1;
        if is_first && received.attempt() == 1 {
            Err(HandlerError::defer(30 * SECOND))
        } else {
            Ok(())
        }
    };
    let run = async |handler| {
        let workers = Workers::new(Arc::clone(&inbox.store), handler)
            .with_clock(inbox.clock.clone())
            .with_give_up_after(60 * SECOND);
        workers.run_due().await.unwrap()
    };
    assert_eq!(run(handler).await, 2);
    inbox.clock.advance(59 * SECOND);
    assert_eq!(run(handler).await, 1);
    assert_eq!(inbox.all().await[0].state, State::Pending);
    inbox.clock.advance(30 * SECOND);
    assert_eq!(run(handler).await, 1);
    let entry = inbox.all().await.remove(0);
    assert_eq!((entry.state, entry.attempts), (State::Dead, 1));
    assert_eq!(entry.reason.as_deref(), Some("given up for its age: put off by the handler"));
}

/// An HTTP endpoint on a real socket, which refuses connections until it listens.
struct Endpoint {
    socket: TcpSocket,
    address: SocketAddr,
}

/// A handler that posts the number of an entry, and waits for the answer.
#[derive(Clone)]
struct Post {
    to: SocketAddr,
    attempts: Arc<AtomicUsize>,
}

impl Handler for Post {
    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let answer = async {
            let mut stream = TcpStream::connect(self.to).await?;
            let (event, number) = (received.event(), received.number());
            let spektr_id = event.spektr_id().map_or("-", AsRef::as_ref);
            stream.write_all(format!("{spektr_id} {number}\n").as_bytes()).await?;
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer).await?;
            if answer == "ok\n" { Ok(()) } else { Err(std::io::Error::other("no answer")) }
        };
        answer.await.map_err(HandlerError::destination)
    }
}

impl Endpoint {
    fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address }
    }

    fn post(&self) -> Post {
        Post { to: self.address, attempts: Arc::default() }
    }

    /// Listens and answers from now on. Returns the numbers that arrive, for each spektr id.
    fn listen(self) -> Arc<Mutex<HashMap<String, Vec<i64>>>> {
        let arrived = Arc::new(Mutex::new(HashMap::<String, Vec<i64>>::new()));
        let listener: TcpListener = self.socket.listen(1024).unwrap();
        let kept = Arc::clone(&arrived);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let mut line = String::new();
                    stream.read_line(&mut line).await.unwrap();
                    let (spektr_id, number) = line.trim_end().split_once(' ').unwrap();
                    let number = number.parse().unwrap();
                    kept.lock().unwrap().entry(spektr_id.to_owned()).or_default().push(number);
                    stream.write_all(b"ok\n").await.unwrap();
                });
            }
        });
        arrived
    }
}

const PEOPLE: usize = 500;

/// Stores `count` events, of several customers, in the order of creation.
async fn backlog(inbox: &Inbox, count: usize) {
    let raw = |index: usize| {
        let at = 1_700_000_000_000 + i64::try_from(index).unwrap();
        tag_added(&format!("e{index}"), &format!("s{}", index % PEOPLE), at)
    };
    inbox.fill(&(0..count).map(raw).collect::<Vec<_>>()).await;
}

fn assert_in_order(arrived: &HashMap<String, Vec<i64>>, count: usize) {
    assert_eq!(arrived.values().map(Vec::len).sum::<usize>(), count);
    assert_eq!(arrived.len(), PEOPLE.min(count));
    assert!(arrived.values().all(|numbers| numbers.is_sorted()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_days_without_the_destination_make_no_dead_letter_and_cost_a_probe_a_minute() {
    const COUNT: usize = 10_000;
    const STEP: Duration = Duration::from_secs(5);
    let inbox = Inbox::new();
    backlog(&inbox, COUNT).await;
    let endpoint = Endpoint::new();
    let (breaker, metrics, post) = (Breaker::new(), Metrics::new(), endpoint.post());
    let run = async || {
        let workers = Workers::new(Arc::clone(&inbox.store), post.clone())
            .with_clock(inbox.clock.clone())
            .with_ordering(true)
            .with_breaker(breaker.clone())
            .with_metrics(metrics.clone());
        workers.run_due().await.unwrap()
    };
    // The attempts that began before the breaker opened run to their end.
    let at_first = run().await;
    assert_eq!(at_first, Workers::<Post>::DEFAULT_CONCURRENCY);
    let steps = 72 * 3600 / STEP.as_secs();
    let mut probes = 0;
    for _ in 0..steps {
        inbox.clock.advance(STEP);
        let tried = run().await;
        assert!(tried <= 1, "{tried}");
        probes += tried;
    }
    // Probes after pauses of 10, 20 and 40 s, then one every 60 s.
    let expected = 3 + (72 * 3600 - 70) / 60;
    assert_eq!(probes, expected);
    assert_eq!(post.attempts.load(Ordering::SeqCst), at_first + probes);
    assert_eq!(inbox.store.count(Filter::state(State::Pending)).await.unwrap(), COUNT as u64);
    assert!(metrics.render().contains("spektr_inbox_destination_opened_total 1\n"));

    let arrived = endpoint.listen();
    // The next probe comes within a minute, and its success starts all other entries.
    inbox.clock.advance(60 * SECOND);
    assert_eq!(run().await, COUNT);
    assert_eq!(inbox.store.count(Filter::state(State::Done)).await.unwrap(), COUNT as u64);
    assert_in_order(&arrived.lock().unwrap(), COUNT);
    assert_eq!(post.attempts.load(Ordering::SeqCst), at_first + probes + COUNT);
    assert!(metrics.render().contains("spektr_inbox_destination_up 1\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_by_the_clock_of_the_machine() {
    const COUNT: usize = 1000;
    let inbox = Inbox::new();
    backlog(&inbox, COUNT).await;
    let endpoint = Endpoint::new();
    let post = endpoint.post();
    let probes = Breaker::new().with_probes(Duration::from_millis(200), 2 * SECOND);
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let workers = Workers::new(Arc::clone(&inbox.store), post.clone())
        .with_clock(SystemClock::new())
        .with_ordering(true)
        .with_poll(Duration::from_millis(10))
        .with_breaker(probes);
    let working = tokio::spawn(workers.run(async { ended.await.unwrap() }));
    let attempts = || post.attempts.load(Ordering::SeqCst);
    let enough = Workers::<Post>::DEFAULT_CONCURRENCY + 3;
    until("three probes have failed", async || attempts() >= enough).await;
    assert_eq!(inbox.store.count(Filter::state(State::Dead)).await.unwrap(), 0);
    let arrived = endpoint.listen();
    let done = || inbox.store.count(Filter::state(State::Done));
    until("all events are done", async || done().await.unwrap() >= COUNT as u64).await;
    end.send(()).unwrap();
    working.await.unwrap();
    assert_in_order(&arrived.lock().unwrap(), COUNT);
    assert!(inbox.all().await.iter().all(|entry| entry.attempts <= 2));
}
