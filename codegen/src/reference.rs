//! What a person looks up about the events, as JSON for the command-line tool:
//! members, recorded decisions and examples; and the examples for tests of users.
//!
//! The tool is published by itself and cannot read the schema folder, and the
//! types carry only what decoding needs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use spektr_json::Json;

use crate::embed;
use crate::examples::Examples;
use crate::folders::{REFERENCE, TYPES};
use crate::model::{Decision, Member, Model};
use crate::problem::Problems;
use crate::scenarios;
use crate::set::SchemaSet;
use crate::tree::{self, Branch};

/// Returns the files of the tool's reference and of the fixtures, as paths from the
/// workspace's root and texts.
///
/// Examples and scenarios are given as paths below the schema folder and what is in them. The
/// tool gets those of the events and of `examples/unknown/`, without invalid ones,
/// whole batches, and those that are the full example with one edit.
///
/// # Errors
///
/// All [`Problems`] of the examples, as [`Examples::parse`] finds them, or those of the scenarios.
pub fn reference<T: AsRef<[u8]>>(
    set: &SchemaSet,
    examples: impl IntoIterator<Item = (String, T)>,
    scenarios: impl IntoIterator<Item = (String, T)>,
) -> Result<BTreeMap<PathBuf, String>, Problems> {
    let model = set.model();
    let examples = Examples::parse(model, examples)?;
    let events = model.events.iter().map(|event| {
        Json::object([
            ("name", Json::from(event.name.as_str())),
            ("module", Json::from(event.module.as_str())),
            ("members", members(model, &event.members)),
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
        ("envelope", members(model, &model.envelope)),
        ("other_envelope", members(model, &model.other_envelope)),
        ("events", Json::Array(events.collect())),
        ("shared_decisions", Json::Array(shared.collect())),
        ("unknown", examples_of(&examples, "unknown")),
        ("scenarios", scenarios::parse(&examples, scenarios)?),
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
        let kept = examples.of(folder).iter().filter(|example| !example.is_edit());
        Json::object(kept.map(|example| (example.case.as_str(), example.body.clone())))
    };
    let events = model.events.iter().map(|event| (event.name.as_str(), of(&event.module)));
    let all = Json::object(events.chain([("unknown", of("unknown"))]));
    embed::file("schema/examples", vec![("examples", all)], 3)
}

/// Returns the examples of a folder that are not the full one with one edit: the
/// tool makes those with `--set`.
fn examples_of(examples: &Examples, folder: &str) -> Json {
    let kept = examples.of(folder).iter().filter(|example| !example.is_edit());
    let kept = kept.map(|example| {
        Json::object([("case", Json::from(example.case.as_str())), ("body", example.body.clone())])
    });
    Json::Array(kept.collect())
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

fn members(model: &Model, members: &[Member]) -> Json {
    branches(&tree::members(model, members))
}

fn branches(members: &[Branch<'_>]) -> Json {
    let members = members.iter().map(|branch| {
        let Member { name, description, required, aliases, .. } = branch.member;
        Json::object([
            ("name", Json::from(name.as_str())),
            ("aliases", texts(aliases)),
            ("type", Json::from(branch.type_in_words.as_str())),
            ("required", Json::Bool(*required)),
            ("sensitive", Json::Bool(branch.is_sensitive)),
            ("description", Json::from(description.as_str())),
            ("known_values", texts(branch.known_values.iter().map(|known| &known.value))),
            ("members", branches(&branch.below)),
        ])
    });
    Json::Array(members.collect())
}
