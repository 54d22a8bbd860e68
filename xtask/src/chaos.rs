//! `cargo xtask chaos`: runs the service for a chosen time while the processes around it fail.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;

use crate::workspace;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Minutes during which faults happen
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Seed of the faults; the current time by default
    #[arg(long)]
    seed: Option<u64>,
    /// Use the PostgreSQL store, whose server fails as well, instead of the SQLite store
    #[arg(long)]
    postgres: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let seed = arguments.seed.unwrap_or(now.as_secs());
    let name = if arguments.postgres { "from_postgresql" } else { "from_sqlite" };
    let status = workspace::cargo_command()
        .args(["test", "--locked", "--package", "spektr-cli", "--test", "chaos"])
        .args(["--", "--nocapture", name])
        .env("SPEKTR_CHAOS_SECONDS", (arguments.minutes * 60).to_string())
        .env("SPEKTR_CHAOS_SEED", seed.to_string())
        .status()
        .context("cannot run cargo test")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
