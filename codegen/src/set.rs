//! A set of schema files: each read by itself, then checked against the others.

use std::collections::BTreeMap;

use spektr_json::Json;

use crate::checks;
use crate::dialect::{EventHead, FileKind, Node, Reader};
use crate::model::{Common, Decision, Event, Member, Model, Source, TypeDef};
use crate::names;
use crate::passes::PAYLOAD;
use crate::problem::{Named, Problem, ProblemKind, Problems, Required};
use crate::{envelope, json};

/// The schema files, found to be in the dialect and to agree with each other.
#[derive(Clone, Debug)]
pub struct SchemaSet {
    files: BTreeMap<String, Json>,
    model: Model,
}

impl SchemaSet {
    /// Reads the files, given as paths below the schema folder and what is in them.
    ///
    /// # Errors
    ///
    /// All [`Problems`] of all files at once.
    pub fn parse<T: AsRef<[u8]>>(
        files: impl IntoIterator<Item = (String, T)>,
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut parsed = BTreeMap::new();
        for (file, text) in files {
            let whole = |kind| Problem { file: file.clone(), pointer: String::new(), kind };
            let in_place = matches!(file.split('/').collect::<Vec<_>>()[..],
                ["events" | "common", name] if name.ends_with(".schema.json"));
            if !in_place {
                problems.push(whole(ProblemKind::Misplaced));
                continue;
            }
            // Where letters of either case are one name, one file would hide another.
            let name = names::module(&file);
            if !names::is_file_name(&name) {
                let named = Named::File;
                problems.push(whole(ProblemKind::NotAnIdentifier { named, name }));
            }
            match json::parse(text.as_ref()) {
                Ok(json) => drop(parsed.insert(file, json)),
                Err(error) => problems.push(whole(ProblemKind::NotJson(error))),
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
    pub(crate) fn files(&self) -> &BTreeMap<String, Json> {
        &self.files
    }
}

/// Collects the names that a `$ref` can lead to.
fn targets(files: &BTreeMap<String, Json>) -> BTreeMap<String, String> {
    let mut targets = BTreeMap::new();
    for (file, json) in files {
        if file.starts_with("common/") {
            // One without a title is there all the same: its lack of one is what
            // has to be said, not that references to it lead nowhere.
            let title = json.get("title").and_then(Json::as_str).unwrap_or_default();
            targets.insert(file.clone(), title.to_owned());
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
    other_envelope: Option<Vec<Member>>,
    batch: Option<Vec<Member>>,
    common: Vec<Common>,
    events: Vec<Event>,
    /// Titles, and files, of what no type is made of.
    others: Vec<(String, String)>,
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
        let envelope_keywords = || [&HEAD[..], &["x-decisions", "x-envelope"]].concat();
        if matches!(kind, FileKind::TypeEnvelope | FileKind::EventTypeEnvelope | FileKind::Batch) {
            let title = root.json.get("title").and_then(Json::as_str);
            self.others.extend(title.map(|title| (title.to_owned(), root.file.to_owned())));
        }
        let decisions = reader.decisions(root);
        let source = root.get("x-source").and_then(|node| reader.source(&node));
        if let (
            FileKind::Type | FileKind::TypeEnvelope | FileKind::EventTypeEnvelope | FileKind::Batch,
            Some(source),
        ) = (kind, &source)
        {
            self.common.push(common(root, source.clone(), decisions.clone()));
        }
        match kind {
            FileKind::Event => {
                let head = reader.event_head(root);
                reader.object_root(root);
                match root.get("$ref") {
                    Some(node) => {
                        let found = node.json.as_str().unwrap_or(node.json.kind());
                        let envelope = Required::TypeEnvelope.path();
                        if names::resolve(root.file, found) != envelope {
                            let expected = format!("`../{envelope}`");
                            let found = found.to_owned();
                            reader
                                .problems
                                .push(node.problem(ProblemKind::WrongValue { expected, found }));
                        }
                    }
                    None => reader.problems.push(root.problem(ProblemKind::Missing("$ref"))),
                }
                reader.definitions(root);
                let members = reader.members(root, &[envelope::WIRE_TYPE.name]);
                if let (Some(head), Some(source)) = (head, source) {
                    self.events.push(event(root, head, members, source, decisions));
                }
            }
            FileKind::Type => {
                reader.named_type(root, &[&HEAD[..], &["x-decisions"]].concat());
            }
            FileKind::TypeEnvelope => {
                reader.only(root, &envelope_keywords());
                reader.object_root(root);
                self.envelope = Some(reader.members(root, &[]));
                expect_members(reader, root, &envelope::names(&envelope::TYPE_ENVELOPE));
                unused_keywords(reader, root, |_, keyword| {
                    matches!(keyword, "x-valid-for-seconds" | "x-keeps-raw")
                });
            }
            FileKind::EventTypeEnvelope => {
                reader.only(root, &envelope_keywords());
                reader.object_root(root);
                self.other_envelope = Some(reader.members(root, &[]));
                let names = envelope::names(&envelope::EVENT_TYPE_ENVELOPE);
                expect_members(reader, root, &names);
                if let Some(properties) = root.get("properties") {
                    reader.only(&properties, &names);
                }
                // What both envelopes have becomes one field, which the other file makes.
                unused_keywords(reader, root, |name, keyword| {
                    matches!(keyword, "x-valid-for-seconds" | "x-keeps-raw")
                        || (keyword == "x-sensitive"
                            && envelope::key(&envelope::TYPE_ENVELOPE, name).is_some())
                });
            }
            FileKind::Batch => {
                reader.only(root, &envelope_keywords());
                reader.object_root(root);
                self.batch = Some(reader.batch(root));
            }
        }
    }

    fn finish(self, types: Vec<TypeDef>, problems: &mut Vec<Problem>) -> Model {
        for (shape, required) in [
            (&self.envelope, Required::TypeEnvelope),
            (&self.other_envelope, Required::EventTypeEnvelope),
            (&self.batch, Required::Batch),
        ] {
            if shape.is_none() {
                problems.push(Problem {
                    file: required.path().into(),
                    pointer: String::new(),
                    kind: ProblemKind::MissingFile(required),
                });
            }
        }
        checks::type_names(&self.others, &self.events, &types, problems);
        let types: BTreeMap<_, _> = types.into_iter().map(|def| (def.name.clone(), def)).collect();
        let other_envelope = self.other_envelope.unwrap_or_default();
        let mut events = self.events;
        payload_aliases(&other_envelope, &mut events);
        let model = Model {
            envelope: self.envelope.unwrap_or_default(),
            other_envelope,
            batch: self.batch.unwrap_or_default(),
            events,
            types,
            common: self.common,
        };
        checks::run(&model, problems);
        model
    }
}

/// Gives the payload of each event the other names that an envelope has for it.
fn payload_aliases(other_envelope: &[Member], events: &mut [Event]) {
    let is_payload = |member: &&Member| member.name == PAYLOAD;
    let Some(outer) = other_envelope.iter().find(is_payload) else { return };
    let payloads = events.iter_mut().flat_map(|event| &mut event.members);
    for payload in payloads.filter(|member| member.name == PAYLOAD) {
        let new = outer.aliases.iter().filter(|alias| !payload.aliases.contains(alias));
        let new: Vec<_> = new.cloned().collect();
        payload.aliases.extend(new);
    }
}

fn common(root: &Node<'_>, source: Source, decisions: Vec<Decision>) -> Common {
    let (title, description) = (text(root, "title"), text(root, "description"));
    Common { file: root.file.to_owned(), title, description, source, decisions }
}

/// Returns a text of a file's root, whose absence was reported before.
fn text(root: &Node<'_>, keyword: &str) -> String {
    root.json.get(keyword).and_then(Json::as_str).unwrap_or_default().trim().to_owned()
}

fn event(
    root: &Node<'_>,
    head: EventHead,
    members: Vec<Member>,
    source: Source,
    decisions: Vec<Decision>,
) -> Event {
    Event {
        file: root.file.to_owned(),
        module: names::module(root.file),
        title: text(root, "title"),
        name: head.name,
        status: head.status,
        description: text(root, "description"),
        wire_types: head.wire_types,
        discriminators: head.discriminators,
        members,
        source,
        decisions,
    }
}

/// Reports the keywords of an envelope's members from which nothing would follow.
fn unused_keywords(
    reader: &mut Reader<'_>,
    root: &Node<'_>,
    is_unused: impl Fn(&str, &str) -> bool,
) {
    let properties = root.get("properties").into_iter().flat_map(|node| node.members());
    for (name, member) in properties {
        for (keyword, node) in member.members().filter(|(keyword, _)| is_unused(name, keyword)) {
            reader.problems.push(node.problem(ProblemKind::Keyword(keyword.to_owned())));
        }
    }
}

fn expect_members(reader: &mut Reader<'_>, root: &Node<'_>, names: &[&'static str]) {
    let properties = root.json.get("properties");
    for name in names {
        if properties.and_then(|properties| properties.get(name)).is_none() {
            reader.problems.push(root.problem(ProblemKind::Missing(name)));
        }
    }
}
