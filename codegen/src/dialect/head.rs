//! Reads the root of a file: kind of file, source, decisions, and an event's name, status and wire
//! types.

use spektr_json::Json;

use super::{DRAFT, DialectReader, EventHead, FileKind, ID_BASE, SchemaNode};
use crate::model::{Decision, EventStatus, ExplainedDifference, WireTypes};
use crate::names;
use crate::problem::{Named, ProblemKind};

/// The statuses of events, with their words in the schema files.
pub(super) const STATUSES: [(&str, EventStatus); 3] = [
    ("available", EventStatus::Available),
    ("wip", EventStatus::Wip),
    ("deprecated", EventStatus::Deprecated),
];

impl DialectReader<'_> {
    /// Checks the keywords that every file has at its root, and returns the kind of file.
    pub(crate) fn root(&mut self, root: &SchemaNode<'_>) -> FileKind {
        for (keyword, expected) in
            [("$schema", DRAFT.to_owned()), ("$id", format!("{ID_BASE}{}", root.file))]
        {
            let found = self.required_string(root, keyword);
            if let (Some(found), Some(node)) = (found, root.get(keyword))
                && found != expected
            {
                self.wrong_value(&node, format!("`{expected}`"), found);
            }
        }
        self.required_string(root, "title");
        self.description(root);
        self.required(root, "x-source");
        let is_event_file = root.file.starts_with("events/");
        match (root.get("x-envelope"), is_event_file) {
            (None, true) => FileKind::Event,
            (None, false) => FileKind::Type,
            (Some(node), true) => {
                self.report(&node, ProblemKind::Keyword("x-envelope".into()));
                FileKind::Event
            }
            (Some(node), false) => self
                .choice(
                    &node,
                    &[
                        ("type", FileKind::TypeEnvelope),
                        ("eventType", FileKind::EventTypeEnvelope),
                        ("batch", FileKind::Batch),
                    ],
                )
                .unwrap_or(FileKind::Type),
        }
    }

    /// Reads the decisions of a file. Each must point to a place that exists.
    pub(crate) fn decisions(&mut self, root: &SchemaNode<'_>) -> Vec<Decision> {
        let Some(list) = root.get("x-decisions") else {
            return Vec::new();
        };
        self.list(&list);
        let mut decisions: Vec<Decision> = Vec::new();
        for node in list.elements() {
            let Some(decision) = self.decision(root, &node) else {
                continue;
            };
            if decisions.iter().any(|other| other.id == decision.id) {
                let kind = ProblemKind::Duplicate {
                    named: Named::Decision,
                    name: decision.id.clone(),
                    other: "another decision of this file".into(),
                };
                self.report(&node, kind);
            }
            decisions.push(decision);
        }
        decisions
    }

    fn decision(&mut self, root: &SchemaNode<'_>, node: &SchemaNode<'_>) -> Option<Decision> {
        self.only(node, &["id", "about", "documented", "chosen", "reason", "state", "explains"]);
        let id = self.required_string(node, "id");
        if let (Some(text), Some(node)) = (&id, node.get("id"))
            && !names::is_kebab_case(text)
        {
            self.wrong_value(&node, "lower-case words joined by hyphens", text);
        }
        let about = match node.get("about") {
            Some(list) => self.pointers(root, &list, "the decision"),
            None => Vec::new(),
        };
        if about.is_empty() {
            self.report(node, ProblemKind::Missing("about"));
        }
        let documented = self.required_string(node, "documented");
        let chosen = self.required_string(node, "chosen");
        let reason = self.required_string(node, "reason");
        let states = [("accepted", true), ("unreviewed", false)];
        let reviewed = self.required_choice(node, "state", &states);
        let explains = self.optional_list(node, "explains", Self::explained);
        Some(Decision {
            id: id?,
            about,
            documented: documented?,
            chosen: chosen?,
            reason: reason?,
            reviewed: reviewed?,
            explains,
        })
    }

    fn explained(&mut self, node: &SchemaNode<'_>) -> Option<ExplainedDifference> {
        self.only(node, &["kind", "event", "path", "was", "now"]);
        let kind = self.required_string(node, "kind");
        let mut text = |name| match node.get(name) {
            // A record is copied from a report of `docs diff`, which writes null for an empty text.
            Some(SchemaNode { json: Json::String(text), .. }) => text.clone(),
            Some(SchemaNode { json: Json::Null, .. }) | None => String::new(),
            Some(node) => self.string(&node).unwrap_or_default(),
        };
        let [event, path, was, now] = ["event", "path", "was", "now"].map(&mut text);
        Some(ExplainedDifference { kind: kind?, event, path, was, now })
    }

    /// Reads JSON pointers into the same file; each must resolve.
    fn pointers(
        &mut self,
        root: &SchemaNode<'_>,
        list: &SchemaNode<'_>,
        what: &'static str,
    ) -> Vec<String> {
        let pointers = self.strings(list);
        for node in list.elements() {
            let Some(pointer) = node.json.as_str() else { continue };
            if root.json.pointer(pointer).is_none() {
                let pointer = pointer.to_owned();
                self.report(&node, ProblemKind::DanglingPointer { what, pointer });
            }
        }
        pointers
    }

    /// Reads the parts that make a file an event: its name, status, and wire types.
    pub(crate) fn event_head(&mut self, root: &SchemaNode<'_>) -> Option<EventHead> {
        self.only(
            root,
            &[
                "$schema",
                "$id",
                "$ref",
                "$defs",
                "title",
                "description",
                "type",
                "required",
                "properties",
                "x-event",
                "x-source",
                "x-decisions",
            ],
        );
        let event = self.required(root, "x-event")?;
        self.only(&event, &["name", "status", "discriminators"]);
        let name = self.required_string(&event, "name");
        if let (Some(text), Some(node)) = (&name, event.get("name")) {
            let expected = names::event_name(root.file);
            if *text != expected {
                self.wrong_value(&node, format!("`{expected}`, from the file's name"), text);
            }
        }
        let status = self.required_choice(&event, "status", &STATUSES);
        let discriminators = event.get("discriminators");
        let discriminators = discriminators.map(|list| self.strings(&list)).unwrap_or_default();
        let wire_types = self.wire_types(root);
        Some(EventHead { name: name?, status: status?, discriminators, wire_types: wire_types? })
    }

    fn wire_types(&mut self, root: &SchemaNode<'_>) -> Option<WireTypes> {
        let Some(node) = root.get("properties").and_then(|node| node.get("type")) else {
            self.report(root, ProblemKind::Missing("properties.type"));
            return None;
        };
        self.only(&node, &["description", "enum"]);
        self.description(&node);
        let wire_types = node.get("enum").map(|list| self.strings(&list)).unwrap_or_default();
        let mut wire_types = wire_types.into_iter();
        let Some(canonical) = wire_types.next() else {
            self.report(&node, ProblemKind::Missing("enum"));
            return None;
        };
        Some(WireTypes { canonical, accepted: wire_types.collect() })
    }

    /// Checks that a schema with members at its root has the type `object`.
    pub(crate) fn object_root(&mut self, root: &SchemaNode<'_>) {
        self.required_choice(root, "type", &[("object", ())]);
    }
}
