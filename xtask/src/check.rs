//! `cargo xtask check`: everything that must pass, in the order in which it fails
//! soonest.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{codegen, tools, workspace};

/// Cargo's arguments, a step each.
const STEPS: [&str; 6] = [
    "fmt --all --check",
    "clippy --workspace --all-targets --all-features --locked -- -D warnings",
    "test --workspace --all-features --locked",
    // In a build of the whole workspace one crate's features are every crate's:
    // alone, the types have only their own.
    "test --package spektr-types --locked",
    // The benchmarks are a workspace of their own; they must go on compiling.
    "check --manifest-path bench/Cargo.toml --all-targets --locked --target-dir target/bench",
    "doc --workspace --all-features --no-deps --locked",
];

pub(crate) fn run() -> Result<ExitCode> {
    tools::ensure_installed()?;
    println!("==> codegen --check");
    if codegen::run(true)? != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    for step in STEPS {
        println!("==> cargo {step}");
        let status = Command::new(&cargo)
            .args(step.split(' '))
            .current_dir(workspace::root())
            .env("RUSTDOCFLAGS", "-D warnings")
            .status()
            .with_context(|| format!("cannot run cargo {step}"))?;
        if !status.success() {
            eprintln!("failed: cargo {step}");
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("everything passed");
    Ok(ExitCode::SUCCESS)
}
