//! Reads one schema file, and allows only the keywords of the dialect.
//!
//! The reader records a problem and reads on, so that one run shows all problems.
//! It leaves a part with a problem out of the result; the result is used only if
//! there is no problem.

mod batch;
mod head;
mod members;
mod named_types;
mod source;

use std::collections::BTreeMap;

use spektr_json::{Json, pointer};

use crate::model::{EventStatus, TypeDef, WireTypes};
use crate::problem::{Named, Problem, ProblemKind};

pub(crate) const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Start of every `$id`: an identifier under the reserved domain `.invalid`, which nothing can
/// fetch from.
pub(crate) const ID_BASE: &str = "https://spektr-webhooks.invalid/schema/";

/// A value in a schema file, and its place.
#[derive(Clone)]
pub(crate) struct SchemaNode<'a> {
    pub(crate) file: &'a str,
    pub(crate) pointer: String,
    pub(crate) json: &'a Json,
}

impl<'a> SchemaNode<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<SchemaNode<'a>> {
        let json = self.json.get(name)?;
        Some(SchemaNode { file: self.file, pointer: pointer::join(&self.pointer, name), json })
    }

    fn elements(&self) -> impl Iterator<Item = SchemaNode<'a>> + use<'a> {
        let (file, pointer) = (self.file, self.pointer.clone());
        self.json.elements().iter().enumerate().map(move |(index, json)| SchemaNode {
            file,
            pointer: pointer::join(&pointer, &index.to_string()),
            json,
        })
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, SchemaNode<'a>)> + use<'a> {
        let (file, pointer) = (self.file, self.pointer.clone());
        self.json.members().iter().map(move |(name, json)| {
            (name.as_str(), SchemaNode { file, pointer: pointer::join(&pointer, name), json })
        })
    }

    pub(crate) fn problem(&self, kind: ProblemKind) -> Problem {
        Problem::new(self.file, &self.pointer, kind)
    }
}

/// The kind of a file, which its folder and `x-envelope` tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Event,
    Type,
    TypeEnvelope,
    EventTypeEnvelope,
    Batch,
}

/// The parts of an event file's root that only events have.
pub(crate) struct EventHead {
    pub(crate) name: String,
    pub(crate) status: EventStatus,
    pub(crate) discriminators: Vec<String>,
    pub(crate) wire_types: WireTypes,
}

/// Reads files one after the other, and knows the targets that `$ref` can name.
pub(crate) struct DialectReader<'n> {
    /// Rust names by file, or by file and `#/$defs/…` pointer.
    pub(crate) targets: &'n BTreeMap<String, String>,
    pub(crate) problems: Vec<Problem>,
    /// Named types, including the ones hoisted from inside other types.
    pub(crate) types: Vec<TypeDef>,
}

impl DialectReader<'_> {
    pub(crate) fn report(&mut self, node: &SchemaNode<'_>, kind: ProblemKind) {
        self.problems.push(node.problem(kind));
    }

    fn wrong_type(&mut self, node: &SchemaNode<'_>, expected: &'static str) {
        self.report(node, ProblemKind::WrongType { expected, found: node.json.kind() });
    }

    pub(crate) fn wrong_value(
        &mut self,
        node: &SchemaNode<'_>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        let (expected, found) = (expected.into(), found.into());
        self.report(node, ProblemKind::WrongValue { expected, found });
    }

    /// Returns the value of a keyword, and reports its absence.
    pub(crate) fn required<'a>(
        &mut self,
        parent: &SchemaNode<'a>,
        keyword: &'static str,
    ) -> Option<SchemaNode<'a>> {
        let node = parent.get(keyword);
        if node.is_none() {
            self.report(parent, ProblemKind::Missing(keyword));
        }
        node
    }

    /// Reports every keyword of an object that is not among the allowed ones.
    pub(crate) fn only(&mut self, node: &SchemaNode<'_>, allowed: &[&str]) {
        self.object(node);
        for (name, member) in node.members() {
            if name != "$comment" && !allowed.contains(&name) {
                self.report(&member, ProblemKind::Keyword(name.to_owned()));
            }
        }
    }

    fn string(&mut self, node: &SchemaNode<'_>) -> Option<String> {
        match node.json.as_str() {
            Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
            Some(_) => {
                self.report(
                    node,
                    ProblemKind::WrongType { expected: "a text", found: "an empty string" },
                );
                None
            }
            None => {
                self.wrong_type(node, "a string");
                None
            }
        }
    }

    fn required_string(
        &mut self,
        parent: &SchemaNode<'_>,
        keyword: &'static str,
    ) -> Option<String> {
        let node = self.required(parent, keyword)?;
        self.string(&node)
    }

    fn required_choice<T: Clone>(
        &mut self,
        parent: &SchemaNode<'_>,
        keyword: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let node = self.required(parent, keyword)?;
        self.choice(&node, choices)
    }

    /// Reads a list of distinct texts.
    fn strings(&mut self, node: &SchemaNode<'_>) -> Vec<String> {
        self.list(node);
        let mut texts = Vec::new();
        for element in node.elements() {
            let Some(text) = self.string(&element) else { continue };
            if texts.contains(&text) {
                let kind = ProblemKind::Duplicate {
                    named: Named::Text,
                    name: text.clone(),
                    other: "another element of this list".into(),
                };
                self.report(&element, kind);
            }
            texts.push(text);
        }
        texts
    }

    fn description(&mut self, node: &SchemaNode<'_>) -> String {
        let text = node.get("description").and_then(|text| text.json.as_str().map(str::trim));
        match text {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => {
                self.report(node, ProblemKind::MissingDescription);
                String::new()
            }
        }
    }

    fn choice<T: Clone>(&mut self, node: &SchemaNode<'_>, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string(node)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone());
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.wrong_value(node, format!("one of {}", names.join(", ")), text);
        }
        found
    }

    fn flag(&mut self, node: &SchemaNode<'_>) -> bool {
        node.json.as_bool().unwrap_or_else(|| {
            self.wrong_type(node, "true or false");
            false
        })
    }

    fn list(&mut self, node: &SchemaNode<'_>) {
        if !matches!(node.json, Json::Array(_)) {
            self.wrong_type(node, "a list");
        }
    }

    /// Reads the list under a keyword, which may be absent.
    fn optional_list<T>(
        &mut self,
        parent: &SchemaNode<'_>,
        keyword: &str,
        read: impl Fn(&mut Self, &SchemaNode<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(list) = parent.get(keyword) else {
            return Vec::new();
        };
        self.list(&list);
        list.elements().filter_map(|node| read(self, &node)).collect()
    }

    fn object(&mut self, node: &SchemaNode<'_>) {
        if !matches!(node.json, Json::Object(_)) {
            self.wrong_type(node, "an object");
        }
    }
}
