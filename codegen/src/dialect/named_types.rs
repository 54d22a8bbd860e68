//! Reads schemas that have a name: objects, and the scalar types of the dialect.

use super::{DialectReader, SchemaNode};
use crate::model::{KnownValue, TypeDef, TypeKind};
use crate::names;
use crate::problem::{Named, ProblemKind};

impl DialectReader<'_> {
    /// Reads the definitions under a file's `$defs`.
    pub(crate) fn definitions(&mut self, root: &SchemaNode<'_>) {
        let Some(definitions) = root.get("$defs") else {
            return;
        };
        self.object(&definitions);
        for (name, node) in definitions.members() {
            if let Some(title) = node.get("title").filter(|title| title.json.as_str() != Some(name))
            {
                let found = title.json.as_str().unwrap_or(title.json.kind());
                self.wrong_value(&title, format!("the definition's key `{name}`"), found);
            }
            let keywords = ["title", "description", "type", "required", "properties"];
            self.named_type(&node, &keywords);
        }
    }

    /// Reads a schema that has a name: an object, or a scalar type.
    pub(crate) fn named_type(&mut self, node: &SchemaNode<'_>, object_keywords: &[&str]) {
        let Some(name) = self.type_name(node) else {
            return;
        };
        let description = self.description(node);
        let extended =
            ["$schema", "$id", "title", "description", "type", "x-source", "x-decisions"];
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
                let kinds = [
                    ("id", TypeKind::Id),
                    ("url", TypeKind::Url),
                    ("timestamp", TypeKind::Timestamp),
                    ("delivered", TypeKind::Delivered),
                ];
                let Some(kind) = self.choice(&x_type, &kinds) else {
                    return;
                };
                // A URL grants access, so its schema must have `x-sensitive` for other tools.
                let flag: &[&str] = if kind == TypeKind::Url { &["x-sensitive"] } else { &[] };
                self.only(node, &[&extended[..], &["x-type"], flag].concat());
                if let Some(node) = node.get("x-sensitive")
                    && !self.flag(&node)
                {
                    self.wrong_value(&node, "true", "false");
                }
                self.scalar(node, &name, &kind);
                kind
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

    /// Checks the JSON type and the name of a scalar type.
    fn scalar(&mut self, node: &SchemaNode<'_>, name: &str, kind: &TypeKind) {
        let (json_type, fixed_name) = match kind {
            TypeKind::Timestamp => (r#""number""#, Some("Timestamp")),
            TypeKind::Delivered => (r#"["boolean","null"]"#, Some("Delivered")),
            TypeKind::Id | TypeKind::Url => (r#""string""#, None),
            TypeKind::Object(_) | TypeKind::OpenEnum(_) => return,
        };
        if let Some(found) = self.required(node, "type")
            && found.json.to_string() != json_type
        {
            self.wrong_value(&found, format!("`{json_type}`"), found.json.to_string());
        }
        if let (Some(fixed), Some(title)) = (fixed_name, node.get("title"))
            && fixed != name
        {
            self.wrong_value(&title, format!("`{fixed}`"), name);
        }
    }

    fn known_values(&mut self, list: &SchemaNode<'_>) -> Vec<KnownValue> {
        let mut values: Vec<KnownValue> = Vec::new();
        for node in list.elements() {
            self.only(&node, &["value", "description"]);
            let description = self.description(&node);
            let Some(value) = self.required_string(&node, "value") else {
                continue;
            };
            let variant = names::variant(&value);
            if !names::is_type_name(&variant) || variant == "Unknown" {
                let (named, name) = (Named::KnownValue, value.clone());
                self.report(&node, ProblemKind::NotAnIdentifier { named, name });
            }
            if values.iter().any(|other| names::variant(&other.value) == variant) {
                let kind = ProblemKind::Duplicate {
                    named: Named::KnownValue,
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

    /// Returns the Rust name of a schema, if its title is a valid one.
    pub(super) fn type_name(&mut self, node: &SchemaNode<'_>) -> Option<String> {
        let name = self.required_string(node, "title")?;
        let place = node.get("title").unwrap_or_else(|| node.clone());
        if !names::is_title(&name) {
            self.report(&place, ProblemKind::NotAnIdentifier { named: Named::Type, name });
            return None;
        }
        Some(name)
    }
}
