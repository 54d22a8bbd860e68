//! Has typify make the structs, and rejects its silent deviations from the schema.
//!
//! Users get typify's structs with serde's derives: typify decides names,
//! optionality and types of their fields. typify also renames, merges, adds and
//! drops what it cannot express, so each struct is compared with the members
//! that it must have.
//!
//! The reasons are a decision (ARCHITECTURE.md, G2).

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, Fields, Item, ItemStruct, LitStr, Token};
use typify::{TypeSpace, TypeSpaceSettings};

use crate::lower::{self, Definition};
use crate::model::{Member, Model};
use crate::passes::{StructDraft, StructTarget, optional};
use crate::problem::{Problem, ProblemKind};

/// Attributes that every struct gets, besides typify's derives.
const ATTRIBUTES: [&str; 3] = [
    "#[non_exhaustive]",
    "#[serde(crate = \"crate::object\")]",
    "#[cfg_attr(feature = \"schemars-1\", derive(schemars::JsonSchema))]",
];

/// Returns typify's structs, in the order of the targets.
pub(crate) fn structs<'m>(
    model: &Model,
    targets: &[StructTarget<'m>],
) -> Result<Vec<StructDraft<'m>>, Problem> {
    let made = lower::definitions(model, targets)
        .map_err(|error| error.to_string())
        .and_then(|definitions| run_typify(definitions, lower::replaced(model)))
        .map_err(|message| problem("", "", message))?;
    checked(made, targets)
}

pub(crate) fn problem(file: &str, pointer: &str, message: String) -> Problem {
    Problem::new(file, pointer, ProblemKind::Defect(message))
}

fn run_typify<'n>(
    definitions: Vec<Definition>,
    replaced: impl Iterator<Item = &'n str>,
) -> Result<syn::File, String> {
    let mut settings = TypeSpaceSettings::default();
    settings.with_derive("PartialEq".to_owned());
    for attribute in ATTRIBUTES {
        settings.with_attr(attribute.to_owned());
    }
    for name in replaced {
        settings.with_replacement(name, name, std::iter::empty());
    }
    let mut space = TypeSpace::new(&settings);
    space.add_ref_types(definitions).map_err(|error| error.to_string())?;
    syn::parse2(space.to_stream()).map_err(|error| error.to_string())
}

/// Takes the structs from typify's output: one for each target, and no other.
fn checked<'m>(
    made: syn::File,
    targets: &[StructTarget<'m>],
) -> Result<Vec<StructDraft<'m>>, Problem> {
    let mut structs = BTreeMap::new();
    for item in made.items {
        match item {
            Item::Struct(item) => {
                let name = item.ident.to_string();
                if structs.insert(name.clone(), item).is_some() {
                    return Err(problem("", "", format!("two structs `{name}`")));
                }
            }
            // `check` compares the fields of structs only; nothing would compare an enum's
            // variants.
            Item::Enum(item) => {
                return Err(problem("", "", format!("an enum `{}`", item.ident)));
            }
            // typify's error module and its impls of conversions are not used.
            _ => {}
        }
    }
    let checked = targets.iter().map(|target| {
        let made = structs.remove(target.name).ok_or_else(|| "no struct of this name".to_owned());
        made.and_then(|item| check(item, &target.members))
            .map_err(|message| problem(target.file, target.pointer, message))
    });
    let checked = checked.collect::<Result<Vec<_>, _>>()?;
    match structs.keys().next() {
        Some(name) => Err(problem("", "", format!("an extra struct `{name}`"))),
        None => Ok(checked),
    }
}

/// Takes out a struct's fields and pairs each with its member. Fails unless there is exactly one
/// field for each member, and a field is an `Option` exactly if its member is optional.
fn check<'m>(mut item: ItemStruct, members: &[&'m Member]) -> Result<StructDraft<'m>, String> {
    let Fields::Named(named) = std::mem::replace(&mut item.fields, Fields::Unit) else {
        return Err("a struct without named fields".to_owned());
    };
    let mut found = BTreeMap::new();
    let mut idents = BTreeSet::new();
    for field in named.named {
        let Some(ident) = field.ident.as_ref().map(ToString::to_string) else {
            return Err("a struct without named fields".to_owned());
        };
        let name = wire_name(&ident, &field.attrs).map_err(|error| {
            format!("serde's attributes of the field `{ident}` cannot be read: {error}")
        })?;
        if !idents.insert(ident.clone()) {
            return Err(format!("two members became the field `{ident}`"));
        }
        if found.insert(name.clone(), field).is_some() {
            return Err(format!("two fields have the wire name `{name}`"));
        }
    }
    let mut fields = Vec::with_capacity(members.len());
    for member in members {
        let name = &member.name;
        let field = found.remove(name).ok_or_else(|| format!("no field for `{name}`"))?;
        if member.required == optional(&field.ty).is_some() {
            let is = if member.required { "required" } else { "optional" };
            return Err(format!("the field of the {is} member `{name}` is not {is}"));
        }
        fields.push((field, *member));
    }
    match found.keys().next() {
        Some(name) => Err(format!("an extra field `{name}`")),
        None => Ok(StructDraft { item, fields }),
    }
}

