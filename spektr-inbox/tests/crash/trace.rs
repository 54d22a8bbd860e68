//! Derives the contents of a disk after a power cut from the system calls of a process. The
//! disk keeps the data that was written before the last sync of each file, under the names that
//! the folder had at its last sync, and nothing else.
//!
//! This is the least that a disk may keep. A disk may also keep some of the later writes, in
//! any order, and some sectors of a write without the others: see [`Disk::torn_into`]. The
//! shared-memory file (`-shm`) is left out, because SQLite creates it again when it opens a
//! store.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// A system call that matters to the disk. Steps are in the order in which the calls took
/// effect.
#[derive(Debug)]
pub(crate) enum Step {
    /// Bytes are written at an offset of a file.
    Write { file: String, offset: usize, bytes: Vec<u8> },
    /// A file is cut or extended to a length.
    Truncate { file: String, length: usize },
    /// A file is synced: its data so far is on the disk.
    Sync { file: String },
    /// A file loses its name.
    Unlink { file: String },
    /// The folder is synced: its names are on the disk.
    SyncFolder,
    /// The first bytes of an answer with status 200 leave the process.
    Answer,
}

/// The files of a store, each as written and as synced.
#[derive(Default)]
pub(crate) struct Disk {
    files: BTreeMap<String, File>,
}

/// The number of bytes that a disk writes atomically.
const SECTOR: usize = 512;

#[derive(Default)]
struct File {
    written: Vec<u8>,
    synced: Vec<u8>,
    /// The changes since the last sync.
    unsynced: Vec<Change>,
    is_named: bool,
    is_named_on_disk: bool,
}

#[derive(Clone)]
enum Change {
    /// Bytes are written at an offset.
    Bytes(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Bytes(offset, new) => {
                let end = offset + new.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*offset..end].copy_from_slice(new);
            }
            Self::Length(length) => bytes.resize(*length, 0),
        }
    }

    /// Returns the parts of the change that a disk writes one at a time.
    fn sectors(&self) -> Vec<Self> {
        let Self::Bytes(offset, new) = self else { return vec![self.clone()] };
        let mut sectors = Vec::new();
        let mut begin = 0;
        while begin < new.len() {
            let place = offset + begin;
            let end = new.len().min(begin + SECTOR - place % SECTOR);
            sectors.push(Self::Bytes(place, new[begin..end].to_vec()));
            begin = end;
        }
        sectors
    }
}

impl Disk {
    pub(crate) fn apply(&mut self, step: Step) {
        match step {
            Step::Write { file, offset, bytes } => {
                let file = self.files.entry(file).or_default();
                if !file.is_named {
                    // A new file, even if an earlier file had the name.
                    *file = File { is_named: true, ..File::default() };
                }
                file.change(Change::Bytes(offset, bytes));
            }
            Step::Truncate { file, length } => {
                self.files.entry(file).or_default().change(Change::Length(length));
            }
            Step::Sync { file } => {
                let file = self.files.entry(file).or_default();
                file.synced.clone_from(&file.written);
                file.unsynced.clear();
            }
            Step::Unlink { file } => self.files.entry(file).or_default().is_named = false,
            Step::SyncFolder => {
                self.files.values_mut().for_each(|file| file.is_named_on_disk = file.is_named);
            }
            Step::Answer => {}
        }
    }

    /// Writes the files that a power cut would leave at least.
    pub(crate) fn synced_into(&self, folder: &Path) {
        for (name, file) in self.files.iter().filter(|(_, file)| file.is_named_on_disk) {
            std::fs::write(folder.join(name), &file.synced).unwrap();
        }
    }

