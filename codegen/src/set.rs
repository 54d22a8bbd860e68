//! A set of schema files: each read by itself, then checked against the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::dialect::{EventHead, FileKind, Node, Reader};
use crate::json::Json;
use crate::model::{Event, Member, Model, Source, Ty, TypeDef, TypeKind};
use crate::names;
use crate::problem::{Problem, ProblemKind, Problems};

/// Names that the generated crate, or the prelude, gives to something else.
const RESERVED: [&str; 24] = [
    "Body",
    "BodyError",
    "Box",
    "Deserialize",
    "Entries",
    "Entry",
    "EntryError",
    "Err",
    "Event",
    "EventInfo",
    "EventType",
    "KnownEvent",
    "Map",
    "None",
    "Ok",
    "Option",
    "RawJson",
    "Result",
    "Serialize",
    "Some",
    "Source",
    "Status",
    "String",
    "Vec",
];

/// The members that reading an entry relies on, by envelope.
const TYPE_ENVELOPE: [&str; 6] =
    ["id", "spektrId", "workspaceId", "type", "delivered", "createdAt"];
const EVENT_TYPE_ENVELOPE: [&str; 6] =
    ["id", "workspaceId", "eventType", "timestamp", "spektrId", "data"];

const TYPE_ENVELOPE_FILE: &str = "common/type_envelope.schema.json";

/// The schema files, found to be in the dialect and to agree with each other.
#[derive(Clone, Debug)]
pub struct SchemaSet {
    files: BTreeMap<String, Json>,
    model: Model,
}

impl SchemaSet {
    /// Reads the files, given as paths below the schema folder and their texts.
    ///
    /// # Errors
    ///
    /// All [`Problems`] of all files at once.
    pub fn parse<I>(files: I) -> Result<Self, Problems>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let mut problems = Vec::new();
        let mut parsed = BTreeMap::new();
        for (file, text) in files {
            let whole = |kind| Problem { file: file.clone(), pointer: String::new(), kind };
            let in_place = matches!(file.split('/').collect::<Vec<_>>()[..],
                ["events" | "common", name] if name.ends_with(".schema.json"));
            if !in_place {
                problems.push(whole(ProblemKind::WrongPlace(
                    "a schema file stands where none belongs",
                )));
            }
            match serde_json::from_str::<Json>(&text) {
                Ok(json) => drop(parsed.insert(file, json)),
                Err(error) => problems.push(whole(ProblemKind::NotJson(error.to_string()))),
            }
        }
        let targets = targets(&parsed);
        let mut reader = Reader { targets: &targets, problems, types: Vec::new() };
        let mut draft = Draft::default();
        for (file, json) in &parsed {
            draft.read(&mut reader, &Node { file, pointer: String::new(), json });
        }
        let Reader { mut problems, types, .. } = reader;
        let model = draft.finish(types, &mut problems);
        Problems::into_result(problems)?;
        Ok(SchemaSet { files: parsed, model })
    }

    /// Returns what the files say.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Returns the files as they were read, by path below the schema folder.
    pub fn files(&self) -> &BTreeMap<String, Json> {
        &self.files
    }
}

/// Collects the names that a `$ref` can lead to.
fn targets(files: &BTreeMap<String, Json>) -> BTreeMap<String, String> {
    let mut targets = BTreeMap::new();
    for (file, json) in files {
        if let Some(title) = json.get("title").and_then(Json::as_str) {
            if file.starts_with("common/") {
                targets.insert(file.clone(), title.to_owned());
            }
        }
        for (key, definition) in json.get("$defs").map(Json::members).unwrap_or_default() {
            if let Some(title) = definition.get("title").and_then(Json::as_str) {
                targets.insert(format!("{file}#/$defs/{key}"), title.to_owned());
            }
        }
    }
    targets
}

#[derive(Default)]
struct Draft {
    envelope: Option<Vec<Member>>,
    events: Vec<Event>,
}

