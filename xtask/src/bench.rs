//! `cargo xtask bench`: builds the program and the benchmarks in release, and runs all of them.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

/// The measured program, where cargo puts it.
const PROGRAM: &str = "target/release/spektr";

pub(crate) fn run(quick: bool, without: &[String]) -> Result<ExitCode> {
    let build =
        ["build", "--release", "--locked", "--package", "spektr-cli", "--target-dir", "target"];
    let mut report = vec!["run", "--release", "--locked", "--manifest-path", "bench/Cargo.toml"];
    report.extend(["--bin", "report", "--", PROGRAM]);
    if quick {
        report.push("--quick");
    }
    report.extend(without.iter().flat_map(|peer| ["--without", peer]));
    for arguments in [&build[..], &report] {
        let status = workspace::cargo_command()
            .args(arguments)
            .status()
            .with_context(|| format!("cannot run cargo {}", arguments.join(" ")))?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
