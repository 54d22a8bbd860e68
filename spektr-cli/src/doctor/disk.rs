//! The folder of an inbox in SQLite: whether files can be created in it, how long a sync takes,
//! and how much space is free.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Finding;
use crate::operations::{bytes, free};
use crate::record::make_file;
use crate::terminal::safe_path;

/// The number of measured syncs. It is odd, so that one of them is the median.
const SYNCS: usize = 9;

/// The bytes that are written before each sync: a page of SQLite.
const WRITTEN: [u8; 4096] = [0; 4096];

/// Each delivery waits for at least one sync. The sender waits for some seconds only.
const SLOW: Duration = Duration::from_millis(50);

/// Examines the folder of an inbox file. The file need not exist.
pub(crate) fn disk(file: &Path, least_free: u64) -> Vec<Finding> {
    let folder = folder(file);
    let shown = safe_path(&folder);
    let subject = format!("folder {shown}");
    if !folder.is_dir() {
        return vec![match folder.exists() {
            true => Finding::fault(subject, "it is not a folder", "correct --store"),
            false => Finding::fault(
                subject,
                "it does not exist",
                format!("create it, as the account of the service: mkdir -m 700 {shown}"),
            ),
        }];
    }
    let mut findings = vec![match median_sync(&folder) {
        Err(error) => Finding::fault(
            &subject,
            format!("no file can be created in it: {error}"),
            "give it to the account of the service (chown), on a disk that can be written to",
        ),
        Ok(sync) => judge_sync(&subject, sync),
    }];
    if let Some(free) = free(&folder) {
        findings.push(judge_free(&format!("disk of {shown}"), free, least_free));
    }
    findings
}

/// Returns the folder of a file.
pub(super) fn folder(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

fn judge_sync(subject: &str, sync: Duration) -> Finding {
    let text = format!("a sync takes {:.1} ms", sync.as_secs_f64() * 1000.0);
    if sync <= SLOW {
        return Finding::ok(subject, text);
    }
    let text = format!("{text}, and each delivery waits for one");
    Finding::warning(
        subject,
        text,
        "see what else uses the disk (`iostat -x 1`), or use a faster disk",
    )
}

fn judge_free(subject: &str, free: u64, least: u64) -> Finding {
    if free >= least {
        return Finding::ok(subject, format!("{} free", bytes(free)));
    }
    Finding::fault(
        subject,
        format!("{} free, less than {}", bytes(free), bytes(least)),
        "make room; `spektr inbox prune --older-than 30d --dry-run` shows what can go",
    )
}

/// Returns the median of the times that it takes to write a page and to sync it.
fn median_sync(folder: &Path) -> io::Result<Duration> {
    let mut file = unnamed(folder)?;
    let mut taken = [Duration::ZERO; SYNCS];
    for one in &mut taken {
        let begun = Instant::now();
        file.write_all(&WRITTEN)?;
        file.sync_data()?;
        *one = begun.elapsed();
    }
    taken.sort_unstable();
    let [.., median, _, _, _, _] = taken;
    Ok(median)
}

/// Opens a new file and removes its name, so that the file disappears with this process.
fn unnamed(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!(".spektr-doctor-{}", std::process::id()));
    let file = make_file(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_sync_is_a_warning_and_the_measurement_leaves_nothing() {
        let sync = |millis| judge_sync("folder", Duration::from_millis(millis));
        assert_eq!(sync(50), Finding::ok("folder", "a sync takes 50.0 ms"));
        let text = "a sync takes 51.0 ms, and each delivery waits for one";
        let remedy = "see what else uses the disk (`iostat -x 1`), or use a faster disk";
        assert_eq!(sync(51), Finding::warning("folder", text, remedy));
        let folder = tempfile::tempdir().expect("a folder");
        assert!(median_sync(folder.path()).is_ok());
        assert_eq!(fs::read_dir(folder.path()).expect("is there").count(), 0);
    }

    #[test]
    fn less_room_than_the_least_is_a_fault() {
        let mib = |count: u64| count << 20;
        assert_eq!(judge_free("disk", mib(256), mib(256)), Finding::ok("disk", "256 MiB free"));
        let remedy = "make room; `spektr inbox prune --older-than 30d --dry-run` shows what can go";
        let fault = Finding::fault("disk", "255 MiB free, less than 256 MiB", remedy);
        assert_eq!(judge_free("disk", mib(255), mib(256)), fault);
    }
}
