//! Writes the command-line tool's reference of the events as JSON: members, recorded decisions and
//! examples. Also writes the examples for the tests of users.
//!
//! The tool is published by itself and cannot read the schema folder, and the
//! types carry only the facts that decoding needs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use spektr_json::Json;

use crate::contracts::texts;
use crate::embed;
use crate::examples::Examples;
use crate::folders::{REFERENCE, TYPES};
use crate::model::{Decision, Member, Model};
use crate::problem::Problems;
use crate::scenarios;
use crate::set::SchemaSet;
use crate::tree::{self, MemberBranch};

/// Returns the files of the tool's reference and of the fixtures: the path from the
/// workspace's root, and the text.
///
/// `examples` and `scenarios` are pairs of a path below the schema folder and the content. The tool
/// gets the examples of the events and of `examples/unknown/`. It gets no invalid examples, no
/// whole batches, and no example that is the full one with one edit.
///
/// # Errors
///
/// Returns all [`Problems`] of the examples, as [`Examples::parse`] finds them, or the problems of
/// the scenarios.
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
    // At depth 4, each member, decision and example of an event is on one line.
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

/// Returns the examples of a folder, except for those that are the full example with one edit: the
/// tool makes these with `--set`.
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

fn members(model: &Model, members: &[Member]) -> Json {
    branches(&tree::members(model, members))
}

fn branches(members: &[MemberBranch<'_>]) -> Json {
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
