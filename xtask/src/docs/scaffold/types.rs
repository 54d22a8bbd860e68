//! The schema's members by name: the common types, and the members of other events.

use std::collections::BTreeMap;

use spektr_codegen::model::{Member, Model, Ty, TypeKind};
use spektr_codegen::{Json, SchemaSet};

/// The definition of a member elsewhere in the schema.
#[derive(Clone, Debug)]
pub(super) enum KnownDefinition {
    /// A type defined in `common/`.
    Common {
        /// Path of the file below the schema folder.
        file: String,
        description: String,
        kind: &'static str,
        value: Json,
    },
    /// A member of another event.
    Like { event: String, description: String, kind: &'static str, sensitive: bool },
}

/// Definitions by the name of the member.
#[derive(Debug, Default)]
pub(super) struct KnownDefinitions(BTreeMap<String, KnownDefinition>);

impl KnownDefinitions {
    pub(super) fn new(set: &SchemaSet) -> Self {
        let model = set.model();
        let mut types = KnownDefinitions::default();
        for def in model.types.values().filter(|def| def.is_shared()) {
            let mut letters = def.name.chars();
            let Some(first) = letters.next() else { continue };
            let name = format!("{}{}", first.to_ascii_lowercase(), letters.as_str());
            let (kind, value) = match &def.kind {
                TypeKind::Id => ("string", Json::String(format!("example {name}"))),
                TypeKind::Url => ("string", Json::from("https://files.example.com/example.pdf")),
                TypeKind::Timestamp => ("number", Json::Number(1_672_531_199_000_i64.into())),
                TypeKind::OpenEnum(values) => match values.first() {
                    Some(known) => ("string", Json::from(known.value.as_str())),
                    None => continue,
                },
                _ => continue,
            };
            let (file, description) = (def.file.clone(), def.description.clone());
            types.0.insert(name, KnownDefinition::Common { file, description, kind, value });
        }
        for event in &model.events {
            types.add(model, &event.name, &event.members, 0);
        }
        types
    }

    fn add(&mut self, model: &Model, event: &str, members: &[Member], depth: usize) {
        const MAX_DEPTH: usize = 8;
        for member in members {
            let kind = match &member.ty {
                Ty::String => "string",
                Ty::Boolean => "boolean",
                Ty::Integer => "integer",
                Ty::Number => "number",
                ty => {
                    let inside = ty.named().and_then(|name| model.types.get(name));
                    if let Some(TypeKind::Object(members)) = inside.map(|def| &def.kind)
                        && depth < MAX_DEPTH
                    {
                        self.add(model, event, members, depth + 1);
                    }
                    continue;
                }
            };
            self.0.entry(member.name.clone()).or_insert_with(|| KnownDefinition::Like {
                event: event.to_owned(),
                description: member.description.clone(),
                kind,
                sensitive: member.sensitive,
            });
        }
    }

    /// Returns the definition of a member, if it has the type on the page.
    pub(super) fn find(&self, name: &str, kind: Option<&str>) -> Option<&KnownDefinition> {
        self.0.get(name).filter(|taken| match taken {
            KnownDefinition::Common { kind: known, .. } => kind.is_none_or(|kind| kind == *known),
            KnownDefinition::Like { kind: known, .. } => kind == Some(*known),
        })
    }
}
