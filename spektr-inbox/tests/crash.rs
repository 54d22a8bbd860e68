//! Tests of a receiver process that is killed, and of one whose machine loses power.
//!
//! `kill -9` alone would pass without any sync, because the kernel keeps the data that a dead
//! process wrote. So the second test traces the system calls, and keeps only the data that was
//! synced to the files. The third test lets each system call that writes or syncs fail once.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod crash {
    pub(crate) mod process;
    pub(crate) mod trace;
}
mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crash::process::{Client, Process};
use crash::trace::{Disk, Step, steps};
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{Filter, State, Store};
use spektr_inbox::testing::tag_added;
use support::until;

const ROUNDS: u64 = 20;
const CLIENTS: usize = 8;

/// Returns the ids in the store, in their order.
async fn stored(path: &Path) -> Vec<String> {
    states(path).await.into_iter().map(|(id, _)| id).collect()
}

/// Returns the ids in the store, in their order, each with its state.
async fn states(path: &Path) -> Vec<(String, State)> {
    listed(&SqliteOptions::new(path).open().unwrap()).await
}

async fn listed(store: &dyn Store) -> Vec<(String, State)> {
    let mut states = Vec::new();
    let mut last = 0;
    loop {
        let page = store.list(Filter::all(), last, 1000).await.unwrap();
        let Some(end) = page.last() else { return states };
        last = end.number;
        states.extend(page.into_iter().map(|entry| (entry.id.unwrap(), entry.state)));
    }
}

/// Returns the ids in the store, if the file passes SQLite's quick check.
async fn checked(path: &Path) -> Option<Vec<String>> {
    let store = SqliteOptions::new(path).with_quick_check(true).open().ok()?;
    Some(listed(&store).await.into_iter().map(|(id, _)| id).collect())
}

/// Hands out new ids, and ids of deliveries without an answer again, like the sender.
#[derive(Default)]
struct Sender {
    next: u64,
    unanswered: VecDeque<u64>,
    answered: BTreeSet<u64>,
}

impl Sender {
    fn take(&mut self) -> u64 {
        self.unanswered.pop_front().unwrap_or_else(|| {
            self.next += 1;
            self.next
        })
    }
}

fn body(index: u64) -> String {
    tag_added(&format!("e{index}"), &format!("s{}", index % 50), 1_700_000_000_000)
}

#[tokio::test]
async fn whatever_was_answered_with_200_survives_kill_9_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    let sender = Arc::new(Mutex::new(Sender::default()));
    let mut random = fastrand::Rng::with_seed(5);
    for round in 0..ROUNDS {
        let before = sender.lock().unwrap().answered.len();
        let mut process = Process::start(&path);
        let address = process.address;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let sender = Arc::clone(&sender);
                thread::spawn(move || {
                    let mut client = Client::new(address);
                    loop {
                        let index = sender.lock().unwrap().take();
                        let answer = client.deliver(&body(index));
                        let mut sender = sender.lock().unwrap();
                        match answer {
                            Some(200) => _ = sender.answered.insert(index),
                            // On a busy machine, the disk can be too slow for an answer of 200.
                            Some(status) => {
                                assert_eq!(status, 503);
                                sender.unanswered.push_back(index);
                                client = Client::new(address);
                            }
                            // Only a killed process gives no answer.
                            None => {
                                sender.unanswered.push_back(index);
                                return;
                            }
                        }
                    }
                })
            })
            .collect();
        // Kill only after some more answers, at a random point of the receiver's work.
        let answered = || sender.lock().unwrap().answered.len();
        until("deliveries are answered", async || answered() >= before + CLIENTS).await;
        thread::sleep(Duration::from_micros(random.u64(0..150_000)));
        process.kill();
        for client in clients {
            client.join().unwrap();
        }

        let found = stored(&path).await;
        let once: BTreeSet<_> = found.iter().collect();
        assert_eq!(once.len(), found.len(), "round {round}: an event is stored twice");
        for index in &sender.lock().unwrap().answered {
            assert!(once.contains(&format!("e{index}")), "round {round}: e{index} is lost");
        }
    }
    let answered = sender.lock().unwrap().answered.len();
    assert!(answered > CLIENTS * ROUNDS as usize, "{answered}");
}

/// Returns a function that delivers to a traced receiver, stops it, and returns the steps that
/// the receiver took on its disk.
fn traced(deliveries: u64) -> impl Fn() -> Vec<Step> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    let log = folder.path().join("calls");
    let process = Process::start_traced(&path, &log);
    let mut client = Client::new(process.address);
    for index in 1..=deliveries {
        assert_eq!(client.deliver(&body(index)), Some(200));
    }
    process.terminate();
    let log = std::fs::read_to_string(&log).unwrap();
    move || steps(&log, &path)
}

