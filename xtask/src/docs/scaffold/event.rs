//! Completes the schema file of one event, either an empty one or one with a raw payload, with the
//! facts of the page.

use std::collections::BTreeMap;

use spektr_codegen::scaffold::{PLACEHOLDER, text};
use spektr_codegen::{Json, SchemaSet};
use spektr_doc_reader::{EventRow, EventStatus, Page};

use super::super::known::MemberShape;
use super::super::pairs::same_name;
use super::super::payload::DocumentedPayload;
use super::examples;
use super::tree::{self, MemberNode};
use super::types::KnownDefinitions;

/// The sources of an event's files.
pub(super) struct EventSources<'s> {
    pub(super) page: &'s Page,
    pub(super) row: &'s EventRow,
    pub(super) payload: Option<&'s DocumentedPayload>,
    pub(super) set: &'s SchemaSet,
}

impl EventSources<'_> {
    /// Returns the completed files of an event. `known` has the files of an empty event, or of an
    /// event with a raw payload.
    pub(super) fn files(&self, known: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut files = known.clone();
        let Some(file) = known.keys().find(|file| file.starts_with("events/")).cloned() else {
            return files;
        };
        let schema = known.get(&file).and_then(|text| serde_json::from_str(text).ok());
        let Some(mut schema) = schema else { return files };
        let own: Vec<MemberShape> = self
            .payload
            .map(|payload| {
                payload.members.iter().filter(|it| is_own(self.set, it)).cloned().collect()
            })
            .unwrap_or_default();
        let members = tree::build(&own);
        let types = KnownDefinitions::new(self.set);
        let inferred = wire_type(&schema);
        let wire_types = wire_types(self, &inferred);
        self.complete(&mut schema, &wire_types, &members, &types);
        let module = file.trim_start_matches("events/").trim_end_matches(".schema.json");
        if !members.is_empty() {
            let canonical = &wire_types.canonical;
            files.extend([examples::full(module, canonical, &members, &types)]);
            let shown = self.payload.map(|it| it.shown.as_slice()).unwrap_or_default();
            files.extend(examples::documented(module, canonical, shown, &members, &types));
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
}

/// Whether a member belongs to the event. An event's file does not repeat the members of the
/// envelopes.
fn is_own(set: &SchemaSet, member: &MemberShape) -> bool {
    let first = member.path.split(['.', '[']).next().unwrap_or_default();
    let model = set.model();
    let envelopes = model.envelope.iter().chain(&model.other_envelope);
    let mut shared = envelopes.filter(|member| member.name != "data");
    !shared.any(|member| member.name == first || member.aliases.iter().any(|it| it == first))
}

struct ChosenWireTypes {
    canonical: String,
    aliases: Vec<String>,
    documented: bool,
    /// Documented wire types that belong to another event.
    taken: Vec<String>,
}

fn wire_type(schema: &Json) -> String {
    let first = schema.pointer("/properties/type/enum/0").and_then(Json::as_str);
    first.unwrap_or_default().to_owned()
}

/// Selects the documented wire types that no other event has.
fn wire_types(sources: &EventSources<'_>, inferred: &str) -> ChosenWireTypes {
    let EventSources { row, payload, set, .. } = *sources;
    let documented = payload.into_iter().flat_map(|payload| &payload.wire_types);
    let documented =
        documented.chain(&row.wire_type).filter(|name| **name == name.to_ascii_lowercase());
    let known = |name: &&String| {
        // An event in the schema has its own wire types already.
        let events = set.model().events.iter().filter(|event| !same_name(event, row));
        events.flat_map(|event| event.wire_types.iter()).any(|known| known == *name)
    };
    let (taken, mut free): (Vec<&String>, Vec<&String>) = documented.partition(known);
    // A section that documents several events has the wire types of all of them. The one most
    // similar to this event's name belongs to this event.
    let likeness =
        |name: &&String| name.bytes().zip(inferred.bytes()).take_while(|(a, b)| a == b).count();
    free.sort_by_key(|name| std::cmp::Reverse(likeness(name)));
    let shared = payload.is_some_and(|payload| payload.wire_types.len() > 1);
    let canonical = free.first().map_or(inferred, |name| name.as_str()).to_owned();
    let aliases =
        if shared { Vec::new() } else { free.iter().skip(1).map(|name| (*name).clone()).collect() };
    ChosenWireTypes {
        documented: !free.is_empty(),
        canonical,
        aliases,
        taken: taken.into_iter().cloned().collect(),
    }
}

impl EventSources<'_> {
    fn complete(
        &self,
        schema: &mut Json,
        wire_types: &ChosenWireTypes,
        members: &[MemberNode],
        types: &KnownDefinitions,
    ) {
        let title = schema.get("title").and_then(Json::as_str).unwrap_or_default().to_owned();
        let status = self.row.status.unwrap_or(EventStatus::Wip).as_str();
        set(schema, &["x-event", "status"], Json::from(status));
        let heading = self.payload.and_then(|payload| payload.sections.first());
        let heading = heading.map_or("table of events", String::as_str);
        set(schema, &["x-source", "section"], Json::from(heading));
        let names = std::iter::once(&wire_types.canonical).chain(&wire_types.aliases);
        // Former wire types remain, because stored entries have them.
        let before = schema.pointer("/properties/type/enum").map(Json::elements);
        let before = before.unwrap_or_default().iter().filter_map(Json::as_str);
        let scaffolded = is_scaffolded(schema);
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        names.extend(before.filter(|_| !scaffolded));
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(*name));
        let names = Json::Array(names.into_iter().map(Json::from).collect());
        let was_raw = !scaffolded && schema.pointer("/properties/data/x-type").is_some();
        let new = decisions(self, wire_types, members, types);
        let decisions = merged(schema.get("x-decisions").filter(|_| !scaffolded), new);
        set(schema, &["properties", "type", "enum"], names);
        if !members.is_empty() {
            let wire_type = schema.pointer("/properties/type").cloned().unwrap_or(Json::Null);
            let own = members.iter().map(|node| {
                let mut member = node.schema(&title, types);
                // Code that reads the raw payload must continue to work.
                if let (true, "data", Json::Object(keywords)) =
                    (was_raw, node.name.as_str(), &mut member)
                {
                    keywords.push(("x-keeps-raw".to_owned(), Json::Bool(true)));
                }
                (node.name.clone(), member)
            });
            let properties = std::iter::once(("type".to_owned(), wire_type)).chain(own).collect();
            set(schema, &["properties"], Json::Object(properties));
            set(schema, &["required"], tree::required(members));
        }
        if let Json::Object(keywords) = &mut *schema
            && !keywords.iter().any(|(name, _)| name == "x-decisions")
        {
            let at = keywords.iter().position(|(name, _)| name == "$ref");
            let at = at.unwrap_or(keywords.len());
            keywords.insert(at, ("x-decisions".to_owned(), Json::Null));
        }
        set(schema, &["x-decisions"], decisions);
    }
}

