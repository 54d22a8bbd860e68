//! `cargo xtask model`: tests a store against the model of the inbox, for a chosen number of steps.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;

use crate::workspace;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Minimum number of steps
    #[arg(long, default_value_t = 1_000_000)]
    steps: u64,
    /// Seed of the steps; the current time by default
    #[arg(long)]
    seed: Option<u64>,
    /// Test the PostgreSQL store instead of the SQLite store
    #[arg(long)]
    postgres: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let seed = arguments.seed.unwrap_or(now.as_secs());
    let name = if arguments.postgres { "postgresql" } else { "sqlite" };
    let status = workspace::cargo_command()
        .args(["test", "--locked", "--package", "spektr-inbox", "--all-features"])
        .args(["--test", "model", "--", "--nocapture", name])
        .env("SPEKTR_MODEL_STEPS", arguments.steps.to_string())
        .env("SPEKTR_MODEL_SEED", seed.to_string())
        .status()
        .context("cannot run cargo test")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
