//! Writes JSON Schema for members, objects and named types, in the form that a document needs.

use spektr_json::Json;

use crate::dialect::ID_BASE;
use crate::model::{Event, EventStatus, KnownValue, Member, Model, Ty, TypeDef, TypeKind};

/// The document that contains a schema. It decides the form of references to other schemas.
#[derive(Clone, Copy)]
pub(super) enum SchemaDocument<'m> {
    /// A resource of the bundle, with the `$id` of a file below the schema folder. Validators read
    /// it, so it includes aliases and other forms that the decoder accepts.
    Resource(&'m str),
    /// Among the components of OpenAPI or AsyncAPI. Code generators read it, so only
    /// objects have a name, and it uses only keywords of draft 07.
    Component,
}

/// Writes schemas for one document.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'m> {
    pub(super) model: &'m Model,
    pub(super) document: SchemaDocument<'m>,
}

impl Schemas<'_> {
    /// Returns the schema of a named type.
    pub(super) fn definition(&self, def: &TypeDef) -> Json {
        let shape = match &def.kind {
            TypeKind::Object(members) => self.object(members),
            TypeKind::OpenEnum(known) => {
                all([object([("type", "string".into())]), known_values(known)])
            }
            scalar => object(scalar_type(scalar).map(|ty| ("type", ty))),
        };
        let sensitive = (def.kind == TypeKind::Url).then_some(("x-sensitive", Json::Bool(true)));
        titled(&def.name, &def.description, [shape, object(sensitive)])
    }

    /// Returns the schema of an object with the given members.
    pub(super) fn object<'a>(&self, members: impl IntoIterator<Item = &'a Member>) -> Json {
        let (mut properties, mut required, mut rules) = (Vec::new(), Vec::new(), Vec::new());
        for member in members {
            let schema = self.member(member);
            properties.push((member.name.clone(), schema.clone()));
            if self.is_resource() && !member.aliases.is_empty() {
                properties
                    .extend(member.aliases.iter().map(|alias| (alias.clone(), schema.clone())));
                rules.push(at_most_one_name(member));
            } else if member.required {
                required.push(member.name.as_str());
            }
        }
        let mut parts = vec![("type", "object".into()), ("properties", Json::Object(properties))];
        if !required.is_empty() {
            parts.push(("required", texts(required)));
        }
        if !rules.is_empty() {
            parts.push(("allOf", Json::Array(rules)));
        }
        object(parts)
    }

    /// Returns the schema of a member.
    pub(super) fn member(&self, member: &Member) -> Json {
        let kind = member.ty.named().and_then(|name| self.model.types.get(name));
        let mut description = member.description.clone();
        let mut parts = self.value(&member.ty, !member.required);
        if !self.is_resource() {
            // The type, and with it the type's description, has no schema of its own here.
            if let Some(def) = kind
                && matches!(def.kind, TypeKind::Url | TypeKind::Timestamp)
            {
                description = format!("{description} {}", def.description);
            }
            // JSON Schema before 2019-09 ignores keywords beside a reference.
            if let Json::Object(reference) = &parts
                && reference.iter().any(|(keyword, _)| keyword == "$ref")
            {
                parts = object([("allOf", Json::Array(vec![parts]))]);
            }
            if !member.aliases.is_empty() {
                parts.put("x-aliases", texts(&member.aliases));
            }
        }
        if member.sensitive || kind.is_some_and(|def| def.kind == TypeKind::Url) {
            parts.put("x-sensitive", Json::Bool(true));
        }
        if let Some(seconds) = member.valid_for_seconds.and_then(|it| i64::try_from(it).ok()) {
            parts.put("x-valid-for-seconds", seconds.into());
        }
        all([object([("description", description.as_str().into())]), parts])
    }

    /// Returns the schema of a value; with `nullable`, of a value or null.
    pub(super) fn value(&self, ty: &Ty, nullable: bool) -> Json {
        let plain = |name: &str| match nullable {
            true => texts([name, "null"]),
            false => name.into(),
        };
        match ty {
            Ty::String => object([("type", plain("string"))]),
            Ty::Boolean => object([("type", plain("boolean"))]),
            Ty::Integer => object([("type", plain("integer"))]),
            Ty::Number => object([("type", plain("number"))]),
            Ty::Array(items) => {
                object([("type", plain("array")), ("items", self.value(items, false))])
            }
            Ty::Map => {
                object([("type", plain("object")), ("additionalProperties", Json::Bool(true))])
            }
            Ty::Raw => object([]),
            Ty::Named(name) => {
                let kind = self.model.kind(ty);
                match kind.filter(|_| !self.is_resource()) {
                    Some(TypeKind::OpenEnum(known)) => {
                        return all([object([("type", plain("string"))]), known_values(known)]);
                    }
                    Some(kind) => match scalar_type(kind) {
                        Some(Json::String(name)) => return object([("type", plain(&name))]),
                        Some(several) => return object([("type", several)]),
                        None => {}
                    },
                    None => {}
                }
                let reference = self.reference(name);
                let null = object([("type", "null".into())]);
                match nullable && kind != Some(&TypeKind::Delivered) {
                    true => object([("anyOf", Json::Array(vec![reference, null]))]),
                    false => reference,
                }
            }
        }
    }

    /// Returns a reference to a named type.
    fn reference(&self, name: &str) -> Json {
        match self.document {
            SchemaDocument::Component => component(name),
            SchemaDocument::Resource(from) => match self.model.types.get(name) {
                Some(def) if def.file == from => {
                    object([("$ref", format!("#/$defs/{name}").as_str().into())])
                }
                Some(def) => refer(&relative(from, &def.file)),
                // The model contains each type that it names.
                None => object([]),
            },
        }
    }

    fn is_resource(&self) -> bool {
        matches!(self.document, SchemaDocument::Resource(_))
    }
}

