//! Lowers the model to the JSON Schema that typify reads: one flat list of
//! definitions, without discriminators, annotations and nested objects.

use schemars08::schema::Schema;
use serde_json::{Value, json};

use crate::model::{Member, Model, Ty, TypeKind};

/// The definition that stands for any JSON.
pub(crate) const RAW_JSON: &str = "RawJson";

/// Returns the definitions of all structs, by their Rust names.
///
/// # Errors
///
/// Fails only if what is made here is not JSON Schema, which is a defect.
pub(crate) fn definitions(model: &Model) -> Result<Vec<(String, Schema)>, serde_json::Error> {
    let events = model.events.iter().map(|event| {
        let envelope = model.envelope.iter().filter(|member| member.name != "type");
        (&event.title, object(envelope.chain(&event.members)))
    });
    let types = model.types.values().filter_map(|def| match &def.kind {
        TypeKind::Object(members) => Some((&def.name, object(members))),
        _ => None,
    });
    let scalars = model.types.values().filter_map(|def| match &def.kind {
        TypeKind::Object(_) => None,
        _ => Some((&def.name, json!({ "type": "string" }))),
    });
    let raw = RAW_JSON.to_owned();
    events
        .chain(types)
        .chain(scalars)
        .chain([(&raw, json!({ "type": "string" }))])
        .map(|(name, schema)| Ok((name.clone(), serde_json::from_value(schema)?)))
        .collect()
}

/// Returns the names that typify must use without making types of them.
pub(crate) fn replaced(model: &Model) -> impl Iterator<Item = &str> {
    let scalars = model.types.values().filter(|def| !matches!(def.kind, TypeKind::Object(_)));
    scalars.map(|def| def.name.as_str()).chain([RAW_JSON])
}

fn object<'m>(members: impl IntoIterator<Item = &'m Member>) -> Value {
    let mut required = Vec::new();
    let mut properties = serde_json::Map::new();
    for member in members {
        let schema = if member.required {
            required.push(member.name.clone());
            ty(&member.ty)
        } else {
            json!({ "anyOf": [ty(&member.ty), { "type": "null" }] })
        };
        properties.insert(member.name.clone(), schema);
    }
    json!({ "type": "object", "required": required, "properties": properties })
}

fn ty(ty: &Ty) -> Value {
    match ty {
        Ty::String => json!({ "type": "string" }),
        Ty::Boolean => json!({ "type": "boolean" }),
        Ty::Integer => json!({ "type": "integer" }),
        Ty::Number => json!({ "type": "number" }),
        Ty::Named(name) => json!({ "$ref": format!("#/definitions/{name}") }),
        Ty::Array(items) => json!({ "type": "array", "items": self::ty(items) }),
        Ty::Map => json!({ "type": "object", "additionalProperties": true }),
        Ty::Raw => json!({ "$ref": format!("#/definitions/{RAW_JSON}") }),
    }
}
