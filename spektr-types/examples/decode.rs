//! Prints the contents of webhook bodies: a line per entry, and a summary.
//!
//! ```text
//! cargo run -q -p spektr-types --example decode -- FILE…      (`-` is standard input)
//! ```
//!
//! The exit code is 0 if every entry was decoded or is an unknown event; 1 if an entry was
//! malformed, or a body was JSON but not a delivery; 2 if a body was not JSON or could not be
//! read.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use spektr_types::{BodyError, Entries, Entry, Event};

const MALFORMED: u8 = 1;
const NOT_JSON: u8 = 2;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: decode FILE…   (`-` is standard input)");
        return ExitCode::from(NOT_JSON);
    }
    let mut out = io::stdout().lock();
    let (mut worst, mut summary) = (0, Summary::default());
    for file in &files {
        let code = match read(file) {
            Ok(body) => match report(file, &body, &mut summary, &mut out) {
                Ok(code) => code,
                // A broken pipe, as with `head`: exit silently.
                Err(_) => return ExitCode::from(worst),
            },
            Err(error) => {
                eprintln!("{file}: cannot be read: {error}");
                NOT_JSON
            }
        };
        worst = worst.max(code);
    }
    let Summary { events, decoded, unknown, malformed } = summary;
    // A broken pipe again: the exit code does not change.
    let _ = writeln!(
        out,
        "{} files: {decoded} entries decoded, of {} events; {unknown} unknown, {malformed} malformed",
        files.len(),
        events.len(),
    );
    ExitCode::from(worst)
}

/// Counts over all bodies.
#[derive(Default)]
struct Summary {
    /// The events that the schema knows.
    events: BTreeSet<&'static str>,
    decoded: usize,
    unknown: usize,
    malformed: usize,
}

fn read(file: &str) -> io::Result<Vec<u8>> {
    if file == "-" {
        let mut body = Vec::new();
        io::stdin().lock().read_to_end(&mut body)?;
        return Ok(body);
    }
    std::fs::read(file)
}

fn report(file: &str, body: &[u8], summary: &mut Summary, out: &mut impl Write) -> io::Result<u8> {
    let entries = match Entries::parse(body) {
        Ok(entries) => entries,
        Err(error) => {
            eprintln!("{file}: {error}");
            return Ok(if matches!(error, BodyError::NotJson { .. } | BodyError::NotUtf8 { .. }) {
                NOT_JSON
            } else {
                MALFORMED
            });
        }
    };
    if entries.is_empty() {
        writeln!(out, "{file}: a batch of no entries")?;
    }
    let mut worst = 0;
    for entry in &entries {
        let line = match entry.decode() {
            Ok(event) => {
                match event.event_type().info() {
                    Some(info) => {
                        summary.decoded += 1;
                        summary.events.insert(info.name());
                    }
                    None => summary.unknown += 1,
                }
                decoded(entry, &event)
            }
            Err(error) => {
                worst = MALFORMED;
                summary.malformed += 1;
                format!("{}  {error}", id(entry))
            }
        };
        writeln!(out, "{file}: {line}")?;
    }
    Ok(worst)
}

fn decoded(entry: &Entry<'_>, event: &Event) -> String {
    let name = match event.event_type().info() {
        Some(info) => info.name().to_owned(),
        None => format!("unknown {}", quoted(event.event_type().as_str())),
    };
    let status = event.status().map_or("not documented", |status| status.as_str());
    let created_at =
        event.created_at().map_or_else(|| "at an unreadable time".into(), |time| time.to_string());
    format!("{}  {name}  {created_at}  {status}", id(entry))
}

fn id(entry: &Entry<'_>) -> String {
    entry.id().map_or_else(|| "(no id)".into(), |id| quoted(&id))
}

/// Returns a text from outside unchanged, or escaped if it has characters that could control a
/// terminal.
fn quoted(text: &str) -> String {
    let escaped = format!("{text:?}");
    if escaped.len() == text.len() + 2 { text.to_owned() } else { escaped }
}
