//! `spektr check`: shows the places and types in which bodies differ from the schema.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use spektr_types::Entries;
use spektr_verify::conformance::{Conformance, Drift, Report};

use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::input;
use crate::output;
use crate::terminal::{self, bad, careful, good, safe};

const EXAMPLES: &str = "\
Examples:
  spektr check deliveries/*.body
  spektr check body.json --format json | jq -r '.drift[]'

The output names only places and JSON types, never values, so it can go into a ticket. A difference
is not a fault of the delivery: the documentation changes, and the difference shows where. Any
difference is exit code 1.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files with bodies; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct DriftLine<'l> {
    file: &'l str,
    /// Position of the entry in its body; none for a remark on the whole body.
    index: Option<usize>,
    event: Option<&'static str>,
    conforms: bool,
    drift: Vec<String>,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let conformance = Conformance::new();
    let (mut entries, mut differing, mut undocumented) = (0_usize, 0, 0);
    for file in &arguments.files {
        let name = file.to_string_lossy();
        let body = input::bytes(file)?;
        match Entries::parse(&body) {
            Ok(parsed) => {
                for (index, entry) in parsed.iter().enumerate() {
                    let report = conformance.check(entry);
                    entries += 1;
                    differing += usize::from(!report.conforms());
                    print(global, &name, index, &report)?;
                }
                let beside = parsed.beside_results().len();
                if beside > 0 {
                    undocumented += 1;
                    let members = terminal::count(beside, "member", "members");
                    let message = format!("{members} beside /results: unexpected");
                    whole(global, file, &careful("batch"), &message)?;
                }
            }
            Err(error) => {
                entries += 1;
                differing += 1;
                whole(global, file, &bad("unreadable"), &error.to_string())?;
            }
        }
    }
    if !global.is_json() {
        let checked = terminal::count(entries, "entry", "entries");
        let verdict = match (differing, undocumented) {
            (0, 0) => good("as documented"),
            (0, _) => bad("as documented, but the batch is not"),
            _ => bad(&format!("{differing} not as documented")),
        };
        output::print(&format!("{checked}: {verdict}\n"))?;
    }
    Ok(Answer::from_yes(differing == 0 && undocumented == 0))
}

fn print(global: &Global, file: &str, index: usize, report: &Report) -> Result<(), Failure> {
    let drift: Vec<_> = report.drift().map(in_words).collect();
    let (event, conforms) = (report.event(), report.conforms());
    let line = DriftLine { file, index: Some(index), event, conforms, drift };
    global.format.print(&line, || {
        let start =
            format!("{}[{index}]  {}", safe(file), careful(event.unwrap_or("unknown event")));
        line.drift.iter().map(|drift| format!("{start}  {}\n", safe(drift))).collect()
    })
}

/// Returns a difference in words. A difference of the whole entry has no path.
fn in_words(drift: &Drift) -> String {
    let text = drift.to_string();
    match text.strip_prefix(": ") {
        Some(rest) => format!("the entry: {rest}"),
        None => text,
    }
}

/// Prints the remark on a whole body.
fn whole(global: &Global, file: &Path, label: &str, message: &str) -> Result<(), Failure> {
    let file = file.to_string_lossy();
    let drift = vec![message.to_owned()];
    let line = DriftLine { file: &file, index: None, event: None, conforms: false, drift };
    global.format.print(&line, || format!("{}  {label} {message}\n", safe(&file)))
}
