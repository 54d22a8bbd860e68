//! What the tests of this package share: the schemas and examples of the
//! workspace, small schemas to break, and ways to show a result for review.
//!
//! Everything here fails loudly: a test that finds nothing to test is no test.

pub mod api;
pub mod bodies;
pub mod compiled;
pub mod corpus;
pub mod fixtures;
pub mod listing;
pub mod mutations;
pub mod places;
pub mod tools;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
