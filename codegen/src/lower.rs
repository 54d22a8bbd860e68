//! Lowers events and objects to the JSON Schema that typify reads: one
//! flat list of definitions, without discriminators, annotations and nested objects.

use schemars08::schema::Schema;
use serde_json::{Value, json};

use crate::model::{Member, Model, Ty, TypeKind};
use crate::passes::StructTarget;

/// The name of the definition for a value of any JSON type.
const RAW_JSON: &str = "RawJson";

/// A named definition, in typify's form.
pub(crate) type Definition = (String, Schema);

/// Returns the definitions of all structs and of the types in them, by their
/// Rust names.
///
/// # Errors
///
/// Fails only if the JSON made here is no JSON Schema, which is a defect.
pub(crate) fn definitions(
    model: &Model,
    targets: &[StructTarget<'_>],
) -> Result<Vec<Definition>, serde_json::Error> {
    let objects = targets.iter().map(|target| (target.name, object(&target.members)));
    let scalars = replaced(model).map(|name| (name, json!({ "type": "string" })));
    objects
        .chain(scalars)
        .map(|(name, schema)| Ok((name.to_owned(), serde_json::from_value(schema)?)))
        .collect()
}

/// Returns the names of types that typify must refer to and not generate.
pub(crate) fn replaced(model: &Model) -> impl Iterator<Item = &str> {
    let scalars = model.types.values().filter(|def| !matches!(def.kind, TypeKind::Object(_)));
    scalars.map(|def| def.name.as_str()).chain([RAW_JSON])
}

fn object(members: &[&Member]) -> Value {
    let mut required = Vec::new();
    let mut properties = serde_json::Map::new();
    for member in members {
        let schema = if member.required {
            required.push(member.name.clone());
            ty(&member.ty)
        } else {
            // typify makes an optional list without null a list that is empty when absent.
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
