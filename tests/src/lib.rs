//! Support for the tests of this package: the schemas and examples of the workspace, small schemas
//! for tests, and texts that show a result for review.
//!
//! Every function panics if it finds nothing: a test without any case would pass and test nothing.

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