impl Draft {
    fn read(&mut self, reader: &mut Reader<'_>, root: &Node<'_>) {
        const HEAD: [&str; 8] = [
            "$schema",
            "$id",
            "title",
            "description",
            "type",
            "required",
            "properties",
            "x-source",
        ];
        let kind = reader.root(root);
        let decisions = reader.decisions(root);
        match kind {
            FileKind::Event => {
                let head = reader.event_head(root);
                let envelope =
                    root.get("$ref").and_then(|node| node.json.as_str().map(str::to_owned));
                match envelope {
                    Some(path) if names::resolve(root.file, &path) == TYPE_ENVELOPE_FILE => {}
                    Some(path) => reader.problems.push(root.problem(ProblemKind::WrongValue {
                        expected: format!("`\"$ref\": \"../{TYPE_ENVELOPE_FILE}\"`"),
                        found: path,
                    })),
                    None => reader.problems.push(root.problem(ProblemKind::Missing("$ref"))),
                }
                reader.definitions(root);
                let members = reader.members(root, &["type"]);
                let source = root.get("x-source").and_then(|node| reader.source(&node));
                if let (Some(head), Some(source)) = (head, source) {
                    self.events.push(event(root, head, members, source, decisions));
                }
            }
            FileKind::Type => {
                reader.named_type(root, &[&HEAD[..], &["x-decisions"]].concat());
            }
            FileKind::TypeEnvelope => {
                let members = reader.members(root, &[]);
                expect_members(reader, root, &members, &TYPE_ENVELOPE);
                self.envelope = Some(members);
            }
            FileKind::EventTypeEnvelope => {
                let members = reader.members(root, &[]);
                expect_members(reader, root, &members, &EVENT_TYPE_ENVELOPE);
            }
            // Its entries are alternatives, which the dialect has nowhere else;
            // it is for other tools, and nothing is generated from it.
            FileKind::Batch => {
                if root.get("properties").and_then(|node| node.get("results")).is_none() {
                    reader.problems.push(root.problem(ProblemKind::Missing("properties.results")));
                }
            }
        }
    }

    fn finish(self, types: Vec<TypeDef>, problems: &mut Vec<Problem>) -> Model {
        if self.envelope.is_none() {
            problems.push(Problem {
                file: TYPE_ENVELOPE_FILE.into(),
                pointer: String::new(),
                kind: ProblemKind::WrongPlace("the type envelope's file is missing"),
            });
        }
        check_names(&self.events, &types, problems);
        let types: BTreeMap<_, _> = types.into_iter().map(|def| (def.name.clone(), def)).collect();
        let model =
            Model { envelope: self.envelope.unwrap_or_default(), events: self.events, types };
        check_members(&model, problems);
        check_wire_types(&model, problems);
        check_cycles(&model, problems);
        model
    }
}

fn event(
    root: &Node<'_>,
    head: EventHead,
    members: Vec<Member>,
    source: Source,
    decisions: Vec<crate::model::Decision>,
) -> Event {
    let text = |keyword| {
        root.json.get(keyword).and_then(Json::as_str).unwrap_or_default().trim().to_owned()
    };
    Event {
        file: root.file.to_owned(),
        module: names::module(root.file),
        title: text("title"),
        name: head.name,
        status: head.status,
        description: text("description"),
        wire_types: head.wire_types,
        discriminators: head.discriminators,
        members,
        source,
        decisions,
    }
}

