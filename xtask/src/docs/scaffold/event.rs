//! The schema file of one new event: the empty one, completed with what the
//! page says.

use std::collections::BTreeMap;

use spektr_codegen::{Json, SchemaSet};
use spektr_doc_reader::{EventRow, Page, Status};

use super::super::payload::{Documented, Payload};
use super::super::text;
use super::examples;
use super::tree::{self, Node, object, string};

/// Returns the files of an event, given those of an event of which nothing is
/// known.
pub(super) fn files(
    page: &Page,
    row: &EventRow,
    payload: Option<&Payload>,
    set: &SchemaSet,
    raw: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut files = raw.clone();
    let Some(file) = raw.keys().find(|file| file.starts_with("events/")).cloned() else {
        return files;
    };
    let Some(mut schema) = raw.get(&file).and_then(|text| serde_json::from_str(text).ok()) else {
        return files;
    };
    let own: Vec<Documented> = payload
        .map(|payload| {
            payload.members.iter().filter(|member| is_own(set, member)).cloned().collect()
        })
        .unwrap_or_default();
    let members = tree::build(&own);
    let inferred = wire_type(&schema);
    let wire_types = wire_types(row, payload, set, &inferred);
    complete(&mut schema, page, row, payload, &wire_types, &members);
    if !members.is_empty() {
        let module = file.trim_start_matches("events/").trim_end_matches(".schema.json");
        files.retain(|file, _| !file.starts_with("examples/"));
        files.extend(examples::files(module, &wire_types.canonical, &members));
    } else if wire_types.canonical != inferred {
        let quoted = |name: &str| format!("\"{name}\"");
        let examples = files.iter_mut().filter(|(file, _)| file.starts_with("examples/"));
        examples.for_each(|(_, text)| {
            *text = text.replace(&quoted(&inferred), &quoted(&wire_types.canonical));
        });
    }
    files.insert(file, text(&schema));
    files
}

/// Tells whether a member belongs to the event: its file does not repeat those of the
/// envelopes.
fn is_own(set: &SchemaSet, member: &Documented) -> bool {
    let first = member.path.split(['.', '[']).next().unwrap_or_default();
    let model = set.model();
    let envelopes = model.envelope.iter().chain(&model.other_envelope);
    let mut shared = envelopes.filter(|member| member.name != "data");
    !shared.any(|member| member.name == first || member.aliases.iter().any(|it| it == first))
}

struct WireTypes {
    canonical: String,
    aliases: Vec<String>,
    documented: bool,
    /// Documented, but another event's.
    taken: Vec<String>,
}

fn wire_type(schema: &Json) -> String {
    let first = schema.pointer("/properties/type/enum/0").and_then(Json::as_str);
    first.unwrap_or_default().to_owned()
}

/// Takes the documented wire types that no other event has.
fn wire_types(
    row: &EventRow,
    payload: Option<&Payload>,
    set: &SchemaSet,
    inferred: &str,
) -> WireTypes {
    let documented = payload.into_iter().flat_map(|payload| &payload.wire_types);
    let documented =
        documented.chain(&row.wire_type).filter(|name| **name == name.to_ascii_lowercase());
    let known = |name: &&String| {
        let events = &set.model().events;
        events.iter().any(|event| event.wire_types.iter().any(|known| known == *name))
    };
    let (taken, mut free): (Vec<&String>, Vec<&String>) = documented.partition(known);
    // A section that documents several events has the types of all of them:
    // the one that is most like this event's name is its own.
    let likeness =
        |name: &&String| name.bytes().zip(inferred.bytes()).take_while(|(a, b)| a == b).count();
    free.sort_by_key(|name| std::cmp::Reverse(likeness(name)));
    let shared = payload.is_some_and(|payload| payload.wire_types.len() > 1);
    let canonical = free.first().map_or(inferred, |name| name.as_str()).to_owned();
    let aliases =
        if shared { Vec::new() } else { free.iter().skip(1).map(|name| (*name).clone()).collect() };
    WireTypes {
        documented: !free.is_empty(),
        canonical,
        aliases,
        taken: taken.into_iter().cloned().collect(),
    }
}

