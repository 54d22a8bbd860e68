//! Schemas that have a name: objects, and the scalar types of the dialect.

use super::{Node, Reader};
use crate::json::Json;
use crate::model::{KnownValue, TypeDef, TypeKind};
use crate::names;
use crate::problem::ProblemKind;

impl Reader<'_> {
    /// Reads the definitions that a file keeps under `$defs`.
    pub(crate) fn definitions(&mut self, root: &Node<'_>) {
        let Some(definitions) = root.get("$defs") else {
            return;
        };
        if !matches!(definitions.json, Json::Object(_)) {
            let found = definitions.json.kind();
            self.report(&definitions, ProblemKind::WrongType { expected: "an object", found });
        }
        for (name, node) in definitions.members() {
            if node.json.get("title").and_then(Json::as_str) != Some(name) {
                let expected = format!("a `title` equal to the definition's key `{name}`");
                let found =
                    node.json.get("title").and_then(Json::as_str).unwrap_or("none").to_owned();
                self.report(&node, ProblemKind::WrongValue { expected, found });
            }
            let keywords = ["title", "description", "type", "required", "properties"];
            self.named_type(&node, &keywords);
        }
    }

    /// Reads a schema that has a name: an object, or one of the scalar types.
    pub(crate) fn named_type(&mut self, node: &Node<'_>, object_keywords: &[&str]) {
        let Some(name) = self.type_name(node) else {
            return;
        };
        let description = self.description(node);
        let extended: Vec<&str> = [
            "$schema",
            "$id",
            "title",
            "description",
            "type",
            "x-source",
            "x-decisions",
            "x-sensitive",
        ]
        .into_iter()
        .collect();
        let json_type = node.get("type");
        let plain = json_type.as_ref().and_then(|node| node.json.as_str());
        let kind = match (plain, node.get("x-type"), node.get("x-known-values")) {
            (Some("object"), None, None) => {
                self.only(node, object_keywords);
                TypeKind::Object(self.members(node, &[]))
            }
            (Some("string"), None, Some(values)) => {
                self.only(node, &[&extended[..], &["x-known-values"]].concat());
                TypeKind::OpenEnum(self.known_values(&values))
            }
            (_, Some(x_type), None) => {
                self.only(node, &[&extended[..], &["x-type"]].concat());
                let kinds = [
                    ("id", TypeKindName::Id),
                    ("url", TypeKindName::Url),
                    ("timestamp", TypeKindName::Timestamp),
                    ("delivered", TypeKindName::Delivered),
                ];
                let Some(kind) = self.choice(&x_type, &kinds) else {
                    return;
                };
                self.scalar(node, &name, kind)
            }
            _ => {
                self.report(node, ProblemKind::UnknownForm);
                return;
            }
        };
        self.types.push(TypeDef {
            name,
            file: node.file.to_owned(),
            pointer: node.pointer.clone(),
            description,
            kind,
        });
    }

    fn scalar(&mut self, node: &Node<'_>, name: &str, kind: TypeKindName) -> TypeKind {
        let (json_type, fixed_name, kind) = match kind {
            TypeKindName::Id => (r#""string""#, None, TypeKind::Id),
            TypeKindName::Url => (r#""string""#, None, TypeKind::Url),
            TypeKindName::Timestamp => (r#""number""#, Some("Timestamp"), TypeKind::Timestamp),
            TypeKindName::Delivered => {
                (r#"["boolean","null"]"#, Some("Delivered"), TypeKind::Delivered)
            }
        };
        let found =
            node.json.get("type").map(|json| serde_json::to_string(json).unwrap_or_default());
        if found.as_deref() != Some(json_type) {
            let kind = ProblemKind::WrongValue {
                expected: format!("`\"type\": {json_type}` for this `x-type`"),
                found: found.unwrap_or_else(|| "nothing".into()),
            };
            self.report(node, kind);
        }
        if fixed_name.is_some_and(|fixed| fixed != name) {
            let kind = ProblemKind::WrongValue {
                expected: format!(
                    "the title `{}` for this `x-type`",
                    fixed_name.unwrap_or_default()
                ),
                found: name.to_owned(),
            };
            self.report(node, kind);
        }
        kind
    }

    fn known_values(&mut self, list: &Node<'_>) -> Vec<KnownValue> {
        let mut values: Vec<KnownValue> = Vec::new();
        for node in list.elements() {
            self.only(&node, &["value", "description"]);
            let description = self.description(&node);
            let Some(value) = self.required_string(&node, "value") else {
                continue;
            };
            let variant = names::variant(&value);
            if !names::is_type_name(&variant) || variant == "Unknown" {
                self.report(&node, ProblemKind::NotAnIdentifier(value.clone()));
            }
            if values.iter().any(|other| names::variant(&other.value) == variant) {
                let kind = ProblemKind::Duplicate {
                    what: "the known value",
                    name: value.clone(),
                    other: "another value of this list".into(),
                };
                self.report(&node, kind);
            }
            values.push(KnownValue { value, description });
        }
        if values.is_empty() {
            self.report(list, ProblemKind::Missing("value"));
        }
        values
    }

    /// Returns the Rust name of a schema, where it is one.
    pub(super) fn type_name(&mut self, node: &Node<'_>) -> Option<String> {
        let name = self.required_string(node, "title")?;
        let place = node.get("title").unwrap_or_else(|| node.clone());
        if !names::is_title(&name) {
            self.report(&place, ProblemKind::NotAnIdentifier(name));
            return None;
        }
        Some(name)
    }
}

#[derive(Clone, Copy)]
enum TypeKindName {
    Id,
    Url,
    Timestamp,
    Delivered,
}
