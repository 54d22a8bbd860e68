//! The progress of a replay, so that the next run continues it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use spektr_inbox::HttpUrl;

use crate::failure::Failure;
use crate::record;
use crate::terminal::careful;

/// The file of progress in the folder of recordings: the URL, and the deliveries that the URL
/// acknowledged.
const NAME: &str = "replay.progress";

/// The deliveries that one URL has acknowledged.
pub(super) struct ReplayProgress {
    path: PathBuf,
    url: String,
    acknowledged: BTreeSet<String>,
    /// Opened with the first acknowledgement of this run.
    file: Option<File>,
    /// Whether writing to the file has failed. Then this run writes nothing more.
    has_failed: bool,
}

impl ReplayProgress {
    /// Reads the progress of earlier runs to this URL.
    pub(super) fn open(folder: &Path, url: &HttpUrl, from_start: bool) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        let url = url.to_string();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::file("read", &path, &error)),
        };
        let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let is_same = lines.next() == Some(&url);
        let acknowledged = if is_same && !from_start {
            lines.map(str::to_owned).collect()
        } else {
            BTreeSet::new()
        };
        Ok(Self { path, url, acknowledged, file: None, has_failed: false })
    }

    /// Whether a delivery was acknowledged by an earlier run.
    pub(super) fn has(&self, name: &str) -> bool {
        self.acknowledged.contains(name)
    }

    /// Records that a delivery was acknowledged. If that fails, for example in a read-only folder,
    /// the replay goes on.
    pub(super) fn add(&mut self, name: &str) {
        if self.has_failed {
            return;
        }
        if let Err(error) = self.try_add(name) {
            self.has_failed = true;
            self.warn(&error);
        }
    }

    fn warn(&self, error: &io::Error) {
        let failure = Failure::file("write", &self.path, error);
        let message = failure.message();
        anstream::eprintln!(
            "{} the next run will not know the progress of this run: {message}",
            careful("careful:")
        );
    }

    fn try_add(&mut self, name: &str) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let temporary = self.path.with_extension("new");
                if let Err(error) = fs::remove_file(&temporary) {
                    if error.kind() != io::ErrorKind::NotFound {
                        return Err(error);
                    }
                }
                let mut file = record::make_file(&temporary)?;
                writeln!(file, "{}", self.url)?;
                for earlier in &self.acknowledged {
                    writeln!(file, "{earlier}")?;
                }
                fs::rename(&temporary, &self.path)?;
                none.insert(file)
            }
        };
        writeln!(file, "{name}")
    }

    /// Deletes the file, because every delivery is acknowledged.
    pub(super) fn end(self) {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => self.warn(&error),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path, url: &str, from_start: bool) -> ReplayProgress {
        let url = HttpUrl::parse(url).expect("a URL");
        ReplayProgress::open(folder, &url, from_start).expect("opens")
    }

    #[test]
    fn a_run_continues_the_earlier_ones_to_its_url_until_all_is_acknowledged() {
        let folder = tempfile::tempdir().expect("a folder");
        let (here, there) = ("http://127.0.0.1:1/", "http://127.0.0.1:2/");
        for name in ["000001", "000003"] {
            let mut progress = open(folder.path(), here, false);
            progress.add(name);
        }
        let progress = open(folder.path(), here, false);
        assert_eq!(
            ["000001", "000002", "000003"].map(|name| progress.has(name)),
            [true, false, true]
        );
        assert!(!open(folder.path(), there, false).has("000001"));
        assert!(!open(folder.path(), here, true).has("000001"));
        progress.end();
        assert!(!open(folder.path(), here, false).has("000001"));
        assert!(!folder.path().join(NAME).exists());
    }

    #[test]
    fn a_line_that_was_cut_short_counts_for_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(NAME), "http://127.0.0.1:1/\n000001\n00000")
            .expect("is written");
        let progress = open(folder.path(), "http://127.0.0.1:1/", false);
        assert_eq!((progress.has("000001"), progress.has("00000")), (true, false));
    }
}
