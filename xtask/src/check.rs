//! `cargo xtask check`: everything that must pass, in the order in which it fails
//! soonest. It installs nothing and writes nothing outside of the target folder.

mod programs;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::accept::References;
use crate::{codegen, release, schema, seeded, tools, workspace};

/// Cargo's arguments, a step each, before the tests.
const BEFORE: [&str; 8] = [
    "fmt --all --check",
    "fmt --manifest-path examples/actix/Cargo.toml --check",
    "fmt --manifest-path examples/lambda/Cargo.toml --check",
    "fmt --manifest-path examples/sqlx/Cargo.toml --check",
    // Among its lints is `incompatible_msrv`: the standard library of a crate's
    // `rust-version` has to have what the crate uses.
    "clippy --workspace --all-targets --all-features --locked -- -D warnings",
    // The examples are workspaces of their own, with the same lints.
    "clippy --manifest-path examples/actix/Cargo.toml --all-targets --locked --target-dir target/examples -- -D warnings",
    "clippy --manifest-path examples/lambda/Cargo.toml --all-targets --locked --target-dir target/examples -- -D warnings",
    "clippy --manifest-path examples/sqlx/Cargo.toml --all-targets --locked --target-dir target/examples -- -D warnings",
];

/// And behind them.
const BEHIND: [&str; 11] = [
    // In a build of the whole workspace one crate's features are every crate's:
    // alone, the types have only their own.
    "test --package spektr-types --locked",
    // So are the features of the inbox: each by itself.
    "check --package spektr-inbox --locked --no-default-features --features sqlite",
    "check --package spektr-inbox --locked --no-default-features --features server",
    "check --package spektr-inbox --locked --no-default-features --features reconcile",
    "check --package spektr-inbox --locked --no-default-features --features postgres",
    // The benchmarks are a workspace of their own; they must go on compiling.
    "check --manifest-path bench/Cargo.toml --all-targets --locked --target-dir target/bench",
    // Those of libFuzzer need a C++ compiler: their lock file alone is looked at.
    "tree --manifest-path fuzz/Cargo.toml --locked --quiet --depth 0",
    // The examples are workspaces of their own too: they have crates that the product does not use.
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
    println!("==> schema: texts to be written, and what to look at again");
    if !schema::is_complete()? || !schema::is_reviewed()? {
        return Ok(ExitCode::FAILURE);
    }
    println!("==> seeded --check");
    seeded::check()?;
    let references = References::new()?;
    let passed = pass(&BEFORE)?
        && programs::run(&references)?
        && pass(&BEHIND)?
        // What is not committed is tested too.
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

/// Runs cargo with each of the arguments; tells whether all succeeded.
fn pass(steps: &[&str]) -> Result<bool> {
    for step in steps {
        println!("==> cargo {step}");
        let status = Command::new(workspace::cargo())
            .args(step.split(' '))
            .current_dir(workspace::root())
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