fn expect_members(
    reader: &mut Reader<'_>,
    root: &Node<'_>,
    found: &[Member],
    names: &[&'static str],
) {
    for name in names {
        if !found.iter().any(|member| member.name == *name) {
            reader.problems.push(root.problem(ProblemKind::Missing(name)));
        }
    }
}

/// Every type has one name, and leaves the crate's own names alone.
fn check_names(events: &[Event], types: &[TypeDef], problems: &mut Vec<Problem>) {
    let named = events.iter().map(|event| (&event.title, &event.file, "/title".to_owned()));
    let types = types.iter().map(|def| (&def.name, &def.file, format!("{}/title", def.pointer)));
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (name, file, pointer) in named.chain(types) {
        let mut report =
            |kind| problems.push(Problem { file: file.clone(), pointer: pointer.clone(), kind });
        if !names::is_type_name(name) {
            report(ProblemKind::NotAnIdentifier(name.clone()));
        }
        if RESERVED.contains(&name.as_str()) || name == "Unknown" {
            report(ProblemKind::ReservedName(name.clone()));
        }
        if let Some(other) = seen.insert(name, format!("{file}#{pointer}")) {
            report(ProblemKind::Duplicate { what: "the type name", name: name.clone(), other });
        }
    }
}

/// An event's members leave the envelope's names alone, and discriminators exist.
fn check_members(model: &Model, problems: &mut Vec<Problem>) {
    for event in &model.events {
        let place = |pointer: &str, kind| Problem {
            file: event.file.clone(),
            pointer: pointer.to_owned(),
            kind,
        };
        for member in &event.members {
            let names = || std::iter::once(&member.name).chain(&member.aliases);
            let taken = model
                .envelope
                .iter()
                .find(|other| names().any(|name| names::field(name) == names::field(&other.name)));
            if let Some(other) = taken {
                let kind = ProblemKind::Duplicate {
                    what: "the member name",
                    name: member.name.clone(),
                    other: format!("`{}` of the envelope", other.name),
                };
                problems.push(place(&member.pointer, kind));
            }
        }
        for (index, pointer) in event.discriminators.iter().enumerate() {
            if !leads_to_member(model, &event.members, pointer) {
                let kind = ProblemKind::DanglingPointer {
                    what: "the discriminator",
                    pointer: pointer.clone(),
                };
                problems.push(place(&format!("/x-event/discriminators/{index}"), kind));
            }
        }
    }
}

/// Follows a pointer as `/data/tagId` through the members' types.
fn leads_to_member(model: &Model, members: &[Member], pointer: &str) -> bool {
    let Some((name, rest)) = pointer
        .strip_prefix('/')
        .map(|path| path.find('/').map_or((path, ""), |slash| path.split_at(slash)))
    else {
        return false;
    };
    let Some(member) = members.iter().find(|member| member.name == name) else {
        return false;
    };
    if rest.is_empty() {
        return true;
    }
    let Ty::Named(name) = &member.ty else {
        return false;
    };
    match model.types.get(name).map(|def| &def.kind) {
        Some(TypeKind::Object(members)) => leads_to_member(model, members, rest),
        _ => false,
    }
}

/// A wire type means one event, or its candidates are told apart.
fn check_wire_types(model: &Model, problems: &mut Vec<Problem>) {
    for (index, event) in model.events.iter().enumerate() {
        for (place, wire_type) in event.wire_types.iter().enumerate() {
            let mut report = |kind| {
                let pointer = format!("/properties/type/enum/{place}");
                problems.push(Problem { file: event.file.clone(), pointer, kind });
            };
            let duplicate = |other: &str| ProblemKind::Duplicate {
                what: "the wire type",
                name: wire_type.clone(),
                other: other.to_owned(),
            };
            if event.wire_types[..place].iter().any(|other| other.eq_ignore_ascii_case(wire_type)) {
                report(duplicate("the same event"));
            }
            for other in &model.events[..index] {
                let Some(other_place) =
                    other.wire_types.iter().position(|name| name.eq_ignore_ascii_case(wire_type))
                else {
                    continue;
                };
                // Where no discriminator is present, the event whose canonical
                // wire type it is is meant: one of the two, and only one.
                let owners = [place, other_place].iter().filter(|place| **place == 0).count();
                let shared =
                    event.discriminators.iter().find(|name| other.discriminators.contains(name));
                if let Some(discriminator) = shared {
                    report(ProblemKind::OverlappingDiscriminators {
                        wire_type: wire_type.clone(),
                        other: other.file.clone(),
                        discriminator: discriminator.clone(),
                    });
                } else if owners != 1
                    || event.discriminators.is_empty()
                    || other.discriminators.is_empty()
                {
                    report(duplicate(&other.file));
                }
            }
        }
    }
}

/// No type contains itself, except through a list.
fn check_cycles(model: &Model, problems: &mut Vec<Problem>) {
    for def in model.types.values() {
        let mut seen = BTreeSet::new();
        let mut next = vec![&def.name];
        while let Some(name) = next.pop() {
            for child in direct_children(model, name) {
                if *child == def.name {
                    problems.push(Problem {
                        file: def.file.clone(),
                        pointer: def.pointer.clone(),
                        kind: ProblemKind::Cycle(name.clone()),
                    });
                } else if seen.insert(child) {
                    next.push(child);
                }
            }
        }
    }
}

/// Returns the types that a value of a type holds without a list in between.
fn direct_children<'m>(model: &'m Model, name: &str) -> impl Iterator<Item = &'m String> {
    let members = match model.types.get(name).map(|def| &def.kind) {
        Some(TypeKind::Object(members)) => &members[..],
        _ => &[],
    };
    members.iter().filter_map(|member| match &member.ty {
        Ty::Named(name) => Some(name),
        _ => None,
    })
}
