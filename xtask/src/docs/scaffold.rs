//! Plans schema files for a page's new events, changes of statuses, and types for a payload that
//! the page now documents.
//!
//! Invariants: a pure function. It plans only new files and changed statuses, and changes an
//! existing event otherwise only if that event is named. Each open question for a person is a
//! decision with the state `unreviewed`, or a line of [`ScaffoldPlan::left`].

mod edit;
mod event;
mod examples;
mod tree;
mod types;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use spektr_codegen::SchemaSet;
use spektr_codegen::model::{Event, Ty};
use spektr_doc_reader::Page;

use super::compare::compare;
use super::drift::DriftKind;
use super::known::MemberShape;
use super::pairs::same_name;
use super::payload::DocumentedPayload;
use super::scope::Scope;

/// The files to write and the tasks left to a person.
#[derive(Debug, Default)]
pub(super) struct ScaffoldPlan {
    /// New files: paths below the schema folder, and texts.
    pub(super) new_files: BTreeMap<String, String>,
    /// Changed files of the named event, with their whole new texts.
    pub(super) typed: BTreeMap<String, String>,
    pub(super) edits: Vec<StatusEdit>,
    /// The tasks left to a person.
    pub(super) left: Vec<String>,
}

/// A status to change in an existing file.
#[derive(Debug)]
pub(super) struct StatusEdit {
    pub(super) file: String,
    /// The whole new text of the file.
    pub(super) text: String,
    pub(super) was: String,
    pub(super) now: String,
}

/// Plans the changes that the page requires. `texts` are the current schema files.
pub(super) fn plan(
    page: &Page,
    set: &SchemaSet,
    texts: &BTreeMap<String, String>,
    today: &str,
    only: Option<&str>,
) -> Result<ScaffoldPlan> {
    let mut plan = ScaffoldPlan::default();
    if let Some(event) = only.and_then(|name| set.model().event(name)) {
        plan.retype(page, set, texts, event)?;
        return Ok(plan);
    }
    let mut drift = compare(page, set, &Scope::Page).drift;
    drift.retain(|drift| only.is_none_or(|only| drift.event == only));
    if let (Some(only), true) = (only, drift.is_empty()) {
        anyhow::bail!("neither the page nor the schema has an event {only}");
    }
    let renamed: Vec<String> = drift
        .iter()
        .filter(|drift| drift.kind == DriftKind::EventRenamed)
        .map(|drift| drift.event.clone())
        .collect();
    for drift in drift {
        match drift.kind {
            DriftKind::EventAdded => plan.event(page, set, texts, &drift.event, today),
            // A person must decide whether a renamed event is the same event.
            DriftKind::StatusChanged if !renamed.contains(&drift.event) => {
                let (was, now) = (drift.was.unwrap_or_default(), drift.now.unwrap_or_default());
                plan.status(set, texts, &drift.event, (&was, &now));
            }
            _ => plan.left.push(format!("left to you: {}: {drift}", drift.event)),
        }
    }
    for event in set.model().events.iter().filter(|event| is_raw(event)) {
        if only.is_none() && DocumentedPayload::new(set, page, &event.name).is_some() {
            let name = &event.name;
            plan.left.push(format!(
                "left to you: {name}: its payload is documented now: run `cargo xtask docs scaffold PAGE --event {name}` to type it"
            ));
        }
    }
    Ok(plan)
}

/// Returns the files that are no examples.
fn schemas(files: &BTreeMap<String, String>) -> impl Iterator<Item = (String, String)> {
    let schemas = files.iter().filter(|(file, _)| !file.starts_with("examples/"));
    schemas.map(|(file, text)| (file.clone(), text.clone()))
}

/// Whether the schema keeps an event's payload as raw JSON.
fn is_raw(event: &Event) -> bool {
    event.members.iter().any(|member| member.name == "data" && member.ty == Ty::Raw)
}

