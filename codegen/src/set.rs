//! Reads a set of schema files: each by itself, then checks them against each other.

use std::collections::BTreeMap;

use spektr_json::Json;

use crate::checks;
use crate::dialect::{DialectReader, EventHead, FileKind, SchemaNode};
use crate::model::{CommonFile, Decision, Event, Member, Model, Source, TypeDef};
use crate::names;
use crate::passes::PAYLOAD;
use crate::problem::{Named, Problem, ProblemKind, Problems, RequiredFile};
use crate::{envelope, json};

/// The schema files, each in the dialect and consistent with the others.
#[derive(Clone, Debug)]
pub struct SchemaSet {
    files: BTreeMap<String, Json>,
    model: Model,
}

impl SchemaSet {
    /// Parses the files, given as pairs of a path below the schema folder and the content.
    ///
    /// # Errors
    ///
    /// Returns all [`Problems`] of all files at once.
    pub fn parse<T: AsRef<[u8]>>(
        files: impl IntoIterator<Item = (String, T)>,
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut parsed = BTreeMap::new();
        for (file, text) in files {
            let whole = |kind| Problem::new(&file, "", kind);
            let in_place = matches!(file.split('/').collect::<Vec<_>>()[..],
                ["events" | "common", name] if name.ends_with(".schema.json"));
            if !in_place {
                problems.push(whole(ProblemKind::Misplaced));
                continue;
            }
            // On file systems that ignore case, one file would hide another.
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
        let mut reader = DialectReader { targets: &targets, problems, types: Vec::new() };
        let mut draft = ModelDraft::default();
        for (file, json) in &parsed {
            draft.read(&mut reader, &SchemaNode { file, pointer: String::new(), json });
        }
        let DialectReader { mut problems, types, .. } = reader;
        let model = draft.finish(types, &mut problems);
        Problems::into_result(problems)?;
        Ok(SchemaSet { files: parsed, model })
    }

    /// Returns the model of the files.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Returns the parsed files by path below the schema folder.
    pub(crate) fn files(&self) -> &BTreeMap<String, Json> {
        &self.files
    }
}

/// Collects the targets that a `$ref` can name, each with its title.
fn targets(files: &BTreeMap<String, Json>) -> BTreeMap<String, String> {
    let mut targets = BTreeMap::new();
    for (file, json) in files {
        if file.starts_with("common/") {
            // A file without a title is a target too: the missing title is reported, and
            // references to the file must not be reported as dangling.
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
struct ModelDraft {
    envelope: Option<Vec<Member>>,
    other_envelope: Option<Vec<Member>>,
    batch: Option<Vec<Member>>,
    common: Vec<CommonFile>,
    events: Vec<Event>,
    /// Title and file of each schema that becomes no type: the envelopes and the batch.
    others: Vec<(String, String)>,
}

impl ModelDraft {
    fn read(&mut self, reader: &mut DialectReader<'_>, root: &SchemaNode<'_>) {
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
        if !matches!(kind, FileKind::Event | FileKind::Type) {
            let title = root.json.get("title").and_then(Json::as_str);
            self.others.extend(title.map(|title| (title.to_owned(), root.file.to_owned())));
            reader.only(root, &[&HEAD[..], &["x-decisions", "x-envelope"]].concat());
            reader.object_root(root);
        }
        let decisions = reader.decisions(root);
        let source = root.get("x-source").and_then(|node| reader.source(&node));
        if kind != FileKind::Event
            && let Some(source) = &source
        {
            self.common.push(common(root, source.clone(), decisions.clone()));
        }
        match kind {
            FileKind::Event => {
                let head = reader.event_head(root);
                reader.object_root(root);
                if let Some(node) = reader.required(root, "$ref") {
                    let found = node.json.as_str().unwrap_or(node.json.kind());
                    let envelope = RequiredFile::TypeEnvelope.path();
                    if names::resolve(root.file, found) != envelope {
                        reader.wrong_value(&node, format!("`../{envelope}`"), found);
                    }
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
                self.envelope = Some(reader.members(root, &[]));
                expect_members(reader, root, &envelope::names(&envelope::TYPE_ENVELOPE));
                unused_keywords(reader, root, |_, keyword| {
                    matches!(keyword, "x-valid-for-seconds" | "x-keeps-raw")
                });
            }
            FileKind::EventTypeEnvelope => {
                self.other_envelope = Some(reader.members(root, &[]));
                let names = envelope::names(&envelope::EVENT_TYPE_ENVELOPE);
                expect_members(reader, root, &names);
                if let Some(properties) = root.get("properties") {
                    reader.only(&properties, &names);
                }
                // A member of both envelopes becomes one field, which is made from the type
                // envelope's file.
                unused_keywords(reader, root, |name, keyword| {
                    matches!(keyword, "x-valid-for-seconds" | "x-keeps-raw")
                        || (keyword == "x-sensitive"
                            && envelope::key(&envelope::TYPE_ENVELOPE, name).is_some())
                });
            }
            FileKind::Batch => self.batch = Some(reader.batch(root)),
        }
    }

    fn finish(self, types: Vec<TypeDef>, problems: &mut Vec<Problem>) -> Model {
        for (shape, required) in [
            (&self.envelope, RequiredFile::TypeEnvelope),
            (&self.other_envelope, RequiredFile::EventTypeEnvelope),
            (&self.batch, RequiredFile::Batch),
        ] {
            if shape.is_none() {
                let kind = ProblemKind::MissingFile(required);
                problems.push(Problem::new(required.path(), "", kind));
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

/// Adds the envelope's aliases of the payload to the payload of each event.
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

fn common(root: &SchemaNode<'_>, source: Source, decisions: Vec<Decision>) -> CommonFile {
    let (title, description) = (text(root, "title"), text(root, "description"));
    CommonFile { file: root.file.to_owned(), title, description, source, decisions }
}

/// Returns a text from a file's root, or an empty one if its absence was already reported.
fn text(root: &SchemaNode<'_>, keyword: &str) -> String {
    root.json.get(keyword).and_then(Json::as_str).unwrap_or_default().trim().to_owned()
}

fn event(
    root: &SchemaNode<'_>,
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

/// Reports keywords of an envelope's members that have no effect there.
fn unused_keywords(
    reader: &mut DialectReader<'_>,
    root: &SchemaNode<'_>,
    is_unused: impl Fn(&str, &str) -> bool,
) {
    let properties = root.get("properties").into_iter().flat_map(|node| node.members());
    for (name, member) in properties {
        for (keyword, node) in member.members().filter(|(keyword, _)| is_unused(name, keyword)) {
            reader.report(&node, ProblemKind::Keyword(keyword.to_owned()));
        }
    }
}

fn expect_members(reader: &mut DialectReader<'_>, root: &SchemaNode<'_>, names: &[&'static str]) {
    let properties = root.json.get("properties");
    for name in names {
        if properties.and_then(|properties| properties.get(name)).is_none() {
            reader.report(root, ProblemKind::Missing(name));
        }
    }
}