    /// Writes files that a power cut could also leave: with some of the sectors written after
    /// the last sync, in any order. Returns whether some sectors were kept and some were lost.
    pub(crate) fn torn_into(&self, folder: &Path, random: &mut fastrand::Rng) -> bool {
        let (mut kept, mut lost) = (0, 0);
        for (name, file) in self.files.iter().filter(|(_, file)| file.is_named_on_disk) {
            let mut bytes = file.synced.clone();
            let mut sectors: Vec<_> = file.unsynced.iter().flat_map(Change::sectors).collect();
            random.shuffle(&mut sectors);
            for sector in sectors {
                if random.bool() {
                    sector.apply(&mut bytes);
                    kept += 1;
                } else {
                    lost += 1;
                }
            }
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        kept > 0 && lost > 0
    }

    /// Writes the files as they are without a power cut.
    pub(crate) fn written_into(&self, folder: &Path) {
        for (name, file) in self.files.iter().filter(|(_, file)| file.is_named) {
            std::fs::write(folder.join(name), &file.written).unwrap();
        }
    }
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.written);
        self.unsynced.push(change);
    }
}

/// Reads the steps on a store from the output of `strace -f -y -xx`.
pub(crate) fn steps(log: &str, store: &Path) -> Vec<Step> {
    let folder = store.parent().unwrap().to_str().unwrap();
    let mut unfinished = HashMap::new();
    let mut steps = Vec::new();
    for line in log.lines() {
        let (pid, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        // An answer takes effect when its call begins, any other call when it ends.
        if is_answer(call) {
            steps.push(Step::Answer);
        }
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            unfinished.insert(pid, begun);
        } else if let Some((_, end)) = call.split_once(" resumed>") {
            if let Some(begun) = unfinished.remove(pid) {
                steps.extend(step(&format!("{begun}{end}"), folder));
            }
        } else {
            steps.extend(step(call, folder));
        }
    }
    steps
}

fn is_answer(call: &str) -> bool {
    let sends = ["write(", "writev(", "sendto(", "sendmsg("];
    let beginning: String = b"HTTP/1.1 200".iter().map(|byte| format!("\\x{byte:02x}")).collect();
    sends.iter().any(|name| call.starts_with(name)) && call.contains(&beginning)
}

/// Reads a complete call: `name(descriptor<path>, arguments) = result`, or `unlink("path") =
/// 0`.
fn step(call: &str, folder: &str) -> Option<Step> {
    let (name, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(')')?;
    let result: i64 = result.trim().strip_prefix("= ")?.split(' ').next()?.parse().ok()?;
    let delimiters = if name == "unlink" { ['"', '"'] } else { ['<', '>'] };
    let (_, path) = arguments.split_once(delimiters[0])?;
    let (path, arguments) = path.split_once(delimiters[1])?;
    let path = String::from_utf8(unescaped(path)?).ok()?;
    if path == folder {
        return (name == "fsync" && result == 0).then_some(Step::SyncFolder);
    }
    let file = path.strip_prefix(folder)?.strip_prefix('/')?.to_owned();
    if file.ends_with("-shm") {
        return None;
    }
    // A call on the store that is not understood must fail the test, or the test would prove
    // nothing.
    let last = || arguments.rsplit(", ").next().unwrap().trim_end().parse().unwrap();
    match name {
        "pwrite64" => {
            let bytes = unescaped(arguments.split('"').nth(1).unwrap()).unwrap();
            assert_eq!(usize::try_from(result), Ok(bytes.len()), "a write is cut short");
            Some(Step::Write { file, offset: last(), bytes })
        }
        "ftruncate" if result == 0 => Some(Step::Truncate { file, length: last() }),
        "fsync" | "fdatasync" if result == 0 => Some(Step::Sync { file }),
        "unlink" if result == 0 => Some(Step::Unlink { file }),
        other => panic!("{other} on a file of the store gives {result}"),
    }
}

/// Reads bytes that are all written as hexadecimal escapes, such as `\x2f\x74`.
fn unescaped(escaped: &str) -> Option<Vec<u8>> {
    let pairs = escaped.split("\\x").skip(1);
    pairs.map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}