impl ScaffoldPlan {
    fn event(
        &mut self,
        page: &Page,
        set: &SchemaSet,
        texts: &BTreeMap<String, String>,
        name: &str,
        today: &str,
    ) {
        let Some(row) = page.events.iter().find(|row| row.name == name) else {
            return;
        };
        // Schema files spell the names of events in upper case with underscores, as the table does
        // today.
        let spelled = name.replace(['.', '-'], "_").to_ascii_uppercase();
        let raw = match spektr_codegen::scaffold::event(&spelled, today) {
            Ok(files) => files,
            Err(error) => {
                self.left.push(format!("left to you: {error}"));
                return;
            }
        };
        let mut payload = DocumentedPayload::new(set, page, name);
        self.leave_out(name, payload.as_mut());
        let fits = |files: &BTreeMap<String, String>| {
            // The schema must be valid together with the events planned before this one.
            let all = schemas(texts).chain(schemas(&self.new_files)).chain(schemas(files));
            SchemaSet::parse(all).map(drop)
        };
        let mut sources = event::EventSources { page, row, payload: payload.as_ref(), set };
        let typed = sources.files(&raw);
        match fits(&typed) {
            Ok(()) => self.new_files.extend(typed),
            Err(problems) => match fits(&raw) {
                Ok(()) => {
                    self.left.push(format!(
                        "left to you: {name}: its payload stays raw, because a typed schema would be invalid: {problems}"
                    ));
                    sources.payload = None;
                    self.new_files.extend(sources.files(&raw));
                }
                Err(problems) => {
                    self.left.push(format!("left to you: {name}: no file was written: {problems}"));
                }
            },
        }
    }

    /// Types the payload of an event that the schema keeps raw.
    fn retype(
        &mut self,
        page: &Page,
        set: &SchemaSet,
        texts: &BTreeMap<String, String>,
        event: &Event,
    ) -> Result<()> {
        let name = &event.name;
        let row = page.events.iter().find(|row| same_name(event, row));
        let mut payload = row.and_then(|row| DocumentedPayload::new(set, page, &row.name));
        let (Some(row), Some(_), true) = (row, &payload, is_raw(event)) else {
            anyhow::bail!(
                "{name}: nothing to type: the schema already types its payload, or the page does not document it"
            );
        };
        self.leave_out(name, payload.as_mut());
        let file = &event.file;
        let text = texts.get(file).with_context(|| format!("schema/{file} is missing"))?;
        let known = BTreeMap::from([(file.clone(), text.clone())]);
        let sources = event::EventSources { page, row, payload: payload.as_ref(), set };
        let typed = sources.files(&known);
        let mut all = texts.clone();
        all.extend(schemas(&typed));
        SchemaSet::parse(all)
            .with_context(|| format!("{name}: the typed schema would be invalid"))?;
        self.typed = typed;
        Ok(())
    }

    /// Removes members without a possible Rust name from a payload.
    fn leave_out(&mut self, name: &str, payload: Option<&mut DocumentedPayload>) {
        for path in payload.into_iter().flat_map(remove_unnameable) {
            self.left.push(format!(
                "left to you: {name}: the schema leaves out {path}, which has no valid name in Rust"
            ));
        }
    }

    fn status(
        &mut self,
        set: &SchemaSet,
        texts: &BTreeMap<String, String>,
        name: &str,
        (was, now): (&str, &str),
    ) {
        let Some(event) = set.model().event(name) else { return };
        let edited = texts.get(&event.file).and_then(|text| edit::status(text, was, now));
        match edited {
            Some(text) => self.edits.push(StatusEdit {
                file: event.file.clone(),
                text,
                was: was.to_owned(),
                now: now.to_owned(),
            }),
            None => self.left.push(format!("left to you: {name}: the status is {now}, was {was}")),
        }
    }
}

/// Removes members whose names cannot be Rust names, or differ from another member's name only in
/// case and underscores; returns their paths.
fn remove_unnameable(payload: &mut DocumentedPayload) -> Vec<String> {
    let mut spellings: BTreeMap<String, String> = BTreeMap::new();
    let mut nameable = |path: &str| {
        let names = path.split('.').map(|name| name.trim_end_matches("[]"));
        let plain = names.clone().all(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        let path = names.collect::<Vec<_>>().join(".");
        let loose = path.replace('_', "").to_ascii_lowercase();
        plain && *spellings.entry(loose).or_insert_with(|| path.clone()) == path
    };
    let (kept, removed) =
        std::mem::take(&mut payload.members).into_iter().partition(|m| nameable(&m.path));
    payload.members = kept;
    let removed: Vec<MemberShape> = removed;
    removed.into_iter().map(|member| member.path).collect()
}
