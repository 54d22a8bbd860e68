//! `spektr decode`: shows the entries of bodies, without verifying that they are authentic.
//!
//! Values are shown only for members that the schema knows and does not mark as sensitive. A member
//! that the schema does not know can hold anything.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use spektr_types::Entries;

use crate::arguments::Global;
use crate::entry::{DecodeOutcome, EntryLine, ShownMembers};
use crate::failure::{Answer, Failure};
use crate::input;
use crate::output;
use crate::terminal::{self, bad, safe, strong};

const EXAMPLES: &str = "\
Examples:
  spektr decode body.json
  curl -s … | spektr decode --full
  spektr decode rec/*.body --format json | jq -r .event | sort | uniq -c

Sensitive members, and members that the schema does not know, are hidden; --reveal shows everything.
An unknown event is no error: exit code 0. A malformed entry, or a body that is not a delivery, is
exit code 1.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files with bodies; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// Show all members, under their names in the schema
    #[arg(long)]
    full: bool,
    /// Show sensitive values too
    #[arg(long, requires = "full")]
    reveal: bool,
}

#[derive(Serialize)]
struct UnreadableBody<'e> {
    file: &'e str,
    outcome: &'static str,
    error: String,
}

#[derive(Serialize)]
struct FileEntryLine<'e> {
    file: &'e str,
    index: usize,
    #[serde(flatten)]
    line: &'e EntryLine,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let mut all_fine = true;
    for file in &arguments.files {
        let body = input::bytes(file)?;
        all_fine &= report(global, arguments, file, &body)?;
    }
    Ok(Answer::from_yes(all_fine))
}

fn report(
    global: &Global,
    arguments: &Arguments,
    file: &Path,
    body: &[u8],
) -> Result<bool, Failure> {
    let name = file.to_string_lossy();
    let members = match (arguments.full, arguments.reveal) {
        (false, _) => ShownMembers::None,
        (true, false) => ShownMembers::Hidden,
        (true, true) => ShownMembers::Revealed,
    };
    let entries = match Entries::parse(body) {
        Ok(entries) => entries,
        Err(error) => {
            let error = error.to_string();
            let text = format!("{}: {} {error}\n", safe(&name), bad("unreadable"));
            let unreadable = UnreadableBody { file: &name, outcome: "unreadable", error };
            global.format.print(&unreadable, || text)?;
            return Ok(false);
        }
    };
    let lines: Vec<_> = entries.iter().map(|entry| EntryLine::new(entry, members)).collect();
    if global.is_json() {
        for (index, line) in lines.iter().enumerate() {
            output::print_json(&FileEntryLine { file: &name, index, line })?;
        }
    } else {
        let mut text = String::new();
        if arguments.files.len() > 1 || lines.is_empty() {
            let count = terminal::count(lines.len(), "entry", "entries");
            text.push_str(&format!("{}: {count}\n", strong(&safe(&name))));
        }
        text.extend(lines.iter().map(EntryLine::text));
        output::print(&text)?;
    }
    Ok(lines.iter().all(|line| line.outcome != DecodeOutcome::Malformed))
}
