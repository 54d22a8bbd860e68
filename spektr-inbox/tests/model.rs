//! Tests the stores against a model of the inbox. Random steps of two machines on one database
//! drive both. After each step, the test compares the store's answer with the model's, and
//! whether the store has woken its workers. After every eighth step, it compares the entries;
//! at random steps, everything else.
//!
//! Where a store may choose, the model accepts every right answer: which of several entries is
//! claimed in order, or pruned.
//!
//! The model leaves out the following, which other tests cover: concurrent operations, and the
//! effect of a crash on an operation that was not answered (`crash.rs`,
//! `postgres/concurrency.rs`, `postgres/processes.rs`); the disk after a power cut
//! (`crash.rs`); databases that fail (`postgres/faults.rs`); stores of earlier versions and
//! former hashes, import and export (`operate.rs`, `postgres/moving.rs`); limits of bytes, and
//! of the entries that a claim reads for more than 500 customers; the content of notifications;
//! the clock of the database, because the caller's clock counts here.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

/// The store of the example `memory`.
#[path = "../examples/memory/store.rs"]
mod memory;

mod model {
    pub(crate) mod drive;
    pub(crate) mod inbox;
    pub(crate) mod operation;
    pub(crate) mod resolve;
    pub(crate) mod row;
    pub(crate) mod steps;
}

use std::env;
use std::sync::Arc;

use model::drive::{Database, drive};
use model::steps::sequence;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// The largest number of steps of a sequence.
const LONGEST: usize = 600;

/// Takes `steps` steps, or as many as `SPEKTR_MODEL_STEPS` says. Each sequence starts on a new
/// database.
fn steps_agree(name: &str, steps: usize, database: impl Fn(&tokio::runtime::Runtime) -> Database) {
    let set = |name: &str| env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let steps = set("SPEKTR_MODEL_STEPS").map_or(steps, |steps| steps as usize);
    let seed = set("SPEKTR_MODEL_SEED").unwrap_or(14);
    println!("{name}: {steps} steps from seed {seed}");
    let mut random = [0; 32];
    random[..8].copy_from_slice(&seed.to_le_bytes());
    // Spends at most a minute on finding a shorter sequence that fails.
    let config = Config { failure_persistence: None, max_shrink_time: 60_000, ..Config::default() };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &random);
    let mut runner = TestRunner::new_with_rng(config, random);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut taken = 0;
    while taken < steps {
        let tree = sequence(LONGEST).new_tree(&mut runner).unwrap();
        taken += tree.current().len();
        let agrees = runner.run_one(tree, |steps| {
            let agrees = runtime.block_on(drive(database(&runtime), &steps));
            agrees.map_err(|problem| {
                println!("after {} steps: {problem}", steps.len());
                TestCaseError::fail(problem)
            })
        });
        if let Err(TestError::Fail(problem, steps)) = agrees {
            let steps: Vec<_> = steps.iter().map(|step| format!("{step:?}\n")).collect();
            panic!("{name}, seed {seed}: {problem}, after\n{}", steps.concat());
        }
    }
}

#[test]
fn the_store_in_sqlite_does_what_the_model_does() {
    steps_agree("sqlite", 100_000, |_| Database::sqlite());
}

#[test]
fn the_store_in_memory_does_what_the_model_does() {
    steps_agree("memory", 20_000, |_| Database::Memory(Arc::default()));
}

#[cfg(feature = "postgres")]
#[test]
fn the_store_in_postgresql_does_what_the_model_does() {
    use spektr_inbox::testing::postgres::Cluster;

    // The server ends with this process. This test does not lose the machine, so syncs are off.
    let settings = ["fsync = off", "full_page_writes = off"];
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&settings)));
    steps_agree("postgresql", 2000, |runtime| Database::Postgres {
        cluster,
        url: runtime.block_on(cluster.database()),
    });
}