/// Returns a field's name on the wire: typify writes a `rename` if the two
/// names differ.
fn wire_name(ident: &str, attributes: &[Attribute]) -> Result<String, syn::Error> {
    let mut name = ident.to_owned();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            if meta.input.peek(Token![=]) {
                let text: LitStr = meta.value()?.parse()?;
                if meta.path.is_ident("rename") {
                    name = text.value();
                }
            }
            Ok(())
        })?;
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::examples::tests::member;
    use crate::model::Ty;

    /// Has typify make structs of `definitions`, and compares them with the expected members: name,
    /// and whether required.
    fn outcome(definitions: &Value, expected: &[(&str, &[(&str, bool)])]) -> Result<(), String> {
        let definitions: BTreeMap<String, schemars08::schema::Schema> =
            serde_json::from_value(definitions.clone()).expect("the definitions are JSON Schema");
        let made = run_typify(definitions.into_iter().collect(), std::iter::empty());
        let made = made.expect("typify reports no error");
        let members: Vec<Vec<Member>> = expected
            .iter()
            .map(|(_, members)| {
                members.iter().map(|(name, is)| member(name, Ty::String, *is)).collect()
            })
            .collect();
        let targets: Vec<StructTarget<'_>> = expected
            .iter()
            .zip(&members)
            .map(|((name, _), members)| StructTarget {
                name,
                file: "events/ping.schema.json",
                pointer: "",
                members: members.iter().collect(),
                docs: String::new(),
                tag: None,
            })
            .collect();
        match checked(made, &targets) {
            Ok(_) => Ok(()),
            Err(problem) => match problem.kind {
                ProblemKind::Defect(message) => Err(message),
                other => panic!("another kind of problem: {other}"),
            },
        }
    }

    #[test]
    fn a_struct_as_the_members_say_it_passes() {
        let definitions = json!({ "Ping": {
            "type": "object",
            "required": ["zulu"],
            "properties": {
                "zulu": { "type": "string" },
                "alphaTime": { "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "null" }] },
                "risk-score": { "type": ["integer", "null"] },
                "2faEnabled": { "type": ["boolean", "null"] }
            }
        }});
        let members: &[(&str, bool)] =
            &[("zulu", true), ("alphaTime", false), ("risk-score", false), ("2faEnabled", false)];
        assert_eq!(outcome(&definitions, &[("Ping", members)]), Ok(()));
    }

    #[test]
    fn a_required_name_without_a_property_is_refused() {
        let definitions = json!({ "Ping": {
            "type": "object",
            "required": ["note", "ghost"],
            "properties": { "note": { "type": "string" } }
        }});
        assert_eq!(
            outcome(&definitions, &[("Ping", &[("note", true)])]),
            Err("an extra field `ghost`".to_owned())
        );
    }

    #[test]
    fn an_empty_object_is_refused() {
        let definitions = json!({ "Ping": { "type": "object", "properties": {}, "required": [] } });
        assert_eq!(
            outcome(&definitions, &[("Ping", &[])]),
            Err("a struct without named fields".to_owned())
        );
    }

    #[test]
    fn a_title_that_is_renamed_is_refused() {
        let definitions = json!({ "KYCCheck": {
            "type": "object",
            "required": ["note"],
            "properties": { "note": { "type": "string" } }
        }});
        assert_eq!(
            outcome(&definitions, &[("KYCCheck", &[("note", true)])]),
            Err("no struct of this name".to_owned())
        );
    }

    #[test]
    fn two_inline_objects_of_one_title_are_refused() {
        let inline = |name: &str| {
            json!({
                "type": "object",
                "title": "Detail",
                "required": [name],
                "properties": { name: { "type": "string" } }
            })
        };
        let definitions = json!({ "Ping": {
            "type": "object",
            "required": ["left", "right"],
            "properties": { "left": inline("left"), "right": inline("right") }
        }});
        assert_eq!(
            outcome(&definitions, &[("Ping", &[("left", true), ("right", true)])]),
            Err("an extra struct `Detail`".to_owned())
        );
    }

    #[test]
    fn an_optional_list_without_null_is_refused() {
        let definitions = json!({ "Ping": {
            "type": "object",
            "properties": { "notes": { "type": "array", "items": { "type": "string" } } }
        }});
        assert_eq!(
            outcome(&definitions, &[("Ping", &[("notes", false)])]),
            Err("the field of the optional member `notes` is not optional".to_owned())
        );
    }

    #[test]
    fn two_members_that_become_one_field_are_refused() {
        let definitions = json!({ "Ping": {
            "type": "object",
            "required": ["riskScore", "risk-score"],
            "properties": { "riskScore": { "type": "string" }, "risk-score": { "type": "string" } }
        }});
        assert_eq!(
            outcome(&definitions, &[("Ping", &[("riskScore", true), ("risk-score", true)])]),
            Err("two members became the field `risk_score`".to_owned())
        );
    }

    #[test]
    fn a_closed_enum_is_refused() {
        let definitions = json!({
            "Ping": {
                "type": "object",
                "required": ["color"],
                "properties": { "color": { "$ref": "#/definitions/Color" } }
            },
            "Color": { "enum": ["red", "blue"] }
        });
        assert_eq!(
            outcome(&definitions, &[("Ping", &[("color", true)])]),
            Err("an enum `Color`".to_owned())
        );
    }
}
