//! Reads one schema file: the keywords of the dialect, and nothing else.
//!
//! Every problem is recorded and reading goes on, so that one run shows all of
//! them. What has a problem is left out of the result, which is used only when
//! there was none.

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
/// Start of every `$id`: an identifier under a reserved name, never fetched.
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

/// What a file's root says it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Event,
    Type,
    TypeEnvelope,
    EventTypeEnvelope,
    Batch,
}

/// The parts of an event file that are the event's own.
pub(crate) struct EventHead {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) discriminators: Vec<String>,
    pub(crate) wire_types: WireTypes,
}

/// Reads files one after the other, with the names that `$ref` can lead to.
pub(crate) struct Reader<'n> {
    /// Rust name by file, and by file and `#/$defs/…` pointer.
    pub(crate) targets: &'n BTreeMap<String, String>,
    pub(crate) problems: Vec<Problem>,
    /// Named types, those hoisted from inside of others among them.
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
