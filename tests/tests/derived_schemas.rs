//! Compares the JSON Schema that the types derive with the schema files. The two must agree except
//! for the differences listed here.

use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};
use spektr_tests::corpus;
use spektr_types as types;

include!(concat!(env!("OUT_DIR"), "/event_types.rs"));

/// Intended differences, each with its reason. A listed difference that no longer exists fails the
/// test, as an unlisted one does.
const STATED: [(&str, &str); 1] =
    [("RawJson: derived only", "a type of the crate, which the schemas write as no type at all")];

/// The change of every raw payload: raw JSON has a name in Rust, and its derived schema accepts
/// anything as well.
const RAW: [&str; 2] = ["optional any, nullable", "optional RawJson, nullable"];

/// The type of a member, in terms that both sides have.
#[derive(Clone, Debug, PartialEq)]
struct Shape {
    required: bool,
    nullable: bool,
    ty: String,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let presence = if self.required { "required" } else { "optional" };
        let nullable = if self.nullable { ", nullable" } else { "" };
        write!(f, "{presence} {}{nullable}", self.ty)
    }
}

/// Members by name, by type name; scalars have one member without a name.
type Types = BTreeMap<String, BTreeMap<String, Shape>>;

/// Reads a schema; `named` returns the name of the type that a reference leads to.
struct Reader<'r> {
    named: &'r dyn Fn(&str) -> String,
    types: Types,
}

impl Reader<'_> {
    /// Reads a named schema, and the named schemas inside it.
    fn named_schema(&mut self, name: &str, schema: &Value, inherited: Option<&Value>) {
        let mut members = BTreeMap::new();
        match schema.get("properties") {
            Some(_) => {
                assert_eq!(schema.get("additionalProperties"), None, "{name} is not open");
                let parts = || inherited.into_iter().chain([schema]);
                let required: BTreeSet<&str> =
                    parts().flat_map(|part| list(part, "required")).collect();
                for (member, property) in parts().flat_map(|part| object(part, "properties")) {
                    let (ty, nullable) = self.ty(property);
                    let required = required.contains(member.as_str());
                    // The event's own `type` comes last, and narrows the envelope's.
                    members.insert(member.clone(), Shape { required, nullable, ty });
                }
            }
            None => {
                let (ty, nullable) = self.ty(schema);
                members.insert(String::new(), Shape { required: true, nullable, ty });
            }
        }
        let twice = self.types.insert(name.to_owned(), members);
        assert_eq!(twice, None, "two types are named {name}");
    }

    /// Returns a name for the type of a value, and whether the value may be null.
    fn ty(&mut self, schema: &Value) -> (String, bool) {
        if let Some(reference) = schema.get("$ref") {
            return ((self.named)(reference.as_str().expect("a reference is a string")), false);
        }
        if let Some(choices) = schema.get("anyOf") {
            let choices = choices.as_array().expect("`anyOf` is a list");
            let null = serde_json::json!({ "type": "null" });
            assert_eq!(choices.get(1), Some(&null), "only null is an alternative: {schema}");
            return (self.ty(&choices[0]).0, true);
        }
        if let Some(values) = schema.get("enum") {
            return (format!("one of {values}"), false);
        }
        let (name, nullable) = match schema.get("type") {
            None => ("any".to_owned(), true),
            Some(Value::String(name)) => (name.clone(), false),
            Some(Value::Array(names)) => {
                assert_eq!(names.get(1), Some(&Value::from("null")), "{schema}");
                (names[0].as_str().expect("a type is a string").to_owned(), true)
            }
            Some(other) => panic!("{other} is no type"),
        };
        if name == "array" {
            return (format!("array of {}", self.ty(&schema["items"]).0), nullable);
        }
        if name == "object" {
            // An inline object is a type of its own.
            if let Some(title) = schema.get("title").and_then(Value::as_str) {
                self.named_schema(title, schema, None);
                return (title.to_owned(), nullable);
            }
            assert_eq!(schema["additionalProperties"], true, "{schema}");
            return ("object of anything".to_owned(), nullable);
        }
        (name, nullable)
    }
}

fn object<'v>(schema: &'v Value, keyword: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    schema.get(keyword).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn list<'v>(schema: &'v Value, keyword: &str) -> impl Iterator<Item = &'v str> {
    let elements = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
    elements.filter_map(Value::as_str)
}

/// Reads the schema files of the events, and the files that they refer to.
fn documented() -> Types {
    let files: BTreeMap<String, Value> = corpus::schema_files()
        .into_iter()
        .map(|(file, text)| (file, serde_json::from_str(&text).expect("a schema file is JSON")))
        .collect();
    let title = |schema: &Value| schema["title"].as_str().expect("a title").to_owned();
    let named = |reference: &str| match reference.rsplit_once("#/$defs/") {
        Some((_, name)) => name.to_owned(),
        None => {
            let name = reference.rsplit('/').next().unwrap_or(reference);
            title(&files[&format!("common/{name}")])
        }
    };
    let mut reader = Reader { named: &named, types: Types::new() };
    let envelope = &files["common/type_envelope.schema.json"];
    for (file, schema) in &files {
        if schema.get("x-envelope").is_some() {
            continue;
        }
        let inherited = file.starts_with("events/").then_some(envelope);
        reader.named_schema(&title(schema), schema, inherited);
        for (name, definition) in object(schema, "$defs") {
            reader.named_schema(name, definition, None);
        }
    }
    reader.types
}

/// Derives the schemas of the events' structs, and of the types in them.
fn derived() -> Types {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
        generator.subschema_for::<T>();
    }
    macro_rules! add_all {
        ($($event:ident),+) => {{ $(add::<types::$event>(&mut generator);)+ }};
    }
    with_event_types!(add_all);
    let named = |reference: &str| {
        reference.rsplit('/').next().map(str::to_owned).expect("a reference has a name")
    };
    let mut reader = Reader { named: &named, types: Types::new() };
    for (name, schema) in generator.take_definitions(true) {
        reader.named_schema(&name, &schema, None);
    }
    reader.types
}

#[test]
fn the_types_derive_the_schemas_that_they_were_generated_from() {
    let (documented, derived) = (documented(), derived());
    assert!(documented.len() > 20, "only {} types were read", documented.len());
    let mut found = BTreeSet::new();
    let names: BTreeSet<&String> = documented.keys().chain(derived.keys()).collect();
    for name in names {
        let (Some(ours), Some(theirs)) = (documented.get(name), derived.get(name)) else {
            let side = if documented.contains_key(name) { "not derived" } else { "derived only" };
            found.insert(format!("{name}: {side}"));
            continue;
        };
        let members: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for member in members {
            let show = |shape: Option<&Shape>| shape.map_or("nothing".into(), Shape::to_string);
            let (ours, theirs) = (show(ours.get(member)), show(theirs.get(member)));
            if ours != theirs && [ours.as_str(), &theirs] != RAW {
                found.insert(format!("{name}.{member}: {ours} became {theirs}"));
            }
        }
    }
    let stated: BTreeSet<String> = STATED.iter().map(|(what, _)| (*what).to_owned()).collect();
    assert_eq!(found, stated);
}
