//! The text that `Debug` shows instead of a sensitive value.

use std::fmt;

/// Stands in for a value that `Debug` must not show.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
