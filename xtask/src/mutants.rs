//! `cargo xtask mutants`: finds small changes of the code that no test detects, by cargo-mutants.
//!
//! Each mutant is built and tested alone, so each set has the tests meant for it and no others.
//! `.cargo/mutants.toml` lists the changes that no test can detect, each with its reason.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Deserialize;

use crate::workspace;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The sets; all by default
    #[arg(value_parser = SETS.map(|set| set.name))]
    names: Vec<String>,
}

/// Time limit for the tests of a mutant, in seconds.
const LIMIT: &str = "300";

/// A set of files to change, and the tests that must detect the changes.
struct MutantSet {
    name: &'static str,
    package: &'static str,
    /// Globs below the workspace's root; empty for the whole package.
    files: &'static [&'static str],
    /// Packages that have the tests.
    tested: &'static [&'static str],
    /// Arguments of `cargo test` that choose the targets.
    targets: &'static [&'static str],
    /// Prefixes of the names of the tests to run; empty for all.
    tests: &'static [&'static str],
    /// Minimum share of detected mutants, in percent.
    least: usize,
}

const SETS: [MutantSet; 5] = [
    MutantSet {
        name: "verify",
        package: "spektr-verify",
        files: &[],
        tested: &["spektr-verify"],
        targets: &["--lib", "--tests"],
        tests: &[],
        least: 95,
    },
    MutantSet {
        name: "entries",
        package: "spektr-types",
        files: &[
            "spektr-types/src/decode.rs",
            "spektr-types/src/entries.rs",
            "spektr-types/src/entries/*.rs",
        ],
        tested: &["spektr-types", "spektr-tests"],
        targets: &[
            "--lib",
            "--test=envelope_aliases",
            "--test=hostile_bodies",
            "--test=hostile_entries",
            "--test=properties",
            "--test=selection",
            "--test=times",
        ],
        tests: &[],
        least: 90,
    },
    MutantSet {
        name: "intake",
        package: "spektr-inbox",
        files: &[
            "spektr-inbox/src/content.rs",
            "spektr-inbox/src/content/*.rs",
            "spektr-inbox/src/intake/*.rs",
        ],
        tested: &["spektr-inbox"],
        targets: &["--lib", "--test=receive", "--test=sqlite"],
        tests: &[],
        least: 90,
    },
    MutantSet {
        name: "sqlite",
        package: "spektr-inbox",
        files: &[
            "spektr-inbox/src/store/groups.rs",
            "spektr-inbox/src/store/sqlite/claim.rs",
            "spektr-inbox/src/store/sqlite/lease.rs",
        ],
        tested: &["spektr-inbox"],
        targets: &["--lib", "--test=sqlite", "--test=work"],
        tests: &[],
        least: 90,
    },
    MutantSet {
        name: "postgres",
        package: "spektr-inbox",
        files: &[
            "spektr-inbox/src/store/postgres/claim.rs",
            "spektr-inbox/src/store/postgres/complete.rs",
            "spektr-inbox/src/store/postgres/lease.rs",
            "spektr-inbox/src/store/postgres/settle.rs",
        ],
        tested: &["spektr-inbox"],
        targets: &["--test=postgres"],
        tests: &["behaviour::", "concurrency::", "processes::", "transaction::"],
        least: 90,
    },
];

/// Counts of cargo-mutants.
#[derive(Deserialize)]
struct MutantCounts {
    caught: usize,
    missed: usize,
    timeout: usize,
    unviable: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let is_wanted = |set: &&MutantSet| {
        arguments.names.is_empty() || arguments.names.iter().any(|name| name == set.name)
    };
    let mut is_enough = true;
    for set in SETS.iter().filter(is_wanted) {
        is_enough &= mutate(set)?;
    }
    Ok(if is_enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the tests of a set on unchanged code: a test that already fails would appear to detect each
/// mutant.
fn pass(set: &MutantSet) -> Result<()> {
    let mut test = workspace::cargo_command();
    test.args(["test", "--locked", "--all-features"]);
    for package in set.tested {
        test.args(["--package", package]);
    }
    let status = test
        .args(set.targets)
        .arg("--")
        .args(set.tests)
        .status()
        .context("cannot run cargo test")?;
    ensure!(status.success(), "{}: the tests fail even without a mutant", set.name);
    Ok(())
}

/// Runs a set; tells whether the tests detected enough mutants.
fn mutate(set: &MutantSet) -> Result<bool> {
    pass(set)?;
    let output = workspace::root().join("target/mutants").join(set.name);
    fs::create_dir_all(&output)?;
    let mut mutants = workspace::cargo_command();
    mutants.args(["mutants", "--package", set.package, "--all-features", "--output"]).arg(&output);
    // cargo-mutants' own baseline would run only the tests of the changed package; `pass` ran the
    // set's tests.
    mutants.args(["--baseline", "skip", "--timeout", LIMIT]);
    for files in set.files {
        mutants.args(["--file", files]);
    }
    for package in set.tested {
        mutants.args(["--test-package", package]);
    }
    // As arguments of every call of cargo, so that only the targets of the set are built.
    mutants.args(set.targets.iter().map(|target| format!("--cargo-arg={target}")));
    let status = mutants.args(["--", "--"]).args(set.tests).status().context("cannot run cargo")?;
    // 0: all were detected; 2: some were not; 3: some tests did not end.
    let is_done = status.code().is_some_and(|code| [0, 2, 3].contains(&code));
    ensure!(
        is_done,
        "cargo mutants: {status}; install it by `cargo install --locked cargo-mutants`"
    );
    let folder = output.join("mutants.out");
    let outcomes = fs::read_to_string(folder.join("outcomes.json"))?;
    let MutantCounts { caught, missed, timeout, unviable } = serde_json::from_str(&outcomes)?;
    let (seen, viable) = (caught + timeout, caught + timeout + missed);
    ensure!(viable > 0, "{}: no mutant could be built", set.name);
    print!("{}", fs::read_to_string(folder.join("missed.txt"))?);
    println!(
        "{}: the tests detected {seen} of {viable} mutants, {} % ({} % required); {timeout} by tests that \
         did not end; {unviable} do not build",
        set.name,
        100 * seen / viable,
        set.least,
    );
    Ok(100 * seen >= set.least * viable)
}
