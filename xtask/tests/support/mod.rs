//! Support for the tests of the recipes.

mod copy;
mod readme;

pub(crate) use copy::{Change, Copy};
pub(crate) use readme::{Recipe, recipes};
