//! Files that hold secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::terminal::safe_path;

/// The permissions of the group and of all others.
const OTHERS: u32 = 0o077;

/// Returns the mode of a file if other accounts of this machine have any permission on it. Returns
/// `None` if the mode cannot be read, because reading the file then reports the error.
pub(crate) fn open_mode(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & OTHERS != 0).then_some(mode)
}

/// Reads a file with a secret. Ignores a byte order mark, because editors add it.
pub(crate) fn secret_file<T>(
    path: &Path,
    what: &str,
    how: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let text = Zeroizing::new(text);
    parse(text.trim_start_matches('\u{feff}')).map_err(|message| {
        let file = safe_path(path);
        Failure::new(format!("the {what} in {file} cannot be used: {message}")).hint(how)
    })
}
