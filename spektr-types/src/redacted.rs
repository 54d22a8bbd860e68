//! What `Debug` shows in place of a sensitive value.

use std::fmt;

/// Replaces a value that `Debug` does not show.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
