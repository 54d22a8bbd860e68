//! Reads schemas that have a name: objects, and the scalar types of the dialect.

use spektr_json::Json;

use super::{Node, Reader};
use crate::model::{KnownValue, TypeDef, TypeKind};
use crate::names;
use crate::problem::{Named, ProblemKind};

impl Reader<'_> {
    /// Reads the definitions under a file's `$defs`.
    pub(crate) fn definitions(&mut self, root: &Node<'_>) {
        let Some(definitions) = root.get("$defs") else {
            return;
        };
        if !matches!(definitions.json, Json::Object(_)) {
            let found = definitions.json.kind();
            self.report(&definitions, ProblemKind::WrongType { expected: "an object", found });
        }
        for (name, node) in definitions.members() {
            if let Some(title) = node.get("title").filter(|title| title.json.as_str() != Some(name))
            {
                let expected = format!("the definition's key `{name}`");
                let found = title.json.as_str().unwrap_or(title.json.kind()).to_owned();
                self.report(&title, ProblemKind::WrongValue { expected, found });
            }
            let keywords = ["title", "description", "type", "required", "properties"];
            self.named_type(&node, &keywords);
        }
    }

    /// Reads a schema that has a name: an object, or a scalar type.
    pub(crate) fn named_type(&mut self, node: &Node<'_>, object_keywords: &[&str]) {
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
                    ("id", TypeKindName::Id),
                    ("url", TypeKindName::Url),
                    ("timestamp", TypeKindName::Timestamp),
                    ("delivered", TypeKindName::Delivered),
                ];
                let Some(kind) = self.choice(&x_type, &kinds) else {
                    return;
                };
                // A URL grants access, so its schema must have `x-sensitive` for other tools.
                let flag: &[&str] =
                    if matches!(kind, TypeKindName::Url) { &["x-sensitive"] } else { &[] };
                self.only(node, &[&extended[..], &["x-type"], flag].concat());
                if let Some(node) = node.get("x-sensitive")
                    && !self.flag(&node)
                {
                    let (expected, found) = ("true".to_owned(), "false".to_owned());
                    self.report(&node, ProblemKind::WrongValue { expected, found });
                }
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
        match node.get("type") {
            None => self.report(node, ProblemKind::Missing("type")),
            Some(found) if found.json.to_string() != json_type => {
                let (expected, found_text) = (format!("`{json_type}`"), found.json.to_string());
                let kind = ProblemKind::WrongValue { expected, found: found_text };
                self.report(&found, kind);
            }
            Some(_) => {}
        }
        if let (Some(fixed), Some(title)) = (fixed_name, node.get("title"))
            && fixed != name
        {
            let (expected, found) = (format!("`{fixed}`"), name.to_owned());
            self.report(&title, ProblemKind::WrongValue { expected, found });
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
    pub(super) fn type_name(&mut self, node: &Node<'_>) -> Option<String> {
        let name = self.required_string(node, "title")?;
        let place = node.get("title").unwrap_or_else(|| node.clone());
        if !names::is_title(&name) {
            self.report(&place, ProblemKind::NotAnIdentifier { named: Named::Type, name });
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
