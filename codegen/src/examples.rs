//! The examples of the events: written by hand, or derived from an event's `full.json`.
//!
//! People write examples that carry information: the full event, the one from the documentation, a
//! shape that is easily misread. This module derives every other body that differs from the full
//! one by a rule of the dialect, from the model and `full.json`. So each optional member is absent
//! in one example and null in another, even after the schema changes.

mod derive;
mod edit;
mod places;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use spektr_json::Json;

use crate::json;
use crate::model::{Event, Model};
use crate::problem::{Problem, ProblemKind, Problems};

/// Name of the example that others are derived from.
pub const FULL: &str = "full";

/// A body that must decode.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Example {
    /// Name of the case, as `user_id_null`.
    pub case: String,
    /// The body.
    pub body: Json,
    /// Origin of the body.
    pub origin: ExampleOrigin,
}

impl Example {
    /// Returns whether the example is the full one with one change.
    pub(crate) fn is_edit(&self) -> bool {
        matches!(self.origin, ExampleOrigin::Edited { .. })
    }
}

/// The origin of an example.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExampleOrigin {
    /// A file of the schema folder.
    File,
    /// The full example, changed in several places or put into another envelope.
    Derived,
    /// The full example, changed at one place.
    Edited {
        /// JSON pointer to the place.
        pointer: String,
        /// The new value; absent if the member is removed.
        value: Option<Json>,
    },
}

/// A body that must be refused, with one fault.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InvalidExample {
    /// Name of the case, as `missing_user_id`.
    pub case: String,
    /// JSON pointer to the fault; to the member itself if it is missing.
    pub pointer: String,
    /// The kind of fault.
    pub fault: ExampleFault,
    /// The body.
    pub body: Json,
}

/// The fault in a derived body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExampleFault {
    /// A required member is missing.
    Missing,
    /// A value has a type that the schema does not allow.
    WrongType {
        /// The type of the value, as JSON Schema names it.
        found: &'static str,
    },
}

/// The bodies derived from an event's full example.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DerivedExamples {
    /// Bodies that decode as the event.
    pub valid: Vec<Example>,
    /// Bodies that do not decode.
    pub invalid: Vec<InvalidExample>,
}

/// Derives an event's examples from its full one.
///
/// # Errors
///
/// Returns [`Problems`] of the file if it is not in the type envelope with the event's
/// canonical wire type, or lacks a member that the schema knows.
pub fn derive(model: &Model, event: &Event, full: &Json) -> Result<DerivedExamples, Problems> {
    let file = format!("examples/{}/{FULL}.json", event.module);
    let problem = |pointer: &str, kind| Problem::new(&file, pointer, kind);
    let mut problems = Vec::new();
    let canonical = &event.wire_types.canonical;
    let found = full.get("type").and_then(Json::as_str).unwrap_or_default();
    if found != *canonical {
        let expected = format!("the canonical wire type `{canonical}`");
        let found = found.to_owned();
        problems.push(problem("/type", ProblemKind::WrongValue { expected, found }));
    }
    let (places, lacking) = places::find(model, event, full);
    let lacking = lacking.into_iter().map(ProblemKind::NotInFullExample);
    problems.extend(lacking.map(|kind| problem("", kind)));
    Problems::into_result(problems)?;
    let derived = derive::all(model, event, full, &places);
    let mut cases = BTreeSet::new();
    let valid = derived.valid.iter().map(|example| &example.case);
    for case in valid.chain(derived.invalid.iter().map(|invalid| &invalid.case)) {
        if !cases.insert(case) {
            let kind = ProblemKind::Defect(format!("two derived examples are `{case}`"));
            return Err(problem("", kind).into());
        }
    }
    Ok(derived)
}

/// The kind of an example, by its place.
enum ExampleFile<'f> {
    Valid {
        folder: &'f str,
        case: &'f str,
    },
    /// An example that must be refused.
    Invalid,
}

/// Returns the kind of a file below `examples/`, or `None` if no code reads such a file.
fn placed<'f>(model: &Model, file: &'f str) -> Option<ExampleFile<'f>> {
    let path = file.strip_prefix("examples/")?.strip_suffix(".json")?;
    let (folder, path) = path.split_once('/')?;
    let is_event = |folder: &str| model.events.iter().any(|event| event.module == folder);
    if !["batch", "unknown"].contains(&folder) && !is_event(folder) {
        return None;
    }
    match path.strip_prefix("invalid/") {
        Some(case) if !case.contains('/') => Some(ExampleFile::Invalid),
        None if !path.contains('/') => Some(ExampleFile::Valid { folder, case: path }),
        _ => None,
    }
}

/// All valid examples by folder: an event's module, `batch` or `unknown`.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples(BTreeMap<String, Vec<Example>>);

impl Examples {
    /// Parses files, given as pairs of a path below the schema folder and the content,
    /// and derives examples from the full ones. It does not read the contents of invalid
    /// examples.
    ///
    /// # Errors
    ///
    /// Returns all [`Problems`] at once: a file that is not JSON or belongs to no event, an event
    /// whose full example is missing or incomplete, and a file with the name of a derived example.
    pub fn parse<T: AsRef<[u8]>>(
        model: &Model,
        files: impl IntoIterator<Item = (String, T)>,
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut examples: BTreeMap<String, Vec<Example>> = BTreeMap::new();
        for (file, bytes) in files {
            let (folder, case) = match placed(model, &file) {
                Some(ExampleFile::Valid { folder, case }) => (folder.to_owned(), case.to_owned()),
                Some(ExampleFile::Invalid) => continue,
                None => {
                    problems.push(Problem::new(&file, "", ProblemKind::MisplacedExample));
                    continue;
                }
            };
            match json::parse(bytes.as_ref()) {
                Ok(body) => {
                    let example = Example { case, body, origin: ExampleOrigin::File };
                    examples.entry(folder).or_default().push(example);
                }
                Err(error) => problems.push(Problem::new(&file, "", ProblemKind::NotJson(error))),
            }
        }
        for event in &model.events {
            let files = examples.entry(event.module.clone()).or_default();
            let path = |case: &str| format!("examples/{}/{case}.json", event.module);
            let whole = |case: &str, kind| Problem::new(&path(case), "", kind);
            let Some(full) = files.iter().find(|example| example.case == FULL) else {
                let is_read = !problems.iter().any(|problem: &Problem| problem.file == path(FULL));
                problems.extend(is_read.then(|| whole(FULL, ProblemKind::NoFullExample)));
                continue;
            };
            match derive(model, event, &full.body) {
                Ok(derived) => {
                    let is_file =
                        |example: &Example| files.iter().any(|file| file.case == example.case);
                    problems.extend(
                        derived
                            .valid
                            .iter()
                            .filter(|example| is_file(example))
                            .map(|example| whole(&example.case, ProblemKind::DerivedExample)),
                    );
                    files.extend(derived.valid);
                }
                Err(found) => problems.extend(found.iter().cloned()),
            }
        }
        Problems::into_result(problems)?;
        examples.values_mut().for_each(|list| list.sort_by(|a, b| a.case.cmp(&b.case)));
        Ok(Self(examples))
    }

    /// Returns the examples of a folder, sorted by case.
    pub fn of(&self, folder: &str) -> &[Example] {
        self.0.get(folder).map_or(&[], Vec::as_slice)
    }

    /// Returns all folders with their examples.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Example])> {
        self.0.iter().map(|(folder, examples)| (folder.as_str(), examples.as_slice()))
    }
}
