//! `spektr events`: the catalogue of the events, from the schema files.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::value::RawValue;
use spektr_json::Json;

use crate::arguments::{Global, event_name};
use crate::catalogue::{
    self, CatalogueEvent, Decision, EventDetails, EventExample, EventMember, UNKNOWN_EVENT, events,
};
use crate::failure::{Answer, Failure};
use crate::output;
use crate::terminal::{careful, columns, faint, strong};

const LIST_EXAMPLES: &str = "\
Examples:
  spektr events list
  spektr events list --format json | jq -r 'select(.status == \"available\").name'";

const SHOW_EXAMPLES: &str = "\
Examples:
  spektr events show ALERT_RESOLVED
  spektr events show process_run_end/documented    # with another of its examples
  spektr events show alert_resolved/minimal --example > body.json";

const DECISIONS_EXAMPLES: &str = "\
Examples:
  spektr events decisions
  spektr events decisions --format json | jq -r 'select(.reviewed | not) | .id'";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Without a subcommand: list
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// List all events: name, status, wire types
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Show one event: members, decisions, an example
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Show),
    /// List the decisions that were made where the documentation is unclear
    #[command(after_help = DECISIONS_EXAMPLES)]
    Decisions,
}

#[derive(Args)]
struct Show {
    /// Documented name (upper or lower case) or wire type; EVENT/CASE selects another example
    #[arg(value_name = "EVENT[/CASE]", value_parser = event_name(&[UNKNOWN_EVENT]), hide_possible_values = true)]
    event: String,
    /// Print the example only, as JSON
    #[arg(long)]
    example: bool,
}

#[derive(Serialize)]
struct EventSummary {
    name: &'static str,
    status: &'static str,
    wire_types: Vec<&'static str>,
    summary: &'static str,
}

#[derive(Serialize)]
struct FullEvent<'e> {
    #[serde(flatten)]
    summary: EventSummary,
    source: DocumentationSource,
    envelope: &'static [EventMember],
    #[serde(flatten)]
    details: &'static EventDetails,
    cases: Vec<&'static str>,
    example: &'e RawValue,
}

/// A decision, and the event or the shared part that it belongs to.
#[derive(Serialize)]
struct OwnedDecision {
    of: &'static str,
    #[serde(flatten)]
    decision: &'static Decision,
}

#[derive(Serialize)]
struct DocumentationSource {
    page: &'static str,
    version: Option<&'static str>,
    section: &'static str,
    captured: &'static str,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    match &arguments.command {
        None | Some(Command::List) => list(global)?,
        Some(Command::Show(arguments)) => show(global, arguments)?,
        Some(Command::Decisions) => decisions(global)?,
    }
    Ok(Answer::Yes)
}

fn list(global: &Global) -> Result<(), Failure> {
    if global.is_json() {
        return events().try_for_each(|event| output::print_json(&summary(event)));
    }
    let mut rows = vec![["EVENT", "STATUS", "WIRE TYPES", "MEANING"].map(str::to_owned)];
    rows.extend(events().map(|event| {
        let EventSummary { name, status, wire_types, summary } = summary(event);
        [name.to_owned(), status.to_owned(), wire_types.join(", "), summary.to_owned()]
    }));
    output::print(&columns(&rows))
}

fn show(global: &Global, arguments: &Show) -> Result<(), Failure> {
    let name = &arguments.event;
    let example = catalogue::example(name)?;
    let json = Json::parse(example.json.get().as_bytes()).map_err(|error| Failure::of(&error))?;
    if arguments.example {
        return global.format.print(&json, || format!("{json:#}\n"));
    }
    let event = catalogue::find(name.split('/').next().unwrap_or_default())?;
    if global.is_json() {
        let source = event.info.source();
        let (page, version) = (source.page, source.version);
        let (section, captured) = (source.section, source.captured);
        return output::print_json(&FullEvent {
            summary: summary(event),
            source: DocumentationSource { page, version, section, captured },
            envelope: catalogue::envelope(),
            details: event.details,
            cases: event.details.examples.iter().map(|example| example.case.as_str()).collect(),
            example: &example.json,
        });
    }
    output::print(&text(event, example, &json))
}

