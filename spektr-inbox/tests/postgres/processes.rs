//! Tests with separate processes, which can be killed at any point.
//!
//! Each process is this test program again. It runs one of the tests below, on the database of
//! its parent. Such a test uses its own database if it runs alone.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::store::postgres::{PostgresOptions, complete};
use spektr_inbox::store::{Archive, Filter, Reception, State, Store};
use spektr_inbox::testing::{entries, start, tag_added};
use spektr_inbox::{Handler, HandlerError, Received, Workers};
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls};

use super::fresh::database;
use crate::support::until;

const DATABASE: &str = "SPEKTR_TEST_DATABASE";

/// A process that is killed on drop.
struct Process(Child);

impl Process {
    fn start(test: &str, url: &str) -> Self {
        let module = module_path!().split_once("::").unwrap().1;
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("{module}::{test}")]).env(DATABASE, url);
        // The process ends with its standard input, even if this process is killed.
        Self(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Sends SIGKILL.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        // The process was still running before the signal.
        assert_eq!(self.0.wait().unwrap().signal(), Some(9));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process has ended already, unless the test has failed.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Waits for the end of standard input.
async fn end_of_input() {
    let read = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let _ended = tokio::task::spawn_blocking(read).await;
}

#[tokio::test]
async fn a_process_migrates_and_stores() {
    let url = match std::env::var(DATABASE) {
        Ok(url) => url,
        Err(_) => database().await,
    };
    let store = PostgresOptions::new(url).open().await.unwrap();
    let id = format!("e{}", std::process::id());
    let raw = tag_added(&id, "s1", 1_700_000_000_000);
    store.accept(entries("test", &raw, start())).await.unwrap();
    let filter = Filter { id: Some(id), ..Filter::all() };
    assert_eq!(store.count(filter).await.unwrap(), 1);
}

#[tokio::test]
async fn four_processes_can_migrate_at_once() {
    let url = database().await;
    let processes: Vec<_> =
        (0..4).map(|_| Process::start("a_process_migrates_and_stores", &url)).collect();
    for mut process in processes {
        let ended = tokio::task::spawn_blocking(move || process.0.wait().unwrap()).await.unwrap();
        assert!(ended.success(), "{ended}");
    }
    let store = PostgresOptions::new(url).open().await.unwrap();
    assert_eq!(store.count(Filter::all()).await.unwrap(), 4);
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Returns a handler that records each event and its completion in one transaction.
async fn writer(url: &str) -> impl Handler {
    let client = Arc::new(Mutex::new(connect(url).await));
    move |received: Received| {
        let client = Arc::clone(&client);
        async move {
            let mut client = client.lock().await;
            let transaction = client.transaction().await?;
            complete(&transaction, received.completion()).await?;
            let id = received.event().id().unwrap().as_ref();
            transaction.execute("INSERT INTO seen VALUES ($1)", &[&id]).await?;
            transaction.commit().await?;
            Ok::<_, HandlerError>(())
        }
    }
}

async fn filled(events: usize) -> String {
    let url = database().await;
    let store = PostgresOptions::new(&url).open().await.unwrap();
    for index in 0..events {
        let raw = tag_added(&format!("e{index}"), &format!("s{index}"), 1_700_000_000_000);
        store.accept(entries("test", &raw, start())).await.unwrap();
    }
    connect(&url).await.batch_execute("CREATE TABLE seen (id text)").await.unwrap();
    url
}

async fn workers(url: &str) -> Workers<impl Handler> {
    let store: Arc<dyn Store> = Arc::new(PostgresOptions::new(url).open().await.unwrap());
    Workers::new(store, writer(url).await).with_poll(Duration::from_millis(10))
}

async fn seen(client: &Client) -> BTreeMap<String, u32> {
    let mut seen = BTreeMap::new();
    for row in client.query("SELECT id FROM seen", &[]).await.unwrap() {
        *seen.entry(row.get(0)).or_default() += 1;
    }
    seen
}

#[tokio::test]
async fn a_process_works_until_it_ends() {
    if let Ok(url) = std::env::var(DATABASE) {
        workers(&url).await.run(end_of_input()).await;
    } else {
        let url = filled(10).await;
        assert_eq!(workers(&url).await.run_due().await.unwrap(), 10);
        assert_eq!(seen(&connect(&url).await).await.len(), 10);
    }
}

#[tokio::test]
async fn what_workers_wrote_when_they_were_killed_is_there_exactly_once() {
    const EVENTS: usize = 600;
    const KILLS: usize = 8;
    let url = filled(EVENTS).await;
    let client = connect(&url).await;
    let start_one = || Process::start("a_process_works_until_it_ends", &url);
    let mut processes = [start_one(), start_one(), start_one()];
    for kill in 0..KILLS {
        // Kill while the processes work, at a random point.
        let enough = (seen(&client).await.len() + 30).min(EVENTS);
        until("more events are handled", async || seen(&client).await.len() >= enough).await;
        let process = &mut processes[kill % 3];
        process.kill();
        *process = start_one();
    }
    drop(processes);
    assert!(seen(&client).await.len() >= 30 * KILLS);

    // Leases follow the database's clock, so move the end of the leases of killed processes an
    // hour back.
    client
        .execute(
            "UPDATE spektr_inbox.work SET due_at = due_at - 3600000 WHERE owner IS NOT NULL",
            &[],
        )
        .await
        .unwrap();
    workers(&url).await.run_due().await.unwrap();
    let seen = seen(&client).await;
    assert_eq!(seen.len(), EVENTS);
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    let store = PostgresOptions::new(url).open().await.unwrap();
    assert_eq!(store.count(Filter::state(State::Done)).await.unwrap(), EVENTS as u64);
}
