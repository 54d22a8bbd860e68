//! `cargo xtask check`: everything that must pass, in the order in which it fails
//! soonest.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{codegen, workspace};

/// Cargo's arguments, a step each.
const STEPS: [&[&str]; 5] = [
    &["fmt", "--all", "--check"],
    &[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ],
    &["test", "--workspace", "--all-features", "--locked"],
    // In a build of the whole workspace one crate's features are every crate's:
    // alone, the types have only their own.
    &["test", "--package", "spektr-types", "--locked"],
    &["doc", "--workspace", "--all-features", "--no-deps", "--locked"],
];

pub(crate) fn run() -> Result<ExitCode> {
    println!("==> codegen --check");
    if codegen::run(true)? != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    for step in STEPS {
        println!("==> cargo {}", step.join(" "));
        let status = Command::new(&cargo)
            .args(step)
            .current_dir(workspace::root())
            .env("RUSTDOCFLAGS", "-D warnings")
            .status()
            .with_context(|| format!("cannot run cargo {}", step.join(" ")))?;
        if !status.success() {
            eprintln!("failed: cargo {}", step.join(" "));
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("everything passed");
    Ok(ExitCode::SUCCESS)
}
