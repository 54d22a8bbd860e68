//! Compiles the schema files in strict form.
//!
//! The files themselves leave every object and every set of values open, so that no unknown
//! data is lost. Here they are closed, in memory, so that a validator reports unknown data.

use std::fmt;

use jsonschema::{Registry, Validator};
use serde_json::{Map, Value, json};

/// The schema files by path, without annotations for people.
const SCHEMAS: &str = include_str!("../generated/schemas.json");

/// The schema of one event.
pub(super) struct EventSchema {
    /// The event's documented name.
    pub(super) event: String,
    /// The names of the event's members, including those of the envelope and aliases.
    pub(super) members: Vec<String>,
    pub(super) validator: Validator,
}

impl fmt::Debug for EventSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventSchema").field(&self.event).finish()
    }
}

/// Compiles the schemas of all events. The schemas are embedded, and a test compiles them, so
/// callers have no error to handle.
#[expect(clippy::unreachable, reason = "a test compiles the embedded schemas")]
pub(super) fn compile() -> Vec<EventSchema> {
    try_compile().unwrap_or_else(|error| unreachable!("an embedded schema is not valid: {error}"))
}

fn try_compile() -> Result<Vec<EventSchema>, Box<dyn std::error::Error>> {
    let mut embedded: Value = serde_json::from_str(SCHEMAS)?;
    let files = embedded.get_mut("schemas").and_then(Value::as_object_mut).map(std::mem::take);
    let mut files: Vec<_> = files.into_iter().flatten().map(|(_, schema)| schema).collect();
    let is_envelope = |schema: &&Value| schema.get("x-envelope").is_some_and(|it| it == "type");
    let envelope = files.iter().find(is_envelope).ok_or("there is no envelope")?.clone();

    let mut registry = Registry::new();
    let mut events = Vec::new();
    for schema in &mut files {
        let event = schema.pointer("/x-event/name").and_then(Value::as_str).map(str::to_owned);
        close(schema);
        let id = schema.get("$id").and_then(Value::as_str).ok_or("a schema has no $id")?.to_owned();
        registry = registry.add(id, schema.clone())?;
        if let Some(event) = event {
            events.push((event, schema.clone()));
        }
    }
    let registry = registry.prepare()?;

    let mut compiled = Vec::new();
    for (event, mut schema) in events {
        inline_envelope(&mut schema, &envelope);
        let validator = jsonschema::options().with_registry(&registry).build(&schema)?;
        let members =
            schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        compiled.push(EventSchema { event, members: members.cloned().collect(), validator });
    }
    Ok(compiled)
}

/// Makes objects reject members that they do not describe, and texts reject unknown values, at
/// every depth.
fn close(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    accept_aliases(members);
    if members.contains_key("properties") && !members.contains_key("$ref") {
        members.entry("additionalProperties").or_insert(json!(false));
    }
    if let Some(Value::Array(known)) = members.get("x-known-values") {
        let values = known.iter().filter_map(|known| known.get("value").cloned()).collect();
        members.insert("enum".to_owned(), Value::Array(values));
    }
    for keyword in ["properties", "$defs"] {
        if let Some(Value::Object(schemas)) = members.get_mut(keyword) {
            schemas.values_mut().for_each(close);
        }
    }
    if let Some(items) = members.get_mut("items") {
        close(items);
    }
    if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
        choices.iter_mut().for_each(close);
    }
}

/// Describes each alias of a member like the member itself. If the member is required, requires
/// either the member or an alias.
fn accept_aliases(members: &mut Map<String, Value>) {
    let properties = members.get("properties").and_then(Value::as_object);
    let mut aliases = Vec::new();
    for (name, property) in properties.into_iter().flatten() {
        for alias in property["x-aliases"].as_array().into_iter().flatten() {
            aliases.push((name.clone(), alias.clone(), property.clone()));
        }
    }
    for (name, alias, property) in aliases {
        let Value::String(alias) = alias else { continue };
        if let Some(Value::Object(properties)) = members.get_mut("properties") {
            properties.insert(alias.clone(), property);
        }
        let Some(Value::Array(required)) = members.get_mut("required") else { continue };
        let before = required.len();
        required.retain(|member| *member != name);
        if required.len() < before {
            let either = json!({"anyOf": [{"required": [name]}, {"required": [alias]}]});
            if let Value::Array(all) = members.entry("allOf").or_insert_with(|| json!([])) {
                all.push(either);
            }
        }
    }
}

/// Copies the members of the envelope into the event itself. With a reference to the envelope,
/// neither schema could be closed, because neither knows the members of the other.
fn inline_envelope(schema: &mut Value, envelope: &Value) {
    let id = envelope["$id"].as_str().unwrap_or_default();
    let folder = id.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Value::Object(members) = schema else { return };
    members.remove("$ref");
    for (name, property) in envelope["properties"].as_object().into_iter().flatten() {
        let own = members.entry("properties").or_insert_with(|| json!({}));
        if let Value::Object(own) = own {
            let mut property = property.clone();
            close(&mut property);
            make_absolute(&mut property, folder);
            own.entry(name.clone()).or_insert(property);
        }
    }
    let required = members.entry("required").or_insert_with(|| json!([]));
    if let (Value::Array(own), Some(more)) = (required, envelope["required"].as_array()) {
        own.extend(more.iter().cloned());
    }
    members.insert("additionalProperties".to_owned(), json!(false));
}

/// Makes references absolute, so that they do not depend on the place of the schema.
fn make_absolute(schema: &mut Value, folder: &str) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                *reference = format!("{folder}/{reference}");
            }
            members.values_mut().for_each(|member| make_absolute(member, folder));
        }
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| make_absolute(element, folder));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_catalogue_has_a_schema_that_compiles() {
        let mut compiled: Vec<_> = compile().into_iter().map(|schema| schema.event).collect();
        let mut known: Vec<_> =
            spektr_types::catalogue().map(|info| info.name().to_owned()).collect();
        compiled.sort();
        known.sort();
        assert_eq!(compiled, known);
    }
}
