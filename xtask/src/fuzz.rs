//! `cargo xtask fuzz --smoke`: each fuzz target over its seeds and mutations of them, on stable.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::workspace;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Without libFuzzer, as the gate does
    #[arg(long)]
    smoke: bool,
    /// How many mutations each target gets; some seconds of them unless it is given
    #[arg(long)]
    executions: Option<u64>,
    /// What the mutations follow from
    #[arg(long, default_value_t = 14)]
    seed: u64,
    /// The target; all unless one is named
    target: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    ensure!(arguments.smoke, "say --smoke; CONTRIBUTING.md says how libFuzzer is run");
    let mut cargo = Command::new(workspace::cargo());
    cargo.args(["test", "--locked", "--package", "spektr-fuzz-targets", "--test", "smoke"]);
    cargo.args(["--", "--nocapture"]).args(&arguments.target);
    if let Some(executions) = arguments.executions {
        cargo.env("SPEKTR_FUZZ_EXECUTIONS", executions.to_string());
    }
    let status = cargo
        .env("SPEKTR_FUZZ_SEED", arguments.seed.to_string())
        .current_dir(workspace::root())
        .status()
        .context("cannot run cargo test")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
