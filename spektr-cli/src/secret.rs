//! Files that hold secrets.

use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::terminal::safe;

/// Reads a file with a secret; a byte order mark before it is an editor's.
pub(crate) fn secret_file<T>(
    path: &Path,
    what: &str,
    how: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let text = Zeroizing::new(text);
    parse(text.trim_start_matches('\u{feff}')).map_err(|message| {
        let file = path.to_string_lossy();
        Failure::new(format!("the {what} in {} cannot be used: {message}", safe(&file))).hint(how)
    })
}
