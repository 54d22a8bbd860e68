//! How much room the inbox takes, and how much is left.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::numbers::bytes;

/// The size of the inbox and the free space of its disk, in words.
pub(super) async fn disk(file: Option<PathBuf>) -> (String, String) {
    let Some(file) = file else {
        return ("not measured".to_owned(), "the inbox is in PostgreSQL".to_owned());
    };
    // A disk that hangs holds up no other page.
    let measured = spawn_blocking(move || (size(&file), free(&file))).await;
    let (size, free) = measured.unwrap_or_default();
    let free = match free {
        Some(free) => format!("{} free", bytes(free)),
        None => "it is not known how much is free".to_owned(),
    };
    (bytes(size), free)
}

/// The size of the file and of its log.
fn size(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    length(file) + length(Path::new(&log))
}

/// Returns how many bytes can still be written to a file, or into a folder.
pub(crate) fn free(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}
