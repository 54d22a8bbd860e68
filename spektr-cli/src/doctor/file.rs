//! An inbox in SQLite: whether `serve` can use the file as its store.

use std::path::Path;

use spektr_inbox::store::sqlite::{OpenError, SqliteOptions};

use super::Finding;
use crate::failure::Failure;
use crate::location::Location;
use crate::secret::open_mode;

/// Examines the file of an inbox. The file is not changed, and a missing file is not created.
pub(crate) fn file(path: &Path) -> Vec<Finding> {
    let subject = format!("inbox {}", Location::Sqlite(path.to_owned()).shown());
    if !path.exists() {
        return vec![Finding::ok(subject, "it does not exist yet, `serve` creates it")];
    }
    let mut findings = vec![version(&subject, path)];
    if let Some(mode) = open_mode(path) {
        findings.push(Finding::warning(
            &subject,
            format!("other accounts have rights on it (mode {mode:o})"),
            "set its mode to 600 (chmod); `serve` does that at its start",
        ));
    }
    if let Err(error) = rustix::fs::access(path, rustix::fs::Access::WRITE_OK) {
        findings.push(Finding::fault(
            &subject,
            format!("it cannot be written: {}", std::io::Error::from(error)),
            "give it to the account of the service (chown), on a disk that can be written to",
        ));
    }
    findings
}

fn version(subject: &str, path: &Path) -> Finding {
    match SqliteOptions::new(path).inspect() {
        Ok(found) if found.version == found.known => {
            Finding::ok(subject, format!("version {}", found.version))
        }
        Ok(found) => {
            let text = format!("version {}, `serve` migrates it to {}", found.version, found.known);
            Finding::ok(subject, text)
        }
        Err(OpenError::Newer { found, known, .. }) => Finding::fault(
            subject,
            format!("version {found}, and this program knows {known}"),
            "run the version of spektr that has written it, or a later one",
        ),
        Err(error) => Finding::fault(subject, Failure::of(&error).message(), remedy(&error)),
    }
}

fn remedy(error: &OpenError) -> &'static str {
    match error {
        OpenError::Damaged { .. } => {
            "put a backup in its place: `spektr inbox restore FILE`; the damaged file is kept"
        }
        _ => "name another file with --store, or let the account of the service read this one",
    }
}
