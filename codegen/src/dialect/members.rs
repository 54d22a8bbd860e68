//! Reads the members of an object, and the forms that their types can have.

use spektr_json::Json;

use super::{DialectReader, SchemaNode};
use crate::model::{Member, Ty, TypeDef, TypeKind};
use crate::names;
use crate::problem::{Named, Nullability, ProblemKind};

/// Keywords that a member may have besides its type's keywords.
const ANNOTATIONS: [&str; 6] =
    ["description", "x-sensitive", "x-aliases", "x-source", "x-valid-for-seconds", "x-keeps-raw"];

impl DialectReader<'_> {
    /// Reads the properties of an object, except those named in `without`.
    pub(crate) fn members(&mut self, node: &SchemaNode<'_>, without: &[&str]) -> Vec<Member> {
        let required = node.get("required").map(|list| self.strings(&list)).unwrap_or_default();
        let Some(properties) = self.required(node, "properties") else {
            return Vec::new();
        };
        // typify makes no struct with named fields from an object without members.
        if properties.members().next().is_none() {
            let kind = ProblemKind::WrongType {
                expected: "at least one member",
                found: "an empty object",
            };
            self.report(&properties, kind);
        }
        if let Some(list) = node.get("required") {
            for place in list.elements() {
                let Some(name) = place.json.as_str() else { continue };
                if properties.get(name).is_none() {
                    self.report(&place, ProblemKind::RequiredUnknown(name.to_owned()));
                }
            }
        }
        let mut members: Vec<Member> = Vec::new();
        for (name, property) in properties.members() {
            if without.contains(&name) {
                continue;
            }
            let Some(member) = self.member(name, &property, &required) else {
                continue;
            };
            for (named, name, pointer) in member.names() {
                let taken = members.iter().find(|other| {
                    names::is_same_field(&other.name, name)
                        || other.aliases.iter().any(|alias| alias == name)
                });
                // An alias may differ from its own member's name in style only.
                if let Some(other) = taken {
                    let (name, other) = (name.to_owned(), format!("`{}`", other.name));
                    let kind = ProblemKind::Duplicate { named, name, other };
                    let (file, json) = (property.file, property.json);
                    self.report(&SchemaNode { file, pointer, json }, kind);
                }
            }
            members.push(member);
        }
        members
    }

    fn member(&mut self, name: &str, node: &SchemaNode<'_>, required: &[String]) -> Option<Member> {
        if !names::is_member_name(name) {
            let (named, name) = (Named::Member, name.to_owned());
            self.report(node, ProblemKind::NotAnIdentifier { named, name });
        }
        let description = self.description(node);
        let required = required.iter().any(|other| other == name);
        let (ty, nullable) = self.ty(node, &ANNOTATIONS)?;
        // The type of the delivery flag distinguishes absent from null, and raw
        // JSON includes null.
        let is_raw_or_flag = ty == Ty::Raw || ty == Ty::Named("Delivered".into());
        match (required, nullable) {
            (true, true) => {
                self.report(node, ProblemKind::Nullability(Nullability::RequiredAndNullable));
            }
            (false, false) if !is_raw_or_flag => {
                self.report(node, ProblemKind::Nullability(Nullability::OptionalAndNeverNull));
            }
            _ => {}
        }
        let sensitive = node.get("x-sensitive").is_some_and(|flag| self.flag(&flag));
        let keeps_raw = node.get("x-keeps-raw").is_some_and(|flag| self.flag(&flag));
        let aliases = self.aliases(name, node);
        let source = node.get("x-source").and_then(|source| self.source(&source));
        let valid_for_seconds = node.get("x-valid-for-seconds").and_then(|node| {
            let seconds = match node.json {
                Json::Number(number) => number.as_u64(),
                _ => None,
            };
            if seconds.is_none() {
                self.wrong_value(&node, "a whole number of seconds", node.json.to_string());
            }
            seconds
        });
        Some(Member {
            name: name.to_owned(),
            pointer: node.pointer.clone(),
            description,
            required,
            ty,
            sensitive,
            keeps_raw,
            aliases,
            valid_for_seconds,
            source,
        })
    }

    /// Reads the other names that a member is accepted under.
    pub(super) fn aliases(&mut self, name: &str, node: &SchemaNode<'_>) -> Vec<String> {
        let Some(list) = node.get("x-aliases") else {
            return Vec::new();
        };
        let aliases = self.strings(&list);
        for alias in list.elements().filter(|alias| alias.json.as_str() == Some(name)) {
            let other = "the member itself".to_owned();
            let name = name.to_owned();
            self.report(&alias, ProblemKind::Duplicate { named: Named::Alias, name, other });
        }
        aliases
    }

    /// Reads the type of a member or of a list's elements, and whether the value may be null.
    fn ty(&mut self, node: &SchemaNode<'_>, annotations: &[&'static str]) -> Option<(Ty, bool)> {
        let with = |keywords: &[&'static str]| [annotations, keywords].concat();
        if node.get("$ref").is_some() {
            self.only(node, &with(&["$ref"]));
            return Some((self.reference(node)?, false));
        }
        if let Some(choices) = node.get("anyOf") {
            self.only(node, &with(&["anyOf"]));
            return self.nullable_reference(&choices);
        }
        if let Some(x_type) = node.get("x-type") {
            self.only(node, &with(&["x-type"]));
            self.choice(&x_type, &[("raw", ())])?;
            return Some((Ty::Raw, false));
        }
        let Some(json_type) = node.get("type") else {
            self.report(node, ProblemKind::UnknownForm);
            return None;
        };
        let (json_type, nullable) = self.json_type(&json_type)?;
        let ty = match json_type {
            TypeKeyword::Plain(ty) => {
                self.only(node, &with(&["type"]));
                ty
            }
            TypeKeyword::Array => {
                self.only(node, &with(&["type", "items"]));
                let items = self.required(node, "items")?;
                let (ty, items_nullable) = self.ty(&items, &["description"])?;
                if items_nullable {
                    self.report(&items, ProblemKind::Nullability(Nullability::NullableElement));
                }
                Ty::Array(Box::new(ty))
            }
            TypeKeyword::Object if node.get("properties").is_some() => {
                self.only(node, &with(&["type", "title", "properties", "required"]));
                let name = self.type_name(node)?;
                let description = self.description(node);
                let kind = TypeKind::Object(self.members(node, &[]));
                let (file, pointer) = (node.file.to_owned(), node.pointer.clone());
                self.types.push(TypeDef { name: name.clone(), file, pointer, description, kind });
                Ty::Named(name)
            }
            TypeKeyword::Object => {
                self.only(node, &with(&["type", "additionalProperties"]));
                if let Some(free) = self.required(node, "additionalProperties")
                    && *free.json != Json::Bool(true)
                {
                    let found = free.json.as_bool().map_or(free.json.kind(), |_| "false");
                    self.report(&free, ProblemKind::WrongType { expected: "true", found });
                }
                Ty::Map
            }
        };
        Some((ty, nullable))
    }

    /// Reads `type`: one type, or a pair of one type and null.
    fn json_type(&mut self, node: &SchemaNode<'_>) -> Option<(TypeKeyword, bool)> {
        let choices = [
            ("string", TypeKeyword::Plain(Ty::String)),
            ("boolean", TypeKeyword::Plain(Ty::Boolean)),
            ("integer", TypeKeyword::Plain(Ty::Integer)),
            ("number", TypeKeyword::Plain(Ty::Number)),
            ("array", TypeKeyword::Array),
            ("object", TypeKeyword::Object),
        ];
        let (name, nullable) = match node.json {
            Json::Array(_) => {
                let names: Vec<_> = node.json.elements().iter().filter_map(Json::as_str).collect();
                match names[..] {
                    [name, "null"] if node.json.elements().len() == 2 => (name, true),
                    _ => {
                        self.wrong_value(node, "a pair of a type and `null`", names.join(", "));
                        return None;
                    }
                }
            }
            Json::String(name) => (name.as_str(), false),
            _ => {
                self.wrong_type(node, "a type of the dialect");
                return None;
            }
        };
        match choices.into_iter().find(|(choice, _)| *choice == name) {
            Some((_, json_type)) => Some((json_type, nullable)),
            None => {
                self.wrong_value(node, "a type of the dialect", name);
                None
            }
        }
    }

    fn nullable_reference(&mut self, choices: &SchemaNode<'_>) -> Option<(Ty, bool)> {
        let null = Json::Object(vec![("type".into(), Json::String("null".into()))]);
        let elements: Vec<_> = choices.elements().collect();
        match &elements[..] {
            [reference, other] if *other.json == null && reference.get("$ref").is_some() => {
                self.only(reference, &["$ref"]);
                Some((self.reference(reference)?, true))
            }
            _ => {
                self.report(choices, ProblemKind::UnknownForm);
                None
            }
        }
    }

    fn reference(&mut self, node: &SchemaNode<'_>) -> Option<Ty> {
        let reference = self.required_string(node, "$ref")?;
        let key = names::resolve(node.file, &reference);
        // A definition can be used in its own file only: shared types are files of common/.
        let is_foreign = |key: &str| key.split_once('#').is_some_and(|(file, _)| file != node.file);
        match self.targets.get(&key).filter(|_| !is_foreign(&key)) {
            Some(name) => Some(Ty::Named(name.clone())),
            None => {
                let place = node.get("$ref").unwrap_or_else(|| node.clone());
                self.report(&place, ProblemKind::DanglingRef(reference));
                None
            }
        }
    }
}

enum TypeKeyword {
    Plain(Ty),
    Array,
    Object,
}
