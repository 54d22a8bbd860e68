//! Turns the JSON Schema files of spektr's webhook events into the source of
//! `spektr-types`.
//!
//! This crate is a pure function from texts to texts: it reads and writes no file, and uses
//! no clock and no network, so the same schemas give the same bytes everywhere.
//! `cargo xtask codegen` reads and writes the files.
//!
//! The steps: [`SchemaSet::parse`] reads each file in the dialect of
//! `schema/README.md` and checks the files against each other, which gives a
//! [`model::Model`]. [`generate`] lowers the model to the JSON Schema that typify reads, has
//! typify make structs, runs passes over the structs, emits the code that typify cannot make,
//! and renders files.
//!
//! # Examples
//!
//! ```
//! use spektr_codegen::SchemaSet;
//!
//! let problems = SchemaSet::parse([("events/ping.schema.json".into(), "{}")])
//!     .expect_err("an empty object is no schema of the dialect");
//! assert_eq!(problems.iter().next().expect("one at least").file, "common/batch.schema.json");
//! ```

mod checks;
mod contracts;
mod dialect;
mod discriminators;
mod embed;
mod emit;
mod envelope;
mod folders;
mod generate;
mod json;
mod lower;
mod names;
mod passes;
mod problem;
mod reference;
mod render;
mod scenarios;
mod set;
mod structs;

pub mod diff;
pub mod examples;
pub mod model;
pub mod scaffold;
pub mod tree;

pub use contracts::{contracts, facts};
pub use folders::FOLDERS;
pub use generate::generate;
pub use problem::{Named, Nullability, Problem, ProblemKind, Problems, RequiredFile};
pub use reference::reference;
pub use set::SchemaSet;
pub use spektr_json::{Json, pointer};