fn decisions(global: &Global) -> Result<(), Failure> {
    let of_events = events().map(|event| (event.info.name(), &event.details.decisions));
    let all = catalogue::shared_decisions()
        .iter()
        .map(|shared| (shared.of.as_str(), &shared.decisions))
        .chain(of_events);
    let mut text = String::new();
    for (of, decisions) in all.filter(|(_, decisions)| !decisions.is_empty()) {
        if global.is_json() {
            let print = |decision| output::print_json(&OwnedDecision { of, decision });
            decisions.iter().try_for_each(print)?;
            continue;
        }
        let _ = writeln!(text, "{}", strong(of));
        text.extend(decisions.iter().map(decision_text));
    }
    output::print(&text)
}

fn summary(event: CatalogueEvent) -> EventSummary {
    let info = event.info;
    EventSummary {
        name: info.name(),
        status: info.status().as_str(),
        wire_types: info.wire_types().iter().collect(),
        summary: info.summary(),
    }
}

fn text(event: CatalogueEvent, example: &EventExample, json: &Json) -> String {
    let CatalogueEvent { info, details } = event;
    let source = info.source();
    let mut text = String::new();
    let _ = writeln!(text, "{}  {}", strong(info.name()), info.status());
    let _ = writeln!(text, "{}\n", info.summary());
    let _ = writeln!(text, "wire types  {}", summary(event).wire_types.join(", "));
    let _ = writeln!(
        text,
        "documented  {}{}, \"{}\", as of {}",
        source.page,
        source.version.map(|version| format!(" ({version})")).unwrap_or_default(),
        source.section,
        source.captured,
    );

    let mut rows = Vec::new();
    member_rows(catalogue::envelope(), 0, &mut rows);
    member_rows(&details.members, 0, &mut rows);
    let _ = writeln!(text, "\n{}", strong("Members"));
    text.push_str(&indented(&columns(&rows), 2));

    if !details.decisions.is_empty() {
        let _ = writeln!(text, "\n{}", strong("Decisions, where the documentation is unclear"));
        for decision in &details.decisions {
            text.push_str(&decision_text(decision));
        }
    }

    let cases: Vec<_> = details.examples.iter().map(|example| example.case.as_str()).collect();
    let _ = writeln!(text, "\n{} ({})", strong("Example"), example.case);
    text.push_str(&indented(&format!("{json:#}"), 2));
    let _ = writeln!(text, "{}", faint(&wrap(&format!("cases: {}", cases.join(", ")), 2)));
    text
}

fn member_rows(members: &[EventMember], depth: usize, rows: &mut Vec<[String; 4]>) {
    for member in members {
        let need = match (member.required, member.sensitive) {
            (true, false) => "required",
            (true, true) => "required, sensitive",
            (false, false) => "optional",
            (false, true) => "optional, sensitive",
        };
        let mut about = member.description.to_owned();
        if !member.values.is_empty() {
            let _ = write!(about, " Known: {}.", member.values.join(", "));
        }
        if !member.aliases.is_empty() {
            let _ = write!(about, " Also read as {}.", member.aliases.join(", "));
        }
        rows.push([
            format!("{}{}", "  ".repeat(depth), member.name),
            member.ty.to_owned(),
            need.to_owned(),
            about,
        ]);
        member_rows(&member.members, depth + 1, rows);
    }
}

fn decision_text(decision: &Decision) -> String {
    let state =
        if decision.reviewed { String::new() } else { format!("  {}", careful("unreviewed")) };
    let mut text = format!("  {}{state}\n", strong(&decision.id));
    for (what, said) in [
        ("documented", &decision.documented),
        ("chosen", &decision.chosen),
        ("reason", &decision.reason),
    ] {
        text.push_str(&wrap(&format!("{what}: {said}"), 4));
        text.push('\n');
    }
    text
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

/// Breaks a text into indented lines of at most 96 characters.
fn wrap(text: &str, indent: usize) -> String {
    const WIDTH: usize = 96;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            // Continuation lines are indented further, so that paragraphs are visible.
            Some(_) => lines.push(format!("{:1$}{word}", "", indent + 2)),
            None => lines.push(format!("{:indent$}{word}", "")),
        }
    }
    lines.join("\n")
}
