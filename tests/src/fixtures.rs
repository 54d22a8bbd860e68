//! Small sets of schema files: the envelopes, one plain event, and additions or faults for a test.

use std::collections::BTreeMap;
use std::path::PathBuf;

use spektr_codegen::{Problems, SchemaSet, generate};

/// The file of the event in every set.
pub const PING: &str = "events/ping.schema.json";
/// The file of the envelope with `eventType`.
pub const OTHER_ENVELOPE: &str = "common/event_type_envelope.schema.json";
/// The file of the batch.
pub const BATCH: &str = "common/batch.schema.json";
/// The file of the type envelope.
pub const ENVELOPE: &str = "common/type_envelope.schema.json";

const BASE: &str = "https://spektr-webhooks.invalid/schema/";
const SOURCE: &str =
    r#"{ "page": "webhooks-events", "section": "PING", "captured": "2026-11-23" }"#;

/// Schema files by their path below the schema folder.
#[derive(Clone, Debug)]
pub struct Files(BTreeMap<String, String>);

impl Files {
    /// Returns the smallest set: the files that every set needs, and the event `PING` without
    /// members of its own.
    pub fn base() -> Self {
        let mut files = Self(BTreeMap::new());
        for (name, title) in
            [("event_id", "EventId"), ("spektr_id", "SpektrId"), ("workspace_id", "WorkspaceId")]
        {
            files = files.common(name, title, r#""type": "string", "x-type": "id""#);
        }
        files
            .common("timestamp", "Timestamp", r#""type": "number", "x-type": "timestamp""#)
            .common(
                "delivered",
                "Delivered",
                r#""type": ["boolean", "null"], "x-type": "delivered""#,
            )
            .common(
                "type_envelope",
                "TypeEnvelope",
                r#""x-envelope": "type",
                "type": "object",
                "properties": {
                    "id": { "$ref": "event_id.schema.json", "description": "The event." },
                    "spektrId": { "$ref": "spektr_id.schema.json", "description": "The customer." },
                    "workspaceId": {
                        "description": "The workspace.",
                        "anyOf": [{ "$ref": "workspace_id.schema.json" }, { "type": "null" }]
                    },
                    "type": { "description": "The wire type.", "type": "string" },
                    "delivered": { "$ref": "delivered.schema.json", "description": "The flag." },
                    "createdAt": { "$ref": "timestamp.schema.json", "description": "The time." }
                },
                "required": ["id", "spektrId", "type", "createdAt"]"#,
            )
            .common(
                "event_type_envelope",
                "EventTypeEnvelope",
                r#""x-envelope": "eventType",
                "type": "object",
                "properties": {
                    "id": { "$ref": "event_id.schema.json", "description": "The event." },
                    "workspaceId": {
                        "description": "The workspace.",
                        "anyOf": [{ "$ref": "workspace_id.schema.json" }, { "type": "null" }]
                    },
                    "eventType": { "description": "The wire type.", "type": "string" },
                    "timestamp": { "$ref": "timestamp.schema.json", "description": "The time." },
                    "spektrId": { "$ref": "spektr_id.schema.json", "description": "The customer." },
                    "data": { "description": "The payload.", "x-type": "raw" }
                },
                "required": ["id", "eventType", "timestamp", "spektrId"]"#,
            )
            .common(
                "batch",
                "Batch",
                r#""x-envelope": "batch",
                "type": "object",
                "properties": {
                    "results": {
                        "description": "The entries.",
                        "type": "array",
                        "items": {
                            "anyOf": [
                                { "$ref": "type_envelope.schema.json" },
                                { "$ref": "event_type_envelope.schema.json" }
                            ]
                        }
                    }
                },
                "required": ["results"]"#,
            )
            .event(&Event::new("ping", "Ping"))
    }

    /// Adds a file of `common/`, with the keywords that every file has.
    pub fn common(self, name: &str, title: &str, keywords: &str) -> Self {
        let file = format!("common/{name}.schema.json");
        let text = whole(&file, title, keywords);
        self.file(&file, &text)
    }

    /// Returns the smallest set with an open enum `Color` of these values.
    pub fn colors(values: &[&str]) -> Self {
        let values: Vec<_> = values
            .iter()
            .map(|value| format!(r#"{{ "value": "{value}", "description": "A color." }}"#))
            .collect();
        let keywords = format!(r#""type": "string", "x-known-values": [{}]"#, values.join(","));
        Self::base().common("color", "Color", &keywords)
    }

    /// Adds an event's file, or replaces it.
    pub fn event(self, event: &Event) -> Self {
        let file = format!("events/{}.schema.json", event.module);
        self.file(&file, &event.text())
    }

    /// Adds a file, or replaces it.
    pub fn file(mut self, file: &str, text: &str) -> Self {
        self.0.insert(file.to_owned(), text.to_owned());
        self
    }

    /// Removes a file.
    pub fn without(mut self, file: &str) -> Self {
        self.0.remove(file).unwrap_or_else(|| panic!("there is no {file}"));
        self
    }

    /// Replaces a text that must occur exactly once in a file.
    pub fn edit(mut self, file: &str, from: &str, to: &str) -> Self {
        let text = self.0.get_mut(file).unwrap_or_else(|| panic!("there is no {file}"));
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}:\n{text}");
        *text = text.replace(from, to);
        self
    }

    /// Returns the files in the order of their names.
    pub fn list(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(file, text)| (file.clone(), text.clone())).collect()
    }

    /// Parses the files, which must have no problem, and generates code from them.
    pub fn generate(&self) -> BTreeMap<PathBuf, String> {
        let set = SchemaSet::parse(self.list()).unwrap_or_else(|error| panic!("{error}"));
        generate(&set).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Parses the files, which must have a problem, and returns the problems.
    pub fn problems(&self) -> Problems {
        SchemaSet::parse(self.list()).expect_err("the files are not in order")
    }
}

/// Builds an event's schema file.
#[derive(Clone, Debug)]
pub struct Event {
    module: String,
    title: String,
    status: String,
    wire_types: String,
    extra: String,
    keywords: String,
    members: String,
    required: String,
}

impl Event {
    /// Returns an available event without members of its own. Its wire type is the name of its
    /// module.
    pub fn new(module: &str, title: &str) -> Self {
        Self {
            module: module.to_owned(),
            title: title.to_owned(),
            status: "available".to_owned(),
            wire_types: format!(r#""{module}""#),
            extra: String::new(),
            keywords: String::new(),
            members: String::new(),
            required: String::new(),
        }
    }

    /// Sets the status.
    pub fn status(mut self, status: &str) -> Self {
        self.status = status.to_owned();
        self
    }

    /// Sets the wire types, as the elements of a JSON list.
    pub fn wire_types(mut self, wire_types: &str) -> Self {
        self.wire_types = wire_types.to_owned();
        self
    }

    /// Sets the discriminators, as the elements of a JSON list.
    pub fn discriminators(mut self, pointers: &str) -> Self {
        self.extra = format!(r#", "discriminators": [{pointers}]"#);
        self
    }

    /// Adds keywords to the root, as the members of a JSON object.
    pub fn keywords(mut self, keywords: &str) -> Self {
        self.keywords = format!("{keywords},");
        self
    }

    /// Sets the members and the required names, both as the content of JSON values.
    pub fn members(mut self, members: &str, required: &str) -> Self {
        self.members = format!(", {members}");
        self.required = required.to_owned();
        self
    }

    fn text(&self) -> String {
        let Self { module, title, status, wire_types, extra, keywords, members, required } = self;
        let name = module.to_uppercase();
        whole(
            &format!("events/{module}.schema.json"),
            title,
            &format!(
                r#""x-event": {{ "name": "{name}", "status": "{status}"{extra} }},
                "$ref": "../common/type_envelope.schema.json",
                {keywords}
                "type": "object",
                "properties": {{
                    "type": {{ "description": "The wire type.", "enum": [{wire_types}] }}{members}
                }},
                "required": [{required}]"#
            ),
        )
    }
}

/// Returns a schema file: the keywords that every file has, and the given ones.
pub fn whole(file: &str, title: &str, keywords: &str) -> String {
    format!(
        r#"{{
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": "{BASE}{file}",
                "title": "{title}",
                "description": "About {title}.",
                "x-source": {SOURCE},
                {keywords}
            }}"#
    )
}