fn complete(
    schema: &mut Json,
    page: &Page,
    row: &EventRow,
    payload: Option<&Payload>,
    wire_types: &WireTypes,
    members: &[Node],
) {
    let title = schema.get("title").and_then(Json::as_str).unwrap_or_default().to_owned();
    let status = row.status.unwrap_or(Status::Wip).as_str();
    set(schema, &["x-event", "status"], string(status));
    let heading = payload.and_then(|payload| payload.sections.first());
    set(
        schema,
        &["x-source", "section"],
        string(heading.map_or("table of events", String::as_str)),
    );
    let names = std::iter::once(&wire_types.canonical).chain(&wire_types.aliases);
    set(
        schema,
        &["properties", "type", "enum"],
        Json::Array(names.map(|name| string(name)).collect()),
    );
    if !members.is_empty() {
        let wire_type = schema.pointer("/properties/type").cloned().unwrap_or(Json::Null);
        let own = members.iter().map(|node| (node.name.clone(), node.schema(&title)));
        let properties = std::iter::once(("type".to_owned(), wire_type)).chain(own).collect();
        set(schema, &["properties"], Json::Object(properties));
        set(schema, &["required"], tree::required(members));
    }
    set(schema, &["x-decisions"], decisions(page, row, payload, wire_types, members));
}

/// Everything that a person has to agree with.
fn decisions(
    page: &Page,
    row: &EventRow,
    payload: Option<&Payload>,
    wire_types: &WireTypes,
    members: &[Node],
) -> Json {
    let canonical = &wire_types.canonical;
    let mut decisions = Vec::new();
    let mut open = |id: &str, about: Vec<String>, documented: &str, chosen: &str, reason: &str| {
        decisions.push(object([
            ("id", string(id)),
            ("about", Json::Array(about.iter().map(|pointer| string(pointer)).collect())),
            ("documented", string(documented)),
            ("chosen", string(chosen)),
            ("reason", string(reason)),
            ("state", string("unreviewed")),
        ]));
    };
    let wire_type = || vec!["/properties/type/enum/0".to_owned()];
    let chosen = format!("The wire type is `{canonical}`.");
    if wire_types.documented {
        open(
            "wire-type-documented",
            wire_type(),
            &format!("The page gives the type `{canonical}`."),
            &chosen,
            "The page says so; compare it with an event that arrives.",
        );
    } else {
        let documented = match wire_types.taken.as_slice() {
            [] => "No wire type is given.".to_owned(),
            taken => format!("The page gives {}, which other events have.", taken.join(", ")),
        };
        open(
            "wire-type-inferred",
            wire_type(),
            &documented,
            &chosen,
            "Inference: the type of most events is their name in lower case.",
        );
    }
    if members.is_empty() {
        open(
            "payload-raw",
            vec!["/properties/data".into()],
            "The payload is not documented.",
            "It is kept as raw JSON.",
            "Whatever arrives can be kept without knowing it.",
        );
    } else {
        let pointers = || members.iter().map(|node| format!("/properties/{}", node.name)).collect();
        open(
            "payload-as-documented",
            pointers(),
            "The page lists the members of the payload.",
            "They are typed as the page has them: required unless they are nullable or called optional, and text where a common type may fit better.",
            "A start. Put the types of ids and times in place, and say in the descriptions what the members hold.",
        );
        open(
            "sensitivity-assumed",
            pointers(),
            "The page does not say what is personal data.",
            "Every value is kept out of logs.",
            "Nobody has looked at them yet. Take the mark off what is safe.",
        );
    }
    if row.status.is_none() {
        open(
            "status-assumed",
            vec!["/x-event/status".into()],
            "No status is given, or none that is understood.",
            "The event counts as work in progress.",
            "It promises the least.",
        );
    }
    let problems = problems(page, payload);
    if !problems.is_empty() {
        open(
            "page-is-not-clear",
            vec!["/x-source/section".into()],
            &format!("What was read has problems: {problems}."),
            "It was read as far as possible.",
            "See `cargo xtask docs facts`; whether it was read rightly has to be seen on the page.",
        );
    }
    Json::Array(decisions)
}

/// What the page's sections about the event leave open, in kinds.
fn problems(page: &Page, payload: Option<&Payload>) -> String {
    let sections = payload.map(|payload| payload.sections.as_slice()).unwrap_or_default();
    let of_page = page
        .problems
        .iter()
        .filter(|problem| {
            problem.section.as_ref().is_some_and(|heading| sections.contains(heading))
        })
        .map(|problem| format!("{:?} ({})", problem.kind, problem.about));
    let of_examples = page
        .sections
        .iter()
        .filter(|section| sections.contains(&section.heading))
        .flat_map(|section| section.example.iter().flat_map(|example| &example.problems))
        .map(|fault| format!("{:?} (line {} of the example)", fault.kind, fault.line));
    of_page.chain(of_examples).collect::<Vec<_>>().join(", ")
}

/// Sets a member of nested objects that are there already.
fn set(json: &mut Json, path: &[&str], value: Json) {
    let Some((first, rest)) = path.split_first() else {
        *json = value;
        return;
    };
    if let Json::Object(members) = json
        && let Some((_, inner)) = members.iter_mut().find(|(name, _)| name == first)
    {
        set(inner, rest, value);
    }
}
