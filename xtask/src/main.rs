//! The maintainers' commands. `cargo xtask help` lists them.

mod accept;
mod bench;
mod chaos;
mod check;
mod codegen;
mod dependencies;
mod docs;
mod fuzz;
mod git;
mod model;
mod mutants;
mod recipes;
mod release;
mod sbom;
mod schema;
mod seeded;
mod site;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Commands for maintainers of the schema and the crates.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the types from the schema files, and list the files that were written, kept or
    /// removed
    Codegen {
        /// Write nothing; fail if a generated file is stale
        #[arg(long)]
        check: bool,
    },
    /// Regenerate all files that depend on the schema (types, snapshots, transcripts), and list the
    /// differences to review
    Accept {
        /// Run the tests of all packages, even of unchanged ones
        #[arg(long)]
        all: bool,
    },
    /// Follow the recipes of schema/README.md on a copy of the workspace, accept, and test
    Recipes,
    /// Test a store against the model of the inbox by random steps, and print the seed
    Model(model::Arguments),
    /// Kill, pause and restart the service, its database and its endpoint under load, and print the seed
    Chaos(chaos::Arguments),
    /// Run the fuzz targets over their seeds and mutations of them
    Fuzz(fuzz::Arguments),
    /// Change the code in small ways, and list the changes that no test sees
    Mutants(mutants::Arguments),
    /// Put each bug of xtask/seeded into a copy of the workspace, and check that a test fails
    Seeded(seeded::Arguments),
    /// Run everything that must pass: formatting, lints, generated files, tests, documentation
    Check,
    /// Measure in release builds, beside other programs; print a table and draw curves into
    /// bench/results
    Bench {
        /// Measure for a second or two each into bench/target/quick: a test that everything runs,
        /// not a result
        #[arg(long)]
        quick: bool,
        /// Leave out a peer that is not installed
        #[arg(long, value_name = "PEER", value_parser = ["node", "python"])]
        without: Vec<String>,
    },
    /// Check licences, advisories, the oldest versions of dependencies, and the public interfaces
    Dependencies(dependencies::Arguments),
    /// Write the files of a release into target/release-files: packages, contracts, SBOM, checksums
    Release,
    /// Install the programs that the tests run, with apt-get, and the tests' npm and pip packages
    Setup,
    /// Read a saved page of the vendor's documentation and compare it with the schema
    #[command(subcommand)]
    Docs(docs::DocsCommand),
    /// Write the static pages of the reference
    Site(site::Arguments),
    /// Work on the schema files
    #[command(subcommand)]
    Schema(schema::SchemaCommand),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Codegen { check } => codegen::run(check),
        Command::Accept { all } => accept::run(all),
        Command::Recipes => recipes::run(),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Model(arguments) => model::run(&arguments),
        Command::Chaos(arguments) => chaos::run(&arguments),
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::Seeded(arguments) => seeded::run(&arguments),
        Command::Site(arguments) => site::run(&arguments),
        Command::Dependencies(arguments) => dependencies::run(&arguments),
        Command::Release => release::run(),
        Command::Setup => tools::setup(),
        Command::Bench { quick, without } => bench::run(quick, &without),
        Command::Check => check::run(),
        Command::Docs(command) => return docs::run(command),
        Command::Schema(command) => schema::run(command),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
