//! The size of the inbox, and the free space of its disk.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::numbers::bytes;

/// The size of the inbox and the free space of its disk, in words.
pub(super) async fn disk(file: Option<PathBuf>) -> (String, String) {
    let Some(file) = file else {
        return ("not measured".to_owned(), "the inbox is in PostgreSQL".to_owned());
    };
    // On a thread of its own, so that a hanging disk delays no other page.
    let measured = spawn_blocking(move || (size(&file), free(&file))).await;
    let (size, free) = measured.unwrap_or_default();
    let free = match free {
        Some(free) => format!("{} free", bytes(free)),
        None => "it is not known how much is free".to_owned(),
    };
    (bytes(size), free)
}

/// Returns the size of the file and its log, in bytes.
fn size(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    length(file) + length(Path::new(&log))
}

/// Returns the free space of the disk of a file or folder, in bytes.
pub(crate) fn free(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}