#[tokio::test]
async fn whatever_was_answered_with_200_survives_a_power_cut() {
    const DELIVERIES: u64 = 25;
    let steps = traced(DELIVERIES);
    let mut disk = Disk::default();
    let mut answers = 0;
    for step in steps() {
        if matches!(step, Step::Answer) {
            // Cut the power while this answer is on its way. The next delivery has not been
            // sent yet.
            answers += 1;
            let folder = tempfile::tempdir().unwrap();
            disk.synced_into(folder.path());
            let found = stored(&folder.path().join("inbox.db")).await;
            let expected: Vec<_> = (1..=answers).map(|index| format!("e{index}")).collect();
            assert_eq!(found, expected, "after answer {answers}");
        }
        disk.apply(step);
    }
    assert_eq!(answers, DELIVERIES);

    // Counter-check: without the syncs, the store would be empty. So the test above would fail
    // if the receiver synced nothing.
    let mut disk = Disk::default();
    let calls = steps().into_iter().filter(|step| !matches!(step, Step::Sync { .. }));
    calls.for_each(|step| disk.apply(step));
    let folder = tempfile::tempdir().unwrap();
    disk.synced_into(folder.path());
    assert!(stored(&folder.path().join("inbox.db")).await.is_empty());
}

#[tokio::test]
async fn whatever_was_answered_with_200_survives_a_power_cut_that_tears_and_reorders_writes() {
    const DELIVERIES: usize = 12;
    let steps = traced(DELIVERIES as u64);
    let mut random = fastrand::Rng::with_seed(14);
    let mut disk = Disk::default();
    let (mut answers, mut torn) = (0, 0);
    for step in steps() {
        // Cut before every sync, including those of the last checkpoint, and before some other
        // calls.
        let is_cut = matches!(step, Step::Sync { .. }) || random.u8(..16) == 0;
        if answers > 0 && is_cut {
            let folder = tempfile::tempdir().unwrap();
            torn += usize::from(disk.torn_into(folder.path(), &mut random));
            let found = checked(&folder.path().join("inbox.db")).await.unwrap();
            let ids: Vec<_> = (1..=DELIVERIES).map(|index| format!("e{index}")).collect();
            assert!(ids.starts_with(&found), "after answer {answers}: {found:?}");
            assert!(found.len() >= answers, "after answer {answers}: {found:?}");
        }
        answers += usize::from(matches!(step, Step::Answer));
        disk.apply(step);
    }
    assert_eq!(answers, DELIVERIES);
    assert!(torn >= DELIVERIES / 2, "{torn}");

    // Counter-check: without the syncs of the log, this test finds a lost delivery.
    let mut disk = Disk::default();
    let (mut answers, mut has_lost) = (0, false);
    for step in steps() {
        answers += usize::from(matches!(step, Step::Answer));
        if !matches!(&step, Step::Sync { file } if file.ends_with("-wal") && answers > 0) {
            disk.apply(step);
        }
        if answers > 0 && !has_lost {
            let folder = tempfile::tempdir().unwrap();
            disk.torn_into(folder.path(), &mut random);
            let found = checked(&folder.path().join("inbox.db")).await;
            has_lost = found.is_none_or(|found| found.len() < answers);
        }
    }
    assert!(has_lost);
}

#[tokio::test]
async fn a_power_cut_takes_away_the_last_work_and_no_delivery() {
    const DELIVERIES: usize = 5;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.db");
    let log = folder.path().join("calls");
    let process = Process::start_traced(&path, &log);
    let mut client = Client::new(process.address);
    for index in 1..=DELIVERIES as u64 {
        assert_eq!(client.deliver(&body(index)), Some(200));
    }
    // The workers' outcomes reach the disk even without another delivery.
    let is_done = |states: &[(String, State)]| {
        states.iter().filter(|(_, state)| *state == State::Done).count()
    };
    for round in 0.. {
        let mut disk = Disk::default();
        let calls = std::fs::read_to_string(&log).unwrap();
        // The last line of the log may still be incomplete.
        let calls = &calls[..calls.rfind('\n').unwrap() + 1];
        steps(calls, &path).into_iter().for_each(|step| disk.apply(step));
        let folder = tempfile::tempdir().unwrap();
        disk.synced_into(folder.path());
        if is_done(&states(&folder.path().join("inbox.db")).await) == DELIVERIES {
            break;
        }
        assert!(round < 300, "the outcomes are not on the disk");
        thread::sleep(Duration::from_millis(100));
    }
    process.terminate();

    let log = std::fs::read_to_string(&log).unwrap();
    let mut disk = Disk::default();
    let (mut answers, mut taken_away) = (0, 0);
    for step in steps(&log, &path) {
        match &step {
            Step::Answer => answers += 1,
            // Cut the power just before the sync.
            Step::Sync { file } if file.ends_with("-wal") => {
                let [cut, whole] = [(); 2].map(|()| tempfile::tempdir().unwrap());
                disk.synced_into(cut.path());
                disk.written_into(whole.path());
                let cut = states(&cut.path().join("inbox.db")).await;
                let whole = states(&whole.path().join("inbox.db")).await;
                assert!(cut.len() >= answers, "after answer {answers}: {cut:?}");
                let allowed =
                    |(_, state): &(String, State)| matches!(state, State::Pending | State::Done);
                assert!(cut.iter().all(allowed), "{cut:?}");
                taken_away += usize::from(is_done(&cut) < is_done(&whole));
            }
            _ => {}
        }
        disk.apply(step);
    }
    assert_eq!(answers, DELIVERIES);
    // Otherwise the test has not seen a power cut that loses work.
    assert!(taken_away > 0);
}

