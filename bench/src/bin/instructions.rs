//! Counts the instructions of decoding by callgrind, independently of other work on the machine.
//! The count includes dropping the values.
//!
//! Runs itself under valgrind, which must be installed, twice for each case: the difference between
//! more and fewer rounds is the cost of the rounds, without that of starting.

use std::hint::black_box;
use std::process::Command;

use serde::de::DeserializeOwned;
use spektr_bench::peers::{Alert, End, Results, Start, Tagged};
use spektr_bench::{batch, process_run_end, process_run_start};
use spektr_types::{Entries, Entry};

/// The counted cases, each with the name that selects it in a run.
const CASES: [(&str, fn(usize)); 11] = [
    ("1 KB, spektr-types, split before", |rounds| decode(rounds, &process_run_start())),
    ("1 KB, tagged enum", |rounds| peer::<Tagged>(rounds, &process_run_start())),
    ("1 KB, bare struct", |rounds| peer::<Start>(rounds, &process_run_start())),
    ("18 KB, spektr-types, split before", |rounds| decode(rounds, &process_run_end())),
    ("18 KB, tagged enum", |rounds| peer::<Tagged>(rounds, &process_run_end())),
    ("18 KB, bare struct", |rounds| peer::<End>(rounds, &process_run_end())),
    ("batch of 100, split and listed", |rounds| list(rounds, &batch())),
    ("batch of 100, split", |rounds| split(rounds, &batch())),
    ("batch of 100, spektr-types", |rounds| split_and_decode(rounds, &batch())),
    ("batch of 100, tagged enum", |rounds| peer::<Results<Tagged>>(rounds, &batch())),
    ("batch of 100, bare struct", |rounds| peer::<Results<Alert>>(rounds, &batch())),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    if let (Some(case), Some(rounds)) = (arguments.next(), arguments.next()) {
        let rounds = rounds.parse().expect("a number of rounds");
        let found = CASES.iter().find(|(name, _)| *name == case);
        return found.expect("a case").1(rounds);
    }
    for (case, _) in CASES {
        println!("{case}: {}", (counted(case, 12) - counted(case, 2)) / 10);
    }
}

/// Runs a case under callgrind, and returns its number of instructions.
fn counted(case: &str, rounds: usize) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("this program"))
        .args([case, &rounds.to_string()])
        .output()
        .expect("valgrind runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected :"));
    let count = count.unwrap_or_else(|| panic!("unexpected output of valgrind: {text}")).1;
    count.trim().parse().expect("a number of instructions")
}

fn decode(rounds: usize, body: &str) {
    let entry = Entry::from_json(body).expect("the body is valid");
    for _ in 0..rounds {
        black_box(black_box(&entry).decode().expect("valid"));
    }
}

fn split_and_decode(rounds: usize, body: &str) {
    for _ in 0..rounds {
        let entries = Entries::parse(black_box(body.as_bytes())).expect("the body is valid");
        let events: Vec<_> = entries.iter().map(|entry| entry.decode().expect("valid")).collect();
        black_box(events);
    }
}

fn split(rounds: usize, body: &str) {
    for _ in 0..rounds {
        black_box(Entries::parse(black_box(body.as_bytes())).expect("the body is valid"));
    }
}

fn list(rounds: usize, body: &str) {
    for _ in 0..rounds {
        let entries = Entries::parse(black_box(body.as_bytes())).expect("the body is valid");
        for entry in &entries {
            black_box((entry.id(), entry.wire_type(), entry.created_at()));
        }
    }
}

fn peer<T: DeserializeOwned>(rounds: usize, body: &str) {
    for _ in 0..rounds {
        black_box(serde_json::from_str::<T>(black_box(body)).expect("the body is valid"));
    }
}