/// Returns a reference to a component.
pub(super) fn component(name: &str) -> Json {
    refer(&format!("#/components/schemas/{name}"))
}

/// Returns the schema of one of an object's properties.
pub(super) fn property_mut<'o>(object: &'o mut Json, name: &str) -> Option<&'o mut Json> {
    object.child_mut("properties")?.child_mut(name)
}

pub(super) fn refer(to: &str) -> Json {
    object([("$ref", to.into())])
}

/// Returns the reference from one file of the schema folder to another.
pub(super) fn relative(from: &str, to: &str) -> String {
    let (folder, name) = to.split_once('/').unwrap_or(("", to));
    match from.split_once('/') {
        Some((own, _)) if own == folder => name.to_owned(),
        Some(_) => format!("../{to}"),
        None => to.to_owned(),
    }
}

/// Returns the `$id` of a file of the schema folder.
pub(super) fn id(file: &str) -> Json {
    format!("{ID_BASE}{file}").as_str().into()
}

/// Returns the keywords that list the known values of an open set.
fn known_values(known: &[KnownValue]) -> Json {
    let described = known.iter().map(|known| {
        object([
            ("value", known.value.as_str().into()),
            ("description", known.description.as_str().into()),
        ])
    });
    object([
        ("examples", texts(known.iter().map(|known| &known.value))),
        ("x-known-values", Json::Array(described.collect())),
    ])
}

/// Returns the JSON type of a named scalar, or `None` for objects and open enums.
fn scalar_type(kind: &TypeKind) -> Option<Json> {
    match kind {
        TypeKind::Id | TypeKind::Url => Some("string".into()),
        TypeKind::Timestamp => Some("number".into()),
        TypeKind::Delivered => Some(texts(["boolean", "null"])),
        TypeKind::Object(_) | TypeKind::OpenEnum(_) => None,
    }
}

/// Accepts an object with exactly one of a member's names, or with none if the member is optional.
fn at_most_one_name(member: &Member) -> Json {
    let mut choices: Vec<_> = member.all_names().map(requires).collect();
    if !member.required {
        choices.push(not(any(choices.clone())));
    }
    object([("oneOf", Json::Array(choices))])
}

/// Puts the member with the wire type before an event's own members.
pub(super) fn with_wire_type(wire_type: (String, Json), mut own: Json) -> Json {
    let mut properties = vec![wire_type];
    properties.extend_from_slice(own.get("properties").map(Json::members).unwrap_or_default());
    own.put("properties", Json::Object(properties));
    own
}

pub(super) fn deprecated(event: &Event) -> Json {
    object((event.status == EventStatus::Deprecated).then_some(("deprecated", Json::Bool(true))))
}

/// Returns an event's description, documented name and status, for people.
pub(super) fn described(event: &Event) -> String {
    let status = event.status.in_words();
    format!("{}\n\nDocumented as `{}` ({status}).", event.description, event.name)
}

/// Returns a schema with title and description before its other keywords.
pub(super) fn titled<const N: usize>(title: &str, description: &str, parts: [Json; N]) -> Json {
    let head = object([("title", title.into()), ("description", description.into())]);
    std::iter::once(head).chain(parts).fold(object([]), merged)
}

/// Merges objects.
pub(super) fn all<const N: usize>(parts: [Json; N]) -> Json {
    parts.into_iter().fold(object([]), merged)
}

fn merged(one: Json, other: Json) -> Json {
    let mut members = one.members().to_vec();
    members.extend_from_slice(other.members());
    Json::Object(members)
}

pub(super) fn object<'n>(members: impl IntoIterator<Item = (&'n str, Json)>) -> Json {
    Json::object(members)
}

pub(crate) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Json {
    Json::Array(texts.into_iter().map(|text| Json::from(text.as_ref())).collect())
}

/// Accepts an object that has a member with this name, and any other type of value.
pub(super) fn requires(name: &str) -> Json {
    object([("required", texts([name]))])
}

pub(super) fn any(choices: Vec<Json>) -> Json {
    object([("anyOf", Json::Array(choices))])
}

/// Accepts a value that every one of the schemas accepts, and any value if there are no schemas.
pub(super) fn every(schemas: Vec<Json>) -> Json {
    object((!schemas.is_empty()).then_some(("allOf", Json::Array(schemas))))
}

pub(super) fn not(schema: Json) -> Json {
    object([("not", schema)])
}
