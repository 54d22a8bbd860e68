//! What a person looks up about the events, as JSON for the command-line tool:
//! members, recorded decisions and examples; and the examples for tests of users.
//!
//! The tool is published by itself and cannot read the schema folder, and the
//! types carry only what decoding needs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use spektr_json::Json;

use crate::embed;
use crate::examples::{Example, Examples, Origin};
use crate::generate::TYPES;
use crate::model::{Decision, Member, Model, Ty, TypeKind};
use crate::problem::Problems;
use crate::set::SchemaSet;

/// Folder of the reference, from the workspace's root.
pub(crate) const REFERENCE: &str = "spektr-cli/src/generated";

/// Returns the files of the tool's reference and of the fixtures, as paths from the
/// workspace's root and texts.
///
/// The examples are given as paths below the schema folder and what is in them. The
/// tool gets those of the events and of `examples/unknown/`, without invalid ones,
/// whole batches, and those that are the full example with one edit.
///
/// # Errors
///
/// All [`Problems`] of the examples, as [`Examples::parse`] finds them.
pub fn reference<T: AsRef<[u8]>>(
    set: &SchemaSet,
    examples: impl IntoIterator<Item = (String, T)>,
) -> Result<BTreeMap<PathBuf, String>, Problems> {
    let model = set.model();
    let examples = Examples::parse(model, examples)?;
    let events = model.events.iter().map(|event| {
        Json::object([
            ("name", Json::from(event.name.as_str())),
            ("module", Json::from(event.module.as_str())),
            ("members", members(model, &event.members, &mut Vec::new())),
            ("decisions", decisions(&event.decisions)),
            ("examples", examples_of(&examples, &event.module)),
        ])
    });
    let shared = model.common.iter().filter(|file| !file.decisions.is_empty()).map(|file| {
        Json::object([
            ("of", Json::from(file.title.as_str())),
            ("decisions", decisions(&file.decisions)),
        ])
    });
    let members = vec![
        ("envelope", members(model, &model.envelope, &mut Vec::new())),
        ("other_envelope", members(model, &model.other_envelope, &mut Vec::new())),
        ("events", Json::Array(events.collect())),
        ("shared_decisions", Json::Array(shared.collect())),
        ("unknown", examples_of(&examples, "unknown")),
    ];
    // An event's members, decisions and examples are a line each.
    let text = embed::file("schema", members, 4);
    Ok(BTreeMap::from([
        (PathBuf::from(REFERENCE).join("reference.json"), text),
        (PathBuf::from(TYPES).join("fixtures.json"), fixtures(model, &examples)),
    ]))
}

/// Returns the examples for the tests of those who use the types.
fn fixtures(model: &Model, examples: &Examples) -> String {
    let of = |folder: &str| {
        let kept = examples.of(folder).iter().filter(|example| !is_edit(example));
        Json::object(kept.map(|example| (example.case.as_str(), example.body.clone())))
    };
    let events = model.events.iter().map(|event| (event.name.as_str(), of(&event.module)));
    let all = Json::object(events.chain([("unknown", of("unknown"))]));
    embed::file("schema/examples", vec![("examples", all)], 3)
}

/// Returns the examples of a folder that are not the full one with one edit: the
/// tool makes those with `--set`.
fn examples_of(examples: &Examples, folder: &str) -> Json {
    let kept = examples.of(folder).iter().filter(|example| !is_edit(example));
    let kept = kept.map(|example| {
        Json::object([("case", Json::from(example.case.as_str())), ("body", example.body.clone())])
    });
    Json::Array(kept.collect())
}

fn is_edit(example: &Example) -> bool {
    matches!(example.origin, Origin::Edited { .. })
}

fn decisions(decisions: &[Decision]) -> Json {
    let decisions = decisions.iter().map(|decision| {
        let Decision { id, about, documented, chosen, reason, reviewed, .. } = decision;
        Json::object([
            ("id", Json::from(id.as_str())),
            ("about", texts(about)),
            ("documented", Json::from(documented.as_str())),
            ("chosen", Json::from(chosen.as_str())),
            ("reason", Json::from(reason.as_str())),
            ("reviewed", Json::Bool(*reviewed)),
        ])
    });
    Json::Array(decisions.collect())
}

fn texts<'t>(texts: impl IntoIterator<Item = &'t String>) -> Json {
    Json::Array(texts.into_iter().map(|text| Json::from(text.as_str())).collect())
}

/// Returns members with those below them. `open` are the types around them: one
/// that contains itself is shown once, and by its name inside of itself.
fn members<'m>(model: &'m Model, members: &'m [Member], open: &mut Vec<&'m str>) -> Json {
    Json::Array(members.iter().map(|member| self::member(model, member, open)).collect())
}

fn member<'m>(model: &'m Model, member: &'m Member, open: &mut Vec<&'m str>) -> Json {
    let Member { name, description, required, sensitive, aliases, ty, .. } = member;
    let kind = ty.named().and_then(|name| model.types.get(name)).map(|def| &def.kind);
    let sensitive = *sensitive || matches!(kind, Some(TypeKind::Url));
    let values: &[_] = match kind {
        Some(TypeKind::OpenEnum(values)) => values,
        _ => &[],
    };
    let below = match (kind, ty.named()) {
        (Some(TypeKind::Object(below)), Some(name)) if !open.contains(&name) => {
            open.push(name);
            let below = members(model, below, open);
            open.pop();
            below
        }
        _ => Json::Array(Vec::new()),
    };
    Json::object([
        ("name", Json::from(name.as_str())),
        ("aliases", texts(aliases)),
        ("type", Json::String(in_words(model, ty))),
        ("required", Json::Bool(*required)),
        ("sensitive", Json::Bool(sensitive)),
        ("description", Json::from(description.as_str())),
        ("known_values", texts(values.iter().map(|known| &known.value))),
        ("members", below),
    ])
}

/// Returns a type as what stands on the wire.
fn in_words(model: &Model, ty: &Ty) -> String {
    match ty {
        Ty::Array(items) => format!("array of {}", in_words(model, items)),
        Ty::Named(name) => match model.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Object(_)) | None => "object",
            Some(TypeKind::Id | TypeKind::OpenEnum(_)) => "string",
            Some(TypeKind::Url) => "URL",
            Some(TypeKind::Timestamp) => "timestamp",
            Some(TypeKind::Delivered) => "boolean",
        }
        .to_owned(),
        other => other.to_string(),
    }
}
