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

use crate::model::{Status, TypeDef, WireTypes};
use crate::problem::{Named, Problem, ProblemKind};

pub(crate) const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Start of every `$id`: an identifier under the reserved domain `.invalid`, which nothing can
/// fetch from.
pub(crate) const ID_BASE: &str = "https://spektr-webhooks.invalid/schema/";

/// A value in a schema file, and its place.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    pub(crate) file: &'a str,
    pub(crate) pointer: String,
    pub(crate) json: &'a Json,
}

impl<'a> Node<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<Node<'a>> {
        let json = self.json.get(name)?;
        Some(Node { file: self.file, pointer: pointer::join(&self.pointer, name), json })
    }

    fn elements(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let (file, pointer) = (self.file, self.pointer.clone());
        self.json.elements().iter().enumerate().map(move |(index, json)| Node {
            file,
            pointer: pointer::join(&pointer, &index.to_string()),
            json,
        })
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> + use<'a> {
        let (file, pointer) = (self.file, self.pointer.clone());
        self.json.members().iter().map(move |(name, json)| {
            (name.as_str(), Node { file, pointer: pointer::join(&pointer, name), json })
        })
    }

    pub(crate) fn problem(&self, kind: ProblemKind) -> Problem {
        Problem { file: self.file.to_owned(), pointer: self.pointer.clone(), kind }
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
    pub(crate) status: Status,
    pub(crate) discriminators: Vec<String>,
    pub(crate) wire_types: WireTypes,
}

/// Reads files one after the other, and knows the targets that `$ref` can name.
pub(crate) struct Reader<'n> {
    /// Rust names by file, or by file and `#/$defs/…` pointer.
    pub(crate) targets: &'n BTreeMap<String, String>,
    pub(crate) problems: Vec<Problem>,
    /// Named types, including the ones hoisted from inside other types.
    pub(crate) types: Vec<TypeDef>,
}

impl Reader<'_> {
    fn report(&mut self, node: &Node<'_>, kind: ProblemKind) {
        self.problems.push(node.problem(kind));
    }

    /// Reports every keyword of an object that is not among the allowed ones.
    pub(crate) fn only(&mut self, node: &Node<'_>, allowed: &[&str]) {
        if !matches!(node.json, Json::Object(_)) {
            self.report(
                node,
                ProblemKind::WrongType { expected: "an object", found: node.json.kind() },
            );
        }
        for (name, member) in node.members() {
            if name != "$comment" && !allowed.contains(&name) {
                self.report(&member, ProblemKind::Keyword(name.to_owned()));
            }
        }
    }

    fn string(&mut self, node: &Node<'_>) -> Option<String> {
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
                self.report(
                    node,
                    ProblemKind::WrongType { expected: "a string", found: node.json.kind() },
                );
                None
            }
        }
    }

    fn required_string(&mut self, parent: &Node<'_>, keyword: &'static str) -> Option<String> {
        match parent.get(keyword) {
            Some(node) => self.string(&node),
            None => {
                self.report(parent, ProblemKind::Missing(keyword));
                None
            }
        }
    }

    /// Reads a list of distinct texts.
    fn strings(&mut self, node: &Node<'_>) -> Vec<String> {
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

    fn description(&mut self, node: &Node<'_>) -> String {
        let text = node.get("description").and_then(|text| text.json.as_str().map(str::trim));
        match text {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => {
                self.report(node, ProblemKind::MissingDescription);
                String::new()
            }
        }
    }

    fn choice<T: Copy>(&mut self, node: &Node<'_>, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string(node)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            let expected = format!("one of {}", names.join(", "));
            self.report(node, ProblemKind::WrongValue { expected, found: text });
        }
        found
    }

    fn flag(&mut self, node: &Node<'_>) -> bool {
        node.json.as_bool().unwrap_or_else(|| {
            let found = node.json.kind();
            self.report(node, ProblemKind::WrongType { expected: "true or false", found });
            false
        })
    }

    fn list(&mut self, node: &Node<'_>) {
        if !matches!(node.json, Json::Array(_)) {
            let found = node.json.kind();
            self.report(node, ProblemKind::WrongType { expected: "a list", found });
        }
    }
}
