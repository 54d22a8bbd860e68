//! Reads one schema file: the keywords of the dialect, and nothing else.
//!
//! Every problem is recorded and reading goes on, so that one run shows all of
//! them. What has a problem is left out of the result, which is used only when
//! there was none.

use std::collections::BTreeMap;

use crate::json::{Json, push_token};
use crate::model::{
    Decision, Explained, KnownValue, Member, Source, Status, Ty, TypeDef, TypeKind,
};
use crate::names;
use crate::problem::{Problem, ProblemKind};

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
        Some(Node { file: self.file, pointer: push_token(&self.pointer, name), json })
    }

    fn elements(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let (file, pointer) = (self.file, self.pointer.clone());
        self.json.elements().iter().enumerate().map(move |(index, json)| Node {
            file,
            pointer: push_token(&pointer, &index.to_string()),
            json,
        })
    }

    fn members(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> + use<'a> {
        let (file, pointer) = (self.file, self.pointer.clone());
        self.json.members().iter().map(move |(name, json)| {
            (name.as_str(), Node { file, pointer: push_token(&pointer, name), json })
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
    pub(crate) wire_types: Vec<String>,
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

    fn list(&mut self, node: &Node<'_>) {
        if !matches!(node.json, Json::Array(_)) {
            let found = node.json.kind();
            self.report(node, ProblemKind::WrongType { expected: "a list", found });
        }
    }

    fn strings(&mut self, node: &Node<'_>) -> Vec<String> {
        self.list(node);
        node.elements().filter_map(|element| self.string(&element)).collect()
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

    /// Checks what every file has at its root, and says what kind of file it is.
    pub(crate) fn root(&mut self, root: &Node<'_>) -> FileKind {
        for (keyword, expected) in
            [("$schema", DRAFT.to_owned()), ("$id", format!("{ID_BASE}{}", root.file))]
        {
            let found = self.required_string(root, keyword);
            if let (Some(found), Some(node)) = (found, root.get(keyword)) {
                if found != expected {
                    let expected = format!("`{expected}`");
                    self.report(&node, ProblemKind::WrongValue { expected, found });
                }
            }
        }
        if root.get("title").is_none() {
            self.report(root, ProblemKind::Missing("title"));
        }
        self.description(root);
        match root.get("x-source") {
            Some(node) => drop(self.source(&node)),
            None => self.report(root, ProblemKind::Missing("x-source")),
        }
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

    /// Checks that a schema with members at its root is that of an object.
    pub(crate) fn object_root(&mut self, root: &Node<'_>) {
        match root.get("type") {
            Some(node) => drop(self.choice(&node, &[("object", ())])),
            None => self.report(root, ProblemKind::Missing("type")),
        }
    }

    pub(crate) fn source(&mut self, node: &Node<'_>) -> Option<Source> {
        self.only(node, &["page", "section", "captured"]);
        let page = self.required_string(node, "page");
        let section = self.required_string(node, "section");
        let captured = self.required_string(node, "captured");
        if let (Some(date), Some(node)) = (&captured, node.get("captured")) {
            if !names::is_date(date) {
                let expected = "a date as `2026-11-23`".to_owned();
                self.report(&node, ProblemKind::WrongValue { expected, found: date.clone() });
            }
        }
        Some(Source { page: page?, section: section?, captured: captured? })
    }

    /// Reads the decisions of a file; each must be about something that exists.
    pub(crate) fn decisions(&mut self, root: &Node<'_>) -> Vec<Decision> {
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
                    what: "the decision id",
                    name: decision.id.clone(),
                    other: "another decision of this file".into(),
                };
                self.report(&node, kind);
            }
            decisions.push(decision);
        }
        decisions
    }

    fn decision(&mut self, root: &Node<'_>, node: &Node<'_>) -> Option<Decision> {
        self.only(node, &["id", "about", "documented", "chosen", "reason", "state", "explains"]);
        let id = self.required_string(node, "id");
        if let (Some(text), Some(node)) = (&id, node.get("id")) {
            if !names::is_kebab_case(text) {
                let expected = "lower-case words joined by hyphens".to_owned();
                self.report(&node, ProblemKind::WrongValue { expected, found: text.clone() });
            }
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
        let reviewed = match node.get("state") {
            Some(state) => self.choice(&state, &[("accepted", true), ("unreviewed", false)]),
            None => {
                self.report(node, ProblemKind::Missing("state"));
                None
            }
        };
        let explains = match node.get("explains") {
            Some(list) => {
                self.list(&list);
                list.elements().filter_map(|node| self.explained(&node)).collect()
            }
            None => Vec::new(),
        };
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

    fn explained(&mut self, node: &Node<'_>) -> Option<Explained> {
        self.only(node, &["kind", "event", "path", "was", "now"]);
        let kind = self.required_string(node, "kind")?;
        let text = |name| {
            node.get(name).and_then(|node| node.json.as_str()).unwrap_or_default().to_owned()
        };
        Some(Explained { kind, path: text("path"), was: text("was"), now: text("now") })
    }

    /// Reads JSON pointers into the file, each of which must lead somewhere.
    fn pointers(&mut self, root: &Node<'_>, list: &Node<'_>, what: &'static str) -> Vec<String> {
        let pointers = self.strings(list);
        for (pointer, node) in pointers.iter().zip(list.elements()) {
            if root.json.pointer(pointer).is_none() {
                let kind = ProblemKind::DanglingPointer { what, pointer: pointer.clone() };
                self.report(&node, kind);
            }
        }
        pointers
    }

    /// Reads what makes a file an event: its name, status, and wire types.
    pub(crate) fn event_head(&mut self, root: &Node<'_>) -> Option<EventHead> {
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
        let module = names::module(root.file);
        if !names::is_module_name(&module) {
            self.report(root, ProblemKind::NotAnIdentifier(module));
        }
        let Some(event) = root.get("x-event") else {
            self.report(root, ProblemKind::Missing("x-event"));
            return None;
        };
        self.only(&event, &["name", "status", "discriminators"]);
        let name = self.required_string(&event, "name");
        if let (Some(text), Some(node)) = (&name, event.get("name")) {
            let expected = names::event_name(root.file);
            if *text != expected {
                let expected = format!("`{expected}`, as the file's name has it");
                self.report(&node, ProblemKind::WrongValue { expected, found: text.clone() });
            }
        }
        let status = match event.get("status") {
            Some(node) => self.choice(
                &node,
                &[
                    ("available", Status::Available),
                    ("wip", Status::Wip),
                    ("deprecated", Status::Deprecated),
                ],
            ),
            None => {
                self.report(&event, ProblemKind::Missing("status"));
                None
            }
        };
        let discriminators = match event.get("discriminators") {
            Some(list) => self.strings(&list),
            None => Vec::new(),
        };
        let wire_types = self.wire_types(root);
        Some(EventHead { name: name?, status: status?, discriminators, wire_types })
    }

    fn wire_types(&mut self, root: &Node<'_>) -> Vec<String> {
        let Some(node) = root.get("properties").and_then(|node| node.get("type")) else {
            self.report(root, ProblemKind::Missing("properties.type"));
            return Vec::new();
        };
        self.only(&node, &["description", "enum"]);
        self.description(&node);
        let wire_types = match node.get("enum") {
            Some(list) => self.strings(&list),
            None => Vec::new(),
        };
        if wire_types.is_empty() {
            self.report(&node, ProblemKind::Missing("enum"));
        }
        wire_types
    }

    /// Reads the definitions that a file keeps under `$defs`.
    pub(crate) fn definitions(&mut self, root: &Node<'_>) {
        let Some(definitions) = root.get("$defs") else {
            return;
        };
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
    fn type_name(&mut self, node: &Node<'_>) -> Option<String> {
        let name = self.required_string(node, "title")?;
        let place = node.get("title").unwrap_or_else(|| node.clone());
        if !names::is_type_name(&name) {
            self.report(&place, ProblemKind::NotAnIdentifier(name));
            return None;
        }
        Some(name)
    }

    /// Reads the properties of an object, without those that are named.
    pub(crate) fn members(&mut self, node: &Node<'_>, without: &[&str]) -> Vec<Member> {
        let required = match node.get("required") {
            Some(list) => self.strings(&list),
            None => Vec::new(),
        };
        let Some(properties) = node.get("properties") else {
            self.report(node, ProblemKind::Missing("properties"));
            return Vec::new();
        };
        // typify makes no struct with named fields of it.
        if properties.members().next().is_none() {
            let kind = ProblemKind::WrongType {
                expected: "at least one member",
                found: "an empty object",
            };
            self.report(&properties, kind);
        }
        if let Some(list) = node.get("required") {
            for (name, place) in required.iter().zip(list.elements()) {
                if properties.get(name).is_none() {
                    self.report(&place, ProblemKind::RequiredUnknown(name.clone()));
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
            for name in std::iter::once(&member.name).chain(&member.aliases) {
                let taken = members.iter().find(|other| {
                    names::field(&other.name) == names::field(name) || other.aliases.contains(name)
                });
                // An alias may differ from its own member's name in style only.
                if let Some(other) = taken {
                    let kind = ProblemKind::Duplicate {
                        what: "the member name",
                        name: name.clone(),
                        other: format!("`{}`", other.name),
                    };
                    self.report(&property, kind);
                }
            }
            members.push(member);
        }
        members
    }

    fn member(&mut self, name: &str, node: &Node<'_>, required: &[String]) -> Option<Member> {
        if !names::is_member_name(name) {
            self.report(node, ProblemKind::NotAnIdentifier(name.to_owned()));
        }
        let description = self.description(node);
        let required = required.iter().any(|other| other == name);
        let (ty, nullable) = self.ty(node)?;
        // The delivery flag tells absent from null by its own type, and raw
        // JSON includes null.
        let is_raw_or_flag = ty == Ty::Raw || ty == Ty::Named("Delivered".into());
        match (required, nullable) {
            (true, true) => {
                self.report(node, ProblemKind::Nullability("required and nullable"));
            }
            (false, false) if !is_raw_or_flag => {
                self.report(node, ProblemKind::Nullability("optional and never null"));
            }
            _ => {}
        }
        let sensitive = match node.get("x-sensitive") {
            Some(flag) => self.flag(&flag),
            None => false,
        };
        let aliases = match node.get("x-aliases") {
            Some(list) => self.strings(&list),
            None => Vec::new(),
        };
        let source = node.get("x-source").and_then(|source| self.source(&source));
        let valid_for_seconds = node.get("x-valid-for-seconds").and_then(|node| {
            let seconds = match node.json {
                Json::Number(number) => number.as_u64(),
                _ => None,
            };
            if seconds.is_none() {
                let expected = "a whole number of seconds".to_owned();
                let found = serde_json::to_string(node.json).unwrap_or_default();
                self.report(&node, ProblemKind::WrongValue { expected, found });
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
            aliases,
            valid_for_seconds,
            source,
        })
    }

    fn flag(&mut self, node: &Node<'_>) -> bool {
        node.json.as_bool().unwrap_or_else(|| {
            let found = node.json.kind();
            self.report(node, ProblemKind::WrongType { expected: "true or false", found });
            false
        })
    }

    /// Reads the type of a member, and whether it admits null.
    fn ty(&mut self, node: &Node<'_>) -> Option<(Ty, bool)> {
        const ANNOTATIONS: [&str; 5] =
            ["description", "x-sensitive", "x-aliases", "x-source", "x-valid-for-seconds"];
        let with = |keywords: &[&'static str]| [&ANNOTATIONS[..], keywords].concat();
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
            JsonType::Plain(ty) => {
                self.only(node, &with(&["type"]));
                ty
            }
            JsonType::Array => {
                self.only(node, &with(&["type", "items"]));
                let Some(items) = node.get("items") else {
                    self.report(node, ProblemKind::Missing("items"));
                    return None;
                };
                let (ty, items_nullable) = self.ty(&items)?;
                if items_nullable {
                    self.report(
                        &items,
                        ProblemKind::Nullability("an element of a list and nullable"),
                    );
                }
                Ty::Array(Box::new(ty))
            }
            JsonType::Object if node.get("properties").is_some() => {
                self.only(node, &with(&["type", "title", "properties", "required"]));
                let name = self.type_name(node)?;
                let description = self.description(node);
                let kind = TypeKind::Object(self.members(node, &[]));
                let (file, pointer) = (node.file.to_owned(), node.pointer.clone());
                self.types.push(TypeDef { name: name.clone(), file, pointer, description, kind });
                Ty::Named(name)
            }
            JsonType::Object => {
                self.only(node, &with(&["type", "additionalProperties"]));
                match node.get("additionalProperties") {
                    None => self.report(node, ProblemKind::Missing("additionalProperties")),
                    Some(free) if *free.json != Json::Bool(true) => {
                        let found = free.json.as_bool().map_or(free.json.kind(), |_| "false");
                        self.report(&free, ProblemKind::WrongType { expected: "true", found });
                    }
                    Some(_) => {}
                }
                Ty::Map
            }
        };
        Some((ty, nullable))
    }

    /// Reads `type`: one name, or one name and null.
    fn json_type(&mut self, node: &Node<'_>) -> Option<(JsonType, bool)> {
        let choices = [
            ("string", JsonType::Plain(Ty::String)),
            ("boolean", JsonType::Plain(Ty::Boolean)),
            ("integer", JsonType::Plain(Ty::Integer)),
            ("number", JsonType::Plain(Ty::Number)),
            ("array", JsonType::Array),
            ("object", JsonType::Object),
        ];
        let (name, nullable) = match node.json {
            Json::Array(_) => {
                let names: Vec<_> = node.json.elements().iter().filter_map(Json::as_str).collect();
                match names[..] {
                    [name, "null"] if node.json.elements().len() == 2 => (name, true),
                    _ => {
                        let expected = "a pair of a type and `null`".to_owned();
                        let found = names.join(", ");
                        self.report(node, ProblemKind::WrongValue { expected, found });
                        return None;
                    }
                }
            }
            _ => (node.json.as_str().unwrap_or_default(), false),
        };
        match choices.into_iter().find(|(choice, _)| *choice == name) {
            Some((_, json_type)) => Some((json_type, nullable)),
            None => {
                let expected = "a type of the dialect".to_owned();
                self.report(node, ProblemKind::WrongValue { expected, found: name.to_owned() });
                None
            }
        }
    }

    fn nullable_reference(&mut self, choices: &Node<'_>) -> Option<(Ty, bool)> {
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

    fn reference(&mut self, node: &Node<'_>) -> Option<Ty> {
        let reference = self.required_string(node, "$ref")?;
        let key = names::resolve(node.file, &reference);
        match self.targets.get(&key) {
            Some(name) => Some(Ty::Named(name.clone())),
            None => {
                let place = node.get("$ref").unwrap_or_else(|| node.clone());
                self.report(&place, ProblemKind::DanglingRef(reference));
                None
            }
        }
    }
}

#[derive(Clone, Copy)]
enum TypeKindName {
    Id,
    Url,
    Timestamp,
    Delivered,
}

enum JsonType {
    Plain(Ty),
    Array,
    Object,
}