/// Whether the file is unchanged since it was scaffolded.
fn is_scaffolded(schema: &Json) -> bool {
    let description = schema.get("description").and_then(Json::as_str).unwrap_or_default();
    description.contains(PLACEHOLDER)
}

/// Appends new decisions. Existing decisions about an undocumented payload must be reviewed again.
fn merged(before: Option<&Json>, new: Json) -> Json {
    let mut all: Vec<Json> = before.map(Json::elements).unwrap_or_default().to_vec();
    let again = |about: &str| about.starts_with("/properties/data") || about == "/x-event/status";
    for decision in &mut all {
        let about = decision.get("about").map(Json::elements).unwrap_or_default();
        if about.iter().filter_map(Json::as_str).any(again) {
            set(decision, &["state"], Json::from("unreviewed"));
        }
    }
    let id = |decision: &Json| decision.get("id").cloned();
    let known: Vec<_> = all.iter().map(id).collect();
    all.extend(new.elements().iter().filter(|decision| !known.contains(&id(decision))).cloned());
    Json::Array(all)
}

/// Returns the decisions that a person must review.
fn decisions(
    sources: &EventSources<'_>,
    wire_types: &ChosenWireTypes,
    members: &[MemberNode],
    types: &KnownDefinitions,
) -> Json {
    let EventSources { page, row, payload, .. } = *sources;
    let canonical = &wire_types.canonical;
    let mut decisions = Vec::new();
    let mut open = |id: &str, about: Vec<String>, documented: &str, chosen: &str, reason: &str| {
        decisions.push(Json::object([
            ("id", Json::from(id)),
            (
                "about",
                Json::Array(about.iter().map(|pointer| Json::from(pointer.as_str())).collect()),
            ),
            ("documented", Json::from(documented)),
            ("chosen", Json::from(chosen)),
            ("reason", Json::from(reason)),
            ("state", Json::from("unreviewed")),
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
            "The page states it; compare it with a delivered event.",
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
            "Raw JSON keeps any payload.",
        );
    } else {
        let alike: Vec<String> = members.iter().flat_map(|node| node.likenesses(types)).collect();
        let alike = match alike.as_slice() {
            [] => String::new(),
            names => format!(" Described like members of other events: {}.", names.join(", ")),
        };
        let pointers = || members.iter().map(|node| format!("/properties/{}", node.name)).collect();
        open(
            "payload-as-documented",
            pointers(),
            "The page lists the members of the payload.",
            &format!(
                "They have the documented types, and are required unless the page calls them nullable or optional. Members named like a common type have that type.{alike}"
            ),
            "A starting point: check the types of times, and describe the contents of the members.",
        );
        if !members.iter().all(|node| node.is_known(types)) {
            open(
                "sensitivity-assumed",
                pointers(),
                "The page does not say which values are personal data.",
                "Values of members that no other event has are kept out of logs.",
                "Nobody has reviewed them yet. Remove `x-sensitive` from harmless members.",
            );
        }
    }
    if row.status.is_none() {
        open(
            "status-assumed",
            vec!["/x-event/status".into()],
            "The page gives no status, or an unknown one.",
            "The event counts as work in progress.",
            "This status promises the least.",
        );
    }
    let problems = problems(page, payload);
    if !problems.is_empty() {
        open(
            "page-is-not-clear",
            vec!["/x-source/section".into()],
            &format!("The event's sections have problems: {problems}."),
            "The readable parts were used.",
            "Compare the output of `cargo xtask docs facts` with the page.",
        );
    }
    Json::Array(decisions)
}

/// Returns the problems of the event's sections and examples, by kind.
fn problems(page: &Page, payload: Option<&DocumentedPayload>) -> String {
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

/// Sets a member at a path of existing objects.
fn set(json: &mut Json, path: &[&str], value: Json) {
    if let Some(place) = path.iter().try_fold(json, |at, name| at.child_mut(name)) {
        *place = value;
    }
}