/// The system calls with which SQLite writes and syncs.
const WRITING: [&str; 4] = ["pwrite64", "fdatasync", "fsync", "ftruncate"];

/// Delivers to a receiver with an injected fault, restarts the receiver without the fault, and
/// checks that every answered delivery is stored. Returns the log of strace.
async fn deliver_with(fault: &str) -> String {
    const DELIVERIES: u64 = 12;
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("inbox.db"), folder.path().join("calls"));
    let mut answered = Vec::new();
    match Process::start_failing(&path, &log, fault) {
        Ok(process) => {
            let mut refused = 0;
            for index in 1..=DELIVERIES {
                // Every delivery needs a new connection, because the server may close a
                // connection after a refusal.
                match Client::new(process.address).deliver(&body(index)) {
                    Some(200) => answered.push(format!("e{index}")),
                    Some(500 | 503 | 507) => refused += 1,
                    other => panic!("{fault}: {other:?}"),
                }
            }
            // A call that fails once must not disturb the receiver for long.
            assert!(refused <= 2, "{fault}: {refused} deliveries were refused");
            // A thread syncs the last settlements a moment later.
            let calls = || std::fs::read_to_string(&log).unwrap();
            until("settlements are synced", async || calls().contains("fdatasync(")).await;
            process.terminate();
        }
        Err(said) => assert!(said.contains("inbox.db"), "{fault}: {said}"),
    }
    let found = stored(&path).await;
    let once: BTreeSet<_> = found.iter().collect();
    assert_eq!(once.len(), found.len(), "{fault}: an event is stored twice");
    for id in &answered {
        assert!(once.contains(id), "{fault}: {id} is lost");
    }
    std::fs::read_to_string(&log).unwrap()
}

/// Returns the largest number of calls of one name by one thread, because strace counts the
/// calls of each thread.
fn most(calls: &str, name: &str) -> u64 {
    let mut counts = BTreeMap::<_, u64>::new();
    for line in calls.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        if call.trim_start().starts_with(&format!("{name}(")) {
            *counts.entry(thread).or_default() += 1;
        }
    }
    counts.into_values().max().unwrap_or_default()
}

/// Whichever call fails once, no acknowledged delivery is lost, nothing hangs, and every other
/// delivery gets an error as its answer. The gate tries a sample of the calls, and
/// `SPEKTR_EVERY_CALL=1` each of the first 5000.
#[tokio::test]
async fn a_call_that_fails_once_loses_nothing_that_was_answered_with_200() {
    let calls = deliver_with(&format!("trace={}", WRITING.join(","))).await;
    let is_sample = std::env::var_os("SPEKTR_EVERY_CALL").is_none();
    for name in WRITING {
        let (mut tried, mut failed) = (0, 0);
        let count = most(&calls, name).min(5000);
        // The number of calls varies, because it depends on which deliveries share a commit.
        let sure = count.div_ceil(3);
        let sample = BTreeSet::from([1, sure / 3, sure / 2, sure]);
        for which in (1..=count).filter(|which| !is_sample || sample.contains(which)) {
            for error in ["EIO", "ENOSPC"] {
                let fault = format!("inject={name}:error={error}:when={which}");
                let calls = deliver_with(&fault).await;
                let has_failed = calls.contains("(INJECTED)");
                let made = most(&calls, name);
                assert!(has_failed || made < which, "{fault}: none of {made} calls has failed");
                tried += 1;
                failed += u64::from(has_failed);
            }
        }
        println!("{name}: {count} calls, {failed} of {tried} faults happened");
        // Some faults may not happen, if a run makes fewer calls. But at least one must happen.
        assert!(failed > 0, "no {name} has failed");
    }
}
