//! The documented members of one event as a tree, and its schema.

use spektr_codegen::Json;
use spektr_codegen::scaffold::{self, PLACEHOLDER};

use super::super::known::MemberShape;
use super::types::{KnownDefinition, KnownDefinitions};

/// The most typed levels; deeper levels stay raw.
const MAX_DEPTH: usize = 8;

/// A member and its inner members.
#[derive(Debug, Default)]
pub(super) struct MemberNode {
    pub(super) name: String,
    kind: Option<&'static str>,
    items: Option<&'static str>,
    /// False if the page does not say: members on the page are required by default.
    pub(super) nullable: bool,
    pub(super) list: bool,
    pub(super) inside: Vec<MemberNode>,
}

/// Builds the tree of the event's own members.
pub(super) fn build(members: &[MemberShape]) -> Vec<MemberNode> {
    let mut root = MemberNode::default();
    for member in members {
        let mut at = &mut root;
        for (depth, step) in member.path.split('.').enumerate() {
            if depth >= MAX_DEPTH {
                break;
            }
            let name = step.trim_end_matches("[]");
            let index = at.inside.iter().position(|node| node.name == name).unwrap_or_else(|| {
                at.inside.push(MemberNode { name: name.to_owned(), ..MemberNode::default() });
                at.inside.len() - 1
            });
            at = &mut at.inside[index];
            at.list |= step.ends_with("[]");
        }
        at.kind = member.kind;
        at.items = member.items;
        at.nullable = member.nullable.unwrap_or(false);
        at.list |= member.kind == Some("array");
    }
    root.inside
}

impl MemberNode {
    /// Returns the schema of this member. `title` is the prefix of type names.
    pub(super) fn schema(&self, title: &str, types: &KnownDefinitions) -> Json {
        if let Some(taken) = self.taken(types) {
            return self.as_elsewhere(taken);
        }
        let description = match self.name.as_str() {
            "data" => "The payload.".to_owned(),
            name => format!("The member `{name}`; {PLACEHOLDER} what it holds."),
        };
        let mut members = vec![("description", Json::from(description.as_str()))];
        let title = scaffold::title(&format!("{title} {}", self.name));
        if self.list {
            members.push(("type", self.type_of("array")));
            members.push(("items", self.element(&format!("{title}Item"), types)));
            if self.inside.is_empty() {
                members.push(sensitive());
            }
        } else if !self.inside.is_empty() {
            members.push(("type", self.type_of("object")));
            members.extend(self.object(&title, types));
        } else {
            members.extend(self.leaf());
        }
        Json::object(members)
    }

    /// Returns the definition of the same member elsewhere in the schema.
    fn taken<'t>(&self, types: &'t KnownDefinitions) -> Option<&'t KnownDefinition> {
        let plain = !self.list && self.inside.is_empty();
        types.find(&self.name, self.kind).filter(|_| plain)
    }

    fn as_elsewhere(&self, taken: &KnownDefinition) -> Json {
        match taken {
            KnownDefinition::Common { file, description, .. } => {
                let reference = ("$ref", Json::String(format!("../{file}")));
                let description = ("description", Json::from(description.as_str()));
                if self.nullable {
                    let null = Json::object([("type", Json::from("null"))]);
                    let either = Json::Array(vec![Json::object([reference]), null]);
                    return Json::object([description, ("anyOf", either)]);
                }
                Json::object([reference, description])
            }
            KnownDefinition::Like { description, kind, sensitive, .. } => {
                let members = [
                    ("description", Json::from(description.as_str())),
                    ("type", self.type_of(kind)),
                ];
                Json::object(members.into_iter().chain(sensitive.then(self::sensitive)))
            }
        }
    }

    /// Returns a text for each member that takes its definition from another event: its name, and
    /// that event.
    pub(super) fn likenesses(&self, types: &KnownDefinitions) -> Vec<String> {
        let own = match self.taken(types) {
            Some(KnownDefinition::Like { event, .. }) => {
                Some(format!("`{}` as in {event}", self.name))
            }
            _ => None,
        };
        let inside = self.inside.iter().flat_map(|node| node.likenesses(types));
        own.into_iter().chain(inside).collect()
    }

    /// Whether the schema already defines the member, or all its inner members, elsewhere.
    pub(super) fn is_known(&self, types: &KnownDefinitions) -> bool {
        match self.inside.as_slice() {
            [] => self.taken(types).is_some(),
            inside => inside.iter().all(|node| node.is_known(types)),
        }
    }

    fn element(&self, title: &str, types: &KnownDefinitions) -> Json {
        if self.inside.is_empty() {
            return match self.items {
                Some("object") | None => Json::object([("x-type", Json::from("raw"))]),
                Some(kind) => Json::object([("type", Json::from(kind))]),
            };
        }
        let head = [
            ("type", Json::from("object")),
            (
                "description",
                Json::String(format!("One of the elements; {PLACEHOLDER} what it is.")),
            ),
        ];
        Json::object(head.into_iter().chain(self.object(title, types)))
    }

    fn object(&self, title: &str, types: &KnownDefinitions) -> Vec<(&'static str, Json)> {
        let properties =
            self.inside.iter().map(|node| (node.name.clone(), node.schema(title, types)));
        vec![
            ("title", Json::from(title)),
            ("properties", Json::Object(properties.collect())),
            ("required", required(&self.inside)),
        ]
    }

    fn leaf(&self) -> Vec<(&'static str, Json)> {
        match self.kind {
            Some("object") => vec![
                ("type", self.type_of("object")),
                ("additionalProperties", Json::Bool(true)),
                sensitive(),
            ],
            Some(kind) if kind != "array" => vec![("type", self.type_of(kind)), sensitive()],
            _ => vec![("x-type", Json::from("raw")), sensitive()],
        }
    }

    fn type_of(&self, kind: &str) -> Json {
        if self.nullable {
            return Json::Array(vec![Json::from(kind), Json::from("null")]);
        }
        Json::from(kind)
    }

    /// Returns an invented value of this member.
    pub(super) fn value(&self, types: &KnownDefinitions) -> Json {
        if let Some(KnownDefinition::Common { value, .. }) = self.taken(types) {
            return value.clone();
        }
        let inside = || {
            let members = self.inside.iter();
            Json::Object(members.map(|node| (node.name.clone(), node.value(types))).collect())
        };
        if self.list {
            let element = match (self.inside.is_empty(), self.items) {
                (false, _) => inside(),
                (true, items) => scalar(items, &self.name),
            };
            return Json::Array(vec![element]);
        }
        match self.kind {
            _ if !self.inside.is_empty() => inside(),
            Some("object") => Json::object([("exampleKey", Json::from("example value"))]),
            kind => scalar(kind, &self.name),
        }
    }
}

/// An unreviewed member is kept out of logs.
fn sensitive() -> (&'static str, Json) {
    ("x-sensitive", Json::Bool(true))
}

/// Returns the names of the members that are not optional.
pub(super) fn required(members: &[MemberNode]) -> Json {
    let names =
        members.iter().filter(|node| !node.nullable).map(|node| Json::from(node.name.as_str()));
    Json::Array(names.collect())
}

fn scalar(kind: Option<&str>, name: &str) -> Json {
    match kind {
        Some("boolean") => Json::Bool(true),
        Some("number" | "integer") => Json::Number(1.into()),
        _ => Json::String(format!("example {name}")),
    }
}
