//! `cargo xtask fuzz --smoke`: runs each fuzz target over its seeds and mutations of them, on a
//! stable compiler.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::workspace;

/// The targets of `fuzz/targets`, listed here because linking that crate would bring in many
/// dependencies.
const TARGETS: [&str; 10] = [
    "capture", "decode", "diagnose", "event", "intake", "keys", "list", "pages", "schema", "verify",
];

#[derive(Args)]
pub(crate) struct Arguments {
    /// Run without libFuzzer, as the gate does
    #[arg(long)]
    smoke: bool,
    /// Number of mutations for each target; a few seconds' worth by default
    #[arg(long)]
    executions: Option<u64>,
    /// Seed of the mutations
    #[arg(long, default_value_t = 14)]
    seed: u64,
    /// The target; all by default
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    ensure!(arguments.smoke, "add --smoke; CONTRIBUTING.md describes how to run libFuzzer");
    let mut cargo = workspace::cargo_command();
    cargo.args(["test", "--locked", "--package", "spektr-fuzz-targets", "--test", "smoke"]);
    cargo.args(["--", "--nocapture", "--exact"]).args(&arguments.target);
    if let Some(executions) = arguments.executions {
        cargo.env("SPEKTR_FUZZ_EXECUTIONS", executions.to_string());
    }
    let status = cargo
        .env("SPEKTR_FUZZ_SEED", arguments.seed.to_string())
        .status()
        .context("cannot run cargo test")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A test in `fuzz/targets` compares that crate's own targets with the same files.
    #[test]
    fn the_targets_are_those_that_libfuzzer_has() {
        let folder = workspace::root().join("fuzz/fuzz_targets");
        let files = workspace::files_below(&folder).expect("the folder is there");
        let stems: Vec<_> = files.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
        assert_eq!(TARGETS[..], stems);
    }

    #[test]
    fn a_target_that_there_is_not_is_refused() {
        #[derive(clap::Parser)]
        struct Whole {
            #[command(flatten)]
            arguments: Arguments,
        }
        let parse = |name| <Whole as clap::Parser>::try_parse_from(["fuzz", "--smoke", name]);
        let known = parse("verify").ok().and_then(|whole| whole.arguments.target);
        assert_eq!(known.as_deref(), Some("verify"));
        let kind = parse("verfy").err().map(|error| error.kind());
        assert_eq!(kind, Some(clap::error::ErrorKind::InvalidValue));
    }
}
