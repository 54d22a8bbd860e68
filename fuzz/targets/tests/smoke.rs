//! Runs each target over its seeds and over mutations of them, made from one seed number. A failure
//! can be repeated on any machine, and prints its input.

use std::env;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use spektr_fuzz_targets::{TARGETS, Target};

/// Maximum length of an input.
const LONGEST: usize = 64 * 1024;

/// Pieces of text that have a meaning for one of the targets.
const PIECES: [&[u8]; 24] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b",",
    b":",
    b"null",
    b"-1.5e999",
    b"\n",
    b"\r\n\r\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b"\"results\":[",
    b"\"id\":\"e1\"",
    b"\"type\":\"alert_resolved\"",
    b"\"data\":{",
    b"HTTP/1.1 200 OK\r\n",
    b"|---|",
    b"=",
];

fn set(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect("it is a number"))
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Lists the files below a folder.
fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let files = match target.name {
        // Seeds that other folders have as examples.
        "decode" | "intake" => files(&folder("schema/examples")),
        "pages" => files(&folder("doc-reader/tests/pages")),
        "schema" => ["schema/common", "schema/events"].map(|path| files(&folder(path))).concat(),
        name => files(&folder("fuzz/seeds").join(name)),
    };
    let read = |path: &PathBuf| fs::read(path).expect("it can be read");
    let seeds: Vec<_> = if target.name == "schema" {
        // The first byte of the seed chooses the file to replace.
        files.iter().zip(0_u8..).map(|(path, place)| [&[place], &read(path)[..]].concat()).collect()
    } else {
        files.iter().map(read).collect()
    };
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    seeds
}

fn mutated(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut input = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.u32(1..6) {
        let at = random.usize(..=input.len());
        let end = (at + random.usize(..40)).min(input.len());
        match random.u32(..8) {
            0 if at < input.len() => input[at] ^= 1 << random.u32(..8),
            1 if at < input.len() => input[at] = random.u8(..),
            2 => drop(input.drain(at..end)),
            3 => {
                let part = input[at..end].to_vec();
                input.splice(at..at, part);
            }
            4 => input.truncate(at),
            5 => {
                let bytes: Vec<_> = (0..random.usize(..80)).map(|_| random.u8(..)).collect();
                input.splice(at..end, bytes);
            }
            6 => {
                // The end of another seed.
                let other = &seeds[random.usize(..seeds.len())];
                input.truncate(at);
                input.extend(&other[random.usize(..=other.len())..]);
            }
            _ => {
                let piece = PIECES[random.usize(..PIECES.len())];
                input.splice(at..at, piece.iter().copied());
            }
        }
    }
    input.truncate(LONGEST);
    input
}

fn run(target: &Target) {
    let seeds = seeds(target);
    let executions = set("SPEKTR_FUZZ_EXECUTIONS").unwrap_or(target.executions.into());
    let mut random = Rng::with_seed(set("SPEKTR_FUZZ_SEED").unwrap_or(14));
    let mutations = (0..executions).map(|_| mutated(&seeds, &mut random));
    let inputs = seeds.iter().cloned().chain(mutations);
    for input in inputs {
        let went = catch_unwind(|| (target.run)(&input));
        assert!(went.is_ok(), "{} fails with b\"{}\"", target.name, input.escape_ascii());
    }
    println!("{}: {} seeds, {executions} mutations", target.name, seeds.len());
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let target = TARGETS.iter().find(|target| target.name == stringify!($name));
                run(target.expect("there is that target"));
            }
        )*

        #[test]
        fn every_target_is_run() {
            assert_eq!(TARGETS.map(|target| target.name), [$(stringify!($name)),*]);
            let files = files(&folder("fuzz/fuzz_targets"));
            let stems: Vec<_> = files.iter().filter_map(|path| path.file_stem()).collect();
            assert_eq!(stems, TARGETS.map(|target| target.name), "libFuzzer has the same");
        }
    };
}

targets! { capture decode diagnose event intake keys list pages schema verify }

#[test]
fn contributing_states_how_many_mutations_the_gate_makes() {
    let sum: u32 = TARGETS.iter().map(|target| target.executions).sum();
    let stated = format!("The gate makes {},{:03} of them", sum / 1000, sum % 1000);
    let text = fs::read_to_string(folder("CONTRIBUTING.md")).expect("it can be read");
    assert!(text.contains(&stated), "{stated}");
}
