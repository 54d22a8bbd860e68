//! Recorded deliveries: a folder with two files for each delivery, `000001.headers` and
//! `000001.body`. `verify`, `diagnose`, `replay` and curl can read these files.
//!
//! The files hold personal data, so only their owner may read them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::capture::Headers;
use crate::failure::Failure;
use crate::input;
use crate::terminal::safe_path;

pub(crate) struct Recorder {
    folder: PathBuf,
    last: AtomicU64,
}

impl Recorder {
    /// Opens a folder, or makes it. The numbers of new deliveries follow the highest existing
    /// number.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let fail = |error| Failure::file("record to", folder, &error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
        let last = recorded(folder)?.iter().filter_map(|path| number(path)).max();
        Ok(Self { folder: folder.to_owned(), last: AtomicU64::new(last.unwrap_or(0)) })
    }

    /// Writes the two files of a delivery. Returns their path without the extension.
    pub(crate) fn record(
        &self,
        target: &str,
        headers: &Headers,
        body: &[u8],
    ) -> io::Result<PathBuf> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let path = self.folder.join(format!("{number:06}"));
        let mut text = format!("POST {target} HTTP/1.1\n").into_bytes();
        for (name, value) in headers {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            text.push(b'\n');
        }
        // Write the headers last: once they exist, the body exists too.
        make_file(&path.with_extension("body"))?.write_all(body)?;
        make_file(&path.with_extension("headers"))?.write_all(&text)?;
        Ok(path)
    }
}

/// Reads headers and body of one of the deliveries that [`recorded`] lists.
pub(crate) fn read(path: &Path) -> Result<(Headers, Vec<u8>), Failure> {
    Ok((input::headers(path)?, input::bytes(&path.with_extension("body"))?))
}

/// Lists the header files of a folder, in the order of their names.
pub(crate) fn recorded(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fail = |error| Failure::file("read", folder, &error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "headers") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn number(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// Returns the paths of the two files of a delivery, for a message.
pub(crate) fn place(path: &Path) -> String {
    safe_path(&path.with_extension("{headers,body}"))
}

/// Makes a new file that only its owner can read. Fails if the file exists.
pub(crate) fn make_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> Headers {
        vec![("a".to_owned(), b"1".to_vec()), ("a".to_owned(), b"\xff".to_vec())]
    }

    #[test]
    fn what_is_recorded_is_read_again_byte_for_byte_and_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new");
        for body in [&b"one\r\n"[..], b"\xff\x00"] {
            let recorder = Recorder::open(&path).expect("opens");
            recorder.record("/hook?x=1", &headers(), body).expect("records");
        }
        let paths = recorded(&path).expect("lists");
        let read: Vec<_> = paths.iter().map(|path| read(path).expect("reads")).collect();
        let bodies: Vec<_> = read.iter().map(|(_, body)| &body[..]).collect();
        assert_eq!(bodies, [&b"one\r\n"[..], b"\xff\x00"]);
        assert!(read.iter().all(|(read, _)| *read == headers()));
    }

    #[test]
    fn nobody_else_can_read_what_is_recorded() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new");
        let recorder = Recorder::open(&path).expect("opens");
        let file = recorder.record("/", &headers(), b"").expect("records");
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&file.with_extension("body")), 0o600);
        assert_eq!(mode(&file.with_extension("headers")), 0o600);
    }
}
