//! `cargo xtask check`: runs everything that must pass, with the fastest checks first.
//! It installs nothing, and writes nothing outside of the target folder.

mod programs;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::accept::SnapshotReferences;
use crate::{codegen, release, schema, seeded, tools, workspace};

/// Arguments of the cargo commands before the tests, one command each.
const BEFORE: [&str; 9] = [
    "fmt --all --check",
    "fmt --manifest-path examples/actix/Cargo.toml --check",
    "fmt --manifest-path examples/lambda/Cargo.toml --check",
    "fmt --manifest-path examples/sqlx/Cargo.toml --check",
    // Clippy's lint `incompatible_msrv` also checks that the crates use only items of the standard
    // library that their `rust-version` has.
    "clippy --workspace --all-targets --all-features --locked -- -D warnings",
    // The tool as it is installed, without the feature that exports traces.
    "clippy --package spektr-cli --all-targets --locked -- -D warnings",
    // The examples are workspaces of their own, with the same lints.
    "clippy --manifest-path examples/actix/Cargo.toml --all-targets --locked --target-dir target/examples -- -D warnings",
    "clippy --manifest-path examples/lambda/Cargo.toml --all-targets --locked --target-dir target/examples -- -D warnings",
    "clippy --manifest-path examples/sqlx/Cargo.toml --all-targets --locked --target-dir target/examples -- -D warnings",
];

/// Arguments of the cargo commands after the tests.
const BEHIND: [&str; 12] = [
    // A build of the workspace unites the features of each crate. Built
    // alone, the types have only their own features.
    "test --package spektr-types --locked",
    // Tests each feature of the inbox alone, for the same reason.
    "check --package spektr-inbox --locked --no-default-features --features sqlite",
    "check --package spektr-inbox --locked --no-default-features --features server",
    "check --package spektr-inbox --locked --no-default-features --features reconcile",
    "check --package spektr-inbox --locked --no-default-features --features postgres",
    // The tool without the feature that exports traces.
    "test --package spektr-cli --locked --bin spektr --test traces",
    // The benchmarks are a workspace of their own, and must compile.
    "check --manifest-path bench/Cargo.toml --all-targets --locked --target-dir target/bench",
    // libFuzzer's targets need a C++ compiler, so only their lock file is checked.
    "tree --manifest-path fuzz/Cargo.toml --locked --quiet --depth 0",
    // The examples are workspaces of their own, since they use crates that the product does not.
    "test --manifest-path examples/actix/Cargo.toml --locked --target-dir target/examples",
    "test --manifest-path examples/lambda/Cargo.toml --locked --target-dir target/examples",
    "test --manifest-path examples/sqlx/Cargo.toml --locked --target-dir target/examples",
    "doc --workspace --all-features --no-deps --locked",
];

pub(crate) fn run() -> Result<ExitCode> {
    tools::ensure_installed()?;
    println!("==> codegen --check");
    if codegen::run(true)? != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    println!("==> schema: unwritten texts, and pending reviews");
    if !schema::is_complete()? || !schema::is_reviewed()? {
        return Ok(ExitCode::FAILURE);
    }
    println!("==> seeded --check");
    seeded::check()?;
    let references = SnapshotReferences::new()?;
    let passed = pass(&BEFORE)?
        && programs::run(&references)?
        && pass(&BEHIND)?
        // Packs and tests uncommitted files too.
        && release::package(&["--allow-dirty"])?.is_some();
    if !passed {
        return Ok(ExitCode::FAILURE);
    }
    println!("==> snapshots that no test refers to");
    let orphans = references.orphans()?;
    for path in &orphans {
        eprintln!("orphaned: {}", path.display());
    }
    if !orphans.is_empty() {
        eprintln!("run `cargo xtask accept`, which removes them, and commit the result");
        return Ok(ExitCode::FAILURE);
    }
    println!("everything passed");
    Ok(ExitCode::SUCCESS)
}

/// Runs cargo with the arguments of each step; tells whether all succeeded.
fn pass(steps: &[&str]) -> Result<bool> {
    for step in steps {
        println!("==> cargo {step}");
        let status = workspace::cargo_command()
            .args(step.split(' '))
            .env("RUSTDOCFLAGS", "-D warnings")
            .status()
            .with_context(|| format!("cannot run cargo {step}"))?;
        if !status.success() {
            eprintln!("failed: cargo {step}");
            return Ok(false);
        }
    }
    Ok(true)
}
