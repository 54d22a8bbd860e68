//! What the tests of the recipes are made of.

mod copy;
mod readme;

pub(crate) use copy::{Change, Copy};
pub(crate) use readme::{Recipe, recipes};
